package nodes

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// relay is a stream that goes from node to node.
type relay struct{ Camera, From, To string }

// relaysOf gives those of the camera front, as a node knows.
func (n nodes) relaysOf(t *testing.T, name string) (all []relay) {
	t.Helper()
	var answer struct{ Relays []relay }
	if err := json.Unmarshal(n[name].Get(t, "/api/v1/cluster/relays", rig.Credentials{}).Content, &answer); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(answer.Relays, func(r relay) bool { return r.Camera != "front" })
}

// depths gives by how many lines pictures come to each node from their owner.
func depths(owner string, relays []relay) map[string]int {
	depth := map[string]int{owner: 0}
	for range relays {
		for _, r := range relays {
			if above, known := depth[r.From]; known {
				depth[r.To] = above + 1
			}
		}
	}
	return depth
}

// TestTreeOfNodes has somebody watch at each node of a cluster, by FRAMEGATE_TEST_LONG of
// 21, of which the owner shows the camera to 16: each gets one copy, of the owner or of
// who has it from him. It tells how much later pictures are with each line between.
func TestTreeOfNodes(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	names := make([]string, rounds(3, 21))
	for i := range names {
		names[i] = fmt.Sprintf("n%02d", i)
	}
	camera := clockCamera(t, 75_000)
	cluster := startNodes(t, "{"+strings.ReplaceAll(recorded(addressOf(camera)), "record: {mode: continuous, codec: mjpeg}", "record: {mode: off}")+"}", names...)
	owner := cluster.owner(t, "front", names...)
	at := make(map[string]*watching)
	at[owner] = cluster.watch(t, owner, "front")
	for _, name := range others(names, owner) {
		at[name] = cluster.watch(t, name, "front")
	}
	all := slices.Collect(maps.Values(at))
	seesMore(t, "viewers at all nodes", all)
	var relays []relay
	rig.Await(t, "each node gets one copy", func() bool {
		relays = cluster.relaysOf(t, owner)
		return len(relays) == len(names)-1 && len(depths(owner, relays)) == len(names)
	})
	depth := depths(owner, relays)
	levels := make(map[int]int)
	for _, d := range depth {
		levels[d]++
	}
	if direct := min(16, len(names)-1); levels[1] != direct || levels[1]+levels[2] != len(names)-1 {
		t.Errorf("by so many lines pictures come to so many nodes: %v", levels)
	}
	for _, w := range all {
		w.remember()
	}
	until := at[owner].newest.Load() + int64(rounds(50, 500))
	rig.Await(t, "pictures come", func() bool { return at[owner].newest.Load() > until })
	seesMore(t, "viewers at all nodes", all)
	late := make(map[int][]time.Duration)
	first := at[owner].remembered()
	for name, w := range at {
		for number, came := range w.remembered() {
			if before, there := first[number]; there && name != owner {
				late[depth[name]] = append(late[depth[name]], came.Sub(before))
			}
		}
	}
	for d := 1; d <= 2; d++ {
		if len(late[d]) > 0 {
			t.Logf("behind %d lines between nodes pictures of 75 kB are later than at their owner by: %s", d, spread(late[d]))
		}
	}
	if len(late[1]) == 0 || camera.Open() != 1 {
		t.Errorf("%d pictures were seen at both, and the camera has %d connections", len(late[1]), camera.Open())
	}
}
