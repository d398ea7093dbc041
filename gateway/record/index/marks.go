package index

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Mark says something about a stretch of time of a camera: motion, a bookmark,
// that it is to be kept. It reaches Before and After beyond its ends; segments
// within its reach are marked, and, with Keep, protected.
type Mark struct {
	ID            int64
	Camera        string
	Kind          string        // 64 bytes at most, of letters, digits and "._-"
	Start, End    time.Time     // End is zero while it is still open
	Before, After time.Duration // 24 h at most
	Keep          bool          // no retention deletes what it reaches
	Note          string
	Data          json.RawMessage // any JSON, nil for none
	By            string          // who made it
	Created       time.Time
}

// MarkFilter chooses marks. The zero value chooses all.
type MarkFilter struct {
	Cameras  []string  // nil: all
	Kind     string    // "": all
	From, To time.Time // those with Start to End in it, at least in part
	Keep     bool      // only those that protect
	Limit    int       // 0: 100
	After    Mark      // the last of the previous page: its Start and ID
}

// AddMark enters a mark, for now, the past or the future, and gives its ID.
// ErrTooMany where the camera has MaxMarks.
func (x *Index) AddMark(ctx context.Context, m Mark) (int64, error) { return 0, errors.ErrUnsupported }

// EndMark ends an open mark, or moves the end of another.
func (x *Index) EndMark(ctx context.Context, id int64, end time.Time) error {
	return errors.ErrUnsupported
}

// UpdateMark puts m in the place of the mark of its ID, which keeps its Camera,
// By and Created.
func (x *Index) UpdateMark(ctx context.Context, m Mark) error { return errors.ErrUnsupported }

// DeleteMark takes a mark out; what it reached is not marked by it any more.
func (x *Index) DeleteMark(ctx context.Context, id int64) error { return errors.ErrUnsupported }

// Mark gives a mark by its ID.
func (x *Index) Mark(ctx context.Context, id int64) (Mark, error) {
	return Mark{}, errors.ErrUnsupported
}

// Marks lists the marks that a filter chooses, the latest start first.
func (x *Index) Marks(ctx context.Context, f MarkFilter) ([]Mark, error) {
	return nil, errors.ErrUnsupported
}
