// Package httplimit puts limits on the connections of an http.Server, on the
// heads of requests and on how long an answer may wait for who asked, and
// counts their hits.
//
// net/http tells nobody why it ends a connection, so that has to be concluded:
// from the state that it was in (ConnState), from whether a read ran into its
// deadline, and from how much had come. Of HTTP/2 only idle connections are
// seen; heads that are too large are answered within it.
//
// Who asks and then reads nothing is cut off: over HTTP/1 by the connection,
// whose writes have to make progress, over HTTP/2 by the stream as well, since
// a client can let one of them wait and take all others.
package httplimit

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// The limits by name, as who counts them is told.
const (
	LimitHeaderBytes           = "header_bytes"
	LimitHeaderTimeout         = "header_timeout"
	LimitIdleTimeout           = "idle_timeout"
	LimitAnswerPatience        = "answer_patience"
	LimitConnections           = "connections"
	LimitConnectionsPerAddress = "connections_per_address"
	LimitRequestsPerAddress    = "requests_per_address"
)

// LimitNames are the limits that this package knows.
var LimitNames = []string{
	LimitHeaderBytes, LimitHeaderTimeout, LimitIdleTimeout, LimitAnswerPatience,
	LimitConnections, LimitConnectionsPerAddress, LimitRequestsPerAddress,
}

// headSlack is what net/http takes beyond http.Server.MaxHeaderBytes.
const headSlack = 4096

// Bounds of HTTP/2: how many streams a connection may have at once, and how
// long a client may be silent before it is asked whether it is there, and then
// take to answer.
const (
	maxStreams = 100
	pingAfter  = 20 * time.Second
	pingAnswer = 25 * time.Second
)

// Limits are what a client may take.
type Limits struct {
	HeaderTimeout time.Duration // for the head of a request
	HeaderBytes   int           // of it
	IdleTimeout   time.Duration // between requests
	Patience      time.Duration // that a client may take nothing of an answer

	// Room is how many connections and requests there may be at the moment. It
	// is asked at each.
	Room func() Room
	// Trusted says which addresses send for many others, and so have no limit of
	// their own. nil: none do.
	Trusted func(netip.Addr) bool
	// Client is the address that a request was sent from. nil: the connection's.
	Client func(*http.Request) netip.Addr
}

// Room is how many connections there may be at once, before they are taken over
// (http.Hijacker), and how many of them one network address may have; as many
// requests may it have under way. Loopback finds a place beyond All, so that who
// looks after the server can ask how it is. At most three quarters of the files
// that the process may open are used.
type Room struct{ All, PerAddress int }

// Put puts the limits into a server, and gives the listener to serve instead of
// l. hit is told of each hit of a limit, from any goroutine. The server's
// Handler is set before; it must not be served yet.
func Put(limits Limits, s *http.Server, l net.Listener, hit func(limit string)) net.Listener {
	s.ReadHeaderTimeout, s.IdleTimeout, s.MaxHeaderBytes = limits.HeaderTimeout, limits.IdleTimeout, limits.HeaderBytes
	s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: pingAfter, PingTimeout: pingAnswer}
	s.Handler = &bounded{limits, s.Handler, &places{room: limits.Room}, hit}
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, seenKey{}, seenBelow(c))
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		seen := seenBelow(c)
		if seen == nil {
			return
		}
		if state == http.StateClosed || state == http.StateHijacked {
			seen.leave()
		}
		seen.note(state, spokenOn(c), limits)
	}
	return &listener{l, limits, &places{room: withinFiles(limits.Room)}, hit}
}

// withinFiles bounds room by the files that the process may open.
func withinFiles(room func() Room) func() Room {
	files := maxFiles() / 4 * 3
	return func() Room {
		room := room()
		return Room{min(room.All, files), room.PerAddress}
	}
}

// bounded is a handler for requests of which each address may have so many.
type bounded struct {
	limits Limits
	next   http.Handler
	places *places
	hit    func(limit string)
}

// ServeHTTP answers a request, if its address may have one more.
func (b *bounded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if seen, _ := r.Context().Value(seenKey{}).(*seenConn); seen != nil {
		seen.served.Store(true)
	}
	if r.ProtoMajor == 2 {
		a := &answer{ResponseWriter: w, control: http.NewResponseController(w), patience: b.limits.Patience, hit: b.hit}
		defer a.end()
		w = a
	}
	from := b.client(r)
	if b.limits.Trusted == nil || !b.limits.Trusted(from) {
		if taken, _ := b.places.take(from, false); !taken {
			b.hit(LimitRequestsPerAddress)
			w.Header().Set("Retry-After", "5")
			http.Error(w, "this address has too many requests under way; let some of them end", http.StatusServiceUnavailable)
			return
		}
		defer b.places.give(from)
	}
	b.next.ServeHTTP(w, r)
}

func (b *bounded) client(r *http.Request) netip.Addr {
	if b.limits.Client != nil {
		return b.limits.Client(r)
	}
	from, _ := netip.ParseAddrPort(r.RemoteAddr) // of a connection it is one
	return from.Addr()
}

// listener gives connections that tell what becomes of their reads, and closes
// those that are too many.
type listener struct {
	net.Listener
	limits Limits
	places *places
	hit    func(limit string)
}

// Accept gives the next connection that has a place.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		tcp, ok := c.(*net.TCPConn)
		if err != nil || !ok {
			return c, err
		}
		if leave := l.place(tcp); leave != nil {
			BoundQueue(tcp)
			return l.seen(tcp, leave), nil
		}
		_ = tcp.SetLinger(0) // there is nothing to wait for
		tcp.Close()
	}
}

func (l *listener) seen(tcp *net.TCPConn, leave func()) *seenConn {
	now := time.Now()
	c := &seenConn{TCPConn: tcp, hit: l.hit, leave: leave, begun: now, since: now}
	c.patience.Store(&patience{l.limits.Patience, func() { l.hit(LimitAnswerPatience) }})
	return c
}

// place takes a place for a connection, and gives what gives it back; nil where
// there is none.
func (l *listener) place(c *net.TCPConn) (leave func()) {
	from := c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	if l.limits.Trusted != nil && l.limits.Trusted(from) {
		return func() {}
	}
	switch taken, full := l.places.take(from, !from.IsLoopback()); {
	case taken:
		return sync.OnceFunc(func() { l.places.give(from) })
	case full:
		l.hit(LimitConnections)
	default:
		l.hit(LimitConnectionsPerAddress)
	}
	return nil
}

// seenKey finds a request's connection in its context.
type seenKey struct{}

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
