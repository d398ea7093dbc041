package stream

import (
	"context"
	"sync"
	"time"
)

// Watchdog ends a run that does not come forward in time. One thing is expected
// of it at a time, whatever comes first, and then the next picture, again and
// again, for as long as Silence allows. Its methods may be called from any
// goroutine; none blocks.
type Watchdog struct {
	cancel context.CancelCauseFunc

	mu       sync.Mutex // guards what follows
	timer    *time.Timer
	fires    time.Time // the timer, at the latest
	deadline time.Time // until when something must come,
	missing  error     // or this is why the run ends
	silence  Silence
}

// NewWatchdog makes one that ends a run by its context, whose source has been
// silent like that before. It starts nothing.
func NewWatchdog(cancel context.CancelCauseFunc, silence Silence) *Watchdog {
	return &Watchdog{cancel: cancel, silence: silence}
}

// Expect ends the run with the error otherwise, unless something else is expected
// within the time.
func (w *Watchdog) Expect(within time.Duration, otherwise error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expect(time.Now().Add(within), otherwise)
}

// Hasten is Expect for what must come within this time as well as in time for
// what is expected already.
func (w *Watchdog) Hasten(within time.Duration, otherwise error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	deadline := time.Now().Add(within)
	if w.timer != nil && w.deadline.Before(deadline) {
		deadline = w.deadline
	}
	w.expect(deadline, otherwise)
}

// Picture notes a whole picture that came then, and expects the next.
func (w *Watchdog) Picture(at time.Time, otherwise error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silence.Picture(at)
	w.expect(w.silence.Until(), otherwise)
}

// Next gives the silence of the source's next run after this one was ended for
// its own.
func (w *Watchdog) Next() Silence {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.silence.Next()
}

// Stop expects nothing any more.
func (w *Watchdog) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// expect sets the deadline. The lock is held. One that is only put off leaves the
// timer alone, as there is one for each picture: it looks again when it fires.
func (w *Watchdog) expect(deadline time.Time, otherwise error) {
	w.deadline, w.missing = deadline, otherwise
	switch {
	case w.timer == nil:
		w.timer = time.AfterFunc(time.Until(deadline), w.look)
	case deadline.Before(w.fires):
		w.timer.Reset(time.Until(deadline))
	default:
		return
	}
	w.fires = deadline
}

// look ends the run if it is time.
func (w *Watchdog) look() {
	w.mu.Lock()
	left, missing := time.Until(w.deadline), w.missing
	if left > 0 {
		w.timer.Reset(left)
		w.fires = w.deadline
	}
	w.mu.Unlock()
	if left <= 0 {
		w.cancel(missing)
	}
}
