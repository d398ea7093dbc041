package rtspquirks

import (
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

// A packet within an RTSP connection is this many bytes and then its data, of
// which there may be so many (RFC 2326, 10.12).
const (
	packetHeader = 4
	packetLimit  = 1<<16 - 1
)

// What messages begin with.
const answerWord = "RTSP/"

var requestWords = []string{
	"OPTIONS ", "GET_PARAMETER ", "SET_PARAMETER ", "ANNOUNCE ", "REDIRECT ", "TEARDOWN ",
	"DESCRIBE ", "SETUP ", "PLAY ", "PLAY_NOTIFY ", "PAUSE ", "RECORD ",
}

// What other servers answer who are spoken to in RTSP.
var strangers = map[string]error{
	"HTTP/":     errHTTP,
	"<!DOCTYPE": errHTTP, // nginx sends the page alone
	"<html":     errHTTP,
	"SSH-":      errSSH,
	"\x15\x03":  errTLS, // an alert (RFC 8446, 6)
}

var (
	errHTTP = errors.New("this is a port of HTTP: use the camera's port for RTSP, which is mostly 554, or write http:// for pictures over HTTP")
	errSSH  = errors.New("this is a port of SSH: use the camera's port for RTSP, which is mostly 554")
	errTLS  = errors.New("this is a port of TLS: write rtsps://")
)

// channel is a channel of interleaved packets, and who takes their data. That
// is take's until it returns.
type channel struct {
	number byte
	take   func(data []byte, arrived time.Time)
}

// shortcutConn is an RTSP connection that is taken apart as it is read. The
// packets of some channels go straight to whom they are for, past gortsplib, which
// would make a buffer and more for each of them, and fetch them from the system
// 4 kB at a time (BenchmarkShortcut). Messages are heard first, and gortsplib
// gets what is made of them. It gets the packets of other channels as they are.
//
// It keeps nothing back: a packet is taken as soon as it is whole, and a message
// is heard as soon as it is. What is neither is passed over.
type shortcutConn struct {
	net.Conn
	hear     func(message) ([]byte, error) // gives what gortsplib gets of a message, or an error that ends all
	playing  atomic.Bool                   // packets are awaited; those that come before are passed over
	straight atomic.Pointer[[]channel]     // nil while all packets go to gortsplib

	// What follows belongs to the goroutine that reads.
	buffer   []byte
	from, to int       // what of it has come and is not used yet
	arrived  time.Time // of the last of it
	wanted   int       // no message can be whole before there are so many bytes
	ready    []byte    // a message that is gortsplib's
	rest     int       // of the packet that the buffer begins with, in bytes: gortsplib's
	known    bool      // a message has come, so this is RTSP
}

// Straight has the data of the packets of a channel taken, from now on and past
// gortsplib, with the time when they came. The data is take's until it returns. It
// is called by one goroutine at a time.
func (c *shortcutConn) Straight(number byte, take func(data []byte, arrived time.Time)) {
	channels := []channel{{number, take}}
	if before := c.straight.Load(); before != nil {
		channels = append(channels, *before...)
	}
	c.straight.Store(&channels)
}

// taker gives who takes the packets of a channel; nil where gortsplib does.
func (c *shortcutConn) taker(number byte) func(data []byte, arrived time.Time) {
	if channels := c.straight.Load(); channels != nil {
		for i := range *channels {
			if (*channels)[i].number == number {
				return (*channels)[i].take
			}
		}
	}
	return nil
}

// newShortcut has room for the largest packet.
func newShortcut(conn net.Conn, hear func(message) ([]byte, error)) *shortcutConn {
	return &shortcutConn{Conn: conn, hear: hear, buffer: make([]byte, packetHeader+packetLimit)}
}

// Read gives gortsplib what is its own, and blocks until something is.
func (c *shortcutConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		found, err := c.sort()
		if err != nil {
			return 0, err
		}
		if found {
			break
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	if len(c.ready) > 0 {
		n := copy(p, c.ready)
		c.ready = c.ready[n:]
		return n, nil
	}
	n := copy(p, c.buffer[c.from:min(c.to, c.from+c.rest)])
	c.from, c.rest = c.from+n, c.rest-n
	return n, nil
}

// fill reads what has come. The buffer grows with a large message.
func (c *shortcutConn) fill() error {
	c.from, c.to = 0, copy(c.buffer, c.buffer[c.from:c.to])
	if c.to == len(c.buffer) {
		c.buffer = append(c.buffer, make([]byte, len(c.buffer))...)
	}
	n, err := c.Conn.Read(c.buffer[c.to:])
	c.to += n
	c.arrived = time.Now()
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// sort uses up what has come, until there is something for gortsplib. It is
// false if it needs more to know.
func (c *shortcutConn) sort() (bool, error) {
	for {
		b := c.buffer[c.from:c.to]
		switch {
		case len(c.ready) > 0:
			return true, nil
		case c.rest > 0:
			return len(b) > 0, nil
		case len(b) == 0:
			return false, nil
		case b[0] == base.InterleavedFrameMagicByte:
			if !c.packet(b) {
				return c.rest > 0, nil
			}
		default:
			if more, err := c.text(b); more || err != nil {
				return false, err
			}
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
	take := c.taker(b[1])
	playing := c.playing.Load()
	if playing && take == nil {
		c.rest = size
		return false
	}
	if len(b) < size {
		return false
	}
	c.from += size
	if playing {
		take(b[packetHeader:size], c.arrived)
	}
	return true
}

// text hears a message, or passes over a byte where none begins. It says
// whether more must come before it is known which.
func (c *shortcutConn) text(b []byte) (more bool, err error) {
	begins, more, err := c.look(b)
	switch {
	case more || err != nil:
		return more, err
	case !begins:
		c.from++
		return false, nil
	case len(b) < c.wanted:
		return true, nil
	}
	m, size, wanted, err := readMessage(b)
	c.wanted = wanted
	if size == 0 || err != nil {
		return err == nil, err
	}
	c.known = true
	c.ready, err = c.hear(m)
	c.from += size
	return false, err
}

// look says whether a message begins, or that it takes more to know. It is an
// error if it is another kind of server that speaks.
func (c *shortcutConn) look(b []byte) (begins, more bool, err error) {
	is := func(word string) bool {
		n := min(len(b), len(word))
		same := strings.EqualFold(string(b[:n]), word[:n])
		more = more || same && n < len(word)
		return same && n == len(word)
	}
	begins = is(answerWord)
	for _, word := range requestWords {
		begins = begins || is(word)
	}
	if c.known {
		return begins, more && !begins, nil
	}
	for word, stranger := range strangers {
		if is(word) {
			return false, false, stranger
		}
	}
	return begins, more && !begins, nil
}
