package rtspserver

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"net/url"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/httplimit"
)

// conn is one connection, with the one session that it may have. It belongs to its
// own goroutine; the viewer has one of its own.
type conn struct {
	server *Server
	tcp    *net.TCPConn
	under  net.Conn // tcp, or TLS over it
	secure bool
	from   netip.Addr
	head   headReader
	reader *bufio.Reader
	until  time.Time // a request has to be there
	nonce  string    // of its challenges

	refused int         // requests of who said who he is, and is not
	visit   *Visit      // of who was let in; nil before
	unwatch func() bool // has the end of the visit not end the connection: a viewer sees it for itself
	shown   *shown      // what was described; nil before
	session string      // its name, once a track was set up
	tracks  [2]*out     // that were set up: pictures and sound
	viewer  *viewer     // once it plays

	sending   *Sending      // what was announced; nil: it sends nothing
	sent      [maxSent]*way // its tracks that were set up
	recording bool          // they come
	sender    *peer         // from which datagrams come; nil: from nobody
	packet    []byte        // room for one within the connection
}

// maxRefused is how many wrong logins a connection may try.
const maxRefused = 5

// maxBody bounds the body of a request, of which ANNOUNCE's alone is looked at.
const maxBody = 16 << 10

func newConn(s *Server, tcp *net.TCPConn, secure *tls.Config) *conn {
	c := &conn{server: s, tcp: tcp, under: tcp, secure: secure != nil, nonce: rand.Text(), from: tcp.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().WithZone("")}
	if secure != nil {
		c.under = tls.Server(tcp, secure)
	}
	c.head = headReader{reader: c.under}
	c.reader = bufio.NewReaderSize(&c.head, 2<<10)
	return c
}

// serve answers requests until the connection ends.
func (c *conn) serve() {
	ctx, end := context.WithCancel(c.server.ctx)
	defer end()
	defer context.AfterFunc(ctx, func() { c.tcp.Close() })()
	defer c.leave()
	defer func() {
		if p := recover(); p != nil {
			c.server.log.Error("RTSP connection panicked", "address", c.from.String(), "panic", p, "stack", string(debug.Stack()))
		}
	}()
	err := c.shake(ctx)
	for err == nil {
		err = c.step(ctx)
	}
	if limit := c.limitOf(err); limit != "" {
		c.server.options.Limited(limit)
	}
	c.server.log.Debug("RTSP connection ended", "address", c.from.String(), "err", err)
}

// leave gives back all that the connection has.
func (c *conn) leave() {
	if c.viewer != nil {
		c.viewer.leave()
	}
	c.under.Close()
	c.forget()
}

// forget gives back what was described.
func (c *conn) forget() {
	if c.shown != nil {
		c.shown.close()
	}
	if c.visit != nil {
		c.unwatch()
		c.visit.Leave()
	}
	c.stopSending()
	c.shown, c.visit = nil, nil
}

// shake hands by TLS.
func (c *conn) shake(ctx context.Context) error {
	over, ok := c.under.(*tls.Conn)
	if !ok {
		return nil
	}
	_ = c.tcp.SetDeadline(time.Now().Add(c.server.options.HeadTime)) // fails where all else will
	return over.HandshakeContext(ctx)
}

// Why a connection ends that a limit ends.
var (
	errHeadTime  = errors.New("a request does not come to its end")
	errIdle      = errors.New("nothing is asked for")
	errSilent    = errors.New("nothing is heard of who gets datagrams")
	errHeadBytes = errors.New("a request is too large")
)

// limitOf names the limit that an error is about, and "" where it is about none.
func (c *conn) limitOf(err error) string {
	switch {
	case errors.Is(err, errHeadBytes):
		return httplimit.LimitHeaderBytes
	case errors.Is(err, errHeadTime):
		return httplimit.LimitHeaderTimeout
	case errors.Is(err, errIdle), errors.Is(err, errSilent):
		return httplimit.LimitIdleTimeout
	case errors.Is(err, errSenderSilent):
		return LimitPublisherSilence
	}
	return ""
}

// step reads one request, or a packet that the client sends within the connection,
// and answers it.
func (c *conn) step(ctx context.Context) error {
	if err := c.await(); err != nil {
		return err
	}
	r, err := c.read()
	switch { // also where what had come is wrong by itself
	case err != nil && c.head.left <= 0:
		err = errHeadBytes
	case err != nil && !time.Now().Before(c.until):
		err = errHeadTime
	}
	if err != nil || r == nil {
		return err
	}
	answer, err := c.answer(ctx, r)
	if sent := c.send(answer, err != nil); sent != nil {
		return sent
	}
	if c.viewer != nil {
		c.viewer.start() // behind the answer
	}
	return err
}

