package server

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/api/events"
	"framegate/gateway/cluster/archive"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/record/thumbs"
	"framegate/gateway/roster"
)

// archive gives what was recorded: by this server, or by all nodes of its cluster.
func (s *server) archive() archive.Source {
	if s.node != nil {
		return s.node.archive
	}
	return own{s}
}

// openArchive makes one of what all nodes recorded.
func (n *node) openArchive() {
	local := own{n.server}
	n.shelves = archive.NewDoor(asked{local}, api.ErrNoRecordings, nodeOf)
	n.archive = archive.New(archive.Options{
		Self: n.identity.Node, Local: local, Dial: n.ways.Dial, Empty: api.ErrNoRecordings, Missing: api.ErrNotHere,
		Changed: func(camera string, more bool, from, to time.Time) {
			kind := events.RecordingsDeleted
			if more {
				kind = events.RecordingsAdded
			}
			n.server.api.Recorded(kind, camera, from, to, "")
		},
		Memory: filepath.Join(n.server.Config.Data, "cluster", "recordings.json"), Log: n.server.Log,
		Nodes: n.others,
		Owner: func(camera string) string {
			place, _ := n.cluster.Where(camera)
			return place.Node
		},
	})
}

// epoch gives with which this node owns a camera, 0 where it does not.
func (n *node) epoch(camera string) uint64 {
	if n == nil {
		return 0
	}
	place, _ := n.cluster.Where(camera)
	if place.Node != n.identity.Node {
		return 0
	}
	return place.Epoch
}

// handler gives what answers other nodes.
func (n *node) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/recordings/", n.shelves.Handler())
	mux.HandleFunc("POST /revoked", n.hearRevoked)
	mux.Handle("/node/", n.reporting.Handler())
	mux.HandleFunc("POST /beat", n.beat)
	mux.Handle("/", n.door.Handler())
	return mux
}

// asked is own as other nodes have it.
type asked struct{ own }

// Erase deletes what has to do with a stretch of time, and exports that show some of it.
func (a asked) Erase(ctx context.Context, camera string, from, to time.Time) (archive.Erased, error) {
	gone, err := a.own.Erase(ctx, camera, from, to)
	if errors.Is(err, api.ErrNoRecordings) {
		err = nil
	}
	if gone.From.Before(from) && !gone.From.IsZero() {
		from = gone.From
	}
	if gone.To.After(to) {
		to = gone.To
	}
	failed := a.Withdraw(ctx, camera, from, to)
	a.Log.Info("recordings deleted for another node", "camera", camera, "from", from.UTC(), "to", to.UTC(), "segments", gone.Segments, "bytes", gone.Bytes, "err", err)
	return gone, errors.Join(err, failed)
}

// own is what this server recorded itself.
type own struct{ *server }

// Look calls use with the index. Why there is none may name folders, and so is
// for the log alone.
func (o own) Look(use func(*index.Index) error) error {
	err := o.recordings.Look(use)
	if !errors.Is(err, record.ErrMissing) {
		return err
	}
	recorded := func(c roster.Camera) bool { return c.Record.On() && o.owns(c.ID) }
	if o.recordings.Room().Why == "" && !slices.ContainsFunc(o.cameras.All(), recorded) {
		return api.ErrNoRecordings
	}
	return api.ErrNotHere
}

// inIndex gives what is found in the index.
func inIndex[T any](o own, find func(*index.Index) (T, error)) (found T, err error) {
	err = o.Look(func(x *index.Index) error {
		found, err = find(x)
		return err
	})
	return found, err
}

// Timeline gives what is to be seen of a stretch of time.
func (o own) Timeline(ctx context.Context, camera string, from, to time.Time, resolution time.Duration) (index.Timeline, error) {
	return inIndex(o, func(x *index.Index) (index.Timeline, error) { return x.Timeline(ctx, camera, from, to, resolution) })
}

// Days gives the days of which there is something.
func (o own) Days(ctx context.Context, camera string, zone *time.Location, from, to time.Time) ([]string, error) {
	return inIndex(o, func(x *index.Index) ([]string, error) { return x.Days(ctx, camera, zone, from, to) })
}

// Between gives the segments of a camera in a stretch of time.
func (o own) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error) {
	return inIndex(o, func(x *index.Index) ([]index.Segment, error) { return x.Between(ctx, camera, from, to, limit) })
}

// Spans gives the stretches without a hole.
func (o own) Spans(ctx context.Context, camera string, from, to time.Time) ([]index.Span, error) {
	return inIndex(o, func(x *index.Index) ([]index.Span, error) { return x.Spans(ctx, camera, from, to) })
}

// Hours gives sums of the hours in a stretch of time.
func (o own) Hours(ctx context.Context, camera string, from, to time.Time) ([]index.Hour, error) {
	return inIndex(o, func(x *index.Index) ([]index.Hour, error) { return x.Hours(ctx, camera, from, to) })
}

