package httpcam

import (
	"cmp"
	"context"
	"errors"
	"net"
	"time"

	"framegate/gateway/media"
)

// The limits on cameras by name, as Options.Limited is told of them.
const (
	LimitCameraConnect      = "camera_connect"
	LimitCameraFirstByte    = "camera_first_byte"
	LimitCameraFirstPicture = "camera_first_picture"
	LimitCameraSilence      = "camera_silence"
	LimitFrameBytes         = "frame_bytes"
	LimitFramePixels        = "frame_pixels" // those of package media
	LimitPartHeaders        = "part_headers" // and those of the answer
)

// LimitNames are the limits that this package knows.
var LimitNames = []string{
	LimitCameraConnect, LimitCameraFirstByte, LimitCameraFirstPicture, LimitCameraSilence,
	LimitFrameBytes, LimitFramePixels, LimitPartHeaders,
}

// Patience is how long a camera may take for what.
type Patience struct {
	Connect   time.Duration // to be reached, and again to agree on TLS; 0 = 5 s
	FirstByte time.Duration // from the request to the answer, and again to its first byte; 0 = 10 s
	Silence   time.Duration // without a whole picture (stream.Silence); 0 = 5 s
}

// withDefaults fills in what is not said, but for the silence, which knows its
// own.
func (p Patience) withDefaults() Patience {
	p.Connect = cmp.Or(p.Connect, connectTimeout)
	p.FirstByte = cmp.Or(p.FirstByte, answerTimeout)
	return p
}

// count counts the limit that ended a run. Those on single pictures the parser
// has counted already.
func (s *Source) count(ctx context.Context, err error) {
	var network net.Error
	switch {
	case ctx.Err() != nil: // it was told to end
	case errors.Is(err, errNoAnswer):
		s.opt.Limited(LimitCameraFirstByte)
	case errors.Is(err, errNoPicture):
		s.opt.Limited(LimitCameraFirstPicture)
	case errors.Is(err, errSilent):
		s.opt.Limited(LimitCameraSilence)
	case errors.Is(err, errLongHead):
		s.opt.Limited(LimitPartHeaders)
	case errors.As(err, &network) && network.Timeout(): // deadlines are set for nothing else
		s.opt.Limited(LimitCameraConnect)
	}
}

// hit counts a hit of a limit on single pictures.
func (p *parser) hit(limit string) {
	if p.limited != nil {
		p.limited(limit)
	}
}

// judged counts a bad picture that a limit makes bad.
func (p *parser) judged(why error) {
	if errors.Is(why, media.ErrTooManyPixels) {
		p.hit(LimitFramePixels)
	}
}
