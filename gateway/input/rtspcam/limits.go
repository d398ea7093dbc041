package rtspcam

import (
	"cmp"
	"context"
	"errors"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// The limits on cameras by name, as Options.Limited is told of them. Those on
// the text of RTSP itself are rtspquirks'.
const (
	LimitCameraConnect      = "camera_connect"
	LimitCameraFirstByte    = "camera_first_byte"
	LimitCameraFirstPicture = "camera_first_picture"
	LimitCameraSilence      = "camera_silence"
	LimitFrameBytes         = "frame_bytes"
	LimitFramePixels        = "frame_pixels" // those of package media
)

// LimitNames are the limits that this package knows.
var LimitNames = []string{
	LimitCameraConnect, LimitCameraFirstByte, LimitCameraFirstPicture, LimitCameraSilence,
	LimitFrameBytes, LimitFramePixels,
}

// Patience is how long a camera may take for what.
type Patience struct {
	Connect   time.Duration // to be reached; 0 = 5 s
	FirstByte time.Duration // from there to the first answer, from the description to the last, and from that to the first packet; 0 = 10 s
	Silence   time.Duration // without a whole picture (stream.Silence); 0 = 5 s
}

// patience is Patience up to the first picture, with what is not for anybody to
// turn: a camera that is so slow is of no use. The tests are less patient.
type patience struct {
	connect time.Duration
	answer  time.Duration
	// describe is for the description alone, which a server may have to wake a
	// camera for, or to start an encoder.
	describe time.Duration
	picture  time.Duration // from the first packet to the first whole picture
}

var usualPatience = patience{
	connect:  5 * time.Second,
	answer:   10 * time.Second,
	describe: 30 * time.Second,
	picture:  stream.FirstPicture,
}

// withDefaults fills in what is not said.
func (p Patience) withDefaults() patience {
	return patience{
		connect:  cmp.Or(p.Connect, usualPatience.connect),
		answer:   cmp.Or(p.FirstByte, usualPatience.answer),
		describe: max(p.FirstByte, usualPatience.describe),
		picture:  usualPatience.picture,
	}
}

// count counts the limit that ended a run. Those on the bytes of pictures the
// assemblers have counted already.
func (s *Source) count(err error) {
	switch {
	case errors.Is(err, errUnreachable), errors.Is(err, context.DeadlineExceeded): // of dial
		s.opt.Limited(LimitCameraConnect)
	case errors.Is(err, errNoAnswer), errors.Is(err, errNoDescription), errors.Is(err, errNoPacket):
		s.opt.Limited(LimitCameraFirstByte)
	case errors.Is(err, errNoPicture):
		s.opt.Limited(LimitCameraFirstPicture)
	case errors.Is(err, errSilent):
		s.opt.Limited(LimitCameraSilence)
	case errors.Is(err, media.ErrTooManyPixels):
		s.opt.Limited(LimitFramePixels)
	}
}
