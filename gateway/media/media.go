// Package media says what a picture or a piece of sound on its way through
// Framegate is: a Frame of compressed bytes with its times and its Format. It also
// reads, without decoding, what the headers of those bytes tell.
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
	AAC
	Opus
	PCMA // G.711, A-law
	PCMU // G.711, mu-law
)

// codecNames are the codecs as documents, logs and JSON spell them.
var codecNames = [...]string{"unknown", "jpeg", "h264", "h265", "aac", "opus", "pcma", "pcmu"}

// String gives the codec as documents, logs and JSON spell it.
func (c Codec) String() string {
	if int(c) < len(codecNames) {
		return codecNames[c]
	}
	return codecNames[0]
}

// Kind says what a codec is for: pictures or sound.
type Kind uint8

// The kinds of codecs.
const (
	Video Kind = iota + 1 // pictures
	Audio                 // sound
)

// String gives the kind as MIME types begin.
func (k Kind) String() string {
	switch k {
	case Video:
		return "video"
	case Audio:
		return "audio"
	}
	return "unknown"
}

// Kind says what the codec is for. The zero Codec is for nothing.
func (c Codec) Kind() Kind {
	switch c {
	case JPEG, H264, H265:
		return Video
	case AAC, Opus, PCMA, PCMU:
		return Audio
	}
	return 0
}

// Format is what the frames of one run have in common. It is immutable, and
// those frames share the pointer: another pointer means a discontinuity
// (another size, other parameter sets, another run). One of H264 is made by
// H264Format or FormatOfAVCC, one of H265 by H265Format or FormatOfHVCC, which
// read once what its configuration says; and one of sound by AACFormat, OpusFormat
// or G711Format.
type Format struct {
	Codec          Codec
	Width, Height  int // of a picture, in pixels
	Rate, Channels int // of sound: samples a second in each channel, and channels
	// Config is what a decoder has to know before the first frame, and is not
	// repeated in Data, as ISO/IEC 14496-15 has it: avcC for H264 and hvcC for
	// H265 (see ParameterSets), AudioSpecificConfig for AAC (ISO/IEC 14496-3,
	// 1.6.2.1), what is in dOps for Opus (Encapsulation of Opus in ISO BMFF, 4.3.2),
	// and nothing for JPEG and G.711.
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
	samples          int      // in each channel of a frame of AAC
}

// sequence is what a sequence parameter set says of the order and the times of
// pictures.
type sequence interface {
	MayReorder() (frames int, certain bool)
	InOrder() bool
	FrameTicks(perSecond int64) (ticks int64, ok bool)
}

// Frame is one compressed picture, or a piece of sound: a unit of AAC, a packet of
// Opus, or 10 to 100 ms of G.711. It is passed by value; Data and Format are
// shared and read-only from the moment a source emits the frame.
type Frame struct {
	Seq     uint64        // position among those of its kind in its stream, given by the stream, from 1
	Run     uint64        // the run of the camera that it came in; pictures and sound of one have their PTS from one zero
	PTS     time.Duration // media time, when to show it within a Format; only B-frames go back in it
	Wall    time.Time     // when the picture was taken, or else when it arrived
	Arrived time.Time     // when the stream got it, with a monotonic reading
	Key     bool          // decodable alone; always true for JPEG; of sound, which is always, true each half second
	Backlog bool          // set by a reader on what was already old when it joined, but for the past, and by a source on what only leads to another picture
	Leading bool          // not decodable where decoding began with the keyframe that it follows; a reader that joined there is not given it
	Leads   uint16        // how many Leading frames come right before it, given by the stream
	Beside  Beside        // set by a source on what is given for the sake of a picture that was sought, and is not to be seen
	Format  *Format
	Data    []byte // JPEG: SOI to EOI; H264, H265: NAL units with 4-byte lengths (AVCC); AAC: without ADTS
}

// Beside says on which side of a picture that was sought one lies that only decoders
// are to have. The zero value is a picture that is to be seen.
type Beside int8

const (
	Before Beside = -1 // it is needed to decode what was sought
	Behind Beside = 1  // decoders of reordered pictures give what was sought once they have it; what is seen goes on with it
)

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
