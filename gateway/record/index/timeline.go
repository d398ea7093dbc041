package index

import (
	"context"
	"errors"
	"time"
)

// Joint is how far apart two segments may be for nothing to be missing between
// them: what clocks that are slewed make of a cut.
const Joint = 500 * time.Millisecond

// ReasonLost is the reason of gaps where a file is not there any more.
const ReasonLost = "lost"

// Span is a stretch of time without a hole.
type Span struct{ From, To time.Time }

// Gap is a stretch of time in which something should have been recorded.
type Gap struct {
	Camera   string
	From, To time.Time
	Reason   string // 200 bytes at most
}

// Flag is a mark in a timeline, or several of a kind that begin within a step
// of its resolution.
type Flag struct {
	ID       int64 // of the first
	Kind     string
	From, To time.Time // To is zero if one of them is still open
	Keep     bool      // one of them protects
	Count    int
}

// Timeline is what is to be seen of a stretch of time.
type Timeline struct {
	From, To   time.Time
	Resolution time.Duration // that was used: what was asked for, or what keeps all below MaxStretches
	Spans      []Span
	Gaps       []Gap // none overlaps a span or another gap
	Flags      []Flag
	MoreFlags  bool // there are more, later ones than MaxStretches
}

// Timeline gives what is to be seen of a camera, at a resolution: holes that
// are shorter are not shown. It opens no file.
func (x *Index) Timeline(ctx context.Context, camera string, from, to time.Time, resolution time.Duration) (Timeline, error) {
	return Timeline{}, errors.ErrUnsupported
}

// Spans gives the stretches without a hole that lie in a stretch of time at
// least in part, whole, by time; MaxRows at most.
func (x *Index) Spans(ctx context.Context, camera string, from, to time.Time) ([]Span, error) {
	return nil, errors.ErrUnsupported
}

// Gaps gives what is missing and why, in the same way. Where pictures turned up
// after all there is no gap.
func (x *Index) Gaps(ctx context.Context, camera string, from, to time.Time) ([]Gap, error) {
	return nil, errors.ErrUnsupported
}

// AddGap enters why something is missing. Gaps with the same reason that touch
// become one.
func (x *Index) AddGap(ctx context.Context, g Gap) error { return errors.ErrUnsupported }

// Days gives the days of a zone, as 2006-01-02, of which a camera has anything
// between two times, which may be 4000 days apart.
func (x *Index) Days(ctx context.Context, camera string, zone *time.Location, from, to time.Time) ([]string, error) {
	return nil, errors.ErrUnsupported
}

// Day gives the beginning and the end of a day of a zone, which has 23, 24, 25 or
// some other number of hours.
func Day(date string, zone *time.Location) (from, to time.Time, err error) {
	return time.Time{}, time.Time{}, errors.ErrUnsupported
}
