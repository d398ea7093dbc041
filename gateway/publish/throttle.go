package publish

import (
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"framegate/gateway/media"
)

// The limits on what one publisher sends, by name.
const (
	LimitFPS   = "publisher_fps"
	LimitBytes = "publisher_bytes"
)

// Counters count what publishers together did since they were made.
type Counters struct {
	Frames  atomic.Uint64 // pictures that were taken
	Dropped atomic.Uint64 // those that came too fast
}

// ThrottleOptions bound what one publisher sends. All are needed.
type ThrottleOptions struct {
	FPS, BytesPerSecond int // of pictures
	MaxFrameBytes       int // of one
	Counters            *Counters
	Limited             func(limit string) // must return at once
}

// Throttle lets the pictures of one publisher through that may send such as build on
// each other, unless they come too fast: then they are dropped up to the next keyframe. It is not safe
// for concurrent use.
type Throttle struct {
	opt      ThrottleOptions
	frames   *rate.Limiter
	bytes    *rate.Limiter
	dropping bool // up to the next keyframe
}

// NewThrottle makes one.
func NewThrottle(o ThrottleOptions) *Throttle {
	return &Throttle{
		opt:    o,
		frames: rate.NewLimiter(rate.Limit(o.FPS), o.FPS),
		bytes:  rate.NewLimiter(rate.Limit(o.BytesPerSecond), max(o.BytesPerSecond, o.MaxFrameBytes)),
	}
}

// Lets counts a picture, and says whether it may go on.
func (t *Throttle) Lets(f *media.Frame) bool {
	now, limit := time.Now(), ""
	switch {
	case !t.frames.AllowN(now, 1):
		limit = LimitFPS
	case !t.bytes.AllowN(now, len(f.Data)):
		limit = LimitBytes
	}
	if limit != "" {
		t.opt.Limited(limit)
	}
	t.dropping = limit != "" || t.dropping && !f.Key
	if t.dropping {
		t.opt.Counters.Dropped.Add(1)
	} else {
		t.opt.Counters.Frames.Add(1)
	}
	return !t.dropping
}
