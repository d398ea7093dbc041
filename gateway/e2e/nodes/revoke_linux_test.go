package nodes

import (
	"net/http"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestNodeIsShutOut has a node that owns a camera and shows others' be shut out by one
// that has the authority, try to come back, and come back with another token.
func TestNodeIsShutOut(t *testing.T) {
	t.Parallel()
	_, front := recordedFront(t)
	names := []string{"a", "b", "c"}
	cluster := startNodes(t, "{"+front+", phone: {source: 'upload:'}}", names...)
	cluster.owner(t, "front", names...)
	rig.SendNumbers(t, cluster["c"].Server, "phone")
	cluster.owner(t, "phone", names...)
	at := cluster.watch(t, "a", "phone")
	seesMore(t, "a viewer at a", []*watching{at})

	cluster["a"].Call(t, http.MethodDelete, "/api/v1/cluster/nodes/a", nil, rig.Credentials{}, http.StatusConflict)
	cluster["b"].Call(t, http.MethodDelete, "/api/v1/cluster/nodes/c", nil, rig.Credentials{}, http.StatusConflict) // which has not the authority
	cluster["a"].Call(t, http.MethodDelete, "/api/v1/cluster/nodes/c", nil, rig.Credentials{}, http.StatusNoContent)
	rig.Await(t, "c is gone", func() bool { return !cluster.lives(t, "a", "c") && !cluster.lives(t, "b", "c") })
	cluster.owner(t, "front", "a", "b")
	rig.Await(t, "c says that it is shut out", func() bool {
		return strings.Contains(cluster["c"].Log.String(), "this node was shut out of the cluster") && cluster.status(t, "c").Relays == 0
	})
	rig.Await(t, "a relays nothing of c", func() bool { return cluster.status(t, "a").Relays == 0 || cluster.relays(t, "a") != "a from c" })

	cluster["c"].End(t)
	status, _, wrong := rig.SayIn(t, []string{"FRAMEGATE_DATA=" + cluster["c"].Data}, "serve", "--config", cluster["c"].Config)
	if status == 0 || !strings.Contains(wrong, "shut out of the cluster") || !strings.Contains(wrong, "framegate cluster token c") {
		t.Errorf("it starts again: %d %s", status, wrong)
	}

	status, token, wrong := rig.SayIn(t, []string{"FRAMEGATE_DATA=" + cluster["a"].Data}, "cluster", "token", "c")
	if status == 0 {
		status, _, wrong = rig.SayIn(t, []string{"FRAMEGATE_DATA=" + cluster["c"].Data}, "cluster", "join", strings.TrimSpace(token), "--config", cluster["c"].Config)
	}
	if status != 0 {
		t.Fatal(wrong)
	}
	cluster["c"] = rig.StartProcess(t, cluster["c"].Data, cluster["c"].Config)
	rig.Await(t, "c is there again", func() bool {
		return cluster.lives(t, "a", "c") && cluster.lives(t, "b", "c") && cluster.lives(t, "c", "a")
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
