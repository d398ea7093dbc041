package cluster

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// natsPatience is how long an outside NATS may be away until that is a trouble: where one of its servers ends nodes
	// go to another within a second or so.
	natsPatience = 5 * time.Second
	// busPatience is how long a node that lives may not be heard by the bus, which connects anew within some seconds.
	busPatience = 10 * time.Second
)

// What may be wrong with what nodes tell each other.
var (
	// ErrNATSAway: the NATS outside.
	ErrNATSAway = errors.New("is not reached")
	// ErrStuck: a node for which more waits than StuckRoute.
	ErrStuck = errors.New("takes nothing")
	// ErrDirect: a node that lives, which says so itself, and by the bus nothing comes of it.
	ErrDirect = errors.New("is heard directly alone")
)

// Trouble gives what is wrong with what nodes tell this one, or it them, and what to do; nil for nothing.
func (c *Cluster) Trouble() error {
	if out, outside := c.Outside(); outside {
		return out.trouble(time.Now())
	}
	s := Status{Waits: c.Routes()}
	now := time.Now()
	c.mu.Lock()
	for _, m := range c.table.members {
		s.Members = append(s.Members, c.table.memberOf(m, len(m.Owned), now))
	}
	c.mu.Unlock()
	slices.SortFunc(s.Members, func(a, b Member) int { return strings.Compare(a.Node, b.Node) })
	for _, m := range s.Members {
		if err := s.Trouble(m); err != nil {
			return fmt.Errorf("node %s %w", m.Node, err)
		}
	}
	return nil
}

func (o Outside) trouble(now time.Time) error {
	if o.Connected || now.Sub(o.Since) < natsPatience {
		return nil
	}
	return fmt.Errorf("the NATS of the cluster %w (%s): nodes ask each other directly, and users, cameras and settings cannot be changed; see that it runs, and by framegate doctor what it says", ErrNATSAway, o.Problem)
}

// Trouble gives what is wrong with what a node that lives tells others, or they it; nil for nothing.
func (s Status) Trouble(m Member) error {
	switch waits := s.Waits[m.Node]; {
	case !m.Alive:
	case waits > StuckRoute:
		return fmt.Errorf("%w: %d MB wait for it; look at the line to it, and whether it hangs", ErrStuck, waits>>20)
	case m.Direct && s.Outside == nil:
		return fmt.Errorf("%w; see that the port of cluster.listen, 7421, is open between it and this one: what all nodes have in common goes by that", ErrDirect)
	}
	return nil
}
