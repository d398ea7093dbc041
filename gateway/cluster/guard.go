package cluster

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxProtoLine is the longest line that is taken from an outside NATS: what it says of itself.
	maxProtoLine = 64 << 10
	// greeting is how long an outside NATS may take to be connected to, to say what it is, and to agree on TLS.
	greeting = 2 * time.Second
)

// errLies is the end of an outside NATS that does not speak as it should.
var errLies = errors.New("it does not speak NATS as it should")

// caller connects to an outside NATS, as nats.go wants it to: in TLS where that was configured
// or the other side says so, and by a guard.
type caller struct {
	secure *tls.Config // nil where TLS is used only if the other side wants it
	roots  *tls.Config // for that

	mu   sync.Mutex // guards last
	last net.Conn   // nats.go has one at a time, and leaves those open at which it is not let in
}

// SkipTLSHandshake says that TLS is made here: a guard beneath it would see nothing.
func (*caller) SkipTLSHandshake() bool { return true }

// Dial connects, in place of the connection before.
func (c *caller) Dial(network, address string) (net.Conn, error) {
	c.hold(nil)
	conn, err := net.DialTimeout(network, address, greeting)
	if err != nil {
		return nil, err
	}
	g, err := c.greet(conn, address)
	if err != nil {
		conn.Close()
		return nil, err
	}
	c.hold(g)
	return g, nil
}

// hold ends the connection before, and holds another.
func (c *caller) hold(conn net.Conn) {
	c.mu.Lock()
	last := c.last
	c.last = conn
	c.mu.Unlock()
	if last != nil {
		last.Close()
	}
}

// greet hears what the other side is, which comes before TLS, and makes that.
func (c *caller) greet(conn net.Conn, address string) (net.Conn, error) {
	if err := conn.SetDeadline(time.Now().Add(greeting)); err != nil {
		return nil, err
	}
	plain := newGuard(conn)
	line, err := plain.line()
	if err != nil {
		return nil, err
	}
	var is struct {
		Required  bool `json:"tls_required"`
		Available bool `json:"tls_available"`
	}
	text, ok := bytes.CutPrefix(line, []byte("INFO "))
	if !ok || json.Unmarshal(text, &is) != nil {
		return nil, errLies
	}
	settings := c.secure
	if is.Required && settings == nil {
		settings = c.roots
	}
	g := plain
	switch {
	case settings == nil:
	case !is.Required && !is.Available:
		return nil, errors.New("it speaks no TLS, and tls:// was configured")
	case plain.in.Buffered() > 0:
		return nil, errLies // it speaks on before there is TLS
	default:
		settings = settings.Clone()
		settings.ServerName, _, _ = net.SplitHostPort(address)
		inTLS := tls.Client(conn, settings)
		if err := inTLS.Handshake(); err != nil {
			return nil, err
		}
		g = newGuard(inTLS)
	}
	g.rest = line
	return g, conn.SetDeadline(time.Time{})
}

// guard is a connection to an outside NATS that hands on what the client can bear: nats.go
// makes buffers as large as a message is said to be, and collects lines without an end. It speaks
// the protocol strictly, so that client and guard never take a byte for different things.
type guard struct {
	net.Conn
	in   *bufio.Reader
	rest []byte // of a line that is handed on
	body int    // bytes of a message that are still to come, without the end of its line
}

func newGuard(c net.Conn) *guard {
	return &guard{Conn: c, in: bufio.NewReaderSize(c, maxProtoLine)}
}

// Read gives what comes next.
func (g *guard) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(g.rest) == 0 && g.body == 0 {
		line, err := g.line()
		if err != nil {
			return 0, err
		}
		g.rest = line
	}
	if len(g.rest) > 0 {
		n := copy(p, g.rest)
		g.rest = g.rest[n:]
		return n, nil
	}
	n, err := g.in.Read(p[:min(len(p), g.body)])
	if g.body -= n; g.body == 0 && err == nil {
		err = g.endOfBody()
	}
	return n, err
}

// endOfBody expects the end of the line that a message ends with.
func (g *guard) endOfBody() error {
	var end [2]byte
	for i := range end {
		b, err := g.in.ReadByte()
		if err != nil {
			return err
		}
		end[i] = b
	}
	if string(end[:]) != "\r\n" {
		return errLies
	}
	g.rest = []byte("\r\n")
	return nil
}

// line reads a line that is sound, with its end, and notes what comes behind it. It is good until the next is read.
func (g *guard) line() ([]byte, error) {
	line, err := g.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("%w: a line of more than %d bytes", errLies, maxProtoLine)
	}
	if err != nil {
		return nil, err
	}
	text, ok := strings.CutSuffix(string(line), "\r\n")
	if !ok || strings.ContainsAny(text, "\r\t\x00") {
		return nil, errLies
	}
	op, rest, _ := strings.Cut(text, " ")
	switch op {
	case "PING", "PONG", "+OK":
		ok = rest == "" && len(op) == len(text)
	case "INFO", "-ERR":
		ok = rest != ""
	case "MSG":
		g.body, ok = sizeOf(rest, 1)
	case "HMSG":
		g.body, ok = sizeOf(rest, 2)
	default:
		ok = false
	}
	if !ok {
		return nil, fmt.Errorf("%w: it says %.40q", errLies, text)
	}
	if g.body == 0 && (op == "MSG" || op == "HMSG") {
		line = append(bytes.Clone(line), "\r\n"...)
		if err := g.endOfBody(); err != nil {
			return nil, err
		}
	}
	return line, nil
}

// sizeOf gives how long a message is whose line ends with so many sizes, behind its subject, its number
// and perhaps where to answer.
func sizeOf(text string, sizes int) (bytes int, ok bool) {
	fields := strings.Split(text, " ")
	if n := len(fields) - sizes; n != 2 && n != 3 {
		return 0, false
	}
	for _, field := range fields {
		if field == "" {
			return 0, false
		}
	}
	if _, err := strconv.ParseUint(fields[1], 10, 31); err != nil {
		return 0, false
	}
	head := uint64(0)
	for _, field := range fields[len(fields)-sizes:] {
		size, err := strconv.ParseUint(field, 10, 31)
		if err != nil || size > busPayload || size < head {
			return 0, false
		}
		head, bytes = size, int(size)
	}
	return bytes, true
}
