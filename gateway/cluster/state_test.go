package cluster

import (
	"encoding/json"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// TestOthersKnowTheStateOfACamera: at once where it is news, with why and since when, and
// as its next owner says it when it moves.
func TestOthersKnowTheStateOfACamera(t *testing.T) {
	ids := identities(t, "a", "b")
	now, told := new(atomic.Pointer[Condition]), new(atomic.Int64)
	now.Store(&Condition{State: Online, Run: 1})
	with := func(o *Options) {
		o.State = func(string) Condition { return *now.Load() }
		o.Told = func() { told.Add(1) }
	}
	a := startWith(t, ids[0], nil, with, Camera{ID: "front"})
	agree(t, "front", a)
	b := startWith(t, ids[1], []string{a.Address()}, with, Camera{ID: "front"}, Camera{ID: "gate", Label: "site=barn"})
	await(t, "b knows that it is online", func() bool { return b.States()["front"].State == Online })
	before := time.Now().Add(-time.Minute)
	if is := b.States()["front"]; is.Node != "a" || is.Reason != 0 || is.Since.Before(before) || is.Since.After(time.Now()) {
		t.Errorf("%+v", is)
	}
	if is := b.States()["gate"]; is.Node != "" || is.Soon || is.State != Unsaid {
		t.Errorf("of a camera that nobody may own: %+v", is)
	}
	heard := told.Load()
	now.Store(&Condition{State: Offline, Reason: 3, Run: 1})
	a.Restate()
	await(t, "b knows that it is offline", func() bool { return b.States()["front"].State == Offline && told.Load() > heard })
	if is := b.States()["front"]; is.Reason != 3 || !a.States()["front"].Since.Truncate(time.Second).Equal(is.Since) {
		t.Errorf("b says %+v, and a %+v", is, a.States()["front"])
	}
	now.Store(&Condition{State: Online, Run: 7})
	a.end()
	await(t, "b speaks of it itself", func() bool { is := b.States()["front"]; return is.Node == "b" && is.State == Online })
}

// TestStatesAreSaidOnceTheyAreNews: what is tried again and again waits for the next beat,
// and of what another node took nothing is said.
func TestStatesAreSaidOnceTheyAreNews(t *testing.T) {
	w := newWorld(t, []Camera{{ID: "front"}}, "a")
	w.pass(2 * deadAfter)
	table := w.tables["a"]
	if c := table.beat().Owned[0]; c.State != Unsaid || c.Since != 0 {
		t.Fatalf("of a camera that was just taken it says %+v", c)
	}
	began := w.now
	for i, step := range []struct {
		is   Condition
		news bool
		age  time.Duration // of what is said
	}{
		{Condition{State: Connecting}, true, 0},
		{Condition{State: Connecting}, false, time.Minute},
		{Condition{State: Offline, Reason: 2}, false, 0},
		{Condition{State: Offline, Reason: 1}, false, time.Minute},
		{Condition{State: Online, Run: 4}, true, 0},
		{Condition{State: Online, Run: 4}, false, time.Minute},
		{Condition{State: Online, Run: 5}, true, 0},
		{Condition{State: Connecting, Run: 6}, true, 0},
		{Condition{State: Idle, Run: 6}, true, 0},
	} {
		at := began.Add(time.Duration(i) * time.Minute)
		if news := table.tell(map[string]Condition{"front": step.is, "another": step.is}, at); news != step.news {
			t.Errorf("step %d is news: %v", i, news)
		}
		c := table.beat().Owned[0]
		if age := at.Sub(time.Unix(c.Since, 0)); c.State != step.is.State || c.Reason != step.is.Reason || age != step.age {
			t.Errorf("step %d: it says %+v, of %v ago", i, c, age)
		}
	}
	delete(table.own, "front")
	if table.tell(nil, w.now); len(table.states) != 0 {
		t.Errorf("it keeps %+v", table.states)
	}
}

// TestStatesMoveNothing: what a node says of its cameras has nobody settle who owns them.
func TestStatesMoveNothing(t *testing.T) {
	one, other := Claim{Camera: "front", Epoch: 1, State: Online, Since: 7}, Claim{Camera: "front", Epoch: 1, State: Offline, Reason: 1}
	if !(said{owned: []Claim{one}}).same(said{owned: []Claim{other}}) || one == other {
		t.Error("a state moves cameras")
	}
	other.Epoch++
	if (said{owned: []Claim{one}}).same(said{owned: []Claim{other}}) {
		t.Error("an epoch moves none")
	}
}

// TestStatesThatCannotBe are refused with all that is said beside them, and those of cameras
// that another node owns are not believed.
func TestStatesThatCannotBe(t *testing.T) {
	for _, claim := range []string{`"state":5`, `"state":255`, `"reason":33`, `"since":-1`, `"since":40000000000`} {
		var b Beat
		if err := json.Unmarshal([]byte(`{"node":"b","incarnation":1,"sequence":1,"relay":"b:1","roles":["camera"],"owned":[{"camera":"cam-0","epoch":1,`+claim+`}]}`), &b); err != nil || b.check() == nil {
			t.Errorf("%s is taken: %v", claim, err)
		}
	}
	w := newWorld(t, numbered(2), "a")
	w.pass(2 * deadAfter)
	table := w.tables["a"]
	table.tell(map[string]Condition{"cam-0": {State: Online}}, w.now)
	lie := Beat{Node: "0", Incarnation: 1, Sequence: 1, Relay: "b:1", Roles: []string{RoleCamera}, Owned: []Claim{{Camera: "cam-0", Epoch: 1, State: Offline, Since: 1}, {Camera: "none", Epoch: 1, State: Online}}}
	if err := table.take(lie, w.now); err != nil {
		t.Fatal(err)
	}
	table.settle(w.now)
	all := table.conditions()
	if is := all["cam-0"]; len(all) != 2 || is.Node != "a" || is.State != Online {
		t.Errorf("%+v", all)
	}
	if cameras := table.beat().Owned; !slices.ContainsFunc(cameras, func(c Claim) bool { return c.Camera == "cam-0" && c.State == Online }) {
		t.Errorf("it says %+v", cameras)
	}
}
