package notify

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// maxPacket is the largest packet that is taken from a broker: states are small, and
// others' messages are not asked for.
const maxPacket = 64 << 10

// errLies is the end of a broker that does not speak MQTT 3.1.1 as it should.
var errLies = errors.New("does not speak MQTT as it should")

// guard is a connection to a broker that hands on whole packets, each of a kind and size
// that the client can bear: paho 1.5.1 makes buffers as large as a packet claims to be, up
// to 256 MB, and ends the process by a panic where a SUBACK has more codes than were asked
// for (net.go, startIncomingComms).
type guard struct {
	net.Conn
	filters int // of a SUBSCRIBE, all of which have as many

	once   sync.Once
	closed chan struct{}
	said   bool                  // the first packet has come
	rest   []byte                // of a packet that is being read
	broken atomic.Pointer[error] // why nothing can be read any more
}

func newGuard(c net.Conn, filters int) *guard {
	return &guard{Conn: c, filters: filters, closed: make(chan struct{})}
}

// Close closes the connection.
func (g *guard) Close() error {
	g.once.Do(func() { close(g.closed) })
	return g.Conn.Close()
}

// Read gives what the next packet has.
func (g *guard) Read(p []byte) (int, error) {
	for len(g.rest) == 0 {
		packet, err := g.packet()
		if err != nil {
			g.broken.CompareAndSwap(nil, &err)
			return 0, err
		}
		g.rest = packet
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// The types of packets that brokers send here (MQTT 3.1.1, 2.2.1).
const (
	connack  = 2
	publish  = 3
	puback   = 4
	suback   = 9
	pingresp = 13
)

// packet reads one.
func (g *guard) packet() ([]byte, error) {
	head := make([]byte, 1, 8)
	if _, err := io.ReadFull(g.Conn, head); err != nil {
		return nil, err
	}
	length, shift := 0, 0
	for {
		if shift > 21 {
			return nil, errLies
		}
		var b [1]byte
		if _, err := io.ReadFull(g.Conn, b[:]); err != nil {
			return nil, err
		}
		head = append(head, b[0])
		length |= int(b[0]&0x7f) << shift
		shift += 7
		if b[0] < 0x80 {
			break
		}
	}
	if length > maxPacket || !g.fits(head[0]>>4, length) {
		return nil, fmt.Errorf("%w: a packet of type %d and %d bytes", errLies, head[0]>>4, length)
	}
	packet := append(head, make([]byte, length)...)
	if _, err := io.ReadFull(g.Conn, packet[len(head):]); err != nil {
		return nil, err
	}
	if !bearable(head[0], packet[len(head):]) {
		return nil, errLies
	}
	return packet, nil
}

// fits says whether a packet of a kind may come now, and be so long.
func (g *guard) fits(kind byte, length int) bool {
	if first := !g.said; first != (kind == connack) {
		return false
	}
	g.said = true
	switch kind {
	case connack, puback:
		return length == 2
	case publish:
		return length >= 2
	case suback:
		return length == 2+g.filters
	case pingresp:
		return length == 0
	}
	return false
}

// bearable says whether a packet that fits is what it should be: messages are of QoS 0,
// as was asked for.
func bearable(head byte, body []byte) bool {
	switch head >> 4 {
	case connack:
		return body[1] <= 5
	case publish:
		return head&0x06 == 0 && len(body) >= 2+int(binary.BigEndian.Uint16(body))
	}
	return true
}

// failed gives why nothing can be read any more; nil where something can.
func (g *guard) failed() error {
	if err := g.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// await waits until the connection is closed, for a time.
func (g *guard) await(patience time.Duration) {
	select {
	case <-g.closed:
	case <-time.After(patience):
		g.Close()
	}
}
