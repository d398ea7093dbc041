package transcode

import (
	"cmp"
	"sync"
	"time"
)

// watch notices that ffmpeg takes packets and gives none. The zero value is
// ready; it may be used from several goroutines.
type watch struct {
	mu       sync.Mutex    // guards what follows, but for patience, which is set before
	patience time.Duration // at least; 0 is patience
	waiting  time.Time     // when the first packet was written since one came out; zero: none
	last     time.Time
	interval time.Duration // between packets written, smoothed
}

// written notes that a packet is about to be written, and says whether ffmpeg
// still is within its time. Nothing comes out of a packet that is not shown, and
// so the time for that begins behind it.
func (w *watch) written(now time.Time, shown bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.last.IsZero() {
		w.interval += (now.Sub(w.last) - w.interval) / 8
	}
	w.last = now
	if w.waiting.IsZero() || !shown {
		w.waiting = now
	}
	return now.Sub(w.waiting) <= max(w.least(), silentIntervals*w.interval)
}

// least gives for how long nothing may come out, or be taken, at least.
func (w *watch) least() time.Duration { return cmp.Or(w.patience, patience) }

// answered notes that a packet came out.
func (w *watch) answered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = time.Time{}
}
