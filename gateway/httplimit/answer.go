package httplimit

import (
	"net/http"
	"sync/atomic"
	"time"
)

// maxPiece bounds a write to a stream of HTTP/2: all of it has to go within the
// patience there is.
const maxPiece = 16 << 10

// answer is a response over HTTP/2, where a client can let one stream wait
// while it takes all others. Handlers that set deadlines of their own are left
// to those.
type answer struct {
	http.ResponseWriter
	control  *http.ResponseController // of ResponseWriter
	patience time.Duration
	hit      func(limit string)
	asked    atomic.Bool // the handler sets deadlines, from whatever goroutine
}

// Unwrap gives what http.ResponseController looks for.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Write writes all of b, for as long as the client takes 16 KiB within its
// patience.
func (a *answer) Write(b []byte) (n int, err error) {
	if a.asked.Load() {
		return a.ResponseWriter.Write(b)
	}
	for {
		var m int
		err = a.within(func() (err error) {
			m, err = a.ResponseWriter.Write(b[n:min(len(b), n+maxPiece)])
			return err
		})
		if n += m; err != nil || n == len(b) {
			return n, err
		}
	}
}

// FlushError sends what was written so far.
func (a *answer) FlushError() error { return a.within(a.control.Flush) }

// Flush is FlushError for who does not want to know.
func (a *answer) Flush() { _ = a.FlushError() }

// SetWriteDeadline sets a deadline that counts instead of ours.
func (a *answer) SetWriteDeadline(t time.Time) error {
	a.asked.Store(true)
	return a.control.SetWriteDeadline(t)
}

// within does a write that may take as long as the patience.
func (a *answer) within(write func() error) error {
	if a.asked.Load() {
		return write()
	}
	until := time.Now().Add(a.patience)
	_ = a.control.SetWriteDeadline(until) // fails where the write will
	err := write()
	if err == nil {
		return a.control.SetWriteDeadline(time.Time{}) // or a handler that waits would be late
	}
	if !time.Now().Before(until) {
		a.hit(LimitAnswerPatience)
	}
	return err
}

// end leaves to the client what net/http still has to write, for as long again.
func (a *answer) end() {
	if !a.asked.Load() {
		_ = a.control.SetWriteDeadline(time.Now().Add(a.patience))
	}
}
