package server

import (
	"slices"
	"strings"
	"testing"

	"framegate/gateway/stream"
)

func TestWhereRenditionsAreMade(t *testing.T) {
	for _, c := range []struct {
		before     bool
		owner, own float64
		here       bool
	}{
		{false, 0.5, 0, false},
		{false, 0.71, 0.1, true},
		{false, 0.71, 0.6, false}, // which has hardly less to do
		{false, 0.95, 0.69, true},
		{false, 0.95, 0.75, false}, // which has too much to do itself
		{true, 0.3, 0.5, true},     // what is made here stays, though the owner has time again
		{true, 0.95, 0.9, true},
		{true, 0.3, 0.8, false},
		{true, 0.7, 0.8, true},
	} {
		if here := madeHere(c.before, c.owner, c.own); here != c.here {
			t.Errorf("made here before: %v; the owner at %v, this node at %v: %v", c.before, c.owner, c.own, here)
		}
	}
}

const patternCameras = "cameras: {front: {source: 'test:?width=320&height=240&fps=10', keep: always}, gate: {source: 'test:?width=320&height=240&fps=10', keep: always}}\n"

// TestRenditionsAreMadeWhereThereIsRoom has the owner of a camera have much to do, and
// then little: what began stays where it is, and what begins is made by who has time.
func TestRenditionsAreMadeWhereThereIsRoom(t *testing.T) {
	t.Parallel()
	nodes := wiredNodes(t, 2, patternCameras, func(_ string, s *server) { s.node.machine.stat = busy(0.1) })
	a, b := nodes[0], nodes[1]
	placed(t, nodes, "front", "a")
	told := func(load float64) {
		a.node.machine.mu.Lock()
		a.node.machine.stat = busy(load)
		a.node.machine.busy, a.node.machine.total = 0, 0
		a.node.machine.mu.Unlock()
		await(t, "b knows how much a has to do", func() bool {
			m, _ := b.node.cluster.Member("a")
			return m.Load > load-0.05 && m.Load < load+0.05
		})
	}
	who := func(name string) stream.Client { return stream.Client{Address: name, Principal: "user:" + name} }

	told(0.1)
	sees(t, b, who("ann"), "front", small(160), 160)
	if at, here := encodes(a), encodes(b); !slices.Equal(at, []string{"front/jpeg-w160"}) || len(here) > 0 {
		t.Errorf("the owner, which has time, makes %q, and the other %q", at, here)
	}
	told(0.9)
	sees(t, b, who("bob"), "front", small(240), 240)
	sees(t, b, who("ann"), "front", small(160), 160) // is there
	if at, here := encodes(a), encodes(b); !slices.Equal(at, []string{"front/jpeg-w160"}) || !slices.Equal(here, []string{"front/jpeg-w240"}) {
		t.Errorf("the owner, which has much to do, makes %q, and the other %q", at, here)
	}
	made := control{b}.Cluster().MadeHere
	if len(made) != 1 || made[0].Camera != "front" || made[0].Rendition != "jpeg-w240" {
		t.Errorf("b says that it makes %+v", made)
	}
	told(0.1)
	sees(t, b, who("cid"), "front", small(240), 240)
	if at := encodes(a); len(at) != 1 {
		t.Errorf("what ran at b went to a, which makes %q", at)
	}
}

// TestWhoIsFullLeavesRenditionsToWhoAsks has the owner of two cameras have one encoder,
// which is taken: for the other camera, or for the same one.
func TestWhoIsFullLeavesRenditionsToWhoAsks(t *testing.T) {
	t.Parallel()
	for _, camera := range []string{"gate", "front"} {
		nodes := wiredNodes(t, 2, "limits: {encoders: 1}\n"+patternCameras, func(_ string, s *server) { s.node.machine.stat = busy(0.1) })
		a, b := nodes[0], nodes[1]
		placed(t, nodes, "front", "a")
		placed(t, nodes, "gate", "a")
		sees(t, a, stream.Client{Address: "ann", Principal: "user:ann"}, camera, small(160), 160)
		sees(t, b, stream.Client{Address: "bob", Principal: "user:bob"}, "front", small(240), 240)
		if here := encodes(b); !slices.Equal(here, []string{"front/jpeg-w240"}) {
			t.Errorf("b makes %q", here)
		}
		if queued := a.encoders.Stats().Queued; queued > 0 {
			t.Errorf("at a %d waited, and b had an encoder", queued)
		}
	}
}

// TestSharesHoldAtAllNodes: who has two sizes of a camera of one node by another has no
// third at either.
func TestSharesHoldAtAllNodes(t *testing.T) {
	t.Parallel()
	nodes := wiredNodes(t, 3, "limits: {encoders: 32}\n"+patternCameras, func(_ string, s *server) { s.node.machine.stat = busy(0.1) })
	a, b, c := nodes[0], nodes[1], nodes[2]
	placed(t, nodes, "front", "a")
	placed(t, nodes, "gate", "a")
	ann, bob := stream.Client{Address: "10.0.0.1", Principal: "user:ann"}, stream.Client{Address: "10.0.0.2", Principal: "user:bob"}
	sees(t, b, ann, "front", small(160), 160)
	sees(t, c, ann, "front", small(240), 240)
	refused := func(s *server, who stream.Client) {
		t.Helper()
		key := stream.Key{Camera: "gate", Rendition: small(160).Key()}
		err := s.encodes(key, who)
		if err == nil {
			r, err2 := s.hub.Open(key, stream.ReadOptions{Client: &who})
			if err2 != nil {
				t.Fatal(err2)
			}
			defer r.Close()
			_, err = r.Next(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), "2 sizes, rates or qualities are being made for this user already") {
			t.Errorf("a third at node %s: %v", s.node.name(), err)
		}
	}
	refused(a, ann)
	refused(b, ann)
	sees(t, b, bob, "gate", small(160), 160)
	if here := append(encodes(b), encodes(c)...); len(here) > 0 {
		t.Errorf("b or c made what a refused: %q", here)
	}
}
