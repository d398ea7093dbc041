package server

import (
	"context"
	"net/http"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/front"
	"framegate/gateway/output/recording"
	"framegate/gateway/playback/clip"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/stream"
)

// cuttings is what was recorded, as clips are cut of it.
type cuttings struct{ past }

// Between gives the segments of a camera in a stretch of time.
func (c cuttings) Between(ctx context.Context, camera string, from, to time.Time, limit int) (rows []index.Segment, err error) {
	err = c.Look(func(x *index.Index) error {
		rows, err = x.Between(ctx, camera, from, to, limit)
		return err
	})
	return rows, err
}

// Hours gives sums of the hours in a stretch of time.
func (c cuttings) Hours(ctx context.Context, camera string, from, to time.Time) (hours []index.Hour, err error) {
	err = c.Look(func(x *index.Index) error {
		hours, err = x.Hours(ctx, camera, from, to)
		return err
	})
	return hours, err
}

// Format gives what the pictures of segments are.
func (c cuttings) Format(ctx context.Context, id int64) (f index.Format, err error) {
	err = c.Look(func(x *index.Index) error {
		f, err = x.Format(ctx, id)
		return err
	})
	return f, err
}

// Spans gives the stretches without a hole.
func (c cuttings) Spans(ctx context.Context, camera string, from, to time.Time) (spans []index.Span, err error) {
	err = c.Look(func(x *index.Index) error {
		spans, err = x.Spans(ctx, camera, from, to)
		return err
	})
	return spans, err
}

// Growing gives the segment that is being written.
func (c cuttings) Growing(camera string) (clip.Growing, bool) {
	g, ok := c.recordings.Growing(camera)
	return clip.Growing(g), ok
}

// Open opens a segment.
func (c cuttings) Open(row index.Segment) (clip.File, error) {
	f, err := c.recordings.Open(row)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// newClips makes what gives out clips.
func (s *server) newClips() *recording.Handler {
	c := cuttings{past{s}}
	return recording.New(recording.Options{Finder: c, Opener: c, Audience: s.hub.Audience, Limited: s.hits.Hit, Log: s.Log})
}

// cut makes a handle of what gives out recordings of a camera.
func cut(give func(http.ResponseWriter, *http.Request, string, stream.Client) error) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		return give(w, r, v.Camera, v.Client())
	}
}

// clipRefusals says how errors of clips are answered.
var clipRefusals = []front.Refusal{
	{Err: recording.ErrBadQuery, Status: http.StatusBadRequest},
	{Err: recording.ErrBusy, Status: http.StatusServiceUnavailable},
	{Err: recording.ErrNotMade, Status: http.StatusNotImplemented},
	{Err: clip.ErrTooLong, Status: http.StatusBadRequest},
	{Err: clip.ErrNothing, Status: http.StatusNotFound},
	{Err: clip.ErrChanged, Status: http.StatusServiceUnavailable}, // asked again, it is another clip
	{Err: record.ErrMissing, Status: http.StatusServiceUnavailable},
	{Err: api.ErrNotHere, Status: http.StatusServiceUnavailable},
	{Err: api.ErrNoRecordings, Status: http.StatusNotFound},
}
