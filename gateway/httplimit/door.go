package httplimit

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Door is where connections come in that speak no HTTP: it counts them, in all and by
// network, and each has a goroutine. Its methods may be called from any goroutine.
type Door struct {
	places  places
	limited func(limit string)
	log     *slog.Logger
	closed  chan struct{} // by Shut
	serving sync.WaitGroup

	mu        sync.Mutex // guards what follows
	listeners []net.Listener
	shut      bool
}

// NewDoor makes a door. room is asked at each connection, and limited told of each that
// there is no room for, from any goroutine.
func NewDoor(room func() Room, limited func(limit string), log *slog.Logger) *Door {
	return &Door{places: places{room: withinFiles(room)}, limited: limited, log: log, closed: make(chan struct{})}
}

// mostWait is how long a door waits at most until it tries again to take connections, and
// sayEvery how often it says that it does.
const (
	mostWait = time.Second
	sayEvery = time.Minute
)

// enter counts a connection in, and gives what counts it out; or nil and the limit
// that keeps it out.
func (d *Door) enter(from netip.Addr) (leave func(), limit string) {
	taken, full := d.places.take(from, true)
	switch {
	case taken:
		return func() { d.places.give(from) }, ""
	case full:
		return nil, LimitConnections
	}
	return nil, LimitConnectionsPerAddress
}

// Serve takes connections from a listener, which is the door's to close, until the door
// is shut. Each that there is room for is given to serve, in a goroutine of its own. While
// none can be taken, as where no more files may be open, it tries again.
func (d *Door) Serve(l net.Listener, serve func(tcp *net.TCPConn)) {
	d.mu.Lock()
	if d.shut {
		d.mu.Unlock()
		l.Close()
		return
	}
	d.listeners = append(d.listeners, l)
	d.serving.Add(1)
	d.mu.Unlock()
	defer d.serving.Done()
	var said time.Time
	for wait := time.Duration(0); ; {
		c, err := l.Accept()
		switch {
		case err == nil:
			wait = 0
			d.take(c, serve)
			continue
		case errors.Is(err, net.ErrClosed):
			return
		case wait == 0 && time.Since(said) > sayEvery:
			said = time.Now()
			d.log.Error("connections cannot be taken; that is tried again", "address", l.Addr().String(), "err", err)
		}
		wait = min(max(2*wait, 5*time.Millisecond), mostWait)
		select {
		case <-time.After(wait):
		case <-d.closed:
		}
	}
}

// Shut closes all listeners, and those that come. It does not wait.
func (d *Door) Shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.shut {
		close(d.closed)
	}
	d.shut = true
	for _, l := range d.listeners {
		l.Close()
	}
}

// Wait waits, once the door is shut, until all connections have been served.
func (d *Door) Wait() { d.serving.Wait() }

// take has a connection be served, if there is room for it.
func (d *Door) take(c net.Conn, serve func(tcp *net.TCPConn)) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		c.Close()
		return
	}
	leave, limit := d.enter(tcp.RemoteAddr().(*net.TCPAddr).AddrPort().Addr())
	if leave == nil {
		d.limited(limit)
		_ = tcp.SetLinger(0) // there is nothing to wait for
		tcp.Close()
		return
	}
	BoundQueue(tcp)
	d.serving.Go(func() { // ends with the connection
		defer leave()
		serve(tcp)
	})
}
