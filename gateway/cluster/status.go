package cluster

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"
)

// Status is what a node knows of its cluster.
type Status struct {
	Cluster string
	Node    string // its own
	Members []Member
	Cameras []CameraPlace // all that are configured, by id
	Moves   uint64        // of cameras, since the start
	Refused []Refused     // messages, by reason
	Late    uint64        // messages that came faster than they were read
	// Failovers are those of cameras since the start, and Waits the bytes that wait for
	// other nodes, where somebody asked for them (Routes).
	Failovers Failovers
	Waits     map[string]int
	Outside   *Outside // how it is with a NATS outside; nil where nodes have a bus of their own
}

// ReadStatus gives what reads one, as JSON.
func ReadStatus(s *Status) func(io.Reader) error {
	return func(from io.Reader) error { return json.NewDecoder(io.LimitReader(from, maxStatus)).Decode(s) }
}

// maxStatus bounds a status as JSON, in bytes.
const maxStatus = 64 << 20

// Member is a node.
type Member struct {
	Node    string
	Relay   string
	Version string
	Public  string // URL by which viewers reach it; "" where none is sent there
	Roles   []string
	Labels  []string
	Viewers int
	Load    float64 // of its processors, 0 to 1; 0 where that is not known
	Shown   int     // streams that other nodes get of it
	Said    uint64  // how often it told how it is, in this life
	Owned   int     // cameras
	Alive   bool
	Left    bool          // it said that it ends
	Since   time.Time     // that it lives, or does not; of this node, that it runs
	Clock   time.Duration // by how much its clock is ahead of ours
	Doubt   time.Duration // by how much that can be wrong; 0 before it was measured, when it is about so
	Heard   time.Duration // ago; 0 of this node
	Same    bool          // it knows the same cameras as this one
	Common  uint64        // the version of what all have in common that it has
	ShutOut bool          // of the cluster
	Direct  bool          // it lives, and says so itself: by the bus nothing came of it for busPatience
	Life    uint64        // which life of the node it is
	Way     string        // by which this one connects to it; "" for directly, or where it was not tried
}

// Member gives what is known of another node; false where nothing is.
func (c *Cluster) Member(node string) (Member, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, known := c.table.members[node]
	if !known {
		return Member{}, false
	}
	return c.measured(c.table.memberOf(m, len(m.Owned), time.Now())), true
}

// Others gives the other nodes that live.
func (c *Cluster) Others() (others []Place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, m := range c.table.members {
		if m.alive {
			others = append(others, Place{Node: name, Relay: m.Relay})
		}
	}
	return others
}

// Publics gives the URLs by which viewers reach other nodes, or reached them that are dead.
func (c *Cluster) Publics() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.table.publics))
}

// Shows gives the other nodes that live and that viewers can be sent to.
func (c *Cluster) Shows() (shows []Member) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.table.members {
		if m.alive && m.Public != "" && m.Public != c.table.self.Public {
			shows = append(shows, c.table.memberOf(m, len(m.Owned), now))
		}
	}
	return shows
}

// CameraPlace is a camera and where it is, which is nowhere where nobody owns it.
type CameraPlace struct {
	Camera string
	Place
	Why     Why
	Standby string // the node that keeps it connected besides; "" for none
	Stood   string // how that is, as Options.Stood
}

// Why says why a camera is where it is, or nowhere.
type Why string

// What there is to say.
const (
	WhySent   Why = "sent"    // its pictures are sent in there
	WhyLabel  Why = "label"   // the node has the label that the camera asks for
	WhyShared Why = "shared"  // the camera fell to it when cameras were shared out
	WhyUnsent Why = "unsent"  // nobody sends its pictures
	WhyNoNode Why = "no_node" // no node that lives has the role and the label
	WhySoon   Why = "soon"    // a node is about to take it
	WhyApart  Why = "apart"   // it is exclusive, and too few are heard of those that say whose it is
)

// Refused counts messages that were not taken for one reason.
type Refused struct {
	Reason string
	Count  uint64
}

// Status gives what is known now.
func (c *Cluster) Status() Status {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.table
	s := Status{Cluster: c.options.Identity.Cluster, Node: c.Node(), Moves: c.moves, Late: c.inbox.late.Load()}
	s.Members = append(s.Members, t.memberOf(&member{Beat: t.self, heard: now, alive: true, since: t.began}, len(t.own), now))
	for _, m := range t.members {
		s.Members = append(s.Members, c.measured(t.memberOf(m, len(m.Owned), now)))
	}
	slices.SortFunc(s.Members, func(a, b Member) int { return cmp.Compare(a.Node, b.Node) })
	for _, id := range slices.Sorted(maps.Keys(t.cameras)) {
		p := CameraPlace{Camera: id, Place: t.where[id], Why: t.why(t.cameras[id])}
		if t.cameras[id].Standby {
			p.Standby, p.Stood = t.stander(id)
		}
		s.Cameras = append(s.Cameras, p)
	}
	if out, outside := c.Outside(); outside {
		s.Outside = &out
	}
	s.Failovers = t.vacant.took
	s.Failovers.Took = slices.Clone(s.Failovers.Took)
	for _, why := range refusals {
		s.Refused = append(s.Refused, Refused{why.Error(), c.refused[why].Load()})
	}
	return s
}

func (t *table) memberOf(m *member, owned int, now time.Time) Member {
	return Member{
		Node: m.Node, Relay: m.Relay, Version: m.Version, Roles: m.Roles, Labels: m.Labels, Viewers: m.Viewers, Shown: m.Shown, Said: m.Sequence, Load: m.Load,
		Owned: owned, Alive: m.alive, Left: m.Leaving, Since: m.since, Clock: m.clock, Heard: now.Sub(m.heard), Same: m.Config == t.self.Config, Public: m.Public, Common: m.Common,
		ShutOut: m.shutOut || m.Node == t.self.Node && t.closed, Direct: m.alive && m.Node != t.self.Node && now.Sub(m.bus) > busPatience, Life: m.Incarnation,
	}
}
