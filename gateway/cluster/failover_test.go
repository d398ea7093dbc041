package cluster

import (
	"testing"
	"time"
)

// TestFailoversAreCounted, from when the owner was heard of last; what is handed over is none.
func TestFailoversAreCounted(t *testing.T) {
	cameras := []Camera{{ID: "front"}, {ID: "barn", Label: "site=barn"}, {ID: "phone", Sent: true}}
	w := newWorld(t, cameras, "a", "b", "c")
	w.tables["a"].self.Labels = []string{"site=barn"}
	w.tables["a"].sent["phone"] = true
	w.pass(6 * time.Second)
	of := w.tables["c"].where["front"].Node
	at := w.tables["c"]
	if at.vacant.took.Count > 0 {
		t.Errorf("the start counts as %+v", at.vacant.took)
	}
	if of == "c" {
		at = w.tables["b"]
	}
	w.deaf[of] = true
	w.pass(4 * time.Second)
	took := at.vacant.took
	if took.Count != 1 || took.Sum < deadAfter || took.Sum > deadAfter+time.Second || took.Took[5]+took.Took[6] != 1 {
		t.Errorf("after %s died: %+v", of, took)
	}
	if of != "a" {
		w.deaf["a"] = true
		w.pass(20 * time.Second)
	}
	if barn, phone := at.vacant.since["barn"], at.vacant.since["phone"]; barn.IsZero() || !phone.IsZero() {
		t.Errorf("without a node are barn since %v, phone since %v", barn, phone)
	}
	at.configure([]Camera{{ID: "front"}})
	if len(at.vacant.since) > 0 {
		t.Errorf("of cameras that are no more is known %v", at.vacant.since)
	}
}
