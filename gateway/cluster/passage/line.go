package passage

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// lineAddr is the address of a node that is not connected to by that.
type lineAddr string

func (lineAddr) Network() string  { return "bus" }
func (a lineAddr) String() string { return string(a) }

// lineConn is a connection by the bus. It is a net.Conn, but that closing it has the other
// side's writes fail, too.
type lineConn struct {
	lines    *lines
	link     *link // whose lock guards what follows the next
	id       nonce
	address  lineAddr
	accepted func(*lineConn)

	writing sync.Mutex // is held for the whole of a Write
	message []byte     // of it

	readable, writable sync.Cond
	reads, writes      deadline
	queue              [][]byte // that came
	received, consumed uint64   // bytes
	granted            uint64   // bytes that may come in all
	sent, arrived      uint64   // bytes
	allowed            uint64   // bytes that may be sent in all
	ended              bool     // by the other side
	broken             error    // why nothing goes any more
}

// deadline is for reads, or for writes.
type deadline struct {
	until time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.until.IsZero() && !time.Now().Before(d.until) }

// set sets it, and has whoever waits look again then. The lock of the condition is held.
func (d *deadline) set(t time.Time, changed *sync.Cond) {
	d.until = t
	switch wait := time.Until(t); {
	case t.IsZero():
		if d.timer != nil {
			d.timer.Stop()
		}
		return
	case wait <= 0:
		changed.Broadcast()
	case d.timer == nil:
		d.timer = time.AfterFunc(wait, func() {
			changed.L.Lock()
			defer changed.L.Unlock()
			changed.Broadcast()
		})
	default:
		d.timer.Reset(wait)
	}
}

// take takes a message. tell says that the other side is to be told what came.
func (c *lineConn) take(f frame) (tell bool, err error) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.broken != nil {
		return false, nil
	}
	switch f.kind {
	case frameData:
		if f.at != c.received {
			return false, errLost
		}
		if c.received += uint64(len(f.rest)); c.received > c.granted || c.ended {
			return false, errBroken
		}
		c.keep(f.rest)
		c.readable.Broadcast()
		return true, nil
	case frameAccept, frameGrant:
		return false, c.grant(f)
	case frameEnd:
		if f.at != c.received {
			return false, errLost
		}
		c.ended = true
		c.readable.Broadcast()
		c.writable.Broadcast()
		return false, nil
	default:
		return false, errReset
	}
}

// keep keeps what came until it is read. What is small is put together, so that its bytes, of
// which there is a bound, are about what it costs.
func (c *lineConn) keep(b []byte) {
	last := len(c.queue) - 1
	if last >= 0 && len(b) <= cap(c.queue[last])-len(c.queue[last]) {
		c.queue[last] = append(c.queue[last], b...)
		return
	}
	if last >= 0 && len(b) < small {
		b = append(make([]byte, 0, 4*small), b...)
	}
	c.queue = append(c.queue, b)
}

// grant takes what the other side says of what came. What it said later may have come before.
func (c *lineConn) grant(f frame) error {
	allowed := binary.BigEndian.Uint64(f.rest)
	if f.at > c.sent || allowed > f.at+window {
		return errBroken
	}
	if f.at > c.arrived {
		c.link.arrived(c, f.at)
	}
	if allowed > c.allowed {
		c.allowed = allowed
		c.writable.Broadcast()
	}
	if f.kind == frameAccept && c.accepted != nil {
		c.accepted(c)
		c.accepted = nil
	}
	return nil
}

// tell tells the other side what came, and what may.
func (c *lineConn) tell(kind byte) {
	c.link.mu.Lock()
	f := frame{kind: kind, id: c.id, at: c.received, rest: binary.BigEndian.AppendUint64(nil, c.granted)}
	c.link.mu.Unlock()
	_ = c.send(f) // what is lost is said again, or the connection ends
}

func (c *lineConn) accept() { c.tell(frameAccept) }

func (c *lineConn) send(f frame) error {
	return c.lines.by.Send(c.link.node, f.append(make([]byte, 0, frameHead+len(f.rest))))
}

// fail breaks the connection, and says so.
func (c *lineConn) fail(why error) {
	if c.stop(why) && !errors.Is(why, errReset) {
		_ = c.send(frame{kind: frameReset, id: c.id}) // or the other side finds out
	}
	c.lines.forget(c)
}

