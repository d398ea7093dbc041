package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// lone is a camera that takes one connection only.
var lone = Camera{ID: "lone", Exclusive: true}

// town is nodes that share an exclusive camera, in virtual time: messages take their
// time or are lost, nodes sleep and die, and connections take up to a second to end.
type town struct {
	t      *testing.T
	random *rand.Rand
	now    time.Time
	voters []string
	nodes  []*citizen
	cut    map[[2]string]bool // messages from one to another do not come
	mail   []letter
	most   int // connections at a time that the camera had of those that were awake
}

type citizen struct {
	*table
	name      string
	connected bool
	closes    time.Time // when a connection has ended that is not wanted; zero for one that is
	sleeps    time.Time // until then
	ghost     bool      // it slept with a connection, and has not ended that
	spokeAt   time.Time
	said      map[string]string
}

type letter struct {
	from, to string
	beat     Beat
	comes    time.Time
}

// newTown makes a town of these nodes; those of which the name is a capital vote.
func newTown(t *testing.T, random *rand.Rand, names ...string) *town {
	w := &town{t: t, random: random, now: time.Unix(1e9, 0), cut: make(map[[2]string]bool)}
	for _, name := range names {
		if name[0] == 'v' {
			w.voters = append(w.voters, name)
		}
	}
	for _, name := range names {
		w.nodes = append(w.nodes, &citizen{name: name})
		w.begin(w.nodes[len(w.nodes)-1])
	}
	return w
}

// begin has a process begin, for the first time or again, without a memory.
func (w *town) begin(c *citizen) {
	self := Beat{Node: c.name, Incarnation: uint64(w.now.UnixMicro()), Relay: c.name + ":1", Roles: []string{RoleCamera}}
	c.table = newTable(self, w.now, deadAfter)
	c.voters = w.voters
	c.configure([]Camera{lone})
	c.connected, c.ghost, c.sleeps, c.spokeAt, c.said = false, false, time.Time{}, time.Time{}, nil
}

// part has those in different groups not hear each other.
func (w *town) part(groups ...string) {
	clear(w.cut)
	side := make(map[string]int)
	for i, group := range groups {
		for _, name := range slices.Collect(splitSpace(group)) {
			side[name] = i + 1
		}
	}
	for _, a := range w.nodes {
		for _, b := range w.nodes {
			if side[a.name] != side[b.name] {
				w.cut[[2]string{a.name, b.name}] = true
			}
		}
	}
}

func splitSpace(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		word := ""
		for _, r := range s + " " {
			if r != ' ' {
				word += string(r)
				continue
			}
			if word != "" && !yield(word) {
				return
			}
			word = ""
		}
	}
}

const tick = settleEvery

// pass lets time pass.
func (w *town) pass(d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(tick) {
		w.deliver()
		for _, c := range w.nodes {
			if w.now.Before(c.sleeps) {
				c.ghost = c.ghost || c.connected
				continue
			}
			w.turn(c)
		}
		w.count()
	}
}

func (w *town) deliver() {
	left := w.mail[:0]
	for _, l := range w.mail {
		to := w.node(l.to)
		if l.comes.After(w.now) || w.now.Before(to.sleeps) { // who sleeps reads it later
			left = append(left, l)
			continue
		}
		if err := to.take(l.beat, w.now); err != nil && !errors.Is(err, errOld) {
			w.t.Fatalf("%s does not take what %s says: %v", l.to, l.from, err)
		}
	}
	w.mail = left
}

// turn is what Cluster.step does.
func (w *town) turn(c *citizen) {
	if c.connected && !c.closes.IsZero() && !w.now.Before(c.closes) {
		c.connected, c.ghost, c.closes = false, false, time.Time{}
	}
	c.open = map[string]bool{}
	if c.connected {
		c.open[lone.ID] = true
	}
	c.settle(w.now)
	_, owns := c.own[lone.ID]
	switch {
	case owns && !c.connected:
		c.connected, c.closes = true, time.Time{}
	case owns:
		if !c.closes.IsZero() { // a source runs again once it has ended
			c.connected, c.ghost, c.closes = true, false, time.Time{}
		}
	case c.connected && c.closes.IsZero():
		c.closes = w.now.Add(time.Duration(w.random.Int64N(int64(time.Second))))
	}
	said := c.ballot()
	if w.now.Sub(c.spokeAt) < beatEvery && fmt.Sprint(said) == fmt.Sprint(c.said) {
		return
	}
	c.spokeAt, c.said = w.now, said
	b := c.beat()
	if err := b.check(); err != nil {
		w.t.Fatalf("%s says what is wrong: %v", c.name, err)
	}
	for _, other := range w.nodes {
		if other != c && !w.cut[[2]string{c.name, other.name}] {
			w.mail = append(w.mail, letter{c.name, other.name, b, w.now.Add(time.Duration(w.random.Int64N(int64(3 * tick))))})
		}
	}
}

