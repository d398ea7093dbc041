// Package transcode is ffmpeg as a function: a Spec says what is wanted, and a
// Process turns the packets written to it into those read from it. It knows no
// camera and no HTTP, and opens no network connection and, but for a file or a
// capture device that a Spec names, no file: ffmpeg gets bytes by pipe and
// gives bytes by pipe. On Linux the kernel holds it to that, in programs that
// call BecomeFFmpeg.
//
// No frame is held back on the way: see args.go for what that takes, which is
// all that ffmpeg is told, and mux.go for the containers on the pipes. Each
// packet that comes out carries the times of the packet it was made of.
//
// Sources of the gateway call it.
package transcode

import (
	"fmt"
	"path/filepath"
	"time"

	"framegate/transcode/h264"
	"framegate/transcode/h265"
)

// Codec names how packets are compressed.
type Codec uint8

// The codecs of packets.
const (
	JPEG Codec = iota + 1
	H264
	H265 // only of packets written
	AAC  // this and what follows: only of StartSound
	Opus
	PCMA // G.711, A-law
	PCMU // G.711, mu-law
)

// leans says whether packets refer to others.
func (c Codec) leans() bool { return c == H264 || c == H265 }

// Spec says what ffmpeg is to make of what. Exactly one of In, File, Device and
// Pattern says where pictures come from.
type Spec struct {
	FFmpeg string // the program; "" means ffmpeg on the PATH
	// HWAccel is the hardware that decodes, scales and encodes video where it
	// can; "" is none. Probe says which works.
	HWAccel HWAccel

	In Codec // of the packets written
	// Config is that of packets written: an AVCDecoderConfigurationRecord for
	// H264, a HEVCDecoderConfigurationRecord for H265.
	Config []byte
	// InWidth and InHeight are the size of the packets written, in pixels; 0
	// where it is not known, which takes more work.
	InWidth, InHeight int
	File              string // to be played again and again, at its own pace
	Pattern           Pattern

	// Device is a Video4Linux capture device by its absolute path, such as
	// /dev/video0 (Linux only). DeviceFormat is what it is asked for: "mjpeg",
	// "h264", or "" for whatever raw format it has. What it compresses itself
	// is given as it is, where Out says the same and no size; anything else is
	// encoded. Sizes are in pixels and DeviceFPS in pictures a second; where
	// they are 0 the device keeps its own. A device may choose its nearest to
	// each, so pictures say themselves how large they are.
	Device                               string
	DeviceFormat                         string
	DeviceWidth, DeviceHeight, DeviceFPS int

	Out           Codec
	Width, Height int // to scale to, in pixels; 0 keeps the size
	Quality       int // of JPEGs, 1 (poor) to 100; 0 means 80
	// Copy gives the H264 of a file as it is, rather than encoded anew.
	Copy bool
	// MaxFPS leaves out pictures of H264 and H265 packets before they are
	// encoded, by their times; 0 encodes all. JPEG packets are better left out by
	// the writer, who can do so without decoding.
	MaxFPS int
	// Hurry is how many packets at the start are old: all are decoded, but
	// only the first and those behind Hurry are encoded, so that a viewer
	// sees something at once and the present right after. With Unshown the
	// first is not encoded either: who watches has seen newer ones.
	Hurry   int
	Unshown bool
	// Whole is for packets that nobody waits for one by one, up to CloseWrite:
	// pictures are held back until it is certain in which order they are shown,
	// so that none is lost, and as long as an encoder needs to know what comes.
	Whole bool
	// Skip is how much media time of H264 or H265 packets, from the first one's
	// on, is decoded and not encoded.
	Skip time.Duration
	// Lasting has H264 encoded for a file: with as many bytes as it takes to look
	// like what it is made of, and not for a line. The processor does it.
	Lasting bool
	// Evenly has pictures of a Lasting file encoded equally well, however long they
	// are shown by their media time: what is shown for longer gets more bytes else.
	Evenly bool
	// Fit keeps what is in a picture in shape, with black beside it, where the
	// size that is asked for has another shape.
	Fit bool
	// Clock is burned into the pictures where it is not zero: it is the time of
	// the first packet written, and those that follow have theirs by their media
	// time, and the offset from UTC that its location has then, for two days. ffmpeg
	// needs a font for it.
	Clock time.Time

	// Background has other work go first, and ffmpeg have a tenth of what that has.
	Background bool

	useZscale bool // Start found that it suits and is there
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
	// Arrived is when it came, and is carried along as well.
	Arrived time.Time
	Mark    int8   // the writer's own, carried along as well; 0 where it is not known
	Key     bool   // H264, H265: decodable alone
	Data    []byte // JPEG: a whole one; H264, H265: NAL units with 4-byte lengths
	// Config is that of an H264 packet read, as in a Spec. It is the same slice
	// from packet to packet, as long as it does not change.
	Config []byte
}

