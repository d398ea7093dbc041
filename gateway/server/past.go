package server

import (
	"context"
	"errors"
	"slices"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/config"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/roster"
)

// past is what was recorded, as the API knows it.
type past struct{ *server }

// Look calls use with the index. Why there is none may name folders, and so is
// for the log alone.
func (p past) Look(use func(*index.Index) error) error {
	err := p.recordings.Look(use)
	if !errors.Is(err, record.ErrMissing) {
		return err
	}
	recorded := func(c roster.Camera) bool { return c.Record.On() }
	if p.recordings.Room().Why == "" && !slices.ContainsFunc(p.cameras.All(), recorded) {
		return api.ErrNoRecordings
	}
	return api.ErrNotHere
}

// Growing gives the segment of a camera that is being written.
func (p past) Growing(camera string) (index.Segment, bool) {
	g, ok := p.recordings.Growing(camera)
	return g.Segment, ok
}

// Missing gives the gap of a camera that goes on.
func (p past) Missing(camera string) (index.Gap, bool) { return p.recordings.Missing(camera) }

// Erase deletes what has to do with a stretch of time.
func (p past) Erase(ctx context.Context, camera string, from, to time.Time) (api.Erased, error) {
	gone, err := p.recordings.Erase(ctx, camera, from, to)
	if errors.Is(err, record.ErrMissing) {
		err = api.ErrNotHere
	}
	var e api.Erased
	for _, s := range gone {
		e.Segments++
		e.Bytes += s.Bytes
		if e.From.IsZero() || s.Start.Before(e.From) {
			e.From = s.Start
		}
		if s.End.After(e.To) {
			e.To = s.End
		}
	}
	return e, err
}

// Forecast says what would become of a camera's recordings if it was as here.
func (p past) Forecast(ctx context.Context, c config.Camera) (api.Forecast, error) {
	f, err := p.recordings.Forecast(ctx, recorded(c))
	if errors.Is(err, record.ErrMissing) {
		err = api.ErrNotHere
	}
	return api.Forecast{
		Deleted: api.Erased{Segments: f.Segments, Bytes: f.Bytes, From: f.From, To: f.To},
		After:   keptOf(f.After), Crowded: f.Crowded, Filled: f.Filled,
	}, err
}
