package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/config"
	"framegate/gateway/media"
	"framegate/gateway/redact"
	"framegate/gateway/rendition"
	"framegate/gateway/roster"
)

const (
	// probeTime is how long a camera is looked at once its pictures come.
	probeTime = 2 * time.Second
	// stillTime is how long it may take to make a picture of one.
	stillTime = 5 * time.Second
	// stillWidth is how wide that is, in pixels, at most.
	stillWidth = 640
)

// Probe connects to a camera, apart from those there are, until it is known
// what it sends, patience is over or ctx is done.
func (s control) Probe(ctx context.Context, c config.Camera, patience time.Duration) (api.Probed, error) {
	look, err := s.tryCamera(ctx, roster.Camera{Camera: c, Added: true}, patience)
	if err != nil {
		return api.Probed{}, err
	}
	found := look.result()
	found.Picture = s.stillOf(ctx, c, look.shown)
	return found, nil
}

// tryCamera looks at what a camera sends. It gives no error where pictures came.
func (s *server) tryCamera(ctx context.Context, c roster.Camera, patience time.Duration) (*look, error) {
	source, err := s.newSource(c)
	if err != nil {
		return nil, err
	}
	if source == nil {
		return nil, errors.New("an upload camera waits for its publisher; there is nothing to connect to")
	}
	looking, stop := context.WithTimeout(ctx, patience)
	defer stop()
	look := &look{began: time.Now(), stop: stop}
	err = source.Run(looking, look.take)
	switch {
	case look.Frames > 0:
		return look, nil
	case looking.Err() != nil && c.Source.Listen:
		return nil, fmt.Errorf("nobody connected, or who did sent no picture, in %v", time.Since(look.began).Round(time.Second))
	case looking.Err() != nil:
		return nil, fmt.Errorf("it was reached, or not, but sent no picture in %v", time.Since(look.began).Round(time.Second))
	case err == nil:
		return nil, errors.New("it ended without a picture")
	}
	return nil, err
}

// stillOf makes a small JPEG of a picture that can be decoded alone; nil where
// that takes too long or does not work.
func (s control) stillOf(ctx context.Context, c config.Camera, f media.Frame) []byte {
	ctx, cancel := context.WithTimeout(ctx, stillTime)
	defer cancel()
	log := s.Log.With("camera", c.ID)
	still, err := rendition.Still(ctx, rendition.StillOptions{
		Camera: c.ID, Request: rendition.Request{Codec: media.JPEG, Width: stillWidth}, Format: f.Format, Wall: f.Wall,
		FFmpeg: s.settings().FFmpeg.Path, Slots: s.encoders, Log: log,
	}, func(write func(media.Frame) error) error { return write(f) })
	if err != nil {
		log.Info("no picture could be made of a camera that was tried", "err", redact.New(c).Text(err.Error()))
	}
	return still.Data
}

// look is what a probe sees.
type look struct {
	api.Probed
	began, first, last, key time.Time
	shown                   media.Frame // the newest that can be decoded alone
	stop                    func()
}

// take looks at one frame, and ends the probe with the one after which more
// would not tell more: of H.264 and H.265 the second keyframe.
func (l *look) take(f media.Frame) {
	if f.Format.Codec.Kind() == media.Audio {
		l.Sound = api.ProbedSound{Codec: f.Format.Codec.String(), Rate: f.Format.Rate, Channels: f.Format.Channels}
		return
	}
	now := time.Now()
	if l.Frames == 0 {
		l.first, l.FirstFrame = now, now.Sub(l.began)
	}
	l.Frames++
	l.Bytes += int64(len(f.Data))
	l.Codec, l.Width, l.Height = f.Format.Codec.String(), f.Format.Width, f.Format.Height
	l.last = now
	if f.Key {
		l.shown = f
		l.shown.Wall = now
	}
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
