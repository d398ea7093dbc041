package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/cluster/archive"
	"framegate/gateway/delivery"
	"framegate/gateway/front"
	"framegate/gateway/media"
	"framegate/gateway/output/live"
	"framegate/gateway/output/replay"
	"framegate/gateway/playback"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// shelf is what was recorded, as package playback reads it.
type shelf struct{ *server }

// Between gives the segments of a camera in a stretch of time.
func (s shelf) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error) {
	rows, err := s.archive().Between(ctx, camera, from, to, limit)
	switch {
	case errors.Is(err, api.ErrNoRecordings):
		return nil, nil
	case errors.Is(err, api.ErrNotHere):
		return nil, playback.ErrMissing
	}
	return rows, err
}

// Growing gives the segment that is being written.
func (s shelf) Growing(camera string) (playback.Growing, bool) {
	g, ok := s.archive().Growing(camera)
	return playback.Growing(g), ok
}

// Open opens a segment.
func (s shelf) Open(row index.Segment) (playback.File, int64, error) {
	f, size, err := s.archive().Open(row)
	if err != nil {
		return nil, 0, played(err)
	}
	return book{f}, size, nil
}

// book is an open recording, as package playback reads it.
type book struct{ archive.File }

// ReadAt reads.
func (b book) ReadAt(p []byte, at int64) (int, error) {
	n, err := b.File.ReadAt(p, at)
	return n, played(err)
}

// played gives errors the names that package playback knows.
func played(err error) error {
	switch {
	case errors.Is(err, record.ErrMissing):
		return playback.ErrMissing
	case errors.Is(err, archive.ErrAway), errors.Is(err, archive.ErrNonsense):
		return fmt.Errorf("%w: %w", playback.ErrAway, err)
	}
	return err
}

// library gives what was recorded.
func (s *server) library() *playback.Library {
	return &playback.Library{Recordings: shelf{s}, Log: s.Log}
}

// past gives what plays recordings to a viewer, who has to be permitted that, and
// for as long as that is so.
func (s *server) past(v front.Visit) func(context.Context, time.Time, func()) (*live.Past, error) {
	return func(ctx context.Context, from time.Time, changed func()) (*live.Past, error) {
		allowed, stop := s.auth.Watch(ctx, v.Principal, auth.Playback, v.Camera)
		switch {
		case allowed.Err() != nil:
			stop()
			return nil, live.ErrForbidden
		case !s.hasPast():
			stop()
			return nil, live.ErrNoPast
		}
		session := playback.NewSession(playback.SessionOptions{
			Library: s.library(), Camera: v.Camera, Changed: changed, Log: s.Log,
			Rendition: s.newRendition, Audience: s.hub.Audience,
		}, from)
		return &live.Past{Session: session, Allowed: allowed, Stop: stop}, nil
	}
}

// hasPast says whether there is anything to look at.
func (s *server) hasPast() bool {
	return s.node != nil || own{s}.Look(func(*index.Index) error { return nil }) == nil
}

// newReplays makes what plays recordings in the forms of the present.
func (s *server) newReplays(options delivery.Options) *replay.Handler {
	return replay.New(replay.Options{Library: s.library(), Delivery: options, Session: func(camera string, from time.Time) *playback.Session {
		return playback.NewSession(playback.SessionOptions{Library: s.library(), Camera: camera, Log: s.Log, Rendition: s.newRendition, Audience: s.hub.Audience}, from)
	}})
}

// still makes a JPEG of a picture of the past.
func (s *server) still(ctx context.Context, k stream.Key, p *playback.Picture) (media.Frame, error) {
	request, ok := rendition.ParseKey(k.Rendition)
	if !ok {
		return media.Frame{}, stream.ErrUnknown
	}
	return rendition.Still(ctx, rendition.StillOptions{
		Camera: k.Camera, Request: request, Format: p.Format, Wall: p.Wall,
		FFmpeg: s.settings().FFmpeg.Path, Slots: s.encoders, Log: s.Log.With("camera", k.Camera),
	}, p.Each)
}
