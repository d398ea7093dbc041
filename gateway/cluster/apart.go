package cluster

import (
	"bytes"
	"context"
	"slices"
	"time"
)

const (
	// echoAfter is how long what a node said by an outside NATS may take to come back to it. Where it does not the
	// node is apart. It is less than deadAfter, so that others are asked before they would count as dead.
	echoAfter = 1200 * time.Millisecond
	// coldPatience is for how long a node that starts and does not reach its NATS claims nothing.
	coldPatience = 15 * time.Second
	// exchangeTime bounds an exchange with another node.
	exchangeTime = time.Second
	// askDeadEvery is at which of its beats a node that is apart asks those too that count as dead.
	askDeadEvery = 10
)

// exchanges is how a node that does not hear itself by the outside NATS gets on: it tells each node that it
// knows how it is, directly, and hears how that one is. So all goes on as with the NATS, for who knows each other already.
type exchanges struct {
	said   [4][]byte // what this node said last, the newest first
	echoed time.Time // when it heard itself last; zero before
	apart  bool
	asked  map[string]bool // nodes that are being asked
	direct time.Time       // when something came directly last
}

// bothWays is for how long after that the NATS may bring again what came directly.
const bothWays = 5 * time.Second

// meet says of a message whether it is this node's own that came back, and whether one that was heard before may
// have come by both ways.
func (c *Cluster) meet(h heard, now time.Time) (twice, echo bool) {
	if c.bus.outside == nil {
		return false, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x := &c.exchanges
	if h.direct {
		x.direct = now
		return true, false
	}
	if echo = slices.ContainsFunc(x.said[:], func(said []byte) bool { return said != nil && bytes.Equal(said, h.message) }); echo {
		if x.echoed.IsZero() { // others speak within a beat of theirs
			c.table.patient = min(c.table.patient, now.Sub(c.table.began)+deadAfter)
		}
		x.echoed = now
	}
	return now.Sub(x.direct) < bothWays, echo
}

// lookApart finds out whether this node is apart from the outside NATS. Once it is, the time in which it heard
// nobody, itself not either, does not count against others, which are asked from now on. The cluster is locked.
func (c *Cluster) lookApart(now time.Time) {
	if c.bus.outside == nil {
		return
	}
	apart := now.Sub(c.exchanges.echoed) > echoAfter
	if apart && !c.exchanges.apart && !c.exchanges.echoed.IsZero() {
		deaf := now.Sub(c.exchanges.echoed)
		for _, m := range c.table.members {
			if m.heard = m.heard.Add(deaf); m.heard.After(now) {
				m.heard = now
			}
		}
	}
	c.exchanges.apart = apart
}

// exchange has other nodes told directly how this one is, and hears how they are, where it is apart. It does not wait.
func (c *Cluster) exchange(ctx context.Context, said []byte) {
	if c.bus.outside == nil || c.options.Exchange == nil {
		return
	}
	c.mu.Lock()
	copy(c.exchanges.said[1:], c.exchanges.said[:])
	c.exchanges.said[0] = said
	c.mu.Unlock()
	for _, to := range c.toAsk() {
		c.asking.Go(func() { // ends after exchangeTime, or with ctx
			ctx, cancel := context.WithTimeout(ctx, exchangeTime)
			defer cancel()
			answer, err := c.options.Exchange(ctx, to, said)
			if err == nil {
				c.receive(heard{answer, true})
			}
			c.mu.Lock()
			delete(c.exchanges.asked, to.Node)
			c.mu.Unlock()
		})
	}
}

// toAsk gives the nodes that are to be asked now, and notes that they are.
func (c *Cluster) toAsk() (nodes []Place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.exchanges.apart {
		return nil
	}
	for name, m := range c.table.members {
		if c.exchanges.asked[name] || m.Leaving || !m.alive && c.table.self.Sequence%askDeadEvery != 0 {
			continue
		}
		c.exchanges.asked[name] = true
		nodes = append(nodes, Place{Node: name, Relay: m.Relay})
	}
	return nodes
}

// Hear takes what another node says directly, since one of both does not reach the outside NATS, and gives
// what this one said last; nothing where it said nothing yet.
func (c *Cluster) Hear(message []byte) (said []byte) {
	c.receive(heard{message, true})
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.exchanges.said[0]
}

// MaxBeat is how long what nodes say of themselves is at most, in bytes.
const MaxBeat = maxBeat
