package server

import (
	"testing"

	"framegate/gateway/cluster"
)

// TestNodesDoNotWaver: one that is busy sends viewers away until it is clearly less so.
func TestNodesDoNotWaver(t *testing.T) {
	var busy threshold
	for i, step := range []struct {
		load float64
		want bool
	}{{0.1, false}, {0.7, false}, {0.8, true}, {0.7, true}, {0.61, true}, {0.59, false}, {0.7, false}, {0.9, true}} {
		if got := busy.at(step.load); got != step.want {
			t.Errorf("step %d, at %v: %v", i, step.load, got)
		}
	}
}

// TestViewersAreSentToSeveral nodes, more of them to the better ones, and to none that will not do.
func TestViewersAreSentToSeveral(t *testing.T) {
	places := func() []cluster.Member {
		return []cluster.Member{{Node: "b", Same: true}, {Node: "other cameras"}, {Node: "c", Same: true}, {Node: "busy", Same: true, Load: 1}}
	}
	calm := func(m cluster.Member) bool { return m.Load < 1 }
	sent := make(map[string]int)
	for range 1000 {
		m, _ := anyOf(places(), calm)
		sent[m.Node]++
	}
	if len(sent) != 2 || sent["c"] == 0 || sent["b"] <= sent["c"] {
		t.Errorf("%v", sent)
	}
	if m, ok := anyOf(places(), func(cluster.Member) bool { return false }); ok {
		t.Errorf("sent to %q", m.Node)
	}
}
