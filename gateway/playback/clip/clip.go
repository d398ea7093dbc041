// Package clip cuts what was recorded of a camera between two moments: a regular
// MP4 (ISO/IEC 14496-12) that lies nowhere, and of which every byte is known by
// its place. So a clip of a day begins at once, has a length, and is taken up
// again where a download was cut off.
//
//	ftyp | moov | mdat: subtitles, and of each segment the bytes from its first sample to its last, with silence in between
//
// How long the tables in moov are is known of the index alone, and of hours of which
// all is wanted by one sum for each; only segments that are taken in part are opened
// before the first byte. The tables are then made column by column, of rows that are
// looked up hour by hour and files that are opened again for each, so a clip of any
// length takes the same memory. What stands between fragments in a segment goes
// along, and no table points to it.
//
// Time in a clip is the time of the index: a segment lasts as long as its row
// says, whatever its camera believed a second to be. A stretch of which nothing
// was recorded takes no time. Sound is cut to the pictures: see sound.go.
//
// The package knows no HTTP, starts no goroutine, and writes nothing.
package clip

import (
	"context"
	"errors"
	"io"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// Timescale is the number of ticks in a second of a clip: so many that what is
// rounded in each picture of a segment does not add up to a picture.
const Timescale = 20 * segment.Timescale

const _ = uint(Timescale-index.Ticks) + uint(index.Ticks-Timescale) // they are the same

// MaxSegments is how many segments a clip is made of at most; a week of minutes
// has a few more.
const MaxSegments = index.MaxRows - 1

// MaxSpeed is how fast a timelapse is at most: a year then lasts 26 minutes, with a
// picture each eleven minutes.
const MaxSpeed = 20_000

// maxFormats is how many different Formats a clip has at most.
const maxFormats = 256

// Errors of New, and of reading a clip.
var (
	// ErrNothing: nothing was recorded then. The text says what is near.
	ErrNothing = errors.New("nothing was recorded")
	// ErrTooLong: the clip would be of too many segments.
	ErrTooLong = errors.New("too much for one clip")
	// ErrStills: a timelapse would be of JPEGs, which no browser plays.
	ErrStills = errors.New("JPEGs were recorded")
	// ErrChanged: a file is gone, or is not what the index says.
	ErrChanged = errors.New("the recording is not what it was")
)

// Finder knows what there is.
type Finder interface {
	// Between gives the segments of a camera that have to do with a stretch of
	// time, by their start.
	Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error)
	// Hours gives sums of the hours all segments of which lie between two times, by
	// time.
	Hours(ctx context.Context, camera string, from, to time.Time) ([]index.Hour, error)
	Format(ctx context.Context, id int64) (index.Format, error)
	Spans(ctx context.Context, camera string, from, to time.Time) ([]index.Span, error)
	// Growing gives the segment of a camera that is being written, which has no
	// row yet; false where there is none.
	Growing(camera string) (Growing, bool)
}

// Growing is a segment that is being written.
type Growing struct {
	Segment index.Segment // what its row would be now, but for an ID
	Format  *media.Format
	Sound   *media.Format // of the second track; nil without one
	Table   segment.Table // of all that is in it
}

// File is a recording that is open to be read.
type File interface {
	io.ReaderAt
	io.Closer
}

// Opener opens segments: those of Between and of Growing. The error is
// fs.ErrNotExist where one was deleted meanwhile.
type Opener interface {
	Open(index.Segment) (File, error)
}

// Request is what is asked for.
type Request struct {
	Camera   string
	From, To time.Time
	// Exact begins with the picture that is shown at From, by an edit list that
	// hides what a decoder needs before it; else the clip begins with the keyframe
	// before.
	Exact bool
	// Speed above 1 makes a timelapse of keyframes, so many times as fast.
	Speed float64
	// Subtitles has a track of them with the time of day in this zone; nil has
	// none, and neither has a timelapse.
	Subtitles *time.Location
	// Silent leaves out the sound: zeros are in its place. A timelapse has none.
	Silent bool
}

// Clip is one MP4. It reads as a file does. It is not safe for concurrent use,
// and is to be closed.
type Clip struct {
	Start, End time.Time // of the pictures that it shows
	// Next is from when on they have another Format than the first, where browsers
	// stop, or their sound has, which is left out; zero where all have the same.
	Next time.Time

	request Request
	layout  layout
	files   *files
	entries *entries
	// rows looks up an hour: see hourOf.
	rows  func(start time.Time) ([]index.Segment, []index.Hour, error)
	at    int64 // where Read goes on
	piece piece
	weft  *weft // of the part that was read last
	err   error // what ended it
}

// New finds out what a clip is made of. It reads sums of hours and rows of the
// index, and the tables of two files; for a timelapse of all. ctx has to last as long
// as the clip, which looks up more as it is read.
func New(ctx context.Context, finder Finder, opener Opener, request Request) (*Clip, error) {
	request.Silent = request.Silent || request.Speed > 1
	c := &Clip{request: request, files: &files{opener: opener}, entries: entriesOf(finder)}
	c.rows = func(start time.Time) ([]index.Segment, []index.Hour, error) {
		return hourOf(ctx, finder, request.Camera, start)
	}
	err := c.plan(ctx, finder)
	if errors.Is(err, errEmpty) {
		err = nearest(ctx, finder, request)
	}
	if err != nil {
		c.files.close()
		return nil, err
	}
	return c, nil
}

// Close closes what is open. It may be called again.
func (c *Clip) Close() { c.files.close() }

// Size gives the number of bytes.
func (c *Clip) Size() int64 { return c.layout.size }

// Err says why Read failed, nil where it did not.
func (c *Clip) Err() error { return c.err }

// ETag names the bytes of the clip (RFC 9110, 8.8.3): another one may have the
// same only if it has the same bytes.
func (c *Clip) ETag() string { return c.layout.tag }
