// Package media says what a picture on its way through Framegate is: a Frame
// of compressed bytes with its times and its Format. It also reads, without
// decoding, what the headers of those bytes tell.
//
// It opens nothing, starts nothing and knows no network. Every other package
// of the gateway speaks in its types.
package media

import "time"

// Codec names how the bytes of a frame are compressed. The zero value names
// nothing and never appears on a frame.
type Codec uint8

// The codecs Framegate carries.
const (
	JPEG Codec = iota + 1
	H264
	H265
)

// String gives the codec as documents, logs and JSON spell it.
func (c Codec) String() string {
	switch c {
	case JPEG:
		return "jpeg"
	case H264:
		return "h264"
	case H265:
		return "h265"
	}
	return "unknown"
}

// Kind says what a codec is for: pictures.
type Kind uint8

// Video is the kind of codecs of pictures.
const Video Kind = 1

// String gives the kind as MIME types begin.
func (k Kind) String() string {
	if k == Video {
		return "video"
	}
	return "unknown"
}

// Kind says what the codec is for. The zero Codec is for nothing.
func (c Codec) Kind() Kind {
	switch c {
	case JPEG, H264, H265:
		return Video
	}
	return 0
}

// Format is what the frames of one run have in common. It is immutable, and
// those frames share the pointer: another pointer means a discontinuity
// (another size, other parameter sets, another run). One of H264 is made by
// H264Format or FormatOfAVCC, one of H265 by H265Format or FormatOfHVCC, which
// read once what its configuration says.
type Format struct {
	Codec         Codec
	Width, Height int // of the picture, in pixels
	// Config is what a decoder has to know before the first frame, and is not
	// repeated in Data, as ISO/IEC 14496-15 has it: avcC for H264 and hvcC for
	// H265 (see ParameterSets), and nothing for JPEG.
	Config []byte
	// Refreshed marks H264 and H265 without IDR pictures, whose Key frames are recovery
	// points or I pictures. ffmpeg begins with those, and browsers do not.
	Refreshed bool
	// Unshowable marks JPEGs of a kind that browsers do not show and a decoder
	// can make showable: see ErrUnshowable. It stands between a camera's source
	// and what converts its pictures, and on no frame of a stream.
	Unshowable bool

	first            sequence // what the first SPS in Config says, or nil
	vpss, spss, ppss [][]byte // the parameter sets, parts of Config
}

// sequence is what a sequence parameter set says of the order and the times of
// pictures.
type sequence interface {
	MayReorder() (frames int, certain bool)
	InOrder() bool
	FrameTicks(perSecond int64) (ticks int64, ok bool)
}

// Frame is one compressed picture. It is passed by value; Data and Format are
// shared and read-only from the moment a source emits the frame.
type Frame struct {
	Seq     uint64        // position in its stream, given by the stream, from 1
	PTS     time.Duration // media time, when to show it within a Format; only B-frames go back in it
	Wall    time.Time     // when the picture was taken, or else when it arrived
	Arrived time.Time     // when the stream got it, with a monotonic reading
	Key     bool          // decodable alone; always true for JPEG
	Backlog bool          // set by a reader on what was already old when it joined, and by a source on what only leads to another picture
	Leading bool          // not decodable where decoding began with the keyframe that it follows; a reader that joined there is not given it
	Leads   uint16        // how many Leading frames come right before it, given by the stream
	Format  *Format
	Data    []byte // JPEG: SOI to EOI; H264, H265: NAL units with 4-byte lengths (AVCC)
}

// Lost counts the frames that are missing between the one with number before and
// f, which comes later in the same stream. Those that only lead to f are not
// missing: see Leading.
func (f *Frame) Lost(before uint64) uint64 {
	between := f.Seq - before - 1
	if between == uint64(f.Leads) {
		return 0
	}
	return between
}
