package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"framegate/gateway/media"
)

// errSilent is the cause of the end of a run that gave no picture for too long.
var errSilent = errors.New("no picture")

// EndSilent gives a source whose runs end, with an error that says so, when they
// are silent for longer than an uneven source with that least silence may be. It
// is for sources that have no such limit themselves, since whom they wait for is
// a process that may stop without ending. It costs a picture a look at the
// clock, and a run a goroutine.
func EndSilent(s Source, least time.Duration) Source {
	return &silenced{source: s, silence: Silence{Least: least, Uneven: true}}
}

// silenced is a source whose runs are watched.
type silenced struct {
	source  Source
	silence Silence
}

// Run runs the source.
func (s *silenced) Run(ctx context.Context, emit func(media.Frame)) error {
	w := &quiet{began: time.Now(), silence: s.silence}
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
	s.silence = w.silence.Next()
	return silent
}

// quiet knows how long a run has given nothing.
type quiet struct {
	began time.Time

	mu      sync.Mutex // guards what follows
	silence Silence
}

// note notes a picture.
func (q *quiet) note() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.silence.Picture(time.Now())
}

// left is how much longer the run may be silent, and how long it may be at all.
func (q *quiet) left() (left, allowed time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	allowed = q.silence.Allowed()
	if q.silence.last.IsZero() {
		return time.Until(q.began.Add(allowed)), allowed
	}
	return time.Until(q.silence.Until()), allowed
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
		case <-time.After(min(left, q.silence.least())): // a picture may leave less than there was
		case <-ctx.Done():
			return
		}
	}
}
