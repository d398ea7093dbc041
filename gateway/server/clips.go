package server

import (
	"context"
	"net/http"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/front"
	"framegate/gateway/output/recording"
	"framegate/gateway/playback"
	"framegate/gateway/playback/clip"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/stream"
)

// cuttings is what was recorded, as clips are cut of it.
type cuttings struct{ *server }

// Between gives the segments of a camera in a stretch of time.
func (c cuttings) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error) {
	return c.archive().Between(ctx, camera, from, to, limit)
}

// Hours gives sums of the hours in a stretch of time.
func (c cuttings) Hours(ctx context.Context, camera string, from, to time.Time) ([]index.Hour, error) {
	return c.archive().Hours(ctx, camera, from, to)
}

// Format gives what the pictures of segments are.
func (c cuttings) Format(ctx context.Context, id int64) (index.Format, error) {
	return c.archive().Format(ctx, id)
}

// Spans gives the stretches without a hole.
func (c cuttings) Spans(ctx context.Context, camera string, from, to time.Time) ([]index.Span, error) {
	return c.archive().Spans(ctx, camera, from, to)
}

// Growing gives the segment that is being written.
func (c cuttings) Growing(camera string) (clip.Growing, bool) {
	g, ok := c.archive().Growing(camera)
	return clip.Growing(g), ok
}

// Open opens a segment.
func (c cuttings) Open(row index.Segment) (clip.File, error) {
	f, _, err := c.archive().Open(row)
	if err != nil {
		return nil, played(err)
	}
	return book{f}, nil
}

// newClips makes what gives out clips.
func (s *server) newClips() *recording.Handler {
	c := cuttings{s}
	return recording.New(recording.Options{Finder: c, Opener: c, Audience: s.hub.Audience, Limited: s.hits.Hit, Log: s.Log})
}

// awayHeader names nodes that cannot be asked, and from when until when each may have
// recordings of the camera, which what is answered is then without.
const awayHeader = "Framegate-Away"

// tellAway says in the head of an answer which nodes are away.
func (s *server) tellAway(w http.ResponseWriter, camera string) {
	for _, x := range (past{s}).Away(camera, time.Time{}, time.Time{}) {
		w.Header().Add(awayHeader, x.Node+" "+x.From.Format(time.RFC3339)+"/"+x.To.Format(time.RFC3339))
	}
}

// cutOfAll is cut of what all nodes recorded.
func (s *server) cutOfAll(give func(http.ResponseWriter, *http.Request, string, stream.Client) error) front.Handle {
	cut := cut(give)
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		s.tellAway(w, v.Camera)
		return cut(w, r, v)
	}
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
	{Err: playback.ErrMissing, Status: http.StatusServiceUnavailable},
	{Err: playback.ErrAway, Status: http.StatusServiceUnavailable},
	{Err: record.ErrMissing, Status: http.StatusServiceUnavailable},
	{Err: api.ErrNotHere, Status: http.StatusServiceUnavailable},
	{Err: api.ErrNoRecordings, Status: http.StatusNotFound},
}
