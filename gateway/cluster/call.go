package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
)

const (
	// maxCall bounds what a node tells another by Call, as it travels, in bytes.
	maxCall = 4 << 10
	// callWindow is by how many calls later a call may be heard.
	callWindow = 64
	// lineHeard bounds what came by a line and was not looked at yet, in messages; the bytes of
	// that are lineHeld.
	lineHeard = 16 << 10
	lineHeld  = 32 << 20
)

// callSigned separates signatures of calls from all others that a key may make.
const callSigned = "framegate cluster call 1\n"

// called is what a node tells another. It counts once, and for that life of both.
type called struct {
	Node   string `json:"node"` // that says this
	To     string `json:"to"`
	Life   uint64 `json:"life"` // of who says it
	ToLife uint64 `json:"to_life"`
	Number uint64 `json:"number"` // of the call, in that life
	Text   []byte `json:"text"`
}

// calls are what this node told, and heard.
type calls struct {
	mu     sync.Mutex // guards what follows
	number uint64     // of the last that was told
	heard  map[string]*heardCalls
}

// heardCalls are the calls of a life of a node that were heard.
type heardCalls struct {
	life, last uint64
	before     uint64 // bit i stands for the call last-i
}

// once notes a call; false where it was heard before, or is so late that this is not known.
func (c *calls) once(node string, life, number uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.heard == nil {
		c.heard = make(map[string]*heardCalls)
	}
	h := c.heard[node]
	if h == nil || h.life != life {
		h = &heardCalls{life: life}
		c.heard[node] = h
	}
	switch {
	case number > h.last:
		h.before = h.before<<min(number-h.last, callWindow) | 1
		h.last = number
		return true
	case h.last-number >= callWindow, h.before&(1<<(h.last-number)) != 0:
		return false
	}
	h.before |= 1 << (h.last - number)
	return true
}

// next gives the number of a call that is told now.
func (c *calls) next() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.number++
	return c.number
}

// Call tells another node something by the bus, for Options.Called there, and waits until ctx
// is done: the error is another one where nobody is there who would hear it. What else comes
// of it is for both of them.
func (c *Cluster) Call(ctx context.Context, node string, text []byte) error {
	life, known := c.lifeOf(node)
	if !known {
		return fmt.Errorf("node %s is not heard of", node)
	}
	said, err := json.Marshal(called{Node: c.Node(), To: node, Life: c.options.Life, ToLife: life, Number: c.calls.next(), Text: text})
	if err != nil {
		return err
	}
	_, err = c.bus.conn.RequestWithContext(ctx, c.bus.callSubject(node), c.options.Identity.sign(callSigned, said))
	if errors.Is(err, nats.ErrNoResponders) {
		return fmt.Errorf("node %s is not at the bus, or of a version that cannot be called", node)
	}
	return err
}

func (c *Cluster) lifeOf(node string) (uint64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.table.members[node]
	if m == nil {
		return 0, false
	}
	return m.Incarnation, true
}

// hearCall takes what another node tells.
func (c *Cluster) hearCall(message []byte) {
	node, text, err := c.openCall(message)
	if err != nil {
		c.refuse(node, err)
		return
	}
	c.options.Called(node, text)
}

// openCall gives what a node tells that is for this one and was not heard before.
func (c *Cluster) openCall(message []byte) (node string, text []byte, err error) {
	if len(message) > maxCall {
		return "", nil, errTooLarge
	}
	node, said, err := c.opener.signer(callSigned, message)
	if err != nil {
		return node, nil, err
	}
	var is called
	if json.Unmarshal(said, &is) != nil {
		return node, nil, errBroken
	}
	life, known := c.lifeOf(node)
	switch {
	case is.Node != node, is.To != c.Node():
		return node, nil, fmt.Errorf("%w: %s calls %.63q as %.63q", errName, node, is.To, is.Node)
	case !known, is.Life != life, is.ToLife != c.options.Life, !c.calls.once(node, is.Life, is.Number):
		return node, nil, errOld
	}
	return node, is.Text, nil
}

// Line is a way by the bus for what is no small thing. It has a connection to that of its own,
// so that nothing of what nodes say of themselves waits behind.
type Line struct {
	bus    *bus
	conn   *nats.Conn
	caller *caller // of an outside NATS; nil for none
}

// OpenLine has take called with each message that other nodes send this one, by one goroutine,
// and gone when some may be lost. Who is let in at an outside NATS can send them too. Close
// must be called in the end.
func (c *Cluster) OpenLine(take func([]byte), gone func()) (*Line, error) {
	l := &Line{bus: c.bus}
	options := []nats.Option{
		nats.MaxReconnects(-1), nats.NoEcho(), nats.DisconnectErrHandler(func(*nats.Conn, error) { gone() }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			c.options.Log.Warn("the bus of the cluster does not carry pictures as it should", "err", err)
			gone()
		}),
	}
	var err error
	if o := c.options; c.bus.outside != nil {
		l.caller = o.NATS.caller()
		l.conn, err = nats.Connect(o.NATS.url(), append(o.NATS.options(l.caller, o.Identity.Cluster+"/"+o.Identity.Node+"/line"), append(options, nats.ReconnectWait(outsideWait), nats.ReconnectJitter(outsideWait, outsideWait))...)...)
	} else {
		l.conn, err = nats.Connect("", append(options, nats.InProcessServer(c.bus.server), nats.UserInfo("node", c.bus.password), nats.ReconnectBufSize(-1), nats.ReconnectWait(outsideWait))...)
	}
	if err != nil {
		l.hangUp()
		return nil, fmt.Errorf("the bus of the cluster: %w", err)
	}
	heard, err := l.conn.Subscribe(c.bus.lineSubject(c.Node()), func(m *nats.Msg) { take(m.Data) })
	if err == nil {
		err = errors.Join(heard.SetPendingLimits(lineHeard, lineHeld), l.conn.FlushTimeout(outsideWrites))
	}
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("the bus of the cluster: %w", err)
	}
	return l, nil
}

// Send sends a message to a node, or loses it.
func (l *Line) Send(node string, message []byte) error {
	return l.conn.Publish(l.bus.lineSubject(node), message)
}

// Most is how long a message may be, in bytes.
func (l *Line) Most() int { return int(l.conn.MaxPayload()) }

// Close leaves the bus.
func (l *Line) Close() {
	l.conn.Close()
	l.hangUp()
}

func (l *Line) hangUp() {
	if l.caller != nil {
		l.caller.hold(nil)
	}
}
