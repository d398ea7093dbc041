package httplimit

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// window is how long a write may block before it is looked whether it makes
// progress.
const window = 500 * time.Millisecond

// seenConn is a connection whose reads are looked at, and whose writes fail
// when the client takes nothing for too long.
type seenConn struct {
	*net.TCPConn
	hit      func(limit string)
	leave    func() // gives its place back; may be called again
	patience atomic.Pointer[patience]

	read   atomic.Int64 // bytes, since the state changed
	late   atomic.Bool  // a read ran into its deadline since then
	served atomic.Bool  // a request is whole since then
	asked  atomic.Bool  // somebody else set a deadline for writes
	gather gather

	begun time.Time    // of the connection
	until atomic.Int64 // nanoseconds after begun: our deadline for writes, while nobody sets another

	mu    sync.Mutex // guards what follows
	state http.ConnState
	since time.Time // that it is idle, or there
}

// patience is how long a client may take nothing, and who is told if it did.
type patience struct {
	span      time.Duration
	exhausted func()
}

// SetPatience sets for a connection of a listener of Put's, below TLS and what else
// there is, how long its client may take nothing of what is written, and who is
// told if it did. It says false of others, which have no such bound.
func SetPatience(c net.Conn, span time.Duration, exhausted func()) bool {
	seen := seenBelow(c)
	if seen == nil {
		return false
	}
	seen.patience.Store(&patience{span, exhausted})
	return true
}

// Unwrap gives the connection that package delivery may write to directly.
func (c *seenConn) Unwrap() net.Conn { return c.TCPConn }

// Read reads what the client sends.
func (c *seenConn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	c.read.Add(int64(n))
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		c.late.Store(true)
	}
	return n, err
}

// Write writes all of b, for as long as the client takes some of it now and
// then. Who set a deadline of their own is left to that. See Gather for what may be kept.
func (c *seenConn) Write(b []byte) (n int, err error) { return c.gather.add(b, c.write) }

func (c *seenConn) write(b []byte) (n int, err error) {
	progress := time.Now()
	for {
		if c.asked.Load() {
			m, err := c.TCPConn.Write(b[n:])
			return n + m, err
		}
		c.openWindow()
		m, err := c.TCPConn.Write(b[n:])
		n += m
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || c.asked.Load() {
			return n, err
		}
		if m > 0 {
			progress = time.Now()
		}
		if p := c.patience.Load(); time.Since(progress) >= p.span {
			p.exhausted()
			_ = c.SetLinger(0) // frees what the kernel still keeps for it
			return n, err
		}
	}
}

// openWindow gives the client at least half a window for the next write. A
// deadline costs more than all else around a write, so one is set only where
// there is not enough left of the last.
func (c *seenConn) openWindow() {
	now := time.Now()
	if time.Duration(c.until.Load())-now.Sub(c.begun) < window/2 {
		_ = c.TCPConn.SetWriteDeadline(now.Add(window)) // fails where the write will
		c.until.Store(int64(now.Sub(c.begun) + window))
	}
}

// ReadFrom writes what is read of r. The kernel's ways of doing that would ask
// for no deadline.
func (c *seenConn) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{c}, r)
}

// SetWriteDeadline sets a deadline that counts instead of ours, until it is set
// to none.
func (c *seenConn) SetWriteDeadline(t time.Time) error {
	c.ask(t)
	return c.TCPConn.SetWriteDeadline(t)
}

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *seenConn) SetDeadline(t time.Time) error {
	c.ask(t)
	return c.TCPConn.SetDeadline(t)
}

func (c *seenConn) ask(t time.Time) {
	c.asked.Store(!t.IsZero())
	c.until.Store(0) // net/http takes the deadline away behind each answer
}

// note notes a state of the connection, and counts what ended it.
func (c *seenConn) note(state http.ConnState, protocol string, limits Limits) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateClosed {
		if limit := c.endedBy(protocol, limits); limit != "" {
			c.hit(limit)
		}
	}
	if state != http.StateActive { // which begins when a head came, or did not, and is judged at its end
		c.read.Store(0)
		c.late.Store(false)
	}
	c.served.Store(false)
	c.state = state
	if state == http.StateIdle {
		c.since = time.Now()
	}
}

// endedBy names the limit that ended the connection; "" where none did. The
// lock is held.
func (c *seenConn) endedBy(protocol string, limits Limits) string {
	late := c.late.Load()
	switch {
	case protocol == "h2":
		if c.state == http.StateIdle && time.Since(c.since) >= limits.IdleTimeout {
			return LimitIdleTimeout
		}
	case c.served.Load():
	case c.state == http.StateIdle && late && c.read.Load() == 0:
		return LimitIdleTimeout
	case late:
		return LimitHeaderTimeout
	case c.state == http.StateActive && c.read.Load() >= int64(limits.HeaderBytes+headSlack):
		return LimitHeaderBytes
	}
	return ""
}
