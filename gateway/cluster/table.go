package cluster

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"
)

// The roles of nodes.
const (
	RoleCamera = "camera" // it owns cameras
	RoleEdge   = "edge"   // it serves viewers
	RoleStore  = "store"  // it keeps what all nodes have in common
)

const (
	// beatEvery is how often a node says that it lives.
	beatEvery = 500 * time.Millisecond
	// deadAfter is how long it may say nothing: three of its beats lost, and half of
	// one.
	deadAfter = 2 * time.Second
	// asleep is a time without looking at the clock that shows that the process did
	// not run.
	asleep = time.Second
	// forgotten is when a node that is dead is heard of no more.
	forgotten = time.Hour
	// maxForgotten bounds the nodes of which nothing is kept but how far they had come;
	// beyond it none is forgotten.
	maxForgotten = 4096
	// maxMembers bounds the nodes that are known, the dead among them.
	maxMembers = 256
)

// Camera is one that a cluster has, as its configuration says.
type Camera struct {
	ID    string
	Label string // that a node must have to own it; "" for any
	Sent  bool   // its pictures are sent in, and who takes them owns it
	// Standby says that a second node keeps it connected, to take it over; of one that
	// is Sent it says nothing.
	Standby bool
	// Exclusive says that it takes one connection only: no two nodes own it at the same
	// time, and none does where too few are there to say which. Of one that is Sent it
	// says nothing.
	Exclusive bool
}

// Place is where a camera is.
type Place struct {
	Node  string
	Relay string // host:port of the node
	Epoch uint64 // of its claim
}

// member is another node, as it said last.
type member struct {
	Beat
	heard time.Time
	bus   time.Time // when the bus, and not the node itself, brought something of it last
	alive bool
	since time.Time     // that it lives, or is dead
	clock time.Duration // by how much its clock is ahead of ours, about
	beat  uint64        // the sequence of its last beat that was whole

	shutOut bool
}

// progress is how far a node had come with what it said: nothing up to there is heard again.
type progress struct{ incarnation, sequence uint64 }

// table is what a node knows: who lives, who owns what, and what it owns itself.
// It is told the time, does nothing by itself, and is not safe for concurrent use.
type table struct {
	self    Beat // without Owned; that is in own
	began   time.Time
	patient time.Duration // for how long after began no camera is claimed that nobody owns
	members map[string]*member
	past    map[string]progress // of nodes that are forgotten
	cameras map[string]Camera   // of the configuration
	own     map[string]Claim
	highest map[string]uint64 // epoch that was ever heard, by camera
	sent    map[string]bool   // cameras whose pictures are sent in here
	where   map[string]Place  // of what somebody owns who lives
	states  map[string]told   // of own, as far as they are known
	standby []string          // of cameras, those that a second node keeps connected
	stands  map[string]bool   // of those, the ones that this node keeps connected beside their owners; nil for none
	stood   map[string]string // how that is
	aside   map[aside]string  // how it is with others that live
	publics map[string]bool   // URLs of nodes for viewers that were ever heard of, as pages come from there when the node is gone

	exclusive []string          // of cameras, those that take one connection only
	voters    []string          // names of the nodes that vote; nil for those where the cluster was made,
	origins   map[string]bool   // which are these, as far as they are known
	open      map[string]bool   // exclusive cameras to which this node is connected
	wanted    map[string]bool   // those that it wants to own
	asks      map[string]uint64 // those that it asks for, with the sequence with which that began
	votes     map[string]*vote  // by camera
	spoke     [64]time.Time     // when, or a moment later, it said what has a sequence, by its remainder
	settled   time.Time
	vacant    vacancies
	lacks     map[string]bool // nodes of which only pulses were heard
	asked     bool            // another node lacks the beat of this one, or is new
	closed    bool            // this node was shut out: no camera is anywhere for it
}

