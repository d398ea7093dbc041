package passage

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A connection by the bus is messages to the one that answers and messages back, each of
// which begins with what it is, the number of the connection, and a number:
//
//	accept, grant   how many bytes came so far, and then how many may be sent in all
//	data            how many bytes came before these, and then these
//	end             how many bytes came before; there come no more, and none are taken
//	reset           0; the connection is broken
//
// What is sent and was not taken is bounded for each connection (window), so that a reader
// that stops costs its node no more than that, and the writer nothing; and for each node the
// bytes that are under way are (inFlight), of which there are fewer where they are long under way,
// so that a slow line is not full of pictures while nodes have to hear of each other.
const (
	frameAccept = 1 + iota
	frameGrant
	frameData
	frameEnd
	frameReset
)

const (
	frameHead = 1 + len(nonce{}) + 8
	// window bounds what was sent and not read yet, in bytes.
	window = 256 << 10
	// tellAfter is how much is read until the writer is told.
	tellAfter = window / 4
	// maxChunk bounds what goes in one message.
	maxChunk = 64 << 10
	// small is what is put together with what came before.
	small = 1 << 10
	// stalled is how long a writer gets on with nothing until the connection ends.
	stalled = 10 * time.Second

	// inFlight bounds what is under way to a node, in bytes: firstInFlight at first, then
	// more or less as it takes less or more time to come, which is to be slowest at most.
	maxInFlight   = 4 << 20
	firstInFlight = 256 << 10
	minInFlight   = 32 << 10
	slowest       = 500 * time.Millisecond
)

var (
	errReset   = errors.New("the other node ended the connection by the bus")
	errLost    = errors.New("the bus lost something of the connection")
	errStalled = errors.New("the other node takes nothing")
	errBroken  = errors.New("a message of a connection by the bus that cannot be")
)

// frame is a message of a connection.
type frame struct {
	kind byte
	id   nonce
	at   uint64
	rest []byte
}

func (f frame) append(b []byte) []byte {
	b = append(b, f.kind)
	b = append(b, f.id[:]...)
	b = binary.BigEndian.AppendUint64(b, f.at)
	return append(b, f.rest...)
}

// readFrame reads one. rest is part of the message.
func readFrame(message []byte) (f frame, err error) {
	if len(message) < frameHead {
		return f, errBroken
	}
	f.kind, f.id = message[0], nonce(message[1:])
	f.at, f.rest = binary.BigEndian.Uint64(message[1+len(f.id):]), message[frameHead:]
	wrong := false
	switch f.kind {
	case frameAccept, frameGrant:
		wrong = len(f.rest) != 8
	case frameData:
		wrong = len(f.rest) == 0 || len(f.rest) > maxChunk
	case frameEnd, frameReset:
		wrong = len(f.rest) != 0
	default:
		wrong = true
	}
	if wrong {
		return f, errBroken
	}
	return f, nil
}

// lines are the connections of this node by the bus.
type lines struct {
	by     Line
	broken *atomic.Uint64
	stall  time.Duration

	mu     sync.Mutex // guards what follows; never held over I/O
	closed bool
	conns  map[nonce]*lineConn
	links  map[string]*link
}

func newLines(broken *atomic.Uint64) *lines {
	return &lines{broken: broken, stall: stalled, conns: make(map[nonce]*lineConn), links: make(map[string]*link)}
}

// link is what connections with the same node share. Its lock guards them too.
type link struct {
	node string

	mu       sync.Mutex
	conns    map[*lineConn]bool
	inFlight int
	limit    int
	full     bool      // it was met since the last probe
	probe    *lineConn // which byte of which connection is looked after; nil for none
	probed   uint64
	since    time.Time
}

// open makes a connection with a node; nil where there is one of that number. answers has
// this node be the one that was called. accepted is told once the other side speaks.
func (l *lines) open(id nonce, node, address string, answers bool, accepted func(*lineConn)) *lineConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.conns[id] != nil {
		return nil
	}
	of := l.links[node]
	if of == nil {
		of = &link{node: node, conns: make(map[*lineConn]bool), limit: firstInFlight}
		l.links[node] = of
	}
	c := &lineConn{lines: l, link: of, id: id, address: lineAddr(address), accepted: accepted, granted: window}
	if answers {
		c.allowed = window
	}
	c.readable.L, c.writable.L = &of.mu, &of.mu
	of.mu.Lock()
	of.conns[c] = true
	of.mu.Unlock()
	l.conns[id] = c
	return c
}

// forget takes a connection out.
func (l *lines) forget(c *lineConn) {
	l.mu.Lock()
	if l.conns[c.id] == c {
		delete(l.conns, c.id)
	}
	l.mu.Unlock()
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if !c.link.conns[c] {
		return
	}
	delete(c.link.conns, c)
	if c.link.probe == c {
		c.link.probe = nil
	}
	c.link.arrived(c, c.sent)
}

// with gives how many connections there are with a node.
func (l *lines) with(node string) int {
	l.mu.Lock()
	of := l.links[node]
	l.mu.Unlock()
	if of == nil {
		return 0
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	return len(of.conns)
}

// end breaks the connections with some nodes.
func (l *lines) end(of func(node string) bool) { l.fail(of, net.ErrClosed) }

// lost breaks all, since the bus was away.
func (l *lines) lost() { l.fail(func(string) bool { return true }, errLost) }

func (l *lines) fail(of func(node string) bool, why error) {
	var ends []*lineConn
	l.mu.Lock()
	for _, c := range l.conns {
		if of(c.link.node) {
			ends = append(ends, c)
		}
	}
	l.mu.Unlock()
	for _, c := range ends {
		c.fail(why)
	}
}

func (l *lines) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.fail(func(string) bool { return true }, net.ErrClosed)
	l.by.Close()
}

// take takes what the bus brings, which anybody may have sent who is let in there: so
// nothing of it is believed, and what cannot be breaks a connection at most.
func (l *lines) take(message []byte) {
	f, err := readFrame(message)
	if err != nil {
		l.broken.Add(1)
		return
	}
	l.mu.Lock()
	c := l.conns[f.id]
	l.mu.Unlock()
	if c == nil {
		return // it was closed
	}
	tell, err := c.take(f)
	if errors.Is(err, errBroken) {
		l.broken.Add(1)
	}
	switch {
	case err != nil:
		c.fail(err)
	case tell:
		c.tell(frameGrant)
	}
}

// room gives how many bytes may be put on the way. The lock is held.
func (k *link) room() int { return k.limit - k.inFlight }

// arrived notes that so many bytes of a connection have arrived, in all. The lock is held.
func (k *link) arrived(c *lineConn, until uint64) {
	was := k.room()
	k.inFlight -= int(until - c.arrived)
	c.arrived = until
	if k.probe == c && until >= k.probed {
		k.probe = nil
		k.adjust(time.Since(k.since))
	}
	if was <= 0 && k.room() > 0 {
		for c := range k.conns {
			c.writable.Broadcast()
		}
	}
}

// adjust has fewer bytes be under way where they take too long to arrive, and more where they
// take much less.
func (k *link) adjust(took time.Duration) {
	switch {
	case took > slowest/2:
		k.limit = max(minInFlight, k.limit/2)
	case k.full && took < slowest/4:
		k.limit = min(maxInFlight, 2*k.limit)
	}
	k.full = false
}
