package nodes

import (
	"net/http"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestNodeIsShutOut has a node that owns cameras and shows others' be shut out by one
// that has the authority, try to come back, and come back with another token.
func TestNodeIsShutOut(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	camera, front := recordedFront(t)
	cluster := startNodes(t, "{"+front+", phone: {source: 'upload:'}}", "a", "b", "c")
	cluster.owner(t, "front", "a", "b", "c")
	cluster["a"].Kill() // which owned all, and cannot be shut out
	out := cluster.owner(t, "front", "b", "c")
	in := others([]string{"b", "c"}, out)[0]
	cluster.restart(t, "a", in)
	cluster.owner(t, "front", "a", "b", "c")
	rig.SendNumbers(t, cluster[out].Server, "phone")
	cluster.owner(t, "phone", "a", "b", "c")
	seesMore(t, "a viewer at a", []*watching{cluster.watch(t, "a", "phone")})

	cluster["a"].Call(t, http.MethodDelete, "/api/v1/cluster/nodes/a", nil, rig.Credentials{}, http.StatusConflict)
	cluster[in].Call(t, http.MethodDelete, "/api/v1/cluster/nodes/"+out, nil, rig.Credentials{}, http.StatusConflict) // which has not the authority
	cluster["a"].Call(t, http.MethodDelete, "/api/v1/cluster/nodes/"+out, nil, rig.Credentials{}, http.StatusNoContent)
	rig.Await(t, out+" is gone", func() bool { return !cluster.lives(t, "a", out) && !cluster.lives(t, in, out) })
	owner := cluster.owner(t, "front", "a", in)
	rig.Await(t, out+" says that it is shut out", func() bool {
		return strings.Contains(cluster[out].Log.String(), "this node was shut out of the cluster")
	})
	cluster.records(t, owner, "a", "b", "c")
	rig.Await(t, "the camera has one connection", func() bool { return camera.Open() == 1 })
	rig.Await(t, "a gets nothing of "+out, func() bool {
		return cluster.status(t, "a").Relays == 0 || !strings.HasSuffix(cluster.relays(t, "a"), "from "+out)
	})

	cluster[out].End(t)
	status, _, wrong := rig.SayIn(t, []string{"FRAMEGATE_DATA=" + cluster[out].Data}, "serve", "--listen", "127.0.0.1:0", "--config", cluster[out].Config)
	if status == 0 || !strings.Contains(wrong, "shut out of the cluster") || !strings.Contains(wrong, "framegate cluster token "+out) {
		t.Errorf("it starts again: %d %s", status, wrong)
	}

	status, token, wrong := rig.SayIn(t, []string{"FRAMEGATE_DATA=" + cluster["a"].Data}, "cluster", "token", out)
	if status == 0 {
		status, _, wrong = rig.SayIn(t, []string{"FRAMEGATE_DATA=" + cluster[out].Data}, "cluster", "join", strings.TrimSpace(token), "--config", cluster[out].Config)
	}
	if status != 0 {
		t.Fatal(wrong)
	}
	cluster.restart(t, out, "a")
	rig.Await(t, out+" is there again", func() bool {
		return cluster.lives(t, "a", out) && cluster.lives(t, in, out) && cluster.lives(t, out, "a")
	})
}

// TestRevokeByCommand has the command on the authority's machine say whether a node
// knows it.
func TestRevokeByCommand(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	config := rig.WriteConfig(t, "auth: 'off'\ncluster: {name: yard, listen: '127.0.0.1:0', relay_listen: '127.0.0.1:1'}\ncameras: {front: {source: 'upload:'}}\n")
	say := func(args ...string) (int, string, string) {
		return rig.SayIn(t, []string{"FRAMEGATE_DATA=" + data}, append(args, "--config", config)...)
	}
	if status, _, wrong := say("cluster", "ca", "a"); status != 0 {
		t.Fatal(wrong)
	}
	if status, _, wrong := say("cluster", "revoke", "b"); status == 0 || !strings.Contains(wrong, "no node knows it yet") {
		t.Errorf("while no node runs: %d %s", status, wrong)
	}
	if status, _, wrong := say("cluster", "revoke", "No Name"); status != 2 || !strings.Contains(wrong, "is no name of a node") {
		t.Errorf("of no name: %d %s", status, wrong)
	}
}

// lives says whether a node is alive to another.
func (n nodes) lives(t *testing.T, at, name string) bool {
	t.Helper()
	for _, m := range n.status(t, at).Nodes {
		if m.Name == name {
			return m.Alive
		}
	}
	return false
}
