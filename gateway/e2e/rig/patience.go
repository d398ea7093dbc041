package rig

import (
	"bytes"
	"runtime"
	"sync"
	"testing"
	"time"
)

// Ceiling bounds every wait of these tests. It is generous: nothing waits for
// it but a test that is about to fail.
const Ceiling = 3 * time.Minute

// Await waits until something is so, which is bound to happen. The test ends if
// it does not.
func Await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for began := time.Now(); !so(); time.Sleep(nap(time.Since(began))) {
		if time.Since(began) > Ceiling {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// nap is how long one does not look after one has waited for so long: a tenth of it, so
// that looking takes no processor from what is waited for, and nothing is waited for much
// longer than it takes.
func nap(waited time.Duration) time.Duration {
	return min(max(waited/10, 10*time.Millisecond), 200*time.Millisecond)
}

// Unhurried gives what is closed after a time, counted in naps, which are longer
// where the machine has no time for us, as whatever is waited for is.
func Unhurried(t *testing.T, d time.Duration) <-chan struct{} {
	const nap = 100 * time.Millisecond
	over := make(chan struct{})
	go func() { // ends with the test at the latest
		defer close(over)
		for ; d > 0 && t.Context().Err() == nil; d -= nap {
			time.Sleep(nap)
		}
	}()
	return over
}

// Thorough leaves a test out of a quick run: it takes long, or a browser.
func Thorough(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out of a quick run")
	}
}

// Heap gives the bytes of the heap that are in use.
func Heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// Buffer collects what several goroutines write. The zero value is empty.
type Buffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

// Write implements io.Writer, and never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String gives all that was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
