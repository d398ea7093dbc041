package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/media"
)

const (
	// silentIntervals is how many of its own intervals a run may be silent.
	silentIntervals = 10
	// firstPatience is how long a run may take to its first picture.
	firstPatience = 30 * time.Second
	// mostSilence is what the silence allowed grows to for a source that is
	// silent again and again: a file may hold one picture for long.
	mostSilence = time.Minute
)

// errSilent is the cause of the end of a run that gave no picture for too long.
var errSilent = errors.New("no picture")

// EndSilent gives a source whose runs end, with an error that says so, when they
// give no picture for limit and for ten of their own intervals. It is for
// sources that have no such limit themselves, since whom they wait for is a
// process that may stop without ending. It costs a picture a look at the clock,
// and a run a goroutine.
func EndSilent(s Source, limit time.Duration) Source {
	return &silenced{source: s, limit: limit, allowed: limit}
}

// silenced is a source whose runs are watched.
type silenced struct {
	source  Source
	limit   time.Duration
	allowed time.Duration // after a run's first picture; grows with each run that was silent
}

// Run runs the source.
func (s *silenced) Run(ctx context.Context, emit func(media.Frame)) error {
	w := &quiet{began: time.Now(), limit: s.allowed}
	watched, end := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { w.watch(watched, end) }) // ends with watched
	err := s.source.Run(watched, func(f media.Frame) {
		w.note()
		emit(f)
	})
	end(nil)
	watching.Wait()
	silent := context.Cause(watched)
	if ctx.Err() != nil || !errors.Is(silent, errSilent) {
		return err
	}
	s.allowed = max(s.limit, min(2*s.allowed, mostSilence))
	return silent
}

// quiet knows how long a run has given nothing.
type quiet struct {
	began    time.Time
	limit    time.Duration
	last     atomic.Int64 // nanoseconds after began that the last picture came; 0: none did
	interval atomic.Int64 // between the last two; 0: there were none
}

// note notes a picture.
func (q *quiet) note() {
	now := int64(max(time.Since(q.began), 1))
	if last := q.last.Swap(now); last > 0 {
		q.interval.Store(max(now-last, 1))
	}
}

// left is how much longer the run may be silent, and how long it may be at all.
func (q *quiet) left() (left, allowed time.Duration) {
	last := time.Duration(q.last.Load())
	allowed = max(q.limit, silentIntervals*time.Duration(q.interval.Load()))
	if last == 0 {
		allowed = max(q.limit, firstPatience)
	}
	return last + allowed - time.Since(q.began), allowed
}

// watch ends the run when it has been silent for too long.
func (q *quiet) watch(ctx context.Context, end context.CancelCauseFunc) {
	for {
		left, allowed := q.left()
		if left <= 0 {
			end(fmt.Errorf("%w for %v", errSilent, allowed.Round(time.Second)))
			return
		}
		select {
		case <-time.After(min(left, q.limit)): // a first picture leaves less than there was
		case <-ctx.Done():
			return
		}
	}
}
