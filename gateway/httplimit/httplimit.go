// Package httplimit puts limits on the connections and on the heads of requests
// of an http.Server, and counts their hits.
//
// net/http tells nobody why it ends a connection, so that has to be concluded:
// from the state that it was in (ConnState), from whether a read ran into its
// deadline, and from how much had come. Of HTTP/2 only idle connections are
// seen; heads that are too large are answered within it.
package httplimit

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// The limits by name, as who counts them is told.
const (
	LimitHeaderBytes   = "header_bytes"
	LimitHeaderTimeout = "header_timeout"
	LimitIdleTimeout   = "idle_timeout"
)

// LimitNames are the limits that this package knows.
var LimitNames = []string{LimitHeaderBytes, LimitHeaderTimeout, LimitIdleTimeout}

// headSlack is what net/http takes beyond http.Server.MaxHeaderBytes.
const headSlack = 4096

// Limits are what a client may take.
type Limits struct {
	HeaderTimeout time.Duration // for the head of a request
	HeaderBytes   int           // of it
	IdleTimeout   time.Duration // between requests
}

// Put puts the limits into a server, and gives the listener to serve instead of
// l. hit is told of each hit of a limit, from any goroutine. The server's
// Handler is set before; it must not be served yet.
func Put(limits Limits, s *http.Server, l net.Listener, hit func(limit string)) net.Listener {
	s.ReadHeaderTimeout, s.IdleTimeout, s.MaxHeaderBytes = limits.HeaderTimeout, limits.IdleTimeout, limits.HeaderBytes
	next := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen, _ := r.Context().Value(seenKey{}).(*seenConn); seen != nil {
			seen.served.Store(true)
		}
		next.ServeHTTP(w, r)
	})
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, seenKey{}, seenBelow(c))
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		if seen := seenBelow(c); seen != nil {
			seen.note(state, spokenOn(c), limits, hit)
		}
	}
	return &seeingListener{l}
}

// seeingListener gives connections that tell what becomes of their reads.
type seeingListener struct{ net.Listener }

// Accept gives the next connection.
func (l *seeingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		return &seenConn{TCPConn: tcp, since: time.Now()}, err
	}
	return c, err
}

// seenKey finds a request's connection in its context.
type seenKey struct{}

// seenConn is a connection whose reads are looked at.
type seenConn struct {
	*net.TCPConn
	read   atomic.Int64 // bytes, since the state changed
	late   atomic.Bool  // a read ran into its deadline since then
	served atomic.Bool  // a request is whole since then

	mu    sync.Mutex // guards what follows
	state http.ConnState
	since time.Time // that it is idle, or there
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

// note notes a state of the connection, and counts what ended it.
func (c *seenConn) note(state http.ConnState, protocol string, limits Limits, hit func(limit string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateClosed {
		if limit := c.endedBy(protocol, limits); limit != "" {
			hit(limit)
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

// seenBelow gives the connection that our listener gave, below TLS and what
// else there is; nil where there is none.
func seenBelow(c net.Conn) *seenConn {
	for {
		switch over := c.(type) {
		case *seenConn:
			return over
		case interface{ NetConn() net.Conn }:
			c = over.NetConn()
		default:
			return nil
		}
	}
}

// spokenOn is the protocol that was agreed on with TLS; "" where none was.
func spokenOn(c net.Conn) string {
	if over, ok := c.(*tls.Conn); ok {
		return over.ConnectionState().NegotiatedProtocol
	}
	return ""
}
