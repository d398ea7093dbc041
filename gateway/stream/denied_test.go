package stream

import (
	"context"
	"testing"
)

// TestRefusalOfAnOldSourceIsNotTheNewOnes: a run that ends at the moment when
// its source is replaced says nothing of the source that takes over, which
// would rest for minutes.
func TestRefusalOfAnOldSourceIsNotTheNewOnes(t *testing.T) {
	hub := New(Options{})
	s := &stream{key: Key{Camera: "front"}, hub: hub}
	ctx, replaced := context.WithCancel(t.Context())
	replaced()
	if s.fail(ctx, ErrDenied); s.retries != (retries{}) || s.failures != 0 {
		t.Errorf("%+v after %d failures", s.retries, s.failures)
	}
	if s.fail(t.Context(), ErrDenied); s.retries.due.Sub(s.lastErrorAt) < minDeniedPause {
		t.Errorf("a refusal of its own: due %v", s.retries.due)
	}
}
