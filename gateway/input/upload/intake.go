package upload

import (
	"time"

	"golang.org/x/time/rate"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// What one publisher may send where Options say nothing. More is dropped and
// counted.
const (
	maxFPS            = 60
	maxBytesPerSecond = 20_000_000
)

// intake is where the pictures of one publisher become frames of a stream. It
// is not safe for concurrent use.
type intake struct {
	handler *Handler
	emit    func(media.Frame)
	format  *media.Format // of the last frame
	frames  *rate.Limiter
	bytes   *rate.Limiter

	began   time.Time     // when the first frame was published
	shown   time.Duration // media time of the last one
	hearing hearing
	life    stream.Life // of the camera's stream
}

func (h *Handler) newIntake(emit func(media.Frame)) *intake {
	o := h.options
	return &intake{
		handler: h,
		emit:    emit,
		frames:  rate.NewLimiter(rate.Limit(o.FPS), o.FPS),
		bytes:   rate.NewLimiter(rate.Limit(o.BytesPerSecond), max(o.BytesPerSecond, o.MaxFrameBytes)),
	}
}

// picture publishes a picture whose memory is ours. It says whether the
// picture was dropped because they come too fast; the errors are those of
// media.JPEGFrame. at is when it was taken by its publisher's clock, or noTime.
func (in *intake) picture(b []byte, at time.Duration) (dropped bool, err error) {
	frame, err := in.handler.check(b, in.format)
	if err != nil {
		return false, err
	}
	return in.take(frame, at), nil
}

// check makes a frame of a picture, or counts it as refused.
func (h *Handler) check(b []byte, format *media.Format) (media.Frame, error) {
	frame, err := media.JPEGFrame(b, format)
	if err != nil {
		h.refuse(err)
	}
	return frame, err
}

// take publishes a frame, unless they come too fast.
func (in *intake) take(frame media.Frame, at time.Duration) (dropped bool) {
	now := time.Now()
	switch {
	case !in.frames.AllowN(now, 1):
		return in.drop(LimitPublisherFPS)
	case !in.bytes.AllowN(now, len(frame.Data)):
		return in.drop(LimitPublisherBytes)
	}
	if f := in.format; f != nil && f.Width == frame.Format.Width && f.Height == frame.Format.Height {
		frame.Format = f
	}
	in.format = frame.Format
	in.place(&frame, at, now)
	in.emit(frame)
	in.handler.counters.frames.Add(1)
	return false
}

// drop counts a frame that comes too fast.
func (in *intake) drop(limit string) (dropped bool) {
	in.handler.counters.rateDropped.Add(1)
	in.handler.options.Limited(limit)
	return true
}

// How long a publisher may be silent, in relation to its own rate, which says
// more about that than anybody could set.
const (
	patientIntervals = 10
	firstPatience    = 10 * time.Second // while its rate is unknown
	shortestPatience = 5 * time.Second
	longestPatience  = 5 * time.Minute
)

// pace follows the time between a publisher's frames. The zero value knows
// none yet.
type pace struct {
	last     time.Time
	interval time.Duration
}

// step notes a frame. Frames that come in a bunch after a stall shorten the
// interval only bit by bit.
func (p *pace) step(now time.Time) {
	if !p.last.IsZero() {
		p.interval = min(max(now.Sub(p.last), p.interval/2), longestPatience/patientIntervals)
	}
	p.last = now
}

// patience says how long to wait for the next frame.
func (p *pace) patience() time.Duration {
	if p.interval == 0 {
		return firstPatience
	}
	return min(max(patientIntervals*p.interval, shortestPatience), longestPatience)
}
