// Package segment writes, reads and mends one file of a recording: an MP4
// (ISO/IEC 14496-12) that is fragmented while it grows, so that whatever kills
// the process leaves all pictures but the last few in a file that plays, and
// regular when it is finished, so that every player opens it at once and seeks
// in it.
//
//	growing   ftyp | uuid | free (a hole) | moov (init, mvex) | (moof mdat)*
//	finished  ftyp | uuid | moov (full) | mdat ........................ to the end
//
// The first track is of pictures; a second one may be of their sound. What becomes
// of it changes nothing of them: the length of a file, and all that an index keeps,
// is that of its pictures.
//
// What makes one of the other is that eight bytes in the first sector say moov
// where they said free: see Writer.Finish.
//
// A recorder gives the frames of one camera and Format to a Sequencer, which
// gives them their times in the file, those of sound to a SoundSequencer, and the
// samples that come out to a Writer, a second or a GOP at a time. Open reads a file in any state, also one that
// grows; Repair finishes one that nobody will. The package knows boxes and a
// File; it knows no clock, no index, no names of files, and starts no goroutine.
package segment

import (
	"encoding/hex"
	"errors"
	"io"
	"time"

	"framegate/gateway/media"
)

// Timescale is the number of ticks in a second of media time, everywhere in this
// package. The files themselves may have another: see Writer.Finish.
const Timescale = 90000

var (
	// ErrFormat: a format that does not go into a file, or a Head that does not.
	ErrFormat = errors.New("cannot be recorded")
	// ErrForeign: a file that is none of ours, or of a newer version of us, of
	// which nothing was changed.
	ErrForeign = errors.New("not a recording of this version")
	// ErrNothing: a file of ours without a whole picture.
	ErrNothing = errors.New("no whole picture in the recording")
	// ErrDamaged: a file of ours whose tables contradict it. Repair may mend it.
	ErrDamaged = errors.New("damaged recording")
)

// ID names a run, a boot or a volume. The zero value names nothing.
type ID [16]byte

// String gives the ID in 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Head is what a file says of where its pictures come from. It stands near the
// start, has a fixed size and never changes.
type Head struct {
	Camera    string        // its id, of at most 63 bytes
	Run, Boot ID            // of the recorder, and of the host
	Sequence  uint64        // of the camera's files: it rises for ever
	Start     time.Time     // of the first picture, as believed when the file was opened; kept to microseconds, in UTC
	Monotonic time.Duration // CLOCK_BOOTTIME then
	Media     int64         // the run's media time of the first picture, in ticks
}

// Track is what one track of a file is of. H264 goes in as avc1, H265 as hvc1, JPEG
// as mp4v with the object type of JPEG, AAC as mp4a. All have one timescale, so that
// Finish scales sound along with its pictures.
type Track struct{ Format *media.Format }

// Sample is one frame with its place in the file, in ticks.
type Sample struct {
	Decode   int64 // since the file's first decode time
	Duration uint32
	Offset   int32 // from decode time to composition time: when it is shown
	Key      bool
	Data     []byte
}

// File is where a recording is kept: an *os.File.
type File interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
	Truncate(size int64) error
	Close() error
}

// Entry is where a sample is, and when. Times are in ticks of the file's
// Timescale, of the track's media: the first sample's Decode is 0 in the track
// of pictures.
type Entry struct {
	At       int64 // offset in the file
	Decode   int64
	Size     uint32
	Duration uint32
	Offset   int32
	Key      bool
}

// Table is what is in a file. It is read-only: those who have it share it.
type Table struct {
	Timescale uint32    // ticks in a true second, by which the entries count
	Entries   [][]Entry // by track, in decode order
}

// Summary is what an index keeps of a file.
type Summary struct {
	Head      Head
	Formats   []*media.Format // by track
	Bytes     int64           // size of the file
	Frames    int             // of the track of pictures, as all that follows but Sounds
	Keys      int
	STTS      int // entries of the tables of durations
	CTTS      int // and of composition offsets; 0 without any
	MoovBytes int64
	DataAt    int64         // where the first sample's data is
	Fragments int           // stretches of samples that lie together
	Duration  time.Duration // from the first picture to the end of the last, in true time
	Rate      float64       // media seconds in a true second
	Sounds    int           // frames of the Voice of all pictures, 0 without sound
}

// State is how far a file has come.
type State uint8

// The states of a file.
const (
	Growing  State = iota // fragments; no table, or half of one
	Prepared              // its tables are in place and do not count yet
	Finished              // a regular MP4
)
