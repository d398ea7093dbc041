package stream

import (
	"context"
	"time"
)

// restGrid is what rests end at multiples of, if they are longer: so the
// sources that rest go on together, and the processor is woken once for all.
const restGrid = 25 * time.Millisecond

// Rest is for sources that are cheaper if they look for frames less often, as
// those that read a network are. While nobody waits for frames, because all
// readers only hold the stream (ReadOptions.Hold) or none is left, it waits for
// d or somewhat less, until somebody comes who does, or until ctx is done.
// Otherwise, and in a life of no stream, it returns at once: nobody who waits is
// ever kept waiting. It says whether nobody waits still. To do without it would
// cost cameras that are only kept connected more than twice the processor
// (BenchmarkRTSPCameras20).
func (l Life) Rest(ctx context.Context, d time.Duration) bool {
	s := l.now()
	if s == nil {
		return false
	}
	wanted := s.wanted()
	if wanted == nil {
		return false
	}
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(untilGrid(time.Now(), d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-wanted:
	case <-ctx.Done():
	}
	return false
}

// untilGrid shortens a time from now on so that it ends on the grid.
func untilGrid(now time.Time, d time.Duration) time.Duration {
	if d < restGrid {
		return d
	}
	return now.Add(d).Truncate(restGrid).Sub(now)
}

// wanted gives a channel that is closed when somebody waits for frames, or nil
// if somebody does already.
func (s *stream) wanted() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers > s.holders {
		return nil
	}
	if s.resting == nil {
		s.resting = make(chan struct{})
	}
	return s.resting
}

// endRest has the source go on without delay. The stream is locked.
func (s *stream) endRest() {
	if s.resting != nil {
		close(s.resting)
		s.resting = nil
	}
}