// await waits for the first byte of a request, for as long as that may take, and
// gives the rest of it its time. A viewer need say nothing, since it is seen by what
// it takes; but over UDP it is asked for a sign of life.
func (c *conn) await() error {
	until := time.Time{}
	switch now := time.Now(); {
	case c.viewer != nil && c.viewer.to == nil: // for ever
	case c.viewer != nil:
		until = now.Add(c.server.options.Silence)
	case c.recording:
		until = now.Add(c.server.patience())
	case c.visit == nil && c.sending == nil:
		until = now.Add(c.server.options.HeadTime)
	default:
		until = now.Add(c.server.options.Idle)
	}
	for {
		_ = c.under.SetReadDeadline(until) // fails where the read will
		c.head.left = c.server.options.HeadBytes + maxBody
		b, err := c.reader.Peek(1)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && c.viewer != nil:
			if until = c.viewer.to.heard().Add(c.server.options.Silence); !time.Now().Before(until) {
				return errSilent
			}
			continue
		case errors.Is(err, os.ErrDeadlineExceeded) && c.sender != nil:
			if until = c.sender.heard().Add(c.server.patience()); !time.Now().Before(until) {
				return errSenderSilent
			}
			continue
		case errors.Is(err, os.ErrDeadlineExceeded) && c.recording:
			return errSenderSilent
		case errors.Is(err, os.ErrDeadlineExceeded):
			return errIdle
		case err != nil:
			return err
		case b[0] == '\r', b[0] == '\n': // RFC 2326, 4.1
			_, _ = c.reader.Discard(1) // is there
			continue
		}
		c.until = time.Now().Add(c.server.options.HeadTime)
		_ = c.under.SetReadDeadline(c.until)
		return nil
	}
}

// headReader bounds the bytes of a request.
type headReader struct {
	reader io.Reader
	left   int
}

// Read reads as many bytes as are left.
func (r *headReader) Read(b []byte) (int, error) {
	if r.left <= 0 {
		return 0, errHeadBytes
	}
	n, err := r.reader.Read(b[:min(len(b), r.left)])
	r.left -= n
	return n, err
}

// request is one of a client.
type request struct {
	method, target string
	url            *url.URL // nil for *
	header         textproto.MIMEHeader
	body           []byte
}

// interleaved is the first byte of a packet within the connection (RFC 2326, 10.12).
const interleaved = '$'

// read reads a request; nil is what need not be answered.
func (c *conn) read() (*request, error) {
	if b, err := c.reader.Peek(1); err != nil || b[0] == interleaved {
		return nil, c.take()
	}
	text := textproto.NewReader(c.reader)
	line, err := text.ReadLine()
	if err != nil {
		return nil, err
	}
	parts := strings.Split(line, " ")
	if len(parts) != 3 || parts[2] != "RTSP/1.0" {
		return nil, fmt.Errorf("no request of RTSP 1.0: %.40q", line)
	}
	r := &request{method: parts[0], target: parts[1]}
	if r.header, err = text.ReadMIMEHeader(); err != nil {
		return nil, err
	}
	if r.target != "*" {
		if r.url, err = url.Parse(r.target); err != nil || r.url.Scheme != "rtsp" && r.url.Scheme != "rtsps" {
			return nil, fmt.Errorf("no address of RTSP: %.80q", r.target)
		}
		r.url.User = nil
	}
	length := r.header.Get("Content-Length")
	if length == "" {
		return r, nil
	}
	n, err := strconv.ParseUint(length, 10, 32)
	if err != nil || n > maxBody {
		return nil, errHeadBytes
	}
	r.body, err = io.ReadAll(io.LimitReader(c.reader, int64(n))) // which grows with what comes
	if err == nil && len(r.body) < int(n) {
		err = io.ErrUnexpectedEOF
	}
	return r, err
}

// answer is what is answered to a request.
type answer struct {
	status int
	cseq   string
	header [][2]string
	body   []byte
}

// with adds a header.
func (a answer) with(name, value string) answer {
	a.header = append(a.header, [2]string{name, value})
	return a
}

// bytes gives the answer as it is sent.
func (a answer) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "RTSP/1.0 %d %s\r\nCSeq: %s\r\nServer: Framegate\r\n", a.status, reasons[a.status], a.cseq)
	for _, h := range a.header {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	if len(a.body) > 0 {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(a.body))
	}
	b.WriteString("\r\n")
	b.Write(a.body)
	return b.Bytes()
}

// reasons are the phrases of statuses (RFC 2326, 7.1.1).
var reasons = map[int]string{
	200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 415: "Unsupported Media Type", 453: "Not Enough Bandwidth", 454: "Session Not Found",
	455: "Method Not Valid in This State", 461: "Unsupported Transport", 463: "Destination Prohibited", 500: "Internal Server Error",
	501: "Not Implemented", 503: "Service Unavailable",
}

// send writes an answer, or has the viewer write it, who then ends where it is the
// last.
func (c *conn) send(a answer, last bool) error {
	if a.status == 0 {
		return nil
	}
	if c.viewer != nil {
		return c.viewer.mail(func(m *mailbox) { m.out, m.last = append(m.out, a.bytes()...), m.last || last })
	}
	_ = c.under.SetWriteDeadline(time.Now().Add(answerTime)) // fails where the write will
	_, err := c.under.Write(a.bytes())
	return err
}

// newSession gives the name of a session.
func newSession() string { return strings.ToLower(rand.Text()) }
