package cluster

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
)

const (
	// inboxCap is how many messages of other nodes may wait to be looked at.
	inboxCap = 512
	// inboxBytes bounds what they hold.
	inboxBytes = 32 << 20
	// inboxShare is how many of those may be of one sender, as far as a message says who that is, which costs
	// nothing to read: what it says is proven when its turn comes. So a node that says too much, as one that is broken or
	// lies, keeps nobody else from being heard. Each node is two senders: of beats, by its certificate, and of
	// pulses, by its name. Who takes the names of others takes their share.
	inboxShare = 4
)

// inbox is what other nodes said and was not looked at yet. More than fits is dropped and counted. It may be used
// from any goroutine.
type inbox struct {
	heard chan heard // cap inboxCap
	late  atomic.Uint64

	mu    sync.Mutex     // guards what follows
	waits map[string]int // in heard, by sender
	bytes int            // of those
}

func newInbox() *inbox {
	return &inbox{heard: make(chan heard, inboxCap), waits: make(map[string]int)}
}

// put has a message be looked at, or drops it. It waits for nobody.
func (i *inbox) put(h heard) {
	from := senderOf(h.message)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.waits[string(from)] >= inboxShare || i.bytes+len(h.message) > inboxBytes {
		i.late.Add(1)
		return
	}
	select {
	case i.heard <- h:
		i.waits[string(from)]++
		i.bytes += len(h.message)
	default:
		i.late.Add(1)
	}
}

// took notes that a message was taken from heard.
func (i *inbox) took(h heard) {
	from := string(senderOf(h.message))
	i.mu.Lock()
	defer i.mu.Unlock()
	i.bytes -= len(h.message)
	if i.waits[from]--; i.waits[from] <= 0 {
		delete(i.waits, from)
	}
}

// senderOf gives of whom a message says that it is: the name in a pulse, the certificate in a beat. All that is
// neither has one sender.
func senderOf(message []byte) []byte {
	if len(message) < 3 {
		return nil
	}
	n, rest := int(binary.BigEndian.Uint16(message)), message[2:]
	if n == pulseMark {
		n, rest = int(rest[0]), rest[1:]
	}
	if n > maxCertificate || n > len(rest) {
		return nil
	}
	return rest[:n]
}
