package delivery

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"framegate/gateway/httplimit"
)

const (
	// Patience is how long a viewer may take nothing before it is cut, where
	// Options.Patience says nothing else.
	Patience = 10 * time.Second
	// window is how long a write may block before it is looked whether it
	// makes progress.
	window = 500 * time.Millisecond
	// maxWrite bounds a write that cannot be resumed: all of it has to go
	// within the patience there is.
	maxWrite = 16 << 10
)

// Conn is where a viewer's messages are written.
type Conn interface {
	// Write writes all of a message, for as long as the viewer takes it. After
	// an error nothing more can be written.
	Write(Message) error
	// Close ends the connection, or leaves it to net/http.
	Close()
	// Cut makes writes fail, now and later. It may be called from any
	// goroutine, until Close.
	Cut()

	// bind sets how long the viewer may take nothing, and who is told if it
	// did. It is called before anything is written.
	bind(patience time.Duration, limited func(limit string))
	// awaitEnd reads until the client is gone or the connection is closed, and
	// says whether that is so: net/http does it itself for what it keeps.
	awaitEnd() bool
	// pumped says that the pump can write here: try writes as much of a message
	// as goes without waiting and says whether that is all; what is left, or
	// fails, is for finish.
	pumped() bool
	try(Message) bool
	finish() error
}

// Begin gives the connection to answer a request on, and what must be written
// there before all else. Where it gives an error, nothing was answered.
//
// On HTTP/1 it takes the connection from net/http, which would send chunks;
// raw-socket readers do not understand those. The response is then one that
// lasts as long as its connection, with status 200 and the headers set so far.
func Begin(w http.ResponseWriter, r *http.Request) (Conn, []byte, error) {
	control := http.NewResponseController(w)
	if r.ProtoMajor == 1 {
		c, _, err := control.Hijack()
		if err == nil {
			return NewConn(c), responseHead(w.Header()), nil
		}
		if !errors.Is(err, http.ErrNotSupported) {
			return nil, nil, err
		}
	}
	return &streamConn{Writer: w, setDeadline: control.SetWriteDeadline, flush: control.Flush, bounds: bounds{patience: Patience}}, nil, nil
}

// responseHead is the head of a response that lasts as long as its connection.
func responseHead(header http.Header) []byte {
	header.Set("Connection", "close")
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	b := bytes.NewBufferString("HTTP/1.1 200 OK\r\n")
	_ = header.Write(b) // a bytes.Buffer takes all
	b.WriteString("\r\n")
	return b.Bytes()
}

// NewConn gives the way to write to a connection, whose queue in the kernel it
// bounds. The connection is the Conn's to close. Where it has a method
// Unwrap() net.Conn, what that gives is written to instead: who wraps it so
// cares for what is read alone.
func NewConn(c net.Conn) Conn {
	if wrapped, ok := c.(interface{ Unwrap() net.Conn }); ok {
		c = wrapped.Unwrap()
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		return newTCPConn(tcp)
	}
	if tcp := below(c); tcp != nil {
		httplimit.BoundQueue(tcp)
	}
	return &streamConn{Writer: c, setDeadline: c.SetWriteDeadline, taken: c, bounds: bounds{patience: Patience}}
}

// bounds are those of one connection.
type bounds struct {
	patience time.Duration
	limited  func(limit string) // nil is not told
}

func (b *bounds) bind(patience time.Duration, limited func(limit string)) {
	b.patience, b.limited = patience, limited
}

// exhausted counts a viewer that took nothing for too long.
func (b *bounds) exhausted() {
	if b.limited != nil {
		b.limited(LimitViewerPatience)
	}
}

// below gives the TCP connection that TLS, or whatever else, is spoken over;
// nil where there is none.
func below(c net.Conn) *net.TCPConn {
	for {
		switch over := c.(type) {
		case *net.TCPConn:
			return over
		case interface{ NetConn() net.Conn }:
			c = over.NetConn()
		case interface{ Unwrap() net.Conn }:
			c = over.Unwrap()
		default:
			return nil
		}
	}
}

// tcpConn writes a message with one writev, straight from the frame.
type tcpConn struct {
	bounds
	tcp      *net.TCPConn
	deadline time.Time
	parts    [4][]byte
	buffers  net.Buffers // what of parts is not written yet
	trying   tryWrite
}

func newTCPConn(tcp *net.TCPConn) *tcpConn {
	httplimit.BoundQueue(tcp)
	c := &tcpConn{tcp: tcp, bounds: bounds{patience: Patience}}
	c.trying.init(tcp)
	return c
}

func (c *tcpConn) Write(m Message) error {
	c.load(m)
	return c.finish()
}

func (c *tcpConn) pumped() bool { return true }

func (c *tcpConn) try(m Message) bool {
	c.load(m)
	c.trying.write(&c.buffers)
	return len(c.buffers) == 0
}

func (c *tcpConn) load(m Message) {
	c.parts = [...][]byte{m.Head, m.Body, m.Tail, m.End}
	n := len(c.parts)
	for n > 0 && len(c.parts[n-1]) == 0 {
		n-- // the kernel looks at each
	}
	c.buffers = c.parts[:n]
}

// finish writes what is left of a message, for as long as the viewer takes it.
func (c *tcpConn) finish() error {
	var progress time.Time
	for len(c.buffers) > 0 {
		c.openWindow()
		n, err := c.buffers.WriteTo(c.tcp)
		if err == nil {
			return nil
		}
		if n > 0 || progress.IsZero() {
			progress = time.Now()
		}
		late := errors.Is(err, os.ErrDeadlineExceeded)
		if late && time.Since(progress) < c.patience {
			continue
		}
		if late {
			c.exhausted()
		}
		_ = c.tcp.SetLinger(0) // frees what the kernel still keeps for it
		return err
	}
	return nil
}

