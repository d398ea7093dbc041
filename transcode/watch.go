package transcode

import (
	"strings"
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

// tail keeps the last bytes that ffmpeg printed, as one line.
type tail struct {
	mu sync.Mutex // guards b
	b  []byte
}

const maxTail = 2 << 10

// Write takes what ffmpeg prints and never fails, so that ffmpeg never waits.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b[max(0, len(b)-maxTail):]...)
	if extra := len(t.b) - maxTail; extra > 0 {
		t.b = append(t.b[:0], t.b[extra:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.FieldsFunc(string(t.b), func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Join(lines, "; ")
}
