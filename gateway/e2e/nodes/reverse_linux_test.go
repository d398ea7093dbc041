package nodes

import (
	"fmt"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestNodesThatCannotBeDialled has two nodes hear of each other by a NATS, one of which owns a
// camera and is behind a router that lets nothing in: who watches at the other one sees it, and
// what was recorded. Then neither reaches the other, and both see it all the same; and when the
// way is free again it is taken.
func TestNodesThatCannotBeDialled(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	nats := startNATS(t, fmt.Sprintf("jetstream {store_dir: %q}\nauthorization {user: fg, password: swordfish}", t.TempDir()))
	wires := rig.NewWires(t, "a", "b")
	door := wires.Door(t, fmt.Sprintf("127.0.0.1:%d", nats.port))
	camera := clockCamera(t, 20_000)
	all, data, configs := make(nodes), dataFolders(t, []string{"a", "b"}), make(map[string]string)
	wires.Set("a", "b", rig.Wire{Shut: true})
	for name, role := range map[string]string{"a": "edge", "b": "camera"} {
		configs[name] = rig.WriteConfig(t, fmt.Sprintf("auth: 'off'\ncluster: {name: yard, advertise: %s, roles: [%s], nats: {urls: ['nats://%s'], username: fg, password: swordfish}}\ncameras: {%s}\n",
			wires.Address(name), role, door, recorded(wires.Door(t, addressOf(camera)))))
	}
	for _, name := range []string{"b", "a"} {
		makeNode(t, data["b"], data[name], name, configs[name])
		all[name] = wires.StartProcess(t, name, data[name], configs[name])
	}
	if owner := all.owner(t, "front", "a", "b"); owner != "b" {
		t.Fatalf("the camera is at %s", owner)
	}
	shows := func(way string) {
		t.Helper()
		rig.Await(t, "a reaches b "+way, func() bool {
			all.watch(t, "a", "front").leave() // which asks for nothing that is not there
			all.past(t, "a")
			for _, n := range all.status(t, "a").Nodes {
				if n.Name == "b" {
					return n.Way == way
				}
			}
			return false
		})
		viewer := all.watch(t, "a", "front")
		defer viewer.leave()
		for range 10 {
			seesMore(t, "who watches at a, which reaches b "+way, []*watching{viewer})
		}
		last := int(viewer.newest.Load())
		all.recordedBetween(t, "a", last-5, last)
	}
	shows("called_back")
	viewer := all.watch(t, "a", "front")
	wires.Between("a", []string{"b"}, rig.Wire{Reset: true})
	shows("by_the_bus")
	seesMore(t, "who watched before", []*watching{viewer})
	wires.Between("a", []string{"b"}, rig.Wire{})
	shows("")
	for _, name := range []string{"a", "b"} {
		for _, r := range all.status(t, name).Refused {
			if r.Count > 0 && strings.HasPrefix(r.Reason, "relay") && r.Reason != "relay_call" { // which is also who calls back too late
				t.Errorf("%s refused %d: %s", name, r.Count, r.Reason)
			}
		}
	}
}
