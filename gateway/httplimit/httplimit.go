package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/config"
	"framegate/gateway/delivery"
	"framegate/gateway/input/httpcam"
	"framegate/gateway/input/rtspcam"
	"framegate/gateway/input/upload"
	"framegate/gateway/metrics"
	"framegate/gateway/output/live"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// The limits of this package by name, as metrics have them.
const (
	limitHeaderBytes   = "header_bytes"
	limitHeaderTimeout = "header_timeout"
	limitIdleTimeout   = "idle_timeout"
	limitLogins        = "logins" // auth counts its hits
)

// headSlack is what net/http takes beyond http.Server.MaxHeaderBytes.
const headSlack = 4096

// newHits makes the counters of all limits there are.
func newHits() *metrics.Hits {
	return metrics.NewHits(slices.Concat(
		[]string{limitHeaderBytes, limitHeaderTimeout, limitIdleTimeout},
		api.LimitNames, stream.LimitNames, delivery.LimitNames, live.LimitNames,
		upload.LimitNames, httpcam.LimitNames, rtspcam.LimitNames,
	)...)
}

// metricsHandler answers scrapes. hits are those that the parts of the gateway
// are counted in; encoders and logins count for themselves.
func (g *gateway) metricsHandler(hits *metrics.Hits) http.Handler {
	return metrics.New(metrics.Sources{
		Version: version(),
		Log:     g.log,
		Cameras: func() (ids []string) {
			for _, c := range g.cameras.all() {
				ids = append(ids, c.ID)
			}
			return ids
		},
		Streams: g.hub.Stats,
		Viewers: g.hub.Viewers,
		Encoders: func() metrics.Encoders {
			s := g.encoders.Stats()
			return metrics.Encoders{
				Slots: s.Slots, Running: s.Running, Waiting: s.Waiting,
				Starts: s.Starts, Dropped: s.Dropped, StepDowns: s.StepDowns,
			}
		},
		Uploads: func() metrics.Uploads {
			s := g.upload.Stats()
			return metrics.Uploads{Publishers: s.Publishers, Frames: s.Frames, RateDropped: s.RateDropped, Refused: s.Refused}
		},
		Logins: func() metrics.Logins {
			s := g.auth.Stats()
			return metrics.Logins{Hashed: uint64(s.Hashed), Failed: uint64(s.Failed), Watched: s.Watched}
		},
		Limits: func(yield func(limit string, hits uint64)) {
			hits.All(yield)
			encoders := g.encoders.Stats()
			yield(rendition.LimitEncoders, encoders.Queued)
			yield(rendition.LimitEncoderStarts, encoders.Delayed)
			yield(limitLogins, uint64(g.auth.Stats().Limited))
		},
	})
}

// takenLimits gives the limits that are in effect once next is taken while the
// server runs, and whether some of next takes a restart: those on viewers and
// on the API are looked at for each that comes, the others by what is running
// already.
func takenLimits(now, next config.Limits) (taken config.Limits, restart bool) {
	taken = now
	taken.Viewers, taken.ViewersPerCamera = next.Viewers, next.ViewersPerCamera
	taken.ViewersPerPrincipal, taken.ViewersPerAddress = next.ViewersPerPrincipal, next.ViewersPerAddress
	taken.APIBodyBytes = next.APIBodyBytes
	return taken, taken != next
}

// uploadOptions are what the limits say of publishers.
func (g *gateway) uploadOptions(l config.Limits) upload.Options {
	return upload.Options{
		MaxFrameBytes:      l.FrameBytes,
		FPS:                l.PublisherFPS,
		BytesPerSecond:     l.PublisherBytes,
		PostTime:           l.PostTime,
		PostBytesPerSecond: l.PostBytes,
		PostsPerAddress:    l.PostsPerAddress,
		Limited:            g.hits.Hit,
		AllowOrigin:        g.allowsOrigin,
		Log:                g.log,
	}
}

// bounded puts the limits on connections and heads of requests into a server,
// and gives the listener to serve, which counts their hits. The server's
// Handler is set before; it must not be served yet.
//
// net/http tells nobody why it ends a connection, so that has to be concluded:
// from the state that it was in (ConnState), from whether a read ran into its
// deadline, and from how much had come. Of HTTP/2 only idle connections are
// seen; heads that are too large are answered within it.
func bounded(s *http.Server, l net.Listener, limits config.Limits, hit func(limit string)) net.Listener {
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
func (c *seenConn) note(state http.ConnState, protocol string, limits config.Limits, hit func(limit string)) {
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
func (c *seenConn) endedBy(protocol string, limits config.Limits) string {
	late := c.late.Load()
	switch {
	case protocol == "h2":
		if c.state == http.StateIdle && time.Since(c.since) >= limits.IdleTimeout {
			return limitIdleTimeout
		}
	case c.served.Load():
	case c.state == http.StateIdle && late && c.read.Load() == 0:
		return limitIdleTimeout
	case late:
		return limitHeaderTimeout
	case c.state == http.StateActive && c.read.Load() >= int64(limits.HeaderBytes+headSlack):
		return limitHeaderBytes
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
