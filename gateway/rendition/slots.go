package rendition

import (
	"context"

	"golang.org/x/time/rate"
)

// Slots bound how many encoders run at a time and how many start in a second.
// Those beyond wait. It may be used from any goroutine.
type Slots struct {
	free   chan struct{} // holds one for each that may start
	starts *rate.Limiter
}

// NewSlots makes slots for so many encoders at a time, and starts a second.
func NewSlots(atOnce, startsPerSecond int) *Slots {
	s := &Slots{free: make(chan struct{}, atOnce), starts: rate.NewLimiter(rate.Limit(startsPerSecond), startsPerSecond)}
	for range atOnce {
		s.free <- struct{}{}
	}
	return s
}

// take waits for a slot. Whoever took it gives it back.
func (s *Slots) take(ctx context.Context) error {
	select {
	case <-s.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pace waits until another encoder may start.
func (s *Slots) pace(ctx context.Context) error { return s.starts.Wait(ctx) }

func (s *Slots) give() { s.free <- struct{}{} }