// openWindow gives the viewer at least half a window for the next write. A
// deadline costs more than all else around a write, so one is set only where
// there is not enough left of the last.
func (c *tcpConn) openWindow() {
	if time.Until(c.deadline) < window/2 {
		c.deadline = time.Now().Add(window)
		_ = c.tcp.SetWriteDeadline(c.deadline) // fails where the write will
	}
}

func (c *tcpConn) awaitEnd() bool { return discard(c.tcp) }

func (c *tcpConn) Close() { c.tcp.Close() }
func (c *tcpConn) Cut()   { c.tcp.Close() }

// streamConn writes to what lies above TCP: TLS, or a stream of HTTP/2. A
// write to those that ran into its deadline cannot be resumed. Below TLS the
// connection itself sees to it that the viewer takes something, where it can.
type streamConn struct {
	bounds
	watched bool // the connection below sees to the patience
	io.Writer
	setDeadline func(time.Time) error
	flush       func() error // nil: nothing is buffered
	taken       net.Conn     // nil: net/http closes it

	mu    sync.Mutex // guards what follows, and the deadline
	isCut bool
	until time.Time // the deadline
}

// gathered are the buffers where the ends of a message are put together with what
// stands beside them: a record of TLS, and a system call, for the few bytes of a
// head alone cost more than the copy.
var gathered = sync.Pool{New: func() any { return new([maxWrite]byte) }}

// Write writes a message in pieces of maxWrite bytes, which is what a record of
// TLS holds. Those that lie within one of its slices are not copied. The records of all go out
// together.
func (c *streamConn) Write(m Message) error {
	if all := len(m.Head) + len(m.Body) + len(m.Tail) + len(m.End); c.watched && all > maxWrite {
		httplimit.Gather(c.taken, all)
	}
	buffer := gathered.Get().(*[maxWrite]byte)
	defer gathered.Put(buffer)
	n := 0
	for _, b := range [...][]byte{m.Head, m.Body, m.Tail, m.End} {
		for len(b) > 0 {
			if n == 0 && len(b) >= maxWrite {
				if err := c.writeWithin(b[:maxWrite]); err != nil {
					return err
				}
				b = b[maxWrite:]
				continue
			}
			k := copy(buffer[n:], b)
			n, b = n+k, b[k:]
			if n < len(buffer) {
				continue
			}
			if err := c.writeWithin(buffer[:]); err != nil {
				return err
			}
			n = 0
		}
	}
	if n > 0 {
		if err := c.writeWithin(buffer[:n]); err != nil {
			return err
		}
	}
	if c.flush == nil {
		return nil
	}
	if err := c.judged(c.flush()); err != nil {
		return err
	}
	c.relax()
	return nil
}

// relax takes the deadline of the last write off, after which a stream of HTTP/2 would
// be reset though nothing is being written.
func (c *streamConn) relax() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.watched && !c.isCut {
		_ = c.setDeadline(time.Time{}) // fails where the next write will
	}
}

// writeWithin writes at most maxWrite bytes.
func (c *streamConn) writeWithin(b []byte) error {
	if err := c.extend(); err != nil {
		return err
	}
	_, err := c.Writer.Write(b)
	return c.judged(err)
}

// bind has the connection below see to the patience, or else each write.
func (c *streamConn) bind(patience time.Duration, limited func(limit string)) {
	c.bounds.bind(patience, limited)
	c.watched = c.taken != nil && httplimit.SetPatience(c.taken, patience, c.exhausted)
}

// extend gives the viewer time for the next write.
func (c *streamConn) extend() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		return net.ErrClosed
	}
	if c.watched {
		return nil
	}
	c.until = time.Now().Add(c.patience)
	return c.setDeadline(c.until)
}

// judged counts a write that ran into its deadline: by the clock, since a
// stream of HTTP/2 gives another error then. After an error nothing can be
// written.
func (c *streamConn) judged(err error) error {
	if err == nil {
		return nil
	}
	c.mu.Lock()
	late := !c.watched && !time.Now().Before(c.until)
	c.abort()
	c.mu.Unlock()
	if late {
		c.exhausted()
	}
	return err
}

func (c *streamConn) pumped() bool     { return false }
func (c *streamConn) try(Message) bool { return false }
func (c *streamConn) finish() error    { return nil }

func (c *streamConn) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.setDeadline(time.Unix(1, 0)) // long past
	c.abort()
}

// abort has all that is written fail. It closes what is below TLS, which would
// say something at its end, and wait for a client that takes nothing. The
// connection is locked.
func (c *streamConn) abort() {
	c.isCut = true
	if c.taken == nil {
		return
	}
	if tcp := below(c.taken); tcp != nil {
		_ = tcp.SetLinger(0) // frees what the kernel still keeps for it
		tcp.Close()
	}
}

func (c *streamConn) Close() {
	if c.taken != nil {
		c.taken.Close()
	}
}

func (c *streamConn) awaitEnd() bool { return c.taken != nil && discard(c.taken) }

// maxUnasked is how many bytes a client may send that nobody asked for.
const maxUnasked = 64 << 10

// discard reads what nobody asked for, to the end.
func discard(r io.Reader) bool {
	var b [512]byte
	for n := 0; n < maxUnasked; {
		m, err := r.Read(b[:])
		if err != nil {
			break
		}
		n += m
	}
	return true
}
