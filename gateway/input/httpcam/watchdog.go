package httpcam

import (
	"context"
	"sync"
	"time"
)

// watchdog cancels an exchange with a camera that does not come forward in
// time. Of its methods, expect is safe for concurrent use: net/http promises
// nothing about where it calls its trace.
type watchdog struct {
	cancel   context.CancelCauseFunc
	silence  time.Duration // allowed between pictures
	interval time.Duration // between pictures, smoothed
	last     time.Time     // arrival of the last picture

	mu    sync.Mutex // guards what follows
	timer *time.Timer
}

// expect cancels with the error otherwise, unless it or stop is called again
// within the time.
func (w *watchdog) expect(within time.Duration, otherwise error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
	w.timer = time.AfterFunc(within, func() { w.cancel(otherwise) })
}

func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// picture notes a whole picture, and from now on limits the silence until the
// next one by the camera's own pace.
func (w *watchdog) picture(arrived time.Time) {
	if !w.last.IsZero() {
		gap := arrived.Sub(w.last)
		if w.interval == 0 {
			w.interval = gap
		}
		w.interval += (gap - w.interval) / 8
		w.silence = max(leastSilence, silentIntervals*w.interval)
	}
	w.last = arrived
	w.expect(w.silence, errSilent)
}