func (w *town) node(name string) *citizen {
	i := slices.IndexFunc(w.nodes, func(c *citizen) bool { return c.name == name })
	return w.nodes[i]
}

// count has the camera have one connection at most, of those that run.
func (w *town) count() {
	w.t.Helper()
	var open []string
	for _, c := range w.nodes {
		if c.connected && !c.ghost {
			open = append(open, c.name)
		}
	}
	if w.most = max(w.most, len(open)); len(open) > 1 {
		w.t.Fatalf("after %v %q are connected at the same time", w.now.Sub(time.Unix(1e9, 0)), open)
	}
}

// owner gives who owns the camera.
func (w *town) owner() string {
	owner := ""
	for _, c := range w.nodes {
		if _, owns := c.own[lone.ID]; owns && !w.now.Before(c.sleeps) {
			owner += c.name
		}
	}
	return owner
}

// awaitOwner lets time pass until somebody owns the camera, of these if any are named.
func (w *town) awaitOwner(of ...string) string {
	w.t.Helper()
	for range 30 * time.Second / tick {
		if owner := w.owner(); owner != "" && (of == nil || slices.Contains(of, owner)) {
			return owner
		}
		w.pass(tick)
	}
	for _, c := range w.nodes {
		w.t.Logf("%s asks for %v, votes %v, has %v", c.name, c.asks, c.voted(), c.own)
	}
	w.t.Fatalf("%q never owned it", of)
	return ""
}

func sure() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// TestMostDecideOnAnExclusiveCamera: with most of the voters somebody owns it, without
// them nobody does, whichever half that is.
func TestMostDecideOnAnExclusiveCamera(t *testing.T) {
	for _, split := range []struct{ most, rest string }{
		{"v1 v2 e", "v3 f"}, {"v1 v3", "v2 e f"}, {"v2 v3 f", "v1 e"}, {"v1 v2", "v3 e f"}, {"v2 v3 e f", "v1"},
	} {
		w := newTown(t, sure(), "v1", "v2", "v3", "e", "f")
		w.awaitOwner()
		w.part(split.most, split.rest)
		w.pass(deadAfter + 2*tick)
		most, rest := slices.Collect(splitSpace(split.most)), slices.Collect(splitSpace(split.rest))
		if owner := w.owner(); slices.Contains(rest, owner) {
			t.Errorf("%s, which is apart with %q, owns it still after %v", owner, split.rest, deadAfter)
		}
		owner := w.awaitOwner(most...)
		for range 20 {
			w.pass(500 * time.Millisecond)
			if now := w.owner(); now != owner {
				t.Fatalf("with %q it went from %s to %s", split.most, owner, now)
			}
		}
		if why := w.node(rest[0]).why(lone); why != WhyApart {
			t.Errorf("apart it is said that it is nowhere for %s", why)
		}
		w.part()
		w.pass(10 * time.Second)
		if now := w.owner(); now != owner {
			t.Errorf("after all hear each other it went from %s to %q", owner, now)
		}
	}
}

// TestNobodyDecidesInThirds has no group have most of the voters.
func TestNobodyDecidesInThirds(t *testing.T) {
	w := newTown(t, sure(), "v1", "v2", "v3", "e")
	w.awaitOwner()
	w.part("v1", "v2 e", "v3")
	w.pass(deadAfter + 2*tick)
	for range 100 {
		if owner := w.owner(); owner != "" {
			t.Fatalf("%s owns it, and hears one of three", owner)
		}
		w.pass(tick)
	}
	w.part()
	w.awaitOwner()
}

// TestWhoIsNotHeardOwnsNothing, though it hears all others.
func TestWhoIsNotHeardOwnsNothing(t *testing.T) {
	w := newTown(t, sure(), "v1", "v2", "v3", "e", "f")
	owner := w.awaitOwner()
	for _, c := range w.nodes {
		w.cut[[2]string{owner, c.name}] = true
	}
	w.pass(deadAfter + 2*tick)
	if w.owner() == owner {
		t.Errorf("%s owns it", owner)
	}
	if next := w.awaitOwner(); next == owner {
		t.Errorf("%s owns it again", owner)
	}
}