func newTable(self Beat, now time.Time, patient time.Duration) *table {
	return &table{
		self: self, began: now, patient: patient, members: make(map[string]*member), past: make(map[string]progress), cameras: make(map[string]Camera),
		own: make(map[string]Claim), highest: make(map[string]uint64), sent: make(map[string]bool), where: make(map[string]Place), origins: make(map[string]bool), lacks: make(map[string]bool),
		states: make(map[string]told), publics: make(map[string]bool),
	}
}

// take takes note of a beat that is sound.
func (t *table) take(b Beat, now time.Time) error {
	if b.Node == t.self.Node {
		if b.Incarnation != t.self.Incarnation {
			return errDuplicate
		}
		return nil // our own comes back
	}
	m := t.members[b.Node]
	last := t.past[b.Node]
	if m != nil {
		last = progress{m.Incarnation, m.Sequence}
	}
	switch {
	case b.Incarnation < last.incarnation, b.Incarnation == last.incarnation && b.Sequence <= last.sequence:
		return errOld
	case m == nil && len(t.members) >= maxMembers:
		return fmt.Errorf("%w: more than %d nodes", errTooLarge, maxMembers)
	case m == nil:
		m = &member{bus: now}
	}
	for _, c := range b.Owned {
		if known := t.highest[c.Camera]; known > 0 && c.Epoch > known+maxLeap {
			return fmt.Errorf("%w: %d of camera %s, of which the highest was %d", errEpoch, c.Epoch, c.Camera, known)
		}
	}
	if m.alive == b.Leaving {
		m.since = now
	}
	if m.Incarnation != b.Incarnation || slices.Contains(b.Lacks, t.self.Node) {
		t.asked = true
	}
	m.Beat, m.heard, m.alive, m.beat, m.shutOut = b, now, !b.Leaving, b.Sequence, false
	delete(t.lacks, b.Node)
	if b.At > 0 {
		m.clock = time.UnixMilli(b.At).Sub(now)
	}
	t.members[b.Node] = m
	if b.Public != "" && len(t.publics) < maxMembers {
		t.publics[b.Public] = true
	}
	for _, c := range b.Owned {
		if _, known := t.cameras[c.Camera]; known {
			t.highest[c.Camera] = max(t.highest[c.Camera], c.Epoch)
		}
	}
	return nil
}

// said gives what a node said last, as far as it is for settle.
func (t *table) said(node string) said {
	m := t.members[node]
	if m == nil {
		return said{}
	}
	return said{alive: m.alive, incarnation: m.Incarnation, relay: m.Relay, config: m.Config, roles: m.Roles, labels: m.Labels, apart: m.Apart, owned: m.Owned, stands: m.Stands, asks: m.Asks, votes: m.Votes}
}

// said is what of a beat decides who owns what, and where it is.
type said struct {
	alive, apart  bool
	incarnation   uint64
	relay, config string
	roles, labels []string
	owned         []Claim
	stands        []Stand
	asks          []string
	votes         []Vote
}

func (s said) same(other said) bool {
	return s.alive == other.alive && s.apart == other.apart && s.incarnation == other.incarnation && s.relay == other.relay && s.config == other.config &&
		slices.Equal(s.roles, other.roles) && slices.Equal(s.labels, other.labels) && slices.EqualFunc(s.owned, other.owned, Claim.same) &&
		slices.EqualFunc(s.stands, other.stands, func(a, b Stand) bool { return a.Camera == b.Camera }) && slices.Equal(s.asks, other.asks) &&
		slices.EqualFunc(s.votes, other.votes, func(a, b Vote) bool {
			return a.Camera == b.Camera && a.Node == b.Node && a.Incarnation == b.Incarnation
		})
}

