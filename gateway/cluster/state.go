package cluster

import (
	"fmt"
	"time"
)

// State is how a camera is, as its owner says.
type State uint8

// The states of cameras.
const (
	Unsaid     State = iota // its owner has not said yet, as for a moment after it took it
	Idle                    // nobody wants its pictures
	Connecting              // it has given none yet
	Online
	Offline // its pictures are wanted, and do not come
	states
)

// away says that the camera is tried again and again.
func (s State) away() bool { return s == Connecting || s == Offline }

// maxReason is more than there are reasons why a camera is offline.
const maxReason = 32

// Condition is the state of a camera, and what goes with it.
type Condition struct {
	State State
	// Reason is why it is offline, by a number that is the same on all nodes; 0 where
	// that is not known. A newer node may know more of them.
	Reason uint8
	// Run is which life of the connection to it that is. It stays here.
	Run uint64
}

// CameraNow is how a camera of the cluster is.
type CameraNow struct {
	Node   string // that owns it; "" where none does
	Soon   bool   // none does, and one is about to
	State  State
	Reason uint8
	Since  time.Time // of the state, by the owner's clock; zero where that is not known
}

// told is what this node last said of a camera of its own.
type told struct {
	Condition
	since time.Time
}

// checkState says what is wrong with what a claim says of its camera.
func (c Claim) checkState() error {
	if c.State >= states || c.Reason > maxReason || c.Since < 0 || c.Since > maxAt/1000 {
		return fmt.Errorf("%w: camera %s is %d since %d", errBroken, c.Camera, c.State, c.Since)
	}
	return nil
}

// same says of two claims that they decide the same: what they say of cameras does not.
func (c Claim) same(other Claim) bool {
	return c.Camera == other.Camera && c.Epoch == other.Epoch && c.Sent == other.Sent
}

// tell takes note of how cameras of this node are, and says whether that is news which
// does not wait for the next beat: what is tried again and again does.
func (t *table) tell(all map[string]Condition, now time.Time) (news bool) {
	for id, is := range all {
		if _, mine := t.own[id]; !mine || is.State == Unsaid {
			continue
		}
		before, known := t.states[id]
		since := before.since
		if before.State != is.State || is.State == Online && before.Run != is.Run {
			since = now
		}
		if !known || !since.Equal(before.since) && !(before.State.away() && is.State.away()) {
			news = true
		}
		t.states[id] = told{is, since}
	}
	for id := range t.states {
		if _, mine := t.own[id]; !mine {
			delete(t.states, id) // another node speaks of it, or it is not there any more
		}
	}
	return news
}

// with gives a claim with what is said of its camera.
func (t *table) with(c Claim) Claim {
	if is, known := t.states[c.Camera]; known {
		c.State, c.Reason, c.Since = is.State, is.Reason, max(0, is.since.Unix()) // a clock may be anywhere
	}
	return c
}

// conditions gives how all cameras are, by id.
func (t *table) conditions() map[string]CameraNow {
	all := make(map[string]CameraNow, len(t.cameras))
	for id, c := range t.cameras {
		now := CameraNow{Node: t.where[id].Node}
		now.Soon = now.Node == "" && t.why(c) == WhySoon
		if is, mine := t.states[id]; mine && now.Node == t.self.Node {
			now.State, now.Reason, now.Since = is.State, is.Reason, is.since
		}
		all[id] = now
	}
	for name, m := range t.members {
		for _, c := range m.Owned {
			if now, known := all[c.Camera]; known && now.Node == name && m.alive {
				now.State, now.Reason, now.Since = c.State, c.Reason, time.Unix(c.Since, 0)
				all[c.Camera] = now
			}
		}
	}
	return all
}

// States gives how all cameras of the cluster are, by id: of those that other nodes own
// as these said last.
func (c *Cluster) States() map[string]CameraNow {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.conditions()
}

// Restate says that cameras of this node may be in other states. It returns at once and
// may be called with whatever locked: Run asks within a tenth of a second, so that any
// number of changes costs few messages.
func (c *Cluster) Restate() { c.stale.Store(true) }

// restate asks how the cameras of this node are, where that may be news, and says whether
// it is.
func (c *Cluster) restate() (news bool) {
	if !c.stale.Swap(false) || c.options.State == nil {
		return false
	}
	c.mu.Lock()
	owned := c.table.ownEpochs()
	c.mu.Unlock()
	all := make(map[string]Condition, len(owned))
	for id := range owned {
		all[id] = c.options.State(id)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.tell(all, time.Now())
}
