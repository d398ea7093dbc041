package rtspcam

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

const (
	// A packet within an RTSP connection is this many bytes and then its data,
	// of which there may be so many (RFC 2326, 10.12).
	packetHeader = 4
	packetLimit  = 1<<16 - 1
	// maxAttempts is how many pieces a message may come in. Its length is
	// looked for with each.
	maxAttempts = 16
)

// channel is a channel of interleaved packets, and who takes their data. That
// is take's until it returns.
type channel struct {
	number byte
	take   func(data []byte, arrived time.Time)
}

// shortcutConn is an RTSP connection from which the packets of one channel go
// straight to whom they are for. Everything else is left to gortsplib, which
// would make a buffer and more for each of these packets, and fetch them from
// the system 4 kB at a time (BenchmarkShortcut).
//
// It keeps nothing back: a packet is taken as soon as it is whole, and messages
// are given to gortsplib as soon as they are. Where a message ends is
// gortsplib's own parser's word, so both always agree on where packets begin.
// After a message that it cannot read everything goes to gortsplib, which then
// has the say.
type shortcutConn struct {
	net.Conn
	straight atomic.Pointer[channel] // nil while everything goes to gortsplib

	// What follows belongs to the goroutine that reads.
	buffer   []byte
	from, to int       // what of it has come and is not used yet
	arrived  time.Time // of the last of it
	attempts int       // at the message it begins with
	rest     int       // of it, in bytes, is gortsplib's
	blind    bool      // all is gortsplib's for ever
}

// newShortcut has room for the largest packet.
func newShortcut(conn net.Conn) *shortcutConn {
	return &shortcutConn{Conn: conn, buffer: make([]byte, packetHeader+packetLimit)}
}

// Read gives gortsplib what is its own, and blocks until something is.
func (c *shortcutConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for !c.sort() {
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.buffer[c.from:min(c.to, c.from+c.rest)])
	c.from, c.rest = c.from+n, c.rest-n
	return n, nil
}

// fill reads what has come.
func (c *shortcutConn) fill() error {
	c.from, c.to = 0, copy(c.buffer, c.buffer[c.from:c.to])
	n, err := c.Conn.Read(c.buffer[c.to:])
	c.to += n
	c.arrived = time.Now()
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// sort takes packets out of the buffer until it begins with something that is
// gortsplib's, or it needs more to know (false).
func (c *shortcutConn) sort() bool {
	for {
		b := c.buffer[c.from:c.to]
		switch {
		case c.blind:
			c.rest = len(b)
			return c.rest > 0
		case c.rest > 0:
			return len(b) > 0
		case len(b) < 2:
			return false
		case b[0] == base.InterleavedFrameMagicByte:
			if !c.packet(b) {
				return c.rest > 0
			}
		case !c.message(b):
			return false
		}
	}
}

// packet takes an interleaved packet, or leaves it to gortsplib. It says
// whether it took one.
func (c *shortcutConn) packet(b []byte) bool {
	if len(b) < packetHeader {
		return false
	}
	size := packetHeader + int(binary.BigEndian.Uint16(b[2:]))
	straight := c.straight.Load()
	if straight == nil || straight.number != b[1] {
		c.rest = size
		return false
	}
	if len(b) < size {
		return false
	}
	c.from += size
	straight.take(b[packetHeader:size], c.arrived)
	return true
}

// message leaves a message to gortsplib, or passes over a byte where none
// begins, as gortsplib does. It is false if the message is not whole.
func (c *shortcutConn) message(b []byte) bool {
	if !beginsMessage(b) {
		c.from++
		return true
	}
	size, end := messageSize(b)
	c.attempts++
	switch {
	case end == whole:
		c.rest, c.attempts = size, 0
	case end == unreadable, len(b) == len(c.buffer), c.attempts == maxAttempts:
		c.blind = true
	default:
		return false
	}
	return true
}

// beginsMessage says whether gortsplib takes two bytes for the beginning of a
// message.
func beginsMessage(b []byte) bool {
	switch string(b[:2]) {
	case "RT", "AN", "DE", "GE", "OP", "PA", "PL", "RE", "SE", "TE":
		return true
	}
	return false
}

// completeness of a message.
type completeness uint8

const (
	whole completeness = iota
	partial
	unreadable
)

// messageSize gives the size in bytes of the message that b begins with.
func messageSize(b []byte) (int, completeness) {
	source := &endingReader{b: b}
	r := bufio.NewReader(source)
	var err error
	if bytes.HasPrefix(b, []byte("RT")) {
		err = new(base.Response).Unmarshal(r)
	} else {
		err = new(base.Request).Unmarshal(r)
	}
	switch {
	case err == nil:
		return len(b) - len(source.b) - r.Buffered(), whole
	case source.wanted:
		return 0, partial
	}
	return 0, unreadable
}

// endingReader reads from b and notes that more was wanted.
type endingReader struct {
	b      []byte
	wanted bool
}

func (r *endingReader) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		r.wanted = true
		return 0, io.EOF
	}
	n := copy(p, r.b)
	r.b = r.b[n:]
	return n, nil
}
