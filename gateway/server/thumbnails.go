package server

import (
	"context"
	"net/http"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/cluster/archive"
	"framegate/gateway/front"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/record/thumbs"
	"framegate/gateway/thumbnails"
)

// album is what was recorded, as thumbnails are made of it.
type album struct{ *server }

// Between gives the segments of a camera in a stretch of time.
func (a album) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error) {
	return a.archive().Between(ctx, camera, from, to, limit)
}

// Growing gives the segment that is being written.
func (a album) Growing(camera string) (index.Segment, bool) {
	g, ok := a.archive().Growing(camera)
	return g.Segment, ok
}

// Open opens a segment.
func (a album) Open(row index.Segment) (thumbnails.File, int64, error) {
	return a.archive().Open(row)
}

// Thumbnail gives one that is kept.
func (a album) Thumbnail(of index.Segment, moment time.Time) (thumbs.Picture, error) {
	return a.archive().Thumbnail(of, moment)
}

// KeepThumbnails keeps some, of what this server recorded.
func (a album) KeepThumbnails(ctx context.Context, of index.Segment, pictures ...thumbs.Picture) error {
	if of.Node != "" {
		return nil
	}
	return a.recordings.KeepThumbnails(ctx, of, pictures...)
}

// newThumbnails makes what makes thumbnails. Nothing runs yet.
func (s *server) newThumbnails() *thumbnails.Maker {
	return thumbnails.New(thumbnails.Options{
		Recordings: album{s}, Spare: s.encoders.Spare, FFmpeg: s.settings().FFmpeg.Path, Log: s.Log,
	})
}

// thumbnail shows one.
func (s *server) thumbnail(w http.ResponseWriter, r *http.Request, v front.Visit) error {
	return s.thumbnails.Serve(w, r, v.Camera, v.Client())
}

// thumbnailRefusals says how errors of thumbnails are answered.
var thumbnailRefusals = []front.Refusal{
	{Err: thumbnails.ErrBadQuery, Status: http.StatusBadRequest},
	{Err: thumbnails.ErrNothing, Status: http.StatusNotFound},
	{Err: thumbnails.ErrBusy, Status: http.StatusServiceUnavailable},
	{Err: archive.ErrAway, Status: http.StatusServiceUnavailable},
	{Err: archive.ErrNonsense, Status: http.StatusServiceUnavailable},
	{Err: record.ErrMissing, Status: http.StatusServiceUnavailable},
	{Err: api.ErrNotHere, Status: http.StatusServiceUnavailable},
	{Err: api.ErrNoRecordings, Status: http.StatusNotFound},
}
