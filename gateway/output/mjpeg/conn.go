package mjpeg

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

const (
	// patience is how long a viewer may take nothing before it is cut.
	patience = 10 * time.Second
	// window is how long a write may block before it is looked whether it
	// makes progress.
	window = 500 * time.Millisecond
	// maxWrite bounds a write that cannot be resumed: all of it has to go
	// within patience.
	maxWrite = 16 << 10
)

// conn is where a viewer's parts are written.
type conn interface {
	// writePart writes all of a part, for as long as the viewer takes it. After
	// an error nothing more can be written.
	writePart(head, picture, tail []byte) error
	// close ends the connection, or leaves it to net/http.
	close()
	// cut makes writes fail, now and later. It may be called from any
	// goroutine, until close.
	cut()
}

// begin gives the connection to answer a request on, and what must be written
// there before the first part.
//
// On HTTP/1 it takes the connection from net/http, which would send chunks;
// raw-socket readers do not understand those.
func begin(w http.ResponseWriter, r *http.Request) (conn, []byte, error) {
	control := http.NewResponseController(w)
	if r.ProtoMajor == 1 {
		c, _, err := control.Hijack()
		if err == nil {
			return newConn(c), responseHead(w.Header()), nil
		}
		if !errors.Is(err, http.ErrNotSupported) {
			return nil, nil, err
		}
	}
	return &streamConn{Writer: w, setDeadline: control.SetWriteDeadline, flush: control.Flush}, nil, nil
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

func newConn(c net.Conn) conn {
	if tcp, ok := c.(*net.TCPConn); ok {
		return newTCPConn(tcp)
	}
	if over, ok := c.(interface{ NetConn() net.Conn }); ok { // TLS
		if tcp, ok := over.NetConn().(*net.TCPConn); ok {
			boundQueue(tcp)
		}
	}
	return &streamConn{Writer: c, setDeadline: c.SetWriteDeadline, closer: c}
}

// tcpConn writes a part with one writev, straight from the frame.
type tcpConn struct {
	tcp      *net.TCPConn
	deadline time.Time
	parts    [3][]byte
	buffers  net.Buffers // what of parts is not written yet
	try      tryWrite
}

func newTCPConn(tcp *net.TCPConn) *tcpConn {
	boundQueue(tcp)
	c := &tcpConn{tcp: tcp}
	c.try.init(tcp)
	return c
}

func (c *tcpConn) writePart(head, picture, tail []byte) error {
	c.load(head, picture, tail)
	return c.finishPart()
}

// tryPart writes as much of a part as the kernel takes at once, and says
// whether that is all. What is left, or fails, is for finishPart.
func (c *tcpConn) tryPart(head, picture, tail []byte) bool {
	c.load(head, picture, tail)
	c.openWindow()
	c.try.write(&c.buffers)
	return len(c.buffers) == 0
}

func (c *tcpConn) load(head, picture, tail []byte) {
	c.parts = [...][]byte{head, picture, tail}
	c.buffers = c.parts[:]
}

// finishPart writes what is left of a part, for as long as the viewer takes it.
func (c *tcpConn) finishPart() error {
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
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(progress) >= patience {
			_ = c.tcp.SetLinger(0) // frees what the kernel still keeps for it
			return err
		}
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

func (c *tcpConn) close() { c.tcp.Close() }
func (c *tcpConn) cut()   { c.tcp.Close() }

// streamConn writes to what lies above TCP: TLS, or a stream of HTTP/2. A
// write to those that ran into its deadline cannot be resumed.
type streamConn struct {
	io.Writer
	setDeadline func(time.Time) error
	flush       func() error // nil: nothing is buffered
	closer      io.Closer    // nil: net/http closes it

	mu    sync.Mutex // guards what follows, and the deadline
	isCut bool
}

func (c *streamConn) writePart(head, picture, tail []byte) error {
	for _, b := range [...][]byte{head, picture, tail} {
		for len(b) > 0 {
			if err := c.extend(); err != nil {
				return err
			}
			n, err := c.Write(b[:min(len(b), maxWrite)])
			if err != nil {
				return err
			}
			b = b[n:]
		}
	}
	if c.flush == nil {
		return nil
	}
	return c.flush()
}

// extend gives the viewer time for the next write.
func (c *streamConn) extend() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		return net.ErrClosed
	}
	return c.setDeadline(time.Now().Add(patience))
}

func (c *streamConn) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = true
	_ = c.setDeadline(time.Unix(1, 0)) // long past
}

func (c *streamConn) close() {
	if c.closer != nil {
		c.closer.Close()
	}
}