// TestWhoSleptOwnsNothing has the owner be stopped: when it goes on it owns nothing, before
// it hears anybody.
func TestWhoSleptOwnsNothing(t *testing.T) {
	for _, slept := range []time.Duration{deadAfter + tick, 10 * time.Second} {
		w := newTown(t, sure(), "v1", "v2", "v3", "e")
		owner := w.node(w.awaitOwner())
		w.pass(3 * time.Second)
		owner.sleeps = w.now.Add(slept)
		w.pass(slept)
		w.mail = nil
		owner.settle(w.now)
		if _, owns := owner.own[lone.ID]; owns {
			t.Errorf("after %v it owns it still", slept)
		}
		w.pass(10 * time.Second)
		w.awaitOwner()
	}
}

// TestWhoLeavesLetsGoFirst has the owner leave: it is not connected any more when another
// connects, and that is long before anybody would take it for dead.
func TestWhoLeavesLetsGoFirst(t *testing.T) {
	w := newTown(t, sure(), "v1", "v2", "v3", "e")
	owner := w.awaitOwner()
	w.pass(3 * time.Second)
	w.node(owner).self.Leaving = true
	left := w.now
	var rest []string
	for _, c := range w.nodes {
		if c.name != owner {
			rest = append(rest, c.name)
		}
	}
	w.awaitOwner(rest...)
	if took := w.now.Sub(left); took >= freeAfter {
		t.Errorf("it took %v, as if the owner had died", took)
	}
}

// TestWhoHearsNobodyBlocksNobody, though all hear it.
func TestWhoHearsNobodyBlocksNobody(t *testing.T) {
	w := newTown(t, sure(), "v1", "v2", "v3", "e", "f")
	owner := w.awaitOwner()
	for _, c := range w.nodes {
		w.cut[[2]string{c.name, owner}] = true
	}
	w.pass(deadAfter + 2*tick)
	if next := w.awaitOwner(); next == owner {
		t.Errorf("%s owns it", owner)
	}
}

// TestWhoSeesABetterOneVotedForYields, so that of several that ask and do not hear each
// other one is left.
func TestWhoSeesABetterOneVotedForYields(t *testing.T) {
	w := newTown(t, sure(), "v1", "v2", "v3", "e")
	better, worse := "x", "y"
	if weight(lone.ID, worse) > weight(lone.ID, better) {
		better, worse = worse, better
	}
	for name, asks := range map[string]bool{better: true, worse: false} {
		other := map[string]string{better: worse, worse: better}[name]
		table := newTable(Beat{Node: name, Incarnation: 1, Roles: []string{RoleCamera}}, w.now, 0)
		table.voters = w.voters
		table.configure([]Camera{lone})
		for _, voter := range w.voters {
			table.members[voter] = &member{Beat: Beat{Node: voter}, alive: true, heard: w.now}
		}
		table.members["v1"].Votes = []Vote{{Camera: lone.ID, Node: other, Incarnation: 1, Sequence: 1}}
		table.settle(w.now)
		if _, got := table.asks[lone.ID]; got != asks {
			t.Errorf("%s, where %s is voted for, asks: %v", name, other, got)
		}
	}
}

// TestOneVoter is where a cluster was made when nobody is named.
func TestOneVoter(t *testing.T) {
	w := newTown(t, sure(), "a", "b", "c")
	w.node("a").self.Origin = true
	w.awaitOwner()
	w.part("a", "b c")
	w.pass(deadAfter + 2*tick)
	if owner := w.awaitOwner("a"); owner != "a" {
		t.Error(owner)
	}
	w.part()
	w.pass(5 * time.Second)
	w.node("a").sleeps = w.now.Add(time.Hour)
	w.pass(deadAfter + 2*tick)
	if owner := w.owner(); owner != "" {
		t.Errorf("without any voter %s owns it", owner)
	}
}

// TestVoterThatBeginsAgainWaits: it may have voted for who owns the camera.
func TestVoterThatBeginsAgainWaits(t *testing.T) {
	w := newTown(t, sure(), "a", "b")
	w.node("a").self.Origin = true
	w.awaitOwner()
	w.begin(w.node("a"))
	w.node("a").self.Origin = true
	w.pass(freeAfter - 2*tick)
	if owner := w.owner(); owner != "" {
		t.Errorf("%s owns it", owner)
	}
	w.awaitOwner()
}

