package nodes

import (
	"encoding/json"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestNodesShareCameras has three processes share a camera that counts who connects
// to it, and a publisher; has one killed and one stopped, and viewers of the others
// go on.
func TestNodesShareCameras(t *testing.T) {
	t.Parallel()
	camera, front := recordedFront(t)
	names := []string{"a", "b", "c"}
	cluster := startNodes(t, "{"+front+", phone: {source: 'upload:'}}", names...)
	first := cluster.owner(t, "front", names...)
	rig.Await(t, "one node keeps the camera", func() bool { return camera.Open() == 1 })
	cluster.records(t, first, names...)

	if token := cluster.token(t, "a", http.StatusCreated); !strings.HasPrefix(token, "fgnode") {
		t.Errorf("a token is %q", token)
	}
	cluster.token(t, "b", http.StatusConflict) // which has not the authority

	var viewers []*watching
	alive := others(names, first)
	for range 5 {
		for _, name := range alive {
			viewers = append(viewers, cluster.watch(t, name, "front"))
		}
	}
	seesMore(t, "viewers at other nodes", viewers)
	for _, name := range alive {
		rig.Await(t, name+" has one relay for 5 viewers", func() bool { return cluster.status(t, name).Relays == 1 })
	}
	for _, name := range names {
		rig.Await(t, name+" knows of the relays of all", func() bool { return cluster.relays(t, name) == strings.Join(alive, ",")+" from "+first })
	}
	rig.Await(t, "the camera has one connection", func() bool { return camera.Open() == 1 })
	for _, name := range names {
		rig.Await(t, name+" counts who watches at all nodes, and no node", func() bool { return rig.ViewersOf(t, http.DefaultClient, cluster[name].Server, "front") == 10 })
	}

	rig.SendNumbers(t, cluster[alive[1]].Server, "phone")
	if owner := cluster.owner(t, "phone", alive...); owner != alive[1] {
		t.Errorf("the phone that sends to %s is at %s", alive[1], owner)
	}
	rig.ExpectNumbers(t, cluster[alive[0]].Server, "phone", 5)

	cluster[first].Kill()
	second := cluster.owner(t, "front", alive...)
	seesMore(t, "viewers after the owner was killed", viewers)
	cluster.records(t, second, alive...)
	rig.Await(t, "the camera has one connection", func() bool { return camera.Open() == 1 })

	last := others(alive, second)[0]
	stopped := cluster[second].Cmd.Process
	if err := stopped.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	rig.Await(t, last+" takes over", func() bool { return cluster.owner(t, "front", last) == last })
	var remaining []*watching
	for i, w := range viewers {
		if alive[i%2] == last {
			remaining = append(remaining, w)
		}
	}
	seesMore(t, "viewers after the owner was stopped", remaining)
	if err := stopped.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	kept := cluster.owner(t, "front", alive...)
	rig.Await(t, "one of two lets go of the camera", func() bool { return camera.Open() == 1 })
	seesMore(t, "viewers of both", viewers)
	cluster.records(t, kept, alive...)
}

// TestServerAloneStartsNothing of a cluster: it has no port but its own.
func TestServerAloneStartsNothing(t *testing.T) {
	t.Parallel()
	g := rig.Start(t, "auth: 'off'\ncameras: {front: {source: 'upload:'}}\n")
	var s struct{ Name string }
	if err := json.Unmarshal(g.Get(t, "/api/v1/cluster", rig.Credentials{}).Content, &s); err != nil || s.Name != "" {
		t.Errorf("%+v, %v", s, err)
	}
	if text := string(g.Get(t, "/metrics", rig.Credentials{}).Content); strings.Contains(text, "framegate_cluster") {
		t.Error("it has metrics of a cluster")
	}
	if status, _, wrong := rig.Say(t, "serve", "--listen", "127.0.0.1:0", "--config", rig.WriteConfig(t, "cluster: {name: yard, listen: '127.0.0.1:0', relay_listen: '127.0.0.1:0'}\n")); status == 0 || !strings.Contains(wrong, "framegate cluster join") {
		t.Errorf("a node without a token: %d %s", status, wrong)
	}
}
