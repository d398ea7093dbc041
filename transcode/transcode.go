// Package transcode is ffmpeg as a function: a Spec says what is wanted, and a
// Process turns the packets written to it into those read from it. It knows no
// camera and no HTTP, and opens no network connection and, but for a file that
// a Spec names, no file: ffmpeg gets bytes by pipe and gives bytes by pipe.
//
// No frame is held back on the way: see args.go for what that takes, which is
// all that ffmpeg is told, and mux.go for the containers on the pipes. Each
// packet that comes out carries the times of the packet it was made of.
//
// Sources of the gateway call it.
package transcode

import (
	"fmt"
	"time"
)

// Codec names how packets are compressed.
type Codec uint8

// The codecs of packets.
const (
	JPEG Codec = iota + 1
	H264
)

// Spec says what ffmpeg is to make of what. Exactly one of In, File and Pattern
// says where pictures come from.
type Spec struct {
	FFmpeg string // the program; "" means ffmpeg on the PATH

	In       Codec  // of the packets written
	SPS, PPS []byte // of H264 packets written
	File     string // to be played again and again, at its own pace
	Pattern  Pattern

	Out           Codec
	Width, Height int // to scale to, in pixels; 0 keeps the size
	Quality       int // of JPEGs, 1 (poor) to 100; 0 means 80
	Bitrate       int // of H264, bits a second; 0 leaves it to the size
	// Copy gives the H264 of a file as it is, rather than encoded anew.
	Copy bool
	// MaxFPS leaves out pictures of H264 packets before they are encoded, by
	// their times; 0 encodes all. JPEG packets are better left out by the
	// writer, who can do so without decoding.
	MaxFPS int
	// Hurry is how many packets at the start are old: all are decoded, but
	// only the first and those behind Hurry are encoded, so that a viewer
	// sees something at once and the present right after.
	Hurry int
}

// Pattern is a moving test picture, drawn by ffmpeg at its own pace.
type Pattern struct {
	Width, Height int  // pixels, even, 16 to 4096
	FPS           int  // pictures a second, 1 to 60
	Clock         bool // with the time of day, for which ffmpeg needs a font
}

// Packet is one frame on its way into or out of ffmpeg.
type Packet struct {
	// PTS and Wall are the media time and the capture time. They are carried
	// from the packet written to the packet it becomes. Where nothing is
	// written, PTS is ffmpeg's own.
	PTS  time.Duration
	Wall time.Time
	Key  bool   // H264: decodable alone
	Data []byte // JPEG: a whole one; H264: NAL units with 4-byte lengths (AVCC)
	// SPS and PPS are the parameter sets of an H264 packet read. They are the
	// same slices from packet to packet, as long as they do not change.
	SPS, PPS []byte
}

// Bounds on what is asked for.
const (
	maxSide   = 8192
	maxPixels = 7680 * 4320
)

// check refuses what ffmpeg should not be asked for.
func (s Spec) check() error {
	switch {
	case s.Out != JPEG && s.Out != H264:
		return fmt.Errorf("output codec %d", s.Out)
	case s.Width < 0 || s.Width > maxSide || s.Height < 0 || s.Height > maxSide || (s.Width == 0) != (s.Height == 0):
		return fmt.Errorf("pictures of %dx%d: each side is up to %d", s.Width, s.Height, maxSide)
	case s.Quality < 0 || s.Quality > 100:
		return fmt.Errorf("quality %d: 1 to 100 it can be", s.Quality)
	case s.Bitrate < 0 || s.MaxFPS < 0 || s.Hurry < 0:
		return fmt.Errorf("bit rate %d, rate %d, %d old packets: none can be negative", s.Bitrate, s.MaxFPS, s.Hurry)
	case s.In == H264 && (len(s.SPS) < 4 || len(s.PPS) == 0):
		return fmt.Errorf("H.264 without its parameter sets")
	case s.In == 0 && s.File == "":
		return s.Pattern.check()
	}
	return nil
}

func (p Pattern) check() error {
	switch {
	case p.Width < 16 || p.Width > 4096 || p.Width%2 != 0 || p.Height < 16 || p.Height > 4096 || p.Height%2 != 0:
		return fmt.Errorf("test pattern of %dx%d: each side is even and 16 to 4096", p.Width, p.Height)
	case p.FPS < 1 || p.FPS > 60:
		return fmt.Errorf("test pattern of %d pictures a second: 1 to 60 it can be", p.FPS)
	}
	return nil
}
