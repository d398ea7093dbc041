package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/config"
	"framegate/gateway/media"
	"framegate/gateway/roster"
)

// probeTime is how long a camera is looked at once its pictures come.
const probeTime = 2 * time.Second

// Probe connects to a camera, apart from those there are, until it is known
// what it sends or ctx is done.
func (s control) Probe(ctx context.Context, c config.Camera) (api.Probed, error) {
	source, err := s.newSource(roster.Camera{Camera: c, Added: true})
	if err != nil {
		return api.Probed{}, err
	}
	if source == nil {
		return api.Probed{}, errors.New("an upload camera waits for its publisher; there is nothing to connect to")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	look := look{began: time.Now(), stop: stop}
	err = source.Run(ctx, look.take)
	switch {
	case look.Frames > 0:
		return look.result(), nil
	case ctx.Err() != nil:
		return api.Probed{}, fmt.Errorf("it was reached, or not, but sent no picture in %v", time.Since(look.began).Round(time.Second))
	}
	return api.Probed{}, err
}

// look is what a probe sees.
type look struct {
	api.Probed
	began, first, last, key time.Time
	stop                    func()
}

// take looks at one frame, and ends the probe with the one after which more
// would not tell more: of H.264 and H.265 the second keyframe.
func (l *look) take(f media.Frame) {
	now := time.Now()
	if l.Frames == 0 {
		l.first, l.FirstFrame = now, now.Sub(l.began)
	}
	l.Frames++
	l.Bytes += int64(len(f.Data))
	l.Codec, l.Width, l.Height = f.Format.Codec.String(), f.Format.Width, f.Format.Height
	l.last = now
	if f.Format.Codec != media.JPEG && f.Key {
		if !l.key.IsZero() {
			l.KeyframeInterval = now.Sub(l.key)
		}
		l.key = now
	}
	if now.Sub(l.first) >= probeTime && (f.Format.Codec == media.JPEG || l.KeyframeInterval > 0) {
		l.stop()
	}
}

func (l *look) result() api.Probed {
	if span := l.last.Sub(l.first); span > 0 {
		l.FPS = float64(l.Frames-1) / span.Seconds()
	}
	return l.Probed
}
