package places

import (
	"testing"

	"framegate/gateway/stream"
)

// TestNobodyTakesAllPlaces however many it asks for, and whoever goes leaves nothing
// behind.
func TestNobodyTakesAllPlaces(t *testing.T) {
	t.Parallel()
	p := New(5, 2)
	anna, ben := stream.Client{Address: "192.0.2.1", Principal: "user:anna"}, stream.Client{Address: "192.0.2.1", Principal: "user:ben"}
	annaElsewhere := stream.Client{Address: "192.0.2.2", Principal: "user:anna", Form: "clip"}
	var leaves []func()
	for _, want := range []struct {
		client stream.Client
		ok     bool
	}{{anna, true}, {anna, true}, {anna, false}, {ben, true}, {ben, true}, {ben, false}, {annaElsewhere, true}, {annaElsewhere, false}} {
		leave, ok := p.Take(want.client)
		if ok != want.ok {
			t.Fatalf("%+v has a place: %v", want.client, ok)
		}
		if ok {
			leaves = append(leaves, leave)
		}
	}
	for _, leave := range leaves {
		leave()
	}
	if p.all != 0 || len(p.taken) != 0 {
		t.Errorf("%d places stay taken, by %v", p.all, p.taken)
	}
}