// stop has nothing go any more; false where that is so already.
func (c *lineConn) stop(why error) bool {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.broken != nil {
		return false
	}
	c.broken, c.queue = why, nil
	c.reads.set(time.Time{}, &c.readable)
	c.writes.set(time.Time{}, &c.writable)
	c.readable.Broadcast()
	c.writable.Broadcast()
	return true
}

// Read reads what came.
func (c *lineConn) Read(b []byte) (int, error) {
	n, tell, err := c.read(b)
	if tell {
		c.tell(frameGrant)
	}
	return n, err
}

func (c *lineConn) read(b []byte) (n int, tell bool, err error) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	for {
		switch {
		case c.broken != nil:
			return 0, false, c.broken
		case c.reads.passed():
			return 0, false, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, false, nil
		case len(c.queue) > 0:
			n = copy(b, c.queue[0])
			if c.queue[0] = c.queue[0][n:]; len(c.queue[0]) == 0 {
				c.queue[0] = nil
				c.queue = c.queue[1:]
			}
			c.consumed += uint64(n)
			if tell = c.consumed+window-c.granted >= tellAfter; tell {
				c.granted = c.consumed + window
			}
			return n, tell && !c.ended, nil
		case c.ended:
			return 0, false, io.EOF
		}
		c.readable.Wait()
	}
}

// Write sends all of b, as fast as the other side takes it.
func (c *lineConn) Write(b []byte) (n int, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	for {
		piece, at, err := c.reserve(len(b) - n)
		if err != nil {
			if errors.Is(err, errStalled) {
				c.fail(err)
			}
			return n, err
		}
		if piece == 0 {
			return n, nil
		}
		c.message = frame{kind: frameData, id: c.id, at: at, rest: b[n : n+piece]}.append(c.message[:0])
		if err := c.lines.by.Send(c.link.node, c.message); err != nil {
			c.fail(err)
			return n, err
		}
		n += piece
	}
}

// reserve waits until some of so many bytes may be sent, and gives how many, and which they
// are.
func (c *lineConn) reserve(want int) (n int, at uint64, err error) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	var wake *time.Timer
	began := time.Time{}
	for {
		switch {
		case c.broken != nil:
			return 0, 0, c.broken
		case c.ended:
			return 0, 0, io.ErrClosedPipe
		case c.writes.passed():
			return 0, 0, os.ErrDeadlineExceeded
		}
		n = min(want, int(c.allowed-c.sent), max(0, c.link.room()), maxChunk, c.lines.by.Most()-frameHead)
		if n > 0 || want == 0 {
			break
		}
		if c.link.room() <= 0 {
			c.link.full = true
		}
		if began.IsZero() {
			began = time.Now()
			wake = time.AfterFunc(c.lines.stall, func() {
				c.link.mu.Lock()
				defer c.link.mu.Unlock()
				c.writable.Broadcast()
			})
			defer wake.Stop()
		} else if time.Since(began) >= c.lines.stall {
			return 0, 0, errStalled
		}
		c.writable.Wait()
	}
	at = c.sent
	c.sent += uint64(n)
	c.link.inFlight += n
	if c.link.probe == nil && n > 0 {
		c.link.probe, c.link.probed, c.link.since = c, c.sent, time.Now()
	}
	return n, at, nil
}

// Close ends the connection.
func (c *lineConn) Close() error {
	c.link.mu.Lock()
	at := c.sent
	c.link.mu.Unlock()
	if c.stop(net.ErrClosed) {
		_ = c.send(frame{kind: frameEnd, id: c.id, at: at}) // or the other side finds out
	}
	c.lines.forget(c)
	return nil
}

// LocalAddr gives none that means anything.
func (c *lineConn) LocalAddr() net.Addr { return lineAddr("") }

// RemoteAddr gives where the other node would be reached.
func (c *lineConn) RemoteAddr() net.Addr { return c.address }

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *lineConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets until when reads wait.
func (c *lineConn) SetReadDeadline(t time.Time) error { return c.setDeadline(&c.reads, &c.readable, t) }

// SetWriteDeadline sets until when writes wait.
func (c *lineConn) SetWriteDeadline(t time.Time) error {
	return c.setDeadline(&c.writes, &c.writable, t)
}

func (c *lineConn) setDeadline(d *deadline, changed *sync.Cond, t time.Time) error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.broken != nil {
		return net.ErrClosed
	}
	d.set(t, changed)
	return nil
}
