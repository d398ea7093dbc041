package camtest

import (
	"context"
	"testing"
	"time"

	"framegate/gateway/media"
)

// sourceCeiling is how long a source may wait to be run.
const sourceCeiling = time.Minute

// Source is a stream's source, of one run, whose frames a test hands out. Its methods
// may be called from any goroutine.
type Source struct {
	t       testing.TB
	frames  chan media.Frame
	taken   chan struct{}
	running chan struct{} // closed once ctx is set
	ctx     context.Context
	leave   func()
}

// Attach makes a source, and has attach run it, as Hub.Attach does, until Leave or the
// end of the test.
func Attach(t testing.TB, attach func(context.Context, *Source) error) *Source {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Source{t: t, frames: make(chan media.Frame), taken: make(chan struct{}), running: make(chan struct{})}
	done := make(chan struct{})
	go func() { // ends with Leave
		defer close(done)
		_ = attach(ctx, s) // which says that it was left
	}()
	s.leave = func() { cancel(); <-done }
	t.Cleanup(s.leave)
	return s
}

// Run gives what is handed out, until ctx ends.
func (s *Source) Run(ctx context.Context, emit func(media.Frame)) error {
	s.ctx = ctx
	close(s.running)
	for {
		select {
		case f := <-s.frames:
			emit(f)
			s.taken <- struct{}{}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Give hands out frames, and returns when they have been taken.
func (s *Source) Give(frames ...media.Frame) {
	s.t.Helper()
	for _, f := range frames {
		if !s.hand(f, time.After(sourceCeiling), nil) {
			s.t.Fatal("nobody runs the source")
		}
	}
}

// GiveUnless hands out a frame, unless end is closed before it is taken.
func (s *Source) GiveUnless(end <-chan struct{}, f media.Frame) bool { return s.hand(f, nil, end) }

func (s *Source) hand(f media.Frame, late <-chan time.Time, end <-chan struct{}) bool {
	select {
	case s.frames <- f:
		<-s.taken
		return true
	case <-late:
	case <-end:
	}
	return false
}

// Context gives that of the run, once it runs.
func (s *Source) Context() context.Context {
	<-s.running
	return s.ctx
}

// Leave ends the run, and waits for that.
func (s *Source) Leave() { s.leave() }
