package cluster

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"
)

// readyCameras are cameras that a second node keeps connected.
func readyCameras(n int) (cameras []Camera) {
	for _, c := range numbered(n) {
		c.Standby = true
		cameras = append(cameras, c)
	}
	return cameras
}

// connect has all stands be connected at once.
func (w *world) connect() {
	for _, table := range w.tables {
		table.stood = make(map[string]string)
		for id := range table.stands {
			table.stood[id] = standsReady
		}
	}
}

// standers has each camera have one node that stands by it, which is not its owner and
// of which all know, and gives them by camera.
func (w *world) standers(cameras []Camera) map[string]string {
	w.t.Helper()
	all := make(map[string]string)
	for _, c := range cameras {
		for name, table := range w.tables {
			if table.stands[c.ID] && !w.deaf[name] {
				if all[c.ID] != "" {
					w.t.Fatalf("%s and %s stand by %s", all[c.ID], name, c.ID)
				}
				all[c.ID] = name
			}
		}
		for name, table := range w.tables {
			if node, _ := table.stander(c.ID); !w.deaf[name] && node != all[c.ID] {
				w.t.Fatalf("%s believes that %q stands by %s, and %q does", name, node, c.ID, all[c.ID])
			}
		}
		if owners := w.owners(c.ID); slices.Contains(owners, all[c.ID]) {
			w.t.Fatalf("%s stands by %s, which it owns", all[c.ID], c.ID)
		}
	}
	return all
}

// TestStandbyTakesOver has an owner die: who kept a camera connected has it, and the
// next one stands by.
func TestStandbyTakesOver(t *testing.T) {
	cameras := readyCameras(40)
	w := newWorld(t, cameras, "a", "b", "c")
	w.pass(5 * time.Second)
	w.connect()
	stands := w.standers(cameras)
	if count := w.check(cameras); len(stands) != len(cameras) || len(count) != 3 {
		t.Fatalf("%d of them have a standby, owners %v", len(stands), count)
	}

	w.add("d", cameras)
	w.pass(5 * time.Second)
	w.connect()
	if after := w.standers(cameras); !maps.Equal(after, stands) {
		t.Error("a node came, and others stand by")
	}
	owned := slices.Collect(maps.Keys(w.tables["a"].own))
	w.deaf["a"] = true
	w.pass(deadAfter + 2*beatEvery)
	for _, id := range owned {
		if got := w.owners(id); !slices.Equal(got, []string{stands[id]}) {
			t.Errorf("%s went to %q, and %s stood by", id, got, stands[id])
		}
	}
	if after := w.standers(cameras); len(after) != len(cameras) {
		t.Errorf("of %d cameras %d have a standby", len(cameras), len(after))
	}
}

// TestStandbyThatIsNotConnectedIsNotPreferred: where it is refused, whoever the camera
// falls to may reach it.
func TestStandbyThatIsNotConnectedIsNotPreferred(t *testing.T) {
	for _, state := range []string{standsReady, "denied"} {
		cameras := readyCameras(20)
		w := newWorld(t, cameras, "a", "b")
		w.pass(5 * time.Second)
		w.add("c", cameras) // which stands by none
		w.pass(5 * time.Second)
		w.connect()
		falls := 0 // that go with c better than with b
		for id := range w.tables["b"].stands {
			w.tables["b"].stood[id] = state
			if weight(id, "c") > weight(id, "b") {
				falls++
			}
		}
		w.pass(2 * beatEvery)
		w.deaf["a"] = true
		w.pass(deadAfter + 2*beatEvery)
		if got := len(w.tables["c"].own); falls == 0 || (got > 0) != (state != standsReady) {
			t.Errorf("while it is %s with b, c owns %d, and %d go with it better", state, got, falls)
		}
	}
}

func TestWhoMayStandBy(t *testing.T) {
	cameras := []Camera{{ID: "barn", Label: "site=barn", Standby: true}, {ID: "any", Standby: true}, {ID: "phone", Sent: true, Standby: true}, {ID: "plain"}}
	w := newWorld(t, cameras, "a", "b", "c")
	w.tables["a"].self.Labels, w.tables["b"].self.Labels = []string{"site=barn"}, []string{"site=barn"}
	w.tables["c"].self.Roles = []string{RoleEdge}
	w.tables["a"].sent["phone"] = true
	w.pass(5 * time.Second)
	stands := w.standers(cameras)
	if len(stands) != 2 || stands["barn"] == "" || stands["any"] == "" || len(w.tables["c"].stands) > 0 {
		t.Fatalf("%v stand by", stands)
	}

	// Who leaves stands by nothing, and hands over to who does.
	owner := w.owners("any")[0]
	w.tables[owner].self.Leaving = true
	w.pass(2 * beatEvery)
	if got := w.owners("any"); !slices.Equal(got, []string{stands["any"]}) || len(w.tables[owner].stands) > 0 {
		t.Errorf("it went to %q, and %s stood by", got, stands["any"])
	}

	// A camera that is configured otherwise is let go.
	cameras[1].Standby = false
	for _, table := range w.tables {
		table.configure(cameras)
	}
	w.pass(beatEvery)
	if node, _ := w.tables["a"].stander("any"); node != "" {
		t.Errorf("%s still stands by", node)
	}
}

func TestLiesOfStandsAreNotTaken(t *testing.T) {
	for name, b := range map[string]Beat{
		"twice":       {Roles: []string{RoleCamera}, Stands: []Stand{{"x", "online"}, {"x", "online"}}},
		"and owned":   {Roles: []string{RoleCamera}, Owned: []Claim{{Camera: "x", Epoch: 1}}, Stands: []Stand{{"x", "online"}}},
		"no name":     {Roles: []string{RoleCamera}, Stands: []Stand{{"../x", "online"}}},
		"other words": {Roles: []string{RoleCamera}, Stands: []Stand{{"x", "<b>"}}},
		"no role":     {Stands: []Stand{{"x", "online"}}},
		"too many":    {Roles: []string{RoleCamera}, Stands: make([]Stand, maxOwned+1)},
	} {
		b.Node, b.Incarnation, b.Sequence, b.Relay = "b", 1, 1, "b:1"
		if err := b.check(); !errors.Is(err, errBroken) && !errors.Is(err, errRole) && !errors.Is(err, errTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
