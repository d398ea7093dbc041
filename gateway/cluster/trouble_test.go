package cluster

import (
	"errors"
	"testing"
	"time"
)

// TestTroubleWithANode is of nodes that live, and tells one that takes nothing from one that only says itself how it is.
func TestTroubleWithANode(t *testing.T) {
	now := time.Unix(1e9, 0)
	table := newTable(Beat{Node: "a", Incarnation: 1}, now, 0)
	if err := table.take(Beat{Node: "b", Incarnation: 1, Sequence: 1, Relay: "b:1"}, now); err != nil {
		t.Fatal(err)
	}
	b := table.members["b"]
	at := func(after time.Duration) Member { return table.memberOf(b, 0, now.Add(after)) }
	gone := at(time.Hour)
	gone.Alive = false
	for _, c := range []struct {
		member Member
		status Status
		want   error
	}{
		{at(0), Status{}, nil},
		{at(busPatience), Status{}, nil},
		{at(busPatience + 1), Status{}, ErrDirect},
		{at(busPatience + 1), Status{Outside: new(Outside)}, nil}, // which says so itself
		{at(0), Status{Waits: map[string]int{"b": StuckRoute, "c": StuckRoute + 1}}, nil},
		{at(0), Status{Waits: map[string]int{"b": StuckRoute + 1}}, ErrStuck},
		{gone, Status{Waits: map[string]int{"b": StuckRoute + 1}}, nil},
	} {
		if err := c.status.Trouble(c.member); !errors.Is(err, c.want) {
			t.Errorf("%+v of %+v: %v", c.status, c.member, err)
		}
	}
	table.settle(now.Add(deadAfter + 1))
	if m := at(busPatience + 1); m.Direct {
		t.Error("a node that is dead is heard directly")
	}
}
