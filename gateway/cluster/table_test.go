package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// world is tables of nodes that hear each other in virtual time.
type world struct {
	t      *testing.T
	now    time.Time
	tables map[string]*table
	deaf   map[string]bool // nodes that neither hear nor are heard
}

func newWorld(t *testing.T, cameras []Camera, nodes ...string) *world {
	w := &world{t: t, now: time.Unix(1e9, 0), tables: make(map[string]*table), deaf: make(map[string]bool)}
	for _, name := range nodes {
		w.add(name, cameras)
	}
	return w
}

func (w *world) add(name string, cameras []Camera) {
	self := Beat{Node: name, Incarnation: uint64(w.now.UnixMicro()), Relay: name + ":1", Roles: []string{RoleCamera}}
	w.tables[name] = newTable(self, w.now, deadAfter)
	w.tables[name].configure(cameras)
}

// pass lets time pass, with a beat of each node every half second.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(beatEvery) {
		for _, name := range slices.Sorted(maps.Keys(w.tables)) {
			w.tables[name].settle(w.now)
			b := w.tables[name].beat()
			if err := b.check(); err != nil {
				w.t.Fatalf("%s says what is wrong: %v", name, err)
			}
			for other, table := range w.tables {
				if other != name && !w.deaf[name] && !w.deaf[other] {
					if err := table.take(b, w.now); err != nil {
						w.t.Fatalf("%s does not take what %s says: %v", other, name, err)
					}
				}
			}
		}
	}
}

// owners gives who owns a camera, as each of those that are not deaf owns it itself.
func (w *world) owners(camera string) (nodes []string) {
	for name, table := range w.tables {
		if _, mine := table.own[camera]; mine && !w.deaf[name] {
			nodes = append(nodes, name)
		}
	}
	return nodes
}

// check has all agree on one owner of each camera, and counts cameras by node.
func (w *world) check(cameras []Camera) map[string]int {
	w.t.Helper()
	count := make(map[string]int)
	for _, c := range cameras {
		owners := w.owners(c.ID)
		if len(owners) != 1 {
			w.t.Fatalf("camera %s is owned by %q", c.ID, owners)
		}
		for name, table := range w.tables {
			if p := table.where[c.ID]; !w.deaf[name] && p.Node != owners[0] {
				w.t.Fatalf("%s believes that %s is at %q, and it is at %s", name, c.ID, p.Node, owners[0])
			}
		}
		count[owners[0]]++
	}
	return count
}

func numbered(n int) (cameras []Camera) {
	for i := range n {
		cameras = append(cameras, Camera{ID: fmt.Sprintf("cam-%d", i)})
	}
	return cameras
}

func TestEachCameraHasOneOwner(t *testing.T) {
	cameras := numbered(300)
	w := newWorld(t, cameras, "a", "b", "c")
	w.pass(4 * time.Second)
	before := w.check(cameras)
	for name, n := range before {
		if n < 60 {
			t.Errorf("%s owns %d of 300", name, n)
		}
	}
	w.add("d", cameras)
	w.pass(4 * time.Second)
	if after := w.check(cameras); !maps.Equal(before, after) {
		t.Errorf("a node came, and cameras moved: %v, before %v", after, before)
	}
}

