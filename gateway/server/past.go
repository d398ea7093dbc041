package server

import (
	"context"
	"errors"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/api/events"
	"framegate/gateway/cluster/archive"
	"framegate/gateway/config"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// past is what was recorded, as the API knows it.
type past struct{ *server }

// View calls use with what is known of recordings, wherever they are.
func (p past) View(use func(api.View) error) error {
	if p.node != nil {
		err := use(p.node.archive)
		if errors.Is(err, archive.ErrAway) {
			err = errors.Join(api.ErrNodeAway, err)
		}
		return err
	}
	return own(p).Look(func(x *index.Index) error { return use(x) })
}

// Away gives the nodes that cannot be asked, and what they may have.
func (p past) Away(camera string, from, to time.Time) (away []api.Away) {
	if p.node == nil {
		return nil
	}
	for _, x := range p.node.archive.Absent(camera, from, to) {
		away = append(away, api.Away{Node: x.Node, From: x.From.UTC(), To: x.To.UTC()})
	}
	return away
}

// Growing gives the segment of a camera that is being written.
func (p past) Growing(camera string) (index.Segment, bool) {
	g, ok := p.archive().Growing(camera)
	return g.Segment, ok
}

// Missing gives the gap of a camera that goes on.
func (p past) Missing(camera string) (index.Gap, bool) { return p.archive().Missing(camera) }

// Erase deletes what has to do with a stretch of time.
func (p past) Erase(ctx context.Context, camera string, from, to time.Time) (api.Erased, error) {
	gone, err := p.archive().Erase(ctx, camera, from, to)
	if p.node != nil && gone.Segments > 0 {
		p.api.Recorded(events.RecordingsDeleted, camera, gone.From, gone.To, "") // also where another node had it
	}
	if errors.Is(err, archive.ErrAway) {
		err = errors.Join(api.ErrNodeAway, err)
	}
	return api.Erased(gone), err
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

// ForecastAll says what would be deleted here if all recordings were bounded as here.
func (p past) ForecastAll(ctx context.Context, r config.Recordings) (api.Erased, error) {
	f, err := p.recordings.ForecastAll(ctx, recordSettings(r))
	if errors.Is(err, record.ErrMissing) {
		err = api.ErrNotHere
	}
	return api.Erased{Segments: f.Segments, Bytes: f.Bytes, From: f.From, To: f.To}, err
}
