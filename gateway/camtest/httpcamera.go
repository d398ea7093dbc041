package camtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
)

// HTTPCamera is a camera whose every byte is up to a script: it speaks no HTTP
// by itself, so that it can get everything wrong that real cameras do. Close
// ends it. Its methods may be called from any goroutine.
type HTTPCamera struct {
	script   func(*HTTPConn)
	listener net.Listener // nil if only Dial leads to it
	tls      *tls.Config  // nil for plain HTTP
	serving  sync.WaitGroup

	mu     sync.Mutex
	count  int
	open   map[net.Conn]bool
	closed bool
}

// HTTPConn is the camera's end of a connection, for its script. It is closed
// when the script returns.
type HTTPConn struct {
	net.Conn
	Number int // of the connection to this camera, from 1
	reader *bufio.Reader
}

// NewHTTPCamera starts a camera on a port of the loopback. Each connection runs
// the script in a goroutine of its own.
func NewHTTPCamera(script func(*HTTPConn)) (*HTTPCamera, error) {
	return newHTTPCamera(script, nil)
}

// NewHTTPSCamera is NewHTTPCamera with a certificate that nobody trusts.
func NewHTTPSCamera(script func(*HTTPConn)) (*HTTPCamera, error) {
	untrusted := httptest.NewTLSServer(nil)
	defer untrusted.Close()
	return newHTTPCamera(script, &tls.Config{Certificates: untrusted.TLS.Certificates})
}

// NewPipedHTTPCamera makes a camera that only its Dial reaches. It is for tests
// in virtual time (testing/synctest), where waiting for a socket would stop the
// clock.
func NewPipedHTTPCamera(script func(*HTTPConn)) *HTTPCamera {
	return &HTTPCamera{script: script, open: make(map[net.Conn]bool)}
}

func newHTTPCamera(script func(*HTTPConn), config *tls.Config) (*HTTPCamera, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &HTTPCamera{script: script, listener: listener, tls: config, open: make(map[net.Conn]bool)}
	c.serving.Go(c.accept)
	return c, nil
}

// URL gives the camera's address with the given path, which starts with "/".
func (c *HTTPCamera) URL(path string) string {
	scheme := "http://"
	if c.tls != nil {
		scheme = "https://"
	}
	if c.listener == nil {
		return scheme + "camera.test" + path
	}
	return scheme + c.listener.Addr().String() + path
}

// Connections tells how often the camera was connected to.
func (c *HTTPCamera) Connections() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// Open tells how many connections there are now.
func (c *HTTPCamera) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// Close takes the camera off the network and waits until its scripts have
// returned.
func (c *HTTPCamera) Close() {
	if c.listener != nil {
		c.listener.Close()
	}
	c.mu.Lock()
	c.closed = true
	for conn := range c.open {
		conn.Close()
	}
	c.mu.Unlock()
	c.serving.Wait()
}

// Dial connects to the camera without TCP, whatever the address. It has the
// form of a net.Dialer's DialContext.
func (c *HTTPCamera) Dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	c.start(far)
	return near, nil
}

func (c *HTTPCamera) accept() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return
		}
		if c.tls != nil {
			conn = tls.Server(conn, c.tls)
		}
		c.start(conn)
	}
}

func (c *HTTPCamera) start(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		conn.Close()
		return
	}
	c.count++
	c.open[conn] = true
	hc := &HTTPConn{Conn: conn, Number: c.count, reader: bufio.NewReader(conn)}
	c.serving.Go(func() {
		defer c.end(conn)
		c.script(hc)
	})
}

func (c *HTTPCamera) end(conn net.Conn) {
	conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, conn)
}

// Request waits for the next request on the connection. It gives nil when the
// client has gone.
func (c *HTTPConn) Request() *http.Request {
	r, err := http.ReadRequest(c.reader)
	if err != nil {
		return nil
	}
	return r
}

// Send writes the pieces, strings or bytes, in one write. It gives false when
// the client has gone.
func (c *HTTPConn) Send(pieces ...any) bool {
	var b []byte
	for _, piece := range pieces {
		switch piece := piece.(type) {
		case string:
			b = append(b, piece...)
		case []byte:
			b = append(b, piece...)
		default:
			panic("camtest: Send takes strings and bytes")
		}
	}
	_, err := c.Write(b)
	return err == nil
}

// WaitClosed waits until the client has closed the connection.
func (c *HTTPConn) WaitClosed() {
	for {
		if _, err := c.reader.Discard(1); err != nil {
			return
		}
	}
}