// configure says which cameras there are.
func (t *table) configure(cameras []Camera) {
	t.cameras = make(map[string]Camera, len(cameras))
	t.standby, t.exclusive = nil, nil
	ids := make([]string, 0, len(cameras))
	for _, c := range cameras {
		t.cameras[c.ID] = c
		ids = append(ids, c.ID)
		switch {
		case c.Sent:
		case c.Exclusive:
			t.exclusive = append(t.exclusive, c.ID)
		case c.Standby:
			t.standby = append(t.standby, c.ID)
		}
	}
	maps.DeleteFunc(t.vacant.since, func(id string, _ time.Time) bool { _, known := t.cameras[id]; return !known })
	for id, claim := range t.own {
		if c, known := t.cameras[id]; !known || c.Sent != claim.Sent || !c.Sent && !mayOwn(t.self, c) {
			delete(t.own, id)
		}
	}
	slices.Sort(ids)
	sum := sha256.New()
	for _, id := range ids {
		fmt.Fprintf(sum, "%s\n", id)
	}
	t.self.Config = fmt.Sprintf("%x", sum.Sum(nil)[:8])
}

// settle claims and gives up what this node is to own now, and gives the cameras
// that are elsewhere than before.
func (t *table) settle(now time.Time) (moved []string) {
	t.wake(now)
	for name, m := range t.members {
		if m.alive && now.Sub(m.heard) > deadAfter {
			m.alive, m.since = false, m.heard
		}
		if !m.alive && now.Sub(m.heard) > forgotten && len(t.past) < maxForgotten {
			t.past[name] = progress{m.Incarnation, m.Sequence}
			delete(t.members, name)
		}
	}
	claims, before := t.claims(), t.where
	t.aside = t.standers()
	t.ask(claims, now)
	t.vote(now)
	t.where = make(map[string]Place, len(t.cameras))
	for id, c := range t.cameras {
		if place, owned := t.place(c, claims[id], now); owned {
			t.where[id] = place
		}
	}
	for id, c := range t.cameras {
		if t.where[id] != before[id] {
			moved = append(moved, id)
			t.goes(c, before[id], now)
		}
	}
	slices.Sort(moved)
	t.stand(now)
	return moved
}

// wake makes up for a time in which this process did not run, as when it was stopped:
// whoever it did not hear then may have spoken.
func (t *table) wake(now time.Time) {
	if slept := now.Sub(t.settled); !t.settled.IsZero() && slept > asleep {
		for _, m := range t.members {
			m.excuse(slept, now)
		}
	}
	t.settled = now
}

// excuse leaves a time out of that for which a member was not heard, but for what it was
// heard since.
func (m *member) excuse(d time.Duration, now time.Time) {
	if m.heard = m.heard.Add(d); m.heard.After(now) {
		m.heard = now
	}
}

// claims gives the best claim of the others that live on each camera.
func (t *table) claims() map[string]Place {
	best := make(map[string]Place)
	for name, m := range t.members {
		if !m.alive {
			continue
		}
		for _, c := range m.Owned {
			if p, there := best[c.Camera]; !there || outranks(c.Epoch, name, p.Epoch, p.Node) {
				best[c.Camera] = Place{Node: name, Relay: m.Relay, Epoch: c.Epoch}
			}
		}
	}
	return best
}

// outranks says whether a claim of node a counts more than one of node b.
func outranks(epoch uint64, a string, other uint64, b string) bool {
	return cmp.Or(cmp.Compare(epoch, other), cmp.Compare(a, b)) > 0
}

// place gives where a camera is, once this node has claimed it or given it up.
func (t *table) place(c Camera, others Place, now time.Time) (Place, bool) {
	mine, have := t.own[c.ID]
	switch {
	case t.closed:
		have, others = false, Place{}
	case have && others.Node != "" && outranks(others.Epoch, others.Node, mine.Epoch, t.self.Node):
		have = false
	case c.Exclusive && !c.Sent:
		elected := t.wanted[c.ID] && t.elected(c.ID, now)
		if elected && !have {
			mine = t.claim(c)
		}
		have = elected
	case have && c.Sent:
		have = t.sent[c.ID]
	case c.Sent:
		if have = t.sent[c.ID] && others.Node == ""; have {
			mine = t.claim(c)
		}
	case !have && others.Node == "" && t.wins(c, now):
		mine, have = t.claim(c), true
	}
	if have {
		return Place{Node: t.self.Node, Relay: t.self.Relay, Epoch: mine.Epoch}, true
	}
	delete(t.own, c.ID)
	return others, others.Node != ""
}

