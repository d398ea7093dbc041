package delivery

import (
	"testing"
	"time"

	"framegate/gateway/media"
)

var h265Format = &media.Format{Codec: media.H265, Width: 1, Height: 1}

// giveUnits emits pictures of H.265: K is a keyframe, L one that needs what came
// before it, and P any other.
func (r *rig) giveUnits(names ...string) {
	for _, name := range names {
		r.frames <- media.Frame{Key: name[0] == 'K', Leading: name[0] == 'L', Format: h265Format, Data: []byte(name)}
		<-r.taken
	}
}

// TestLeadingPicturesOfThePump: those who ride together did not all begin with the
// same keyframe, and the pump may have begun with a later one than each of them.
func TestLeadingPicturesOfThePump(t *testing.T) {
	r := newRig(t)
	called := make(chan uint64, 1)
	tell := func(g *guest) { called <- g.seat.Reader().Dropped() }
	on := r.enter(tell)
	r.giveUnits("K1")
	r.awaitRiders(1)
	on.seat.Recall()
	<-called
	for end := time.Now().Add(soon); r.pumps() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the pump lives on")
		}
	}
	r.giveUnits("K2") // with which the next pump begins
	r.awaitRiders(1)
	late := r.enter(tell)
	r.awaitRiders(2)
	r.giveUnits("L3", "P4")
	on.expect(t, "K1K2L3P4")
	late.expect(t, "K2P4")
	for _, g := range []*guest{on, late} {
		g.seat.Recall()
		if dropped := <-called; dropped > 0 {
			t.Errorf("%d are counted as dropped", dropped)
		}
	}
	r.giveUnits("L5", "K6", "L7")
	on.expect(t, "L5K6L7")
	late.expect(t, "K6L7")
}
