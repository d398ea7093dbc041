package index

import (
	"context"
	"errors"
	"time"
)

// Keep is what is kept of a camera. Zero values are no limit.
type Keep struct {
	MaxAge    time.Duration // since the end of a segment
	MarkedAge time.Duration // the same for what a mark reaches, where it is longer
	MaxBytes  int64
	Open      int64 // bytes of its open segment, grown until the next cut: they count as well
}

// Limits are what Plan goes by.
type Limits struct {
	// Now, and whether the clock is to be believed; else nothing goes for its age.
	Now     time.Time
	Trusted bool

	Cameras map[string]Keep
	Others  Keep // for cameras with rows that are not in Cameras

	MaxBytes int64 // of all together, 0 for no limit
	Wanted   int64 // bytes that have to come free, whatever the limits say
	Budget   int64 // what recordings may take in all, where MaxBytes is 0; 0 where nobody knows

	Pinned func(id int64) bool // what is being read stays; nil for nothing
	Most   int                 // segments in the answer; 0: MaxRows
}

// Plan is what is to be deleted, in this order: what is too old, then, for
// space, what was written first. Nothing that is protected, pinned or lost.
type Plan struct {
	Segments []Segment
	Bytes    int64 // that they have
	More     bool  // there is more to delete than Limits.Most
	Short    int64 // bytes that limits ask for and that nothing is left to give: all the rest is protected or pinned

	Protected int64    // bytes that marks protect, of all cameras
	Crowded   []string // cameras of which more than half of MaxBytes is protected
	Crammed   bool     // more than half of all that recordings may take is protected
}

// Plan says what is to be deleted. It changes nothing: Delete does.
func (x *Index) Plan(ctx context.Context, l Limits) (Plan, error) {
	return Plan{}, errors.ErrUnsupported
}
