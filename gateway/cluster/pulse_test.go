package cluster

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// speaker is a node that hears others by messages, in virtual time.
type speaker struct {
	*table
	teller teller
	opener *opener
	plain  bool // it is of a version that knows no pulses
}

// hall is nodes that hear each other, by messages as they travel.
type hall struct {
	t        *testing.T
	now      time.Time
	speakers []*speaker
	lost     func(from, to string, whole bool) bool
	wholes   map[string]int // beats, and not pulses, by node
}

func newHall(t *testing.T, cameras []Camera, ids ...*Identity) *hall {
	h := &hall{t: t, now: time.Unix(1e9, 0), lost: func(string, string, bool) bool { return false }, wholes: make(map[string]int)}
	for _, id := range ids {
		h.add(id, cameras)
	}
	return h
}

func (h *hall) add(id *Identity, cameras []Camera) *speaker {
	self := Beat{Node: id.Node, Incarnation: uint64(h.now.UnixMicro()), Relay: id.Node + ":1", Roles: []string{RoleCamera}}
	s := &speaker{table: newTable(self, h.now, deadAfter), teller: teller{identity: id}, opener: newOpener(id)}
	s.configure(cameras)
	h.speakers = append(h.speakers, s)
	return s
}

// hear is what Cluster.take does.
func (s *speaker) hear(message []byte, now time.Time) error {
	p, is, err := readPulse(message)
	switch {
	case is && s.plain:
		return nil
	case is && err == nil:
		return s.pulse(p, now)
	case is:
		return err
	}
	b, err := s.opener.open(message)
	if err != nil {
		return err
	}
	return s.take(b, now)
}

// pass lets time pass, in which each node speaks every half second.
func (h *hall) pass(d time.Duration) {
	h.t.Helper()
	for end := h.now.Add(d); h.now.Before(end); h.now = h.now.Add(settleEvery) {
		beat := h.now.UnixMilli()%beatEvery.Milliseconds() == 0
		for _, s := range h.speakers {
			if s.restless(h.now) || beat {
				s.settle(h.now)
			}
			if beat {
				h.speak(s)
			}
		}
	}
}