// tell has a town live through what a random number generator says, and then find an owner.
func (w *town) tell(troubles int) {
	w.t.Helper()
	r := w.random
	for range troubles {
		switch r.IntN(6) {
		case 0: // two groups
			groups := [2]string{}
			for _, c := range w.nodes {
				groups[r.IntN(2)] += c.name + " "
			}
			w.part(groups[:]...)
		case 1: // some hear some
			clear(w.cut)
			for range r.IntN(8) {
				w.cut[[2]string{w.nodes[r.IntN(len(w.nodes))].name, w.nodes[r.IntN(len(w.nodes))].name}] = true
			}
		case 2:
			w.part()
		case 3:
			w.nodes[r.IntN(len(w.nodes))].sleeps = w.now.Add(time.Duration(r.IntN(100)) * tick)
		case 4:
			w.begin(w.nodes[r.IntN(len(w.nodes))])
		case 5:
			w.nodes[r.IntN(len(w.nodes))].self.Leaving = true
		}
		w.pass(time.Duration(r.IntN(60)) * tick)
	}
	w.part()
	for _, c := range w.nodes {
		if c.self.Leaving {
			w.begin(c)
		}
	}
	w.pass(15 * time.Second)
	w.awaitOwner()
}

// TestNeverTwoOnAnExclusiveCamera has towns live through all kinds of trouble.
func TestNeverTwoOnAnExclusiveCamera(t *testing.T) {
	for seed := range uint64(60) {
		w := newTown(t, rand.New(rand.NewPCG(seed, seed)), "v1", "v2", "v3", "e", "f")
		w.tell(40)
		if w.most != 1 {
			t.Errorf("seed %d: the camera had %d connections", seed, w.most)
		}
	}
}

// FuzzVotes is that with whatever troubles are found.
func FuzzVotes(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		newTown(t, rand.New(rand.NewPCG(a, b)), "v1", "v2", "v3", "e").tell(20)
	})
}

func TestLiesOfVotesAreNotTaken(t *testing.T) {
	for name, b := range map[string]Beat{
		"asked twice":      {Asks: []string{"x", "x"}},
		"asked for a path": {Asks: []string{"../x"}},
		"voted twice":      {Votes: []Vote{{Camera: "x", Node: "a"}, {Camera: "x", Node: "b"}}},
		"voted for no one": {Votes: []Vote{{Camera: "x"}}},
		"too many asked":   {Asks: make([]string, maxOwned+1)},
		"too many votes":   {Votes: make([]Vote, maxOwned+1)},
	} {
		b.Node, b.Incarnation, b.Sequence, b.Relay = "b", 1, 1, "b:1"
		if err := b.check(); !errors.Is(err, errBroken) && !errors.Is(err, errTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVotesOfOthersCountNot: neither of who has no vote, nor for what was said before, in
// another life or never.
func TestVotesOfOthersCountNot(t *testing.T) {
	for name, v := range map[string]struct {
		by   string
		vote Vote
	}{
		"by nobody who votes":               {"e", Vote{"lone", "v1", 1, 20}},
		"for another":                       {"v2", Vote{"lone", "v3", 1, 20}},
		"in another life":                   {"v2", Vote{"lone", "v1", 2, 20}},
		"for what was said before it asked": {"v2", Vote{"lone", "v1", 1, 5}},
		"for what was never said":           {"v2", Vote{"lone", "v1", 1, 21}},
		"for another camera":                {"v2", Vote{"other", "v1", 1, 20}},
		"good":                              {"v2", Vote{"lone", "v1", 1, 20}},
	} {
		now := time.Unix(1e9, 0)
		table := newTable(Beat{Node: "v1", Incarnation: 1, Sequence: 20}, now, 0)
		table.voters = []string{"v1", "v2", "v3"}
		table.asks = map[string]uint64{"lone": 10}
		table.votes = map[string]*vote{"lone": {Vote: Vote{Camera: "lone", Node: "v1", Incarnation: 1}}}
		for i := range table.spoke {
			table.spoke[i] = now
		}
		table.members[v.by] = &member{Beat: Beat{Node: v.by, Votes: []Vote{v.vote}}, alive: true}
		if got := table.elected("lone", now); got != (name == "good") {
			t.Errorf("a vote %s counts: %v", name, got)
		}
		if table.elected("lone", now.Add(deadAfter)) {
			t.Errorf("a vote %s counts for ever", name)
		}
	}
}
