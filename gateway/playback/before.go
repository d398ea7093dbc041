package playback

import (
	"context"
	"time"

	"framegate/gateway/record/index"
)

const (
	// near is how far back is looked at first, and narrow how short a stretch of
	// time has few enough files for all of them to be looked at.
	near   = 30 * time.Minute
	narrow = 30 * time.Minute
)

// before gives, of what begins before a moment, the row of the latest start. As
// rows are given from their first on, it looks at ever longer stretches of time,
// and then halves the one where something is. ErrEnd where there is nothing.
func (l *Library) before(ctx context.Context, camera string, at time.Time) (index.Segment, error) {
	some, err := l.rows(ctx, camera, time.Time{}, at, 1)
	if err != nil {
		return index.Segment{}, err
	}
	if len(some) == 0 {
		return index.Segment{}, ErrEnd
	}
	first, to, width := some[0].Start, at, near
	from := to.Add(-width)
	for from.After(first) {
		if some, err = l.rows(ctx, camera, from, to, 1); err != nil {
			return index.Segment{}, err
		}
		if len(some) > 0 {
			break
		}
		width *= 2
		from, to = from.Add(-width), from
	}
	for to.Sub(from) > narrow {
		middle := from.Add(to.Sub(from) / 2)
		if some, err = l.rows(ctx, camera, middle, to, 1); err != nil {
			return index.Segment{}, err
		}
		if len(some) > 0 {
			from = middle
		} else {
			to = middle
		}
	}
	rows, err := l.rows(ctx, camera, from, at, index.MaxRows)
	if err != nil {
		return index.Segment{}, err
	}
	for i := len(rows) - 1; i >= 0; i-- {
		if rows[i].Start.Before(at) {
			return rows[i], nil
		}
	}
	return index.Segment{}, ErrEnd
}
