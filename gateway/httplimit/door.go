package httplimit

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Door is where connections come in that speak no HTTP, and counts them, in all and by network.
// Its methods may be called from any goroutine.
type Door struct{ places places }

// NewDoor makes a door. room is asked at each connection, from any goroutine.
func NewDoor(room func() Room) *Door { return &Door{places{room: room}} }

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

// Serve takes connections from a listener until that is closed, and then returns nil.
// Each that there is room for is given to serve, which is to return at once and to have leave be called
// when it has ended; of others limited is told.
func (d *Door) Serve(l net.Listener, limited func(limit string), serve func(tcp *net.TCPConn, leave func())) error {
	for wait := time.Duration(0); ; {
		c, err := l.Accept()
		switch {
		case err == nil:
			wait = 0
			d.take(c, limited, serve)
		case errors.Is(err, net.ErrClosed):
			return nil
		case wait >= time.Second:
			return fmt.Errorf("listening at %s: %w", l.Addr(), err)
		default: // as where no more files may be open
			wait = max(2*wait, 5*time.Millisecond)
			time.Sleep(wait)
		}
	}
}

// take has a connection be served, if there is room for it.
func (d *Door) take(c net.Conn, limited func(limit string), serve func(tcp *net.TCPConn, leave func())) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		c.Close()
		return
	}
	leave, limit := d.enter(tcp.RemoteAddr().(*net.TCPAddr).AddrPort().Addr())
	if leave == nil {
		limited(limit)
		_ = tcp.SetLinger(0) // there is nothing to wait for
		tcp.Close()
		return
	}
	BoundQueue(tcp)
	serve(tcp, leave)
}
