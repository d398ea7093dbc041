package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/record/index"
)

func (a *API) registerKept(r registrar) {
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/recordings", Known}, id: "list-recordings", tag: "recordings",
		summary: "Show how much is kept of each camera",
		about: "Of those that you have playback for, as far as something is kept, by id; also of cameras that were removed. " +
			"Files that are being written are not counted yet.",
		problems: []int{http.StatusServiceUnavailable},
	}, a.listKept)
}

// kept is how much is recorded of a camera.
type kept struct {
	ID        string     `json:"id" doc:"the camera" example:"front"`
	Segments  int        `json:"segments" doc:"files"`
	Bytes     int64      `json:"bytes" doc:"that they have"`
	Protected int64      `json:"protected" doc:"bytes of those that marks protect"`
	Marked    int64      `json:"marked" doc:"bytes of those that marks reach which protect nothing"`
	Lost      int        `json:"lost" doc:"files that should be there, and are not"`
	Oldest    *time.Time `json:"oldest,omitempty" doc:"when the first of them begins"`
	Newest    *time.Time `json:"newest,omitempty" doc:"when the last of them ends"`
	DayBytes  int64      `json:"day_bytes" doc:"what a day takes that is like the last 24 hours, or like what is kept of them; 0 where nothing is"`
}

type keptList struct {
	Cameras []kept `json:"cameras" nullable:"false"`
}

func (a *API) listKept(ctx context.Context, _ *nothing) (*struct{ Body keptList }, error) {
	list := keptList{Cameras: []kept{}}
	if a.options.Recordings == nil {
		return &struct{ Body keptList }{list}, nil
	}
	p := principalOf(ctx)
	err := a.options.Recordings.Look(func(x *index.Index) error {
		cameras, err := x.Cameras(ctx)
		for _, camera := range cameras {
			if !auth.Authorize(p, auth.Playback, camera) {
				continue
			}
			k, err := keptOf(ctx, x, camera, time.Now())
			if err != nil {
				return err
			}
			list.Cameras = append(list.Cameras, k)
		}
		return err
	})
	if err != nil && !errors.Is(err, ErrNoRecordings) {
		return nil, err
	}
	return &struct{ Body keptList }{list}, nil
}

func keptOf(ctx context.Context, x *index.Index, camera string, now time.Time) (kept, error) {
	t, err := x.Totals(ctx, camera)
	if err != nil {
		return kept{}, err
	}
	k := kept{ID: camera, Segments: t.Segments, Bytes: t.Bytes, Protected: t.Protected, Marked: t.Marked, Lost: t.Lost, Oldest: timeOf(t.Oldest), Newest: timeOf(t.Newest)}
	k.DayBytes, err = dayBytes(ctx, x, camera, t, now)
	return k, err
}

// dayBytes is what a day takes that is like the last 24 whole hours, or as many of
// them as there are.
func dayBytes(ctx context.Context, x *index.Index, camera string, t index.Totals, now time.Time) (int64, error) {
	const day = 24 * time.Hour
	end := now.Truncate(time.Hour)
	begin := end.Add(-day)
	if first := t.Oldest.Add(time.Hour - 1).Truncate(time.Hour); first.After(begin) {
		begin = first
	}
	if !begin.Before(end) { // it is too young for a whole one
		if lasts := t.Newest.Sub(t.Oldest); lasts > 0 {
			return int64(float64(t.Bytes) * float64(day) / float64(lasts)), nil
		}
		return 0, nil
	}
	hours, err := x.Hours(ctx, camera, begin, end.Add(time.Hour))
	if err != nil {
		return 0, err
	}
	var bytes int64
	for _, h := range slices.DeleteFunc(hours, func(h index.Hour) bool { return !h.Start.Before(end) }) {
		bytes += h.Bytes
	}
	return int64(float64(bytes) * float64(day) / float64(end.Sub(begin))), nil
}