func (h *hall) speak(s *speaker) {
	h.t.Helper()
	b := s.beat()
	b.At = h.now.UnixMilli()
	whole := s.whole(&b)
	message, err := s.teller.message(b, whole)
	if s.plain {
		message, err = s.teller.identity.seal(b)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	_, pulse, _ := readPulse(message)
	if !pulse {
		h.wholes[s.self.Node]++
	}
	for _, other := range h.speakers {
		if other == s || h.lost(s.self.Node, other.self.Node, !pulse) {
			continue
		}
		if err := other.hear(message, h.now); err != nil && !errors.Is(err, errLacking) {
			h.t.Fatalf("%s does not take what %s says: %v", other.self.Node, s.self.Node, err)
		}
	}
}

// agree has all take all for alive, and each camera be owned by one.
func (h *hall) agree(cameras []Camera) {
	h.t.Helper()
	for _, s := range h.speakers {
		if len(s.members) != len(h.speakers)-1 {
			h.t.Fatalf("%s knows %d others", s.self.Node, len(s.members))
		}
		for name, m := range s.members {
			if !m.alive {
				h.t.Fatalf("%s takes %s for dead", s.self.Node, name)
			}
		}
		for _, c := range cameras {
			if p := s.where[c.ID]; p.Node == "" || p != h.speakers[0].where[c.ID] {
				h.t.Fatalf("%s believes that %s is at %+v, and %s that it is at %+v", s.self.Node, c.ID, p, h.speakers[0].self.Node, h.speakers[0].where[c.ID])
			}
		}
	}
}

func TestPulsesSayThatNothingChanged(t *testing.T) {
	cameras := numbered(20)
	h := newHall(t, cameras, identities(t, "a", "b", "c")...)
	h.pass(4 * time.Second)
	h.agree(cameras)
	clear(h.wholes)
	h.pass(20 * time.Second) // 40 beats of each
	h.agree(cameras)
	for name, n := range h.wholes {
		if n != 10 {
			t.Errorf("of 40 beats of %s %d were whole", name, n)
		}
	}
	b := h.speakers[1]
	said := h.speakers[0].members["b"].Sequence
	b.self.Common = 7
	h.pass(beatEvery)
	if m := h.speakers[0].members["b"]; m.Common != 7 || m.Sequence != said+1 {
		t.Errorf("what is new of b is not known after its next beat: %d, beat %d after %d", m.Common, m.Sequence, said)
	}
}

// TestLostBeatsAreAskedFor loses beats, so that only pulses come of a node, also in the moment
// in which all that it owns becomes another.
func TestLostBeatsAreAskedFor(t *testing.T) {
	cameras := numbered(20)
	h := newHall(t, cameras, identities(t, "a", "b", "c")...)
	h.pass(4 * time.Second)
	b := h.speakers[1]
	for round := range 4 {
		h.pass(time.Duration(round) * beatEvery) // each place between two beats
		lost := false
		h.lost = func(from, to string, whole bool) bool {
			if from == "b" && to == "a" && whole && !lost {
				lost = true
				return true
			}
			return false
		}
		b.self.Common++
		for range 3 * beatEvery / settleEvery {
			h.pass(settleEvery)
			h.agree(cameras)
		}
		if m := h.speakers[0].members["b"]; !lost || m.Common != b.self.Common {
			t.Errorf("round %d: three beats later a knows what b said %d times ago", round, b.self.Common-m.Common)
		}
	}
}

// TestWhoJoinsHearsAllAtOnce has a node come where others say nothing but pulses.
func TestWhoJoinsHearsAllAtOnce(t *testing.T) {
	cameras := numbered(20)
	ids := identities(t, "a", "b", "z")
	h := newHall(t, cameras, ids[:2]...)
	for _, later := range []time.Duration{0, 1, 2, 3} {
		h.pass(4*time.Second + later*beatEvery)
		before := h.speakers[0].where
		h.add(ids[2], cameras)
		h.pass(2 * beatEvery)
		h.agree(cameras)
		for id, p := range h.speakers[0].where {
			if before[id] != p {
				t.Errorf("%s moved to %+v", id, p)
			}
		}
		h.speakers = h.speakers[:2]
		h.pass(deadAfter + 2*beatEvery) // z is dead, and comes again in another life
	}
}

// TestWhoIsNewIsToldAll: also by whom it did not hear yet.
func TestWhoIsNewIsToldAll(t *testing.T) {
	a := newTable(Beat{Node: "a", Incarnation: 1, Sequence: 1, Relay: "a:1"}, time.Unix(1e9, 0), 0)
	b := Beat{Node: "b", Incarnation: 7, Sequence: 7, Relay: "b:1", Chain: make([]byte, len(link{}))}
	for i, want := range []bool{true, false, true, false} {
		if i == 2 {
			b.Incarnation++
		}
		b.Sequence++
		if err := a.take(b, a.began); err != nil {
			t.Fatal(err)
		}
		if whole := a.whole(new(Beat)); whole != want {
			t.Errorf("after beat %d of b its own is whole: %v", i, whole)
		}
	}
}

// TestNodesWithoutPulsesAreToldAll has a node that hears beats alone.
func TestNodesWithoutPulsesAreToldAll(t *testing.T) {
	cameras := numbered(20)
	ids := identities(t, "a", "b", "old")
	h := newHall(t, cameras, ids[:2]...)
	h.pass(6 * time.Second)
	old := h.add(ids[2], cameras)
	old.plain = true
	h.pass(2 * beatEvery)
	clear(h.wholes)
	for range 10 * time.Second / settleEvery {
		h.pass(settleEvery)
		h.agree(cameras)
	}
	if h.wholes["a"] != 20 {
		t.Errorf("of 20 beats %d were whole while an older node lived", h.wholes["a"])
	}
	h.speakers = h.speakers[:2]
	h.pass(deadAfter + 2*beatEvery)
	clear(h.wholes)
	h.pass(10 * time.Second)
	if h.wholes["a"] != 5 {
		t.Errorf("of 20 beats %d were whole after it was gone", h.wholes["a"])
	}
}

// TestPulsesAfterSilence: who was silent for long and says that nothing changed is there again.
func TestPulsesAfterSilence(t *testing.T) {
	h := newHall(t, numbered(4), identities(t, "a", "b")...)
	h.pass(4 * time.Second)
	b := h.speakers[1]
	for b.teller.beat != b.self.Sequence {
		h.pass(beatEvery)
	}
	h.lost = func(string, string, bool) bool { return true }
	for ; h.speakers[0].members["b"].alive; h.now = h.now.Add(settleEvery) {
		h.speakers[0].settle(h.now)
	}
	h.lost = func(string, string, bool) bool { return false }
	h.speak(b)
	if m := h.speakers[0].members["b"]; !m.alive || !m.since.Equal(h.now) || b.teller.beat == b.self.Sequence {
		t.Errorf("b is alive: %v, since %v; it said beat %d, and last %d", m.alive, m.since, b.teller.beat, b.self.Sequence)
	}
}

func TestLiesInPulsesAreNotTaken(t *testing.T) {
	now := time.Unix(1e9, 0)
	teller := teller{identity: identities(t, "b")[0]}
	beat := Beat{Node: "b", Incarnation: 7, Sequence: 7, Relay: "b:1", Roles: []string{RoleCamera}}
	message, err := teller.message(beat, true)
	if err != nil {
		t.Fatal(err)
	}
	say := func() (p pulse) {
		t.Helper()
		beat.Sequence++
		message, err := teller.message(beat, false)
		if err == nil {
			p, _, err = readPulse(message)
		}
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, second, third := say(), say(), say()
	for _, row := range []struct {
		name  string
		lie   func() pulse
		want  error
		lacks bool
	}{
		{"another link", func() pulse { p := third; p.link[0] ^= 1; return p }, errStranger, false},
		{"the link of the beat", func() pulse { p := third; p.link = teller.chain[chainLinks-1]; return p }, errStranger, false},
		{"the same again", func() pulse { return second }, errOld, false},
		{"one before", func() pulse { return first }, errOld, false},
		{"one before, with a later number", func() pulse { p := first; p.sequence = third.sequence; return p }, errStranger, false},
		{"the same, with a later number", func() pulse { p := second; p.sequence = third.sequence; return p }, errStranger, false},
		{"a number far from now", func() pulse { p := third; p.sequence = 1<<64 - 1; return p }, errStranger, false},
		{"of an earlier life", func() pulse { p := third; p.incarnation--; return p }, errOld, false},
		{"of a later life", func() pulse { p := third; p.incarnation++; return p }, errLacking, true},
		{"of a chain and a beat that nobody heard", func() pulse { p := third; p.link[0] ^= 1; p.beat++; return p }, errLacking, true},
		{"of a node that nobody heard", func() pulse { p := third; p.node = "c"; return p }, errLacking, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newTable(Beat{Node: "a", Incarnation: 1}, now, 0)
			b, err := newOpener(teller.identity).open(message)
			if err := errors.Join(err, a.take(b, now), a.pulse(second, now)); err != nil { // and the first was lost
				t.Fatalf("what is true is not taken: %v", err)
			}
			a.asked = false // since b is new
			later := now.Add(time.Second)
			if err := a.pulse(row.lie(), later); !errors.Is(err, row.want) {
				t.Errorf("it is answered by %v, not %v", err, row.want)
			}
			if m := a.members["b"]; m.heard != now || len(a.members) != 1 {
				t.Error("it is taken for a sign of life")
			}
			var own Beat
			if whole := a.whole(&own); whole != row.lacks || whole != (len(own.Lacks) == 1) {
				t.Errorf("its own beat says that it lacks %q, whole %v", own.Lacks, whole)
			}
			if err := a.pulse(third, later); err != nil || a.members["b"].heard != later {
				t.Errorf("and then what is true is not: %v", err)
			}
		})
	}
}

// TestChainsEnd has a node say more than one chain is for, and others miss the beginning of
// the next.
func TestChainsEnd(t *testing.T) {
	h := newHall(t, numbered(3), identities(t, "a", "b", "c")...)
	h.pass(4 * time.Second)
	first := h.speakers[1].teller.first
	lost := 0
	h.lost = func(from, to string, whole bool) bool {
		if from == "b" && to == "a" && whole && h.speakers[1].teller.first != first {
			first = h.speakers[1].teller.first
			lost++
			return true
		}
		return false
	}
	h.pass(3 * chainLinks * beatEvery)
	h.agree(numbered(3))
	if lost < 2 {
		t.Errorf("%d chains began", lost)
	}
	for name, m := range h.speakers[0].members {
		if since := time.Unix(1e9, 0); !m.since.Equal(since) {
			t.Errorf("%s was taken for dead, and lives since %v", name, m.since.Sub(since))
		}
	}
}

// TestWhoLeftIsNotBackByAPulse: a node that said that it ends says no more.
func TestWhoLeftIsNotBackByAPulse(t *testing.T) {
	now := time.Unix(1e9, 0)
	teller := teller{identity: identities(t, "b")[0]}
	beat := Beat{Node: "b", Incarnation: 7, Sequence: 7, Relay: "b:1", Leaving: true}
	a := newTable(Beat{Node: "a", Incarnation: 1}, now, 0)
	for range 2 {
		message, err := teller.message(beat, false)
		if err != nil {
			t.Fatal(err)
		}
		beat.Sequence++
		s := speaker{table: a, opener: newOpener(teller.identity)}
		if err := s.hear(message, now); err != nil {
			t.Fatal(err)
		}
	}
	if a.members["b"].alive {
		t.Error("b is back")
	}
}

// TestManyPulsesOfNobody has somebody say pulses of ever other nodes.
func TestManyPulsesOfNobody(t *testing.T) {
	a := newTable(Beat{Node: "a", Incarnation: 1, Sequence: 1, Relay: "a:1"}, time.Unix(1e9, 0), 0)
	for _, c := range numbered(10 * maxLacks) {
		if err := a.pulse(pulse{node: c.ID, incarnation: 1, sequence: 2, beat: 1}, a.began); !errors.Is(err, errLacking) {
			t.Fatal(err)
		}
	}
	own := a.beat()
	if whole := a.whole(&own); !whole || own.check() != nil || len(own.Lacks) != maxLacks || len(a.lacks) != 0 {
		t.Errorf("it says that it lacks %d, %v", len(own.Lacks), own.check())
	}
	own.Lacks = append(own.Lacks, "x")
	if !errors.Is(own.check(), errTooLarge) {
		t.Error("a beat that lacks more is taken")
	}
	if own.Lacks, own.Chain = nil, make([]byte, 31); !errors.Is(own.check(), errBroken) {
		t.Error("half a link is taken")
	}
}

func FuzzPulse(f *testing.F) {
	good := pulse{node: "b", incarnation: 1, sequence: 3, beat: 2}.append(nil)
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Fuzz(func(t *testing.T, message []byte) {
		p, is, err := readPulse(message)
		if !is || err != nil {
			return
		}
		if !slices.Equal(p.append(nil), message) {
			t.Errorf("%x is read as %+v", message, p)
		}
	})
}
