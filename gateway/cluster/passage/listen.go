package passage

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// arrivals are connections to serve that nobody dialled.
type arrivals struct {
	conns chan net.Conn // cap 0
	done  chan struct{}
	once  sync.Once
}

// hand has a connection served. The error is that nobody does.
func (a *arrivals) hand(ctx context.Context, c net.Conn) error {
	late := time.NewTimer(handTime)
	defer late.Stop()
	select {
	case a.conns <- c:
		return nil
	case <-late.C:
	case <-a.done:
	case <-ctx.Done():
	}
	return errors.New("it has no time for it")
}

// Listen gives the listener that is to be served in place of one: it gives besides what that
// does the connections by which others ask and that this node dialled, or that are by the
// bus. It is closed before Close.
func (w *Ways) Listen(l net.Listener) net.Listener {
	m := &merged{Listener: l, ways: w, dialled: make(chan accepted)}
	m.accepting.Go(m.accept) // ends when it is closed
	return m
}

type merged struct {
	net.Listener
	ways      *Ways
	dialled   chan accepted // cap 0
	accepting sync.WaitGroup
}

type accepted struct {
	conn net.Conn
	err  error
}

// accept takes what others dial.
func (m *merged) accept() {
	for {
		c, err := m.Listener.Accept()
		select {
		case m.dialled <- accepted{c, err}:
			if errors.Is(err, net.ErrClosed) {
				return
			}
		case <-m.ways.came.done:
			if c != nil {
				c.Close()
			}
			return
		}
	}
}

// Accept gives the next connection.
func (m *merged) Accept() (net.Conn, error) {
	select {
	case a := <-m.dialled:
		return a.conn, a.err
	case c := <-m.ways.came.conns:
		return c, nil
	case <-m.ways.came.done:
		return nil, net.ErrClosed
	}
}

// Close ends it.
func (m *merged) Close() error {
	m.ways.came.once.Do(func() { close(m.ways.came.done) })
	err := m.Listener.Close()
	m.accepting.Wait()
	return err
}

// knockMark begins what a node says first that dials back. A record of TLS begins with
// another byte (RFC 8446, 5.1).
const knockMark = "FRAMEGATE BACK 1 "

// knockBytes is how long that is, with the number of the call in hexadecimal and the end of
// the line.
const knockBytes = len(knockMark) + 2*len(nonce{}) + 1

func knocks(n nonce) string { return knockMark + hex.EncodeToString(n[:]) + "\n" }

// readKnock reads it.
func readKnock(b []byte) (n nonce, err error) {
	text, marked := strings.CutPrefix(string(b), knockMark)
	text, ended := strings.CutSuffix(text, "\n")
	number, err := hex.DecodeString(text)
	if !marked || !ended || err != nil || len(number) != len(n) {
		return n, errors.New("not what a node says that calls back")
	}
	return nonce(number), nil
}

// Knocks gives the listener that is to be served with TLS in place of one: of what comes
// there it takes the connections out by which a node calls back.
func (w *Ways) Knocks(l net.Listener) net.Listener { return &knockListener{l, w} }

type knockListener struct {
	net.Listener
	ways *Ways
}

func (l *knockListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &knockConn{Conn: c, ways: l.ways}, nil
}

// knockConn is a connection whose first bytes are looked at, in the first Read, and so under
// the deadline for the handshake.
type knockConn struct {
	net.Conn
	ways  *Ways
	begun bool
	taken atomic.Bool // it is another's now
}

// NetConn gives the connection below, which package delivery looks for.
func (c *knockConn) NetConn() net.Conn { return c.Conn }

// errTaken ends the handshake that was begun with who calls back.
var errTaken = errors.New("a node called back")

// Read reads what the other side sends, but for that a node calls back.
func (c *knockConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.begun || n == 0 {
		return n, err
	}
	if c.begun = true; b[0] != knockMark[0] {
		return n, err
	}
	return 0, c.take(b[:n])
}

// take has who called take the connection.
func (c *knockConn) take(begun []byte) error {
	said := make([]byte, knockBytes)
	if len(begun) > len(said) {
		return c.strange(errors.New("it says too much"))
	}
	if _, err := io.ReadFull(c.Conn, said[copy(said, begun):]); err != nil {
		return c.strange(err)
	}
	n, err := readKnock(said)
	if err != nil {
		return c.strange(err)
	}
	if err := c.SetDeadline(time.Time{}); err != nil {
		return err
	}
	c.ways.mu.Lock()
	defer c.ways.mu.Unlock()
	waits := c.ways.waiting[n]
	if waits == nil || !waits.back {
		return c.strange(errors.New("nobody called"))
	}
	delete(c.ways.waiting, n) // it counts once
	c.taken.Store(true)
	waits.conns <- c.Conn
	return errTaken
}

// strange counts what claims to answer a call, and does not.
func (c *knockConn) strange(err error) error {
	c.ways.Strange.Add(1)
	return err
}

// Close closes it, if it is not another's.
func (c *knockConn) Close() error {
	if c.taken.Load() {
		return nil
	}
	return c.Conn.Close()
}