// Gaps gives what is missing and why.
func (o own) Gaps(ctx context.Context, camera string, from, to time.Time) ([]index.Gap, error) {
	return inIndex(o, func(x *index.Index) ([]index.Gap, error) { return x.Gaps(ctx, camera, from, to) })
}

// Format gives what the pictures of segments are.
func (o own) Format(ctx context.Context, id int64) (index.Format, error) {
	return inIndex(o, func(x *index.Index) (index.Format, error) { return x.Format(ctx, id) })
}

// Cameras gives those that have rows.
func (o own) Cameras(ctx context.Context) ([]string, error) {
	return inIndex(o, func(x *index.Index) ([]string, error) { return x.Cameras(ctx) })
}

// AddMark enters a mark.
func (o own) AddMark(ctx context.Context, m index.Mark) (int64, error) {
	return inIndex(o, func(x *index.Index) (int64, error) { return x.AddMark(ctx, m) })
}

// Mark gives a mark by its ID.
func (o own) Mark(ctx context.Context, id int64) (index.Mark, error) {
	return inIndex(o, func(x *index.Index) (index.Mark, error) { return x.Mark(ctx, id) })
}

// UpdateMark changes a mark.
func (o own) UpdateMark(ctx context.Context, m index.Mark) error {
	return o.Look(func(x *index.Index) error { return x.UpdateMark(ctx, m) })
}

// DeleteMark takes a mark out.
func (o own) DeleteMark(ctx context.Context, id int64) error {
	return o.Look(func(x *index.Index) error { return x.DeleteMark(ctx, id) })
}

// Marks lists marks.
func (o own) Marks(ctx context.Context, f index.MarkFilter) ([]index.Mark, error) {
	return inIndex(o, func(x *index.Index) ([]index.Mark, error) { return x.Marks(ctx, f) })
}

// Protects gives how long marks of somebody are together that protect.
func (o own) Protects(ctx context.Context, m index.Mark) (time.Duration, error) {
	return inIndex(o, func(x *index.Index) (time.Duration, error) { return x.Protects(ctx, m) })
}

// SegmentByPath gives the row of a file.
func (o own) SegmentByPath(ctx context.Context, path string) (index.Segment, error) {
	return inIndex(o, func(x *index.Index) (index.Segment, error) { return x.SegmentByPath(ctx, path) })
}

// Extents gives from when until when there is something of each camera.
func (o own) Extents(ctx context.Context) (map[string]index.Span, error) {
	extents, err := inIndex(o, func(x *index.Index) (map[string]index.Span, error) {
		extents := make(map[string]index.Span)
		cameras, err := x.Cameras(ctx)
		for _, camera := range cameras {
			var t index.Totals
			if t, err = x.Totals(ctx, camera); err != nil {
				return nil, err
			}
			if t.Newest.After(t.Oldest) {
				extents[camera] = index.Span{From: t.Oldest, To: t.Newest}
			}
		}
		return extents, err
	})
	if err != nil {
		return nil, err
	}
	for _, r := range o.recordings.Statuses() {
		g, grows := o.recordings.Growing(r.Camera)
		if !grows || !g.Segment.Start.Before(g.Segment.End) {
			continue
		}
		s, there := extents[r.Camera]
		if s.To = g.Segment.End; !there {
			s.From = g.Segment.Start
		}
		extents[r.Camera] = s
	}
	return extents, nil
}

// Growing gives the segment that is being written.
func (o own) Growing(camera string) (archive.Growing, bool) {
	g, ok := o.recordings.Growing(camera)
	return archive.Growing(g), ok
}

// Missing gives the gap of a camera that goes on.
func (o own) Missing(camera string) (index.Gap, bool) { return o.recordings.Missing(camera) }

// Open opens a segment.
func (o own) Open(row index.Segment) (archive.File, int64, error) {
	f, err := o.recordings.Open(row)
	if err != nil {
		return nil, 0, err
	}
	return f, f.Size, nil
}

// Thumbnail gives one that is kept.
func (o own) Thumbnail(of index.Segment, moment time.Time) (thumbs.Picture, error) {
	return o.recordings.Thumbnail(of, moment)
}

// Erase deletes what has to do with a stretch of time.
func (o own) Erase(ctx context.Context, camera string, from, to time.Time) (e archive.Erased, err error) {
	gone, err := o.recordings.Erase(ctx, camera, from, to)
	if errors.Is(err, record.ErrMissing) {
		err = o.Look(func(*index.Index) error { return nil })
	}
	for _, s := range gone {
		e = e.Plus(archive.Erased{Segments: 1, Bytes: s.Bytes, From: s.Start, To: s.End})
	}
	return e, err
}

// Withdraw removes exports that show some of a stretch of time.
func (o own) Withdraw(ctx context.Context, camera string, from, to time.Time) error {
	_, err := o.exports.Erase(ctx, camera, from, to)
	return err
}
