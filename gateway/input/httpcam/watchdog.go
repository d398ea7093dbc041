package httpcam

import (
	"fmt"
	"time"

	"framegate/gateway/stream"
)

// watchdog cancels an exchange with a camera that does not come forward in
// time. net/http promises nothing about where it calls its trace, which may be
// any goroutine.
type watchdog struct {
	*stream.Watchdog
	patience Patience
}

// expectConnection has the camera be reached and answer.
func (w *watchdog) expectConnection() {
	w.expectWithin(w.patience.Connect + w.patience.FirstByte)
}

// expectAnswer has the camera, which is connected, say something.
func (w *watchdog) expectAnswer() { w.expectWithin(w.patience.FirstByte) }

func (w *watchdog) expectWithin(within time.Duration) {
	w.Expect(within, fmt.Errorf("%w for %v", errNoAnswer, w.patience.FirstByte))
}
