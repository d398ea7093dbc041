package transcode

import (
	"sync"
	"time"
)

// watch notices that ffmpeg takes packets and gives none. The zero value is
// ready; it may be used from several goroutines.
type watch struct {
	mu       sync.Mutex // guards what follows
	waiting  time.Time  // when the first packet was written since one came out; zero: none
	last     time.Time
	interval time.Duration // between packets written, smoothed
}

// written notes that a packet is about to be written, and says whether ffmpeg
// still is within its time.
func (w *watch) written(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.last.IsZero() {
		w.interval += (now.Sub(w.last) - w.interval) / 8
	}
	w.last = now
	if w.waiting.IsZero() {
		w.waiting = now
	}
	return now.Sub(w.waiting) <= max(patience, silentIntervals*w.interval)
}

// answered notes that a packet came out.
func (w *watch) answered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = time.Time{}
}