// claim claims a camera, beyond all claims that were heard of, but not beyond what
// others take: where a node went up to that, names of nodes decide.
func (t *table) claim(c Camera) Claim {
	t.highest[c.ID] = min(t.highest[c.ID]+1, maxEpoch)
	claim := Claim{Camera: c.ID, Epoch: t.highest[c.ID], Sent: c.Sent}
	t.own[c.ID] = claim
	return claim
}

// wins says whether this node is to own a camera that nobody owns: of all that
// live, know the same cameras, and may own it, one that has it connected already, and
// else the one whose name goes with the camera best, so that each node finds the same
// one by itself.
func (t *table) wins(c Camera, now time.Time) bool {
	if t.self.Leaving || now.Sub(t.began) < t.patient || !mayOwn(t.self, c) || len(t.own) >= maxOwned {
		return false
	}
	ready := func(node string) bool { return t.stateOf(c.ID, node) == standsReady }
	return t.fitsBest(c, "", ready)
}

// fitsBest says whether this node goes with a camera better than all others that
// live, know the same cameras and may own it, but for one: first those that are
// preferred, and then by weight.
func (t *table) fitsBest(c Camera, but string, preferred func(node string) bool) bool {
	own, first := weight(c.ID, t.self.Node), preferred(t.self.Node)
	for name, m := range t.members {
		if !m.alive || name == but || m.Config != t.self.Config || !mayOwn(m.Beat, c) || c.Exclusive && m.Apart {
			continue
		}
		switch other := preferred(name); {
		case other != first:
			if other {
				return false
			}
		case outranks(weight(c.ID, name), name, own, t.self.Node):
			return false
		}
	}
	return true
}

// why says why a camera is where it is.
func (t *table) why(c Camera) Why {
	_, owned := t.where[c.ID]
	switch {
	case owned && c.Sent:
		return WhySent
	case owned && c.Label != "":
		return WhyLabel
	case owned:
		return WhyShared
	case t.closed:
		return WhyNoNode
	case c.Sent:
		return WhyUnsent
	case c.Exclusive && t.self.Apart:
		return WhyApart
	case mayOwn(t.self, c):
		return WhySoon
	}
	for _, m := range t.members {
		if m.alive && mayOwn(m.Beat, c) {
			return WhySoon
		}
	}
	return WhyNoNode
}

func mayOwn(b Beat, c Camera) bool {
	return slices.Contains(b.Roles, RoleCamera) && (c.Label == "" || slices.Contains(b.Labels, c.Label))
}

// weight says how well a node goes with a camera (rendezvous hashing).
func weight(camera, node string) uint64 {
	sum := sha256.Sum256([]byte(camera + "\n" + node))
	return binary.BigEndian.Uint64(sum[:])
}

// beat gives what this node says next.
func (t *table) beat() Beat {
	t.self.Sequence++
	t.spoke[t.self.Sequence%uint64(len(t.spoke))] = t.settled
	b := t.self
	b.Stands, b.Asks, b.Votes = t.standing(), slices.Sorted(maps.Keys(t.asks)), t.voted()
	b.Owned = slices.SortedFunc(maps.Values(t.own), func(a, b Claim) int { return cmp.Compare(a.Camera, b.Camera) })
	for i, c := range b.Owned {
		b.Owned[i] = t.with(c)
	}
	return b
}

// ownEpochs gives what this node owns.
func (t *table) ownEpochs() map[string]uint64 {
	epochs := make(map[string]uint64, len(t.own))
	for id, claim := range t.own {
		epochs[id] = claim.Epoch
	}
	return epochs
}