// Bounds on what is asked for.
const (
	maxSide   = 8192
	maxPixels = 7680 * 4320

	maxDeviceFPS = 240
)

// What a device may be asked for, in ffmpeg's words.
const (
	deviceMJPEG = "mjpeg"
	deviceH264  = "h264"
)

// check refuses what ffmpeg should not be asked for.
func (s Spec) check() error {
	switch {
	case !s.HWAccel.known():
		return fmt.Errorf("hardware %q cannot be used; ask Probe what can", s.HWAccel)
	case s.Out != JPEG && s.Out != H264:
		return fmt.Errorf("output codec %d", s.Out)
	case s.Width < 0 || s.Width > maxSide || s.Height < 0 || s.Height > maxSide || (s.Width == 0) != (s.Height == 0):
		return fmt.Errorf("pictures of %dx%d: each side is up to %d", s.Width, s.Height, maxSide)
	case s.InWidth < 0 || s.InHeight < 0:
		return fmt.Errorf("packets of %dx%d", s.InWidth, s.InHeight)
	case s.Quality < 0 || s.Quality > 100:
		return fmt.Errorf("quality %d: 1 to 100 it can be", s.Quality)
	case s.Skip < 0 || s.Skip > 0 && !s.In.leans():
		return fmt.Errorf("%v to be skipped: only of H.264 and H.265 it can be", s.Skip)
	case !s.Clock.IsZero() && s.In == 0:
		return fmt.Errorf("a clock on what has no times of ours")
	case s.Lasting && (s.Out != H264 || s.accelerated()):
		return fmt.Errorf("only H.264 of the processor is made to last")
	case s.Evenly && !s.Lasting:
		return fmt.Errorf("only what is made to last can be encoded evenly")
	case s.MaxFPS < 0 || s.Hurry < 0:
		return fmt.Errorf("rate %d, %d old packets: neither can be negative", s.MaxFPS, s.Hurry)
	case s.In == H264:
		if _, _, err := h264.ReadAVCC(s.Config); err != nil {
			return fmt.Errorf("H.264 without its parameter sets: %w", err)
		}
	case s.In == H265:
		if _, _, _, err := h265.ReadHVCC(s.Config); err != nil {
			return fmt.Errorf("H.265 without its parameter sets: %w", err)
		}
	case s.In == 0 && s.Device != "":
		return s.checkDevice()
	case s.In == 0 && s.File == "":
		return s.Pattern.check()
	}
	return nil
}

// deviceCodec is what the device compresses to; 0 is nothing or not known.
func (s Spec) deviceCodec() Codec {
	switch s.DeviceFormat {
	case deviceMJPEG:
		return JPEG
	case deviceH264:
		return H264
	}
	return 0
}

func (s Spec) checkDevice() error {
	w, h := s.DeviceWidth, s.DeviceHeight
	switch {
	case s.File != "":
		return fmt.Errorf("a device and a file at once")
	case !filepath.IsAbs(s.Device):
		return fmt.Errorf("device %q: it takes an absolute path, such as /dev/video0", s.Device)
	case s.DeviceFormat != "" && s.deviceCodec() == 0:
		return fmt.Errorf("device format %q: it is mjpeg, h264 or nothing", s.DeviceFormat)
	case w < 0 || w > maxSide || h < 0 || h > maxSide || (w == 0) != (h == 0):
		return fmt.Errorf("device pictures of %dx%d: each side is up to %d", w, h, maxSide)
	case s.DeviceFPS < 0 || s.DeviceFPS > maxDeviceFPS:
		return fmt.Errorf("%d pictures a second of a device: up to %d it can be", s.DeviceFPS, maxDeviceFPS)
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