// TestWhatIsSaidOfNodes and cameras: since when, by which clock, and why a camera is
// where it is.
func TestWhatIsSaidOfNodes(t *testing.T) {
	cameras := []Camera{{ID: "any"}, {ID: "barn", Label: "site=barn"}, {ID: "attic", Label: "site=attic"}, {ID: "phone", Sent: true}, {ID: "tablet", Sent: true}}
	w := newWorld(t, cameras, "a", "b")
	a, b := w.tables["a"], w.tables["b"]
	b.self.Labels, b.sent["phone"] = []string{"site=barn"}, true
	if why := a.why(cameras[0]); why != WhySoon {
		t.Errorf("before anybody claimed it: %s", why)
	}
	w.pass(4 * time.Second)
	for i, want := range []Why{WhyShared, WhyLabel, WhyNoNode, WhySent, WhyUnsent} {
		if why := a.why(cameras[i]); why != want {
			t.Errorf("%s: %s, want %s", cameras[i].ID, why, want)
		}
	}
	said := a.members["b"]
	if !said.since.Equal(time.Unix(1e9, 0)) {
		t.Errorf("b lives since %v", said.since)
	}
	beat := b.beat()
	beat.At = w.now.Add(3 * time.Second).UnixMilli()
	if err := a.take(beat, w.now); err != nil || said.clock != 3*time.Second {
		t.Errorf("b's clock is %v ahead, %v", said.clock, err)
	}
	heard := said.heard
	w.deaf["b"] = true
	w.pass(deadAfter + 2*beatEvery)
	if said.alive || !said.since.Equal(heard) {
		t.Errorf("b is dead: %v, since %v", !said.alive, said.since)
	}
	for _, bad := range []func(*Beat){func(b *Beat) { b.Load = 1.1 }, func(b *Beat) { b.Load = -1 }, func(b *Beat) { b.At = -1 }, func(b *Beat) { b.At = maxAt + 1 }} {
		wrong := b.beat()
		if bad(&wrong); !errors.Is(wrong.check(), errBroken) {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

func TestSurvivorsTakeOver(t *testing.T) {
	cameras := numbered(60)
	w := newWorld(t, cameras, "a", "b", "c")
	w.pass(4 * time.Second)
	before := w.check(cameras)
	w.deaf["a"] = true
	w.pass(deadAfter + 2*beatEvery)
	after := w.check(cameras)
	if after["b"] < before["b"] || after["c"] < before["c"] || after["b"]+after["c"] != 60 {
		t.Errorf("%v became %v", before, after)
	}
	w.deaf["a"] = false // it owned its cameras all the time
	w.pass(3 * beatEvery)
	w.check(cameras) // who claimed last has each of them, and nobody two
}

// TestWhoSleptTakesNothing has a process be stopped for ten seconds, and go on.
func TestWhoSleptTakesNothing(t *testing.T) {
	cameras := numbered(30)
	w := newWorld(t, cameras, "a", "b", "c")
	w.pass(4 * time.Second)
	slept := w.tables["a"]
	delete(w.tables, "a")
	w.pass(10 * time.Second)
	before := w.check(cameras)
	w.tables["a"] = slept
	slept.settle(w.now) // before it hears anybody
	w.pass(2 * beatEvery)
	if after := w.check(cameras); !maps.Equal(before, after) {
		t.Errorf("%v became %v when one woke up", before, after)
	}
}

// TestWhoWokeUpKnowsWhoIsDead: what was heard before it settles is no word of the future.
func TestWhoWokeUpKnowsWhoIsDead(t *testing.T) {
	w := newWorld(t, numbered(3), "a", "b")
	w.pass(4 * time.Second)
	a := w.tables["a"]
	w.now = w.now.Add(10 * time.Minute)
	a.members["b"].heard = w.now // its last word, which waited meanwhile
	a.settle(w.now)
	delete(w.tables, "b")
	w.pass(2 * deadAfter)
	if a.members["b"].alive {
		t.Error("who is dead lives on for as long as a slept")
	}
}

// TestLabelThatIsGone: a camera whose label its owner has not goes on elsewhere.
func TestLabelThatIsGone(t *testing.T) {
	w := newWorld(t, []Camera{{ID: "barn"}}, "a", "b")
	w.pass(4 * time.Second)
	owner := w.owners("barn")[0]
	other := map[string]string{"a": "b", "b": "a"}[owner]
	w.tables[other].self.Labels = []string{"site=barn"}
	for _, of := range w.tables {
		of.configure([]Camera{{ID: "barn", Label: "site=barn"}})
	}
	w.pass(4 * time.Second)
	if got := w.owners("barn"); len(got) != 1 || got[0] != other {
		t.Errorf("%q own it, not %s", got, other)
	}
}

func TestLabelsAndRoles(t *testing.T) {
	cameras := []Camera{{ID: "anywhere"}, {ID: "barn", Label: "site=barn"}, {ID: "nowhere", Label: "site=moon"}}
	w := newWorld(t, cameras, "a", "b", "c")
	w.tables["a"].self.Labels = []string{"site=barn"}
	w.tables["b"].self.Roles = []string{RoleEdge}
	w.tables["c"].self.Roles = []string{RoleEdge}
	w.pass(4 * time.Second)
	if got := w.check(cameras[:2]); got["a"] != 2 {
		t.Errorf("a owns %d, which it alone may", got["a"])
	}
	if got := w.owners("nowhere"); got != nil {
		t.Errorf("%q own what none may", got)
	}
}

func TestWhoIsSentPicturesOwnsTheCamera(t *testing.T) {
	cameras := []Camera{{ID: "phone", Sent: true}}
	w := newWorld(t, cameras, "a", "b")
	w.pass(4 * time.Second)
	if got := w.owners("phone"); got != nil {
		t.Fatalf("%q own what nobody sends", got)
	}
	w.tables["b"].sent["phone"] = true
	w.pass(2 * beatEvery)
	if got := w.check(cameras); got["b"] != 1 {
		t.Fatalf("it is owned by %v", got)
	}
	delete(w.tables["b"].sent, "phone")
	w.tables["a"].sent["phone"] = true
	w.pass(4 * beatEvery)
	if got := w.check(cameras); got["a"] != 1 {
		t.Fatalf("it is owned by %v", got)
	}
}

func TestWhoLeavesHandsOver(t *testing.T) {
	cameras := numbered(20)
	w := newWorld(t, cameras, "a", "b")
	w.pass(4 * time.Second)
	w.tables["a"].self.Leaving = true
	w.pass(2 * beatEvery)
	if got := w.check(cameras); got["b"] != 20 {
		t.Errorf("owners are %v", got)
	}
}

func TestNodesThatKnowOtherCamerasDoNotWait(t *testing.T) {
	w := newWorld(t, numbered(10), "a", "b")
	w.tables["b"].configure(numbered(3))
	w.pass(4 * time.Second)
	if len(w.tables["a"].own)+len(w.tables["b"].own) < 10 {
		t.Errorf("of ten cameras that a knows %d are owned", len(w.tables["a"].own)+len(w.tables["b"].own))
	}
}

// TestHighestEpochLocksNobodyOut: after a node that claimed a camera with the highest epoch
// there is, others go on to own it, and to be heard.
func TestHighestEpochLocksNobodyOut(t *testing.T) {
	cameras := numbered(5)
	w := newWorld(t, cameras, "a", "b")
	lie := Beat{Node: "z", Incarnation: 1, Sequence: 1, Relay: "z:1", Roles: []string{RoleCamera}, Owned: []Claim{{Camera: "cam-0", Epoch: maxEpoch}}}
	for _, table := range w.tables {
		if err := errors.Join(lie.check(), table.take(lie, w.now)); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(2 * deadAfter) // z is silent from now on
	if got := w.check(cameras); got["a"]+got["b"] != len(cameras) {
		t.Errorf("owners are %v", got)
	}
}

func TestLiesAreNotTaken(t *testing.T) {
	now := time.Unix(1e9, 0)
	sound := func() Beat {
		return Beat{Node: "b", Incarnation: 7, Sequence: 7, Relay: "b:1", Roles: []string{RoleCamera}, Owned: []Claim{{Camera: "cam-0", Epoch: 3}}}
	}
	for _, row := range []struct {
		name string
		lie  func(*Beat)
		want error
	}{
		{"an epoch of 2^64-1", func(b *Beat) { b.Owned[0].Epoch = 1<<64 - 1 }, errEpoch},
		{"no epoch", func(b *Beat) { b.Owned[0].Epoch = 0 }, errEpoch},
		{"an epoch that leaps", func(b *Beat) { b.Sequence++; b.Owned[0].Epoch = 4 + maxLeap }, errEpoch},
		{"the same again", func(*Beat) {}, errOld},
		{"an earlier life", func(b *Beat) { b.Incarnation, b.Sequence = 6, 99 }, errOld},
		{"our own name", func(b *Beat) { b.Node = "a" }, errDuplicate},
		{"cameras of who has not the role", func(b *Beat) { b.Roles = nil }, errRole},
		{"a camera twice", func(b *Beat) { b.Owned = append(b.Owned, b.Owned[0]) }, errBroken},
		{"no address", func(b *Beat) { b.Relay = "b" }, errBroken},
		{"a camera with a slash", func(b *Beat) { b.Owned[0].Camera = "../x" }, errBroken},
		{"too many cameras", func(b *Beat) { b.Owned = make([]Claim, maxOwned+1) }, errTooLarge},
		{"a URL that is none", func(b *Beat) { b.Public = "javascript:alert(1)" }, errBroken},
		{"a URL with a name and password", func(b *Beat) { b.Public = "https://u:p@b.example.org" }, errBroken},
		{"a URL that ends a header's part", func(b *Beat) { b.Public = "https://b.example.org; script-src *" }, errBroken},
		{"a long URL", func(b *Beat) { b.Public = "https://" + strings.Repeat("b", maxAddress) }, errBroken},
		{"a long label", func(b *Beat) { b.Labels = []string{string(make([]byte, maxText+1))} }, errTooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			table := newTable(Beat{Node: "a", Incarnation: 1}, now, 0)
			table.configure(numbered(2))
			if err := errors.Join(new(Beat{}).check(), table.take(sound(), now)); !errors.Is(err, errBroken) {
				t.Fatal("the empty beat passes")
			}
			if table.members["b"] == nil {
				t.Fatal("a sound beat is not taken")
			}
			b := sound()
			row.lie(&b)
			err := b.check()
			if err == nil {
				err = table.take(b, now)
			}
			if !errors.Is(err, row.want) {
				t.Errorf("it is answered by %v, not %v", err, row.want)
			}
			if table.highest["cam-0"] != 3 {
				t.Errorf("the highest epoch became %d", table.highest["cam-0"])
			}
		})
	}
}

// TestForgottenNodesAreNotHeardAgain has what a node said long ago be said again.
func TestForgottenNodesAreNotHeardAgain(t *testing.T) {
	w := newWorld(t, numbered(1), "a")
	a := w.tables["a"]
	old := Beat{Node: "b", Incarnation: 7, Sequence: 3, Relay: "b:1"}
	if err := a.take(old, w.now); err != nil {
		t.Fatal(err)
	}
	a.settle(w.now)
	for range 2 { // dead, and then forgotten
		w.now = w.now.Add(forgotten)
		a.settled = w.now // it was not asleep
		a.settle(w.now)
	}
	if len(a.members) != 0 {
		t.Fatal("b is not forgotten")
	}
	if err := a.take(old, w.now); !errors.Is(err, errOld) {
		t.Errorf("what b said an hour ago is taken: %v", err)
	}
	old.Incarnation++
	if err := a.take(old, w.now); err != nil {
		t.Errorf("b itself is not: %v", err)
	}
}
