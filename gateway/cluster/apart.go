package cluster

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// echoAfter is how long what a node said by an outside NATS may take to come back to it. Where it does not the
	// node is apart. It is less than deadAfter, so that others are asked before they would count as dead.
	echoAfter = 1200 * time.Millisecond
	// missAfter is how long a node may not be heard by the bus until it is asked directly, likewise.
	missAfter = 1200 * time.Millisecond
	// coldPatience is for how long a node that starts and does not reach its NATS claims nothing.
	coldPatience = 15 * time.Second
	// ExchangeTime bounds an exchange with another node.
	ExchangeTime = time.Second
	// askAtOnce is how many exchanges with one node may be on, so that one that is lost, as where nothing passes, keeps
	// none waiting that begins once all passes again.
	askAtOnce = 3
	// deadLong is when a node that is dead is asked at every askDeadEvery-th beat only.
	deadLong     = time.Minute
	askDeadEvery = 2
)

// exchanges is how a node gets on with others that it does not hear by the bus, and with all where it does not hear itself by
// an outside NATS: it tells each directly how it is, and hears how that one is. So all goes on as with the bus, for
// who knows each other already, and who was apart is not until the bus has connected anew, which takes seconds.
type exchanges struct {
	said   [4][]byte     // what this node said last by an outside NATS, the newest first
	last   func() []byte // what it said last, as a whole beat; nil where it said nothing yet
	echoed time.Time     // when it heard itself last; zero before
	apart  bool
	asked  map[string]int // nodes that are being asked, and how often at once
	direct time.Time      // when something came directly last
}

// bothWays is for how long after that the bus may bring again what came directly.
const bothWays = 5 * time.Second

// meet says of a message whether it is this node's own that came back, and whether one that was heard before may
// have come by both ways.
func (c *Cluster) meet(h heard, now time.Time) (twice, echo bool) {
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
			m.excuse(deaf, now)
		}
	}
	c.exchanges.apart = apart
}

// exchange has other nodes told directly how this one is, and hears how they are, where it does not hear them by the bus, or
// is apart. It does not wait. message is what the bus is told of the beat b.
func (c *Cluster) exchange(ctx context.Context, message []byte, b Beat) {
	whole := sync.OnceValue(func() []byte { return c.teller.whole(message, b) }) // a signature, where somebody needs it
	c.mu.Lock()
	c.exchanges.last = whole
	if c.bus.outside != nil {
		copy(c.exchanges.said[1:], c.exchanges.said[:])
		c.exchanges.said[0] = message
	}
	c.mu.Unlock()
	if c.options.Exchange == nil {
		return
	}
	for _, to := range c.toAsk(time.Now()) {
		c.asking.Go(func() { // ends after ExchangeTime, or with ctx
			ctx, cancel := context.WithTimeout(ctx, ExchangeTime)
			defer cancel()
			answer, err := c.options.Exchange(ctx, to, whole())
			if err == nil && len(answer) > 0 { // it may have said nothing yet
				c.receive(heard{answer, true})
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.exchanges.asked[to.Node]--; c.exchanges.asked[to.Node] == 0 {
				delete(c.exchanges.asked, to.Node)
			}
		})
	}
}

// toAsk gives the nodes that are to be asked now, and notes that they are.
func (c *Cluster) toAsk(now time.Time) (nodes []Place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := &c.exchanges
	for name, m := range c.table.members {
		switch {
		case !x.apart && now.Sub(m.bus) <= missAfter, m.Leaving, m.shutOut, c.table.closed, x.asked[name] >= askAtOnce:
			continue
		case !m.alive && now.Sub(m.since) > deadLong && c.table.self.Sequence%askDeadEvery != 0:
			continue
		}
		x.asked[name]++
		nodes = append(nodes, Place{Node: name, Relay: m.Relay})
	}
	return nodes
}

// Hear takes what another node says directly, since one of both does not hear the other by the bus, and gives
// what this one said last; nothing where it said nothing yet.
func (c *Cluster) Hear(message []byte) (said []byte) {
	c.receive(heard{message, true})
	c.mu.Lock()
	last := c.exchanges.last
	c.mu.Unlock()
	if last == nil {
		return nil
	}
	return last()
}

// MaxBeat is how long what nodes say of themselves is at most, in bytes.
const MaxBeat = maxBeat
