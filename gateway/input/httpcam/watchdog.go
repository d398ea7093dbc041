package httpcam

import (
	"context"
	"fmt"
	"sync"
	"time"

	"framegate/gateway/stream"
)

// watchdog cancels an exchange with a camera that does not come forward in
// time. Of its methods, expect is safe for concurrent use: net/http promises
// nothing about where it calls its trace.
type watchdog struct {
	cancel   context.CancelCauseFunc
	patience Patience
	silence  stream.Silence

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

// expectConnection has the camera be reached and answer.
func (w *watchdog) expectConnection() {
	w.expectWithin(w.patience.Connect + w.patience.FirstByte)
}

// expectAnswer has the camera, which is connected, say something.
func (w *watchdog) expectAnswer() { w.expectWithin(w.patience.FirstByte) }

func (w *watchdog) expectWithin(within time.Duration) {
	w.expect(within, fmt.Errorf("%w for %v", errNoAnswer, w.patience.FirstByte))
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
	w.silence.Picture(arrived)
	w.expect(w.silence.Allowed(), errSilent)
}
