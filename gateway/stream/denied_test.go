package stream

import (
	"context"
	"testing"
	"time"
)

// TestRefusalOfAnOldSourceIsNotTheNewOnes: a run that ends at the moment when
// its source is replaced says nothing of the source that takes over, which
// would rest for minutes.
func TestRefusalOfAnOldSourceIsNotTheNewOnes(t *testing.T) {
	hub := New(Options{})
	s := &stream{key: Key{Camera: "front"}, hub: hub}
	ctx, replaced := context.WithCancel(t.Context())
	replaced()
	if pause := s.fail(ctx, 0, ErrDenied); pause != 0 || !s.deniedUntil.IsZero() || s.failures != 0 {
		t.Errorf("pauses for %v, until %v, after %d failures", pause, s.deniedUntil, s.failures)
	}
	if pause := s.fail(t.Context(), 0, ErrDenied); pause < minDeniedPause || s.deniedUntil.Before(time.Now()) {
		t.Errorf("a refusal of its own: pauses for %v", pause)
	}
}
