package nodes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// standby gives which node a node believes to stand by the camera front, and how that is.
func (n nodes) standby(t *testing.T, name string) (node, state string) {
	t.Helper()
	var s struct {
		Cameras []struct {
			Camera  string `json:"camera"`
			Standby string `json:"standby"`
			State   string `json:"standby_state"`
		} `json:"cameras"`
	}
	if err := json.Unmarshal(n[name].Get(t, "/api/v1/cluster", rig.Credentials{}).Content, &s); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Cameras {
		if c.Camera == "front" {
			return c.Standby, c.State
		}
	}
	return "", ""
}

// standsBy waits until all of these nodes know of the same one that is connected to the
// camera front besides its owner.
func (n nodes) standsBy(t *testing.T, owner string, names ...string) (standby string) {
	t.Helper()
	rig.Await(t, "a node stands by and is connected", func() bool {
		standby, _ = n.standby(t, names[0])
		for _, name := range names {
			if node, state := n.standby(t, name); node != standby || node == "" || node == owner || state != "online" {
				return false
			}
		}
		return true
	})
	return standby
}

// counts says whether a metric of a node has this value.
func (n nodes) counts(t *testing.T, name, metric string, value int) bool {
	t.Helper()
	return strings.Contains(string(n[name].Get(t, "/metrics", rig.Credentials{}).Content), fmt.Sprintf("\n%s %d\n", metric, value))
}

// TestStandbyGoesOn has the owner of a camera be killed, and then the next one end: each
// time the node that was connected besides goes on from that very connection, and its
// viewers and those of others stay.
func TestStandbyGoesOn(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	camera, front := recordedFront(t)
	names := []string{"a", "b", "c"}
	cluster := startNodes(t, "{"+strings.Replace(front, "keep: always", "standby: 1", 1)+"}", names...)
	first := cluster.owner(t, "front", names...)
	second := cluster.standsBy(t, first, names...)
	third := others(others(names, first), second)[0]
	if open, all := camera.Open(), camera.Connections(); open != 2 {
		t.Fatalf("the camera has %d connections, and had %d", open, all)
	}
	before := camera.Connections()
	if !cluster.counts(t, second, "framegate_cluster_standbys_ready", 1) || !cluster.counts(t, first, "framegate_cluster_standbys", 0) {
		t.Errorf("the metrics of %s do not count what it stands by", second)
	}
	if n := rig.ViewersOf(t, http.DefaultClient, cluster[second].Server, "front"); n != 0 {
		t.Errorf("%d viewers are counted where nobody watches", n)
	}

	var viewers []*watching
	for _, name := range []string{second, third} {
		viewers = append(viewers, cluster.watch(t, name, "front"))
	}
	seesMore(t, "viewers of the first", viewers)
	shown := viewers[0].newest.Load()
	cluster[first].Kill()
	if got := cluster.owner(t, "front", second, third); got != second {
		t.Fatalf("it went to %s, and %s stood by", got, second)
	}
	seesMore(t, "viewers after the owner was killed", viewers)
	t.Logf("a viewer had picture %d before the owner was killed, and has %d", shown, viewers[0].newest.Load())
	cluster.records(t, second, second, third)
	if next := cluster.standsBy(t, second, second, third); next != third {
		t.Errorf("%s stands by next", next)
	}
	if n := camera.Connections(); n != before+1 {
		t.Errorf("after one died the camera was connected to %d times more, and not once by who stands by next", n-before)
	}
	if !cluster.counts(t, second, "framegate_cluster_standbys_taken_total", 1) {
		t.Errorf("%s does not count that it went on", second)
	}

	if err := cluster[second].Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	cluster.owner(t, "front", third)
	seesMore(t, "viewers at the last node", viewers[1:])
	rig.Await(t, "one connection is left", func() bool { return camera.Open() == 1 })
	if n := camera.Connections(); n != before+1 {
		t.Errorf("the last node connected anew: %d times more", n-before-1)
	}
}

// TestStandbyThatIsRefusedIsSaid has a camera take a single connection, its owner's: who is
// to stand by then is told so, and all say so.
func TestStandbyThatIsRefusedIsSaid(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	serve := camtest.Counting(0)
	camera, err := camtest.NewHTTPCamera(func(c *camtest.HTTPConn) {
		if c.Number == 1 {
			serve(c)
		} else if c.Request() != nil {
			c.Send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(camera.Close)
	names := []string{"a", "b"}
	cluster := startNodesWith(t, "auth: 'off'\nnetwork: {allow: [127.0.0.0/8]}", "", "{phone: {source: 'upload:'}}", names...)
	cluster.does(t, "a", http.MethodPost, "/api/v1/cameras", map[string]string{"id": "front", "source": camera.URL("/"), "keep": "always"}, http.StatusCreated)
	owner := cluster.owner(t, "front", names...)
	rig.Await(t, "the owner is connected", func() bool { return camera.Open() == 1 })
	cluster.does(t, owner, http.MethodPatch, "/api/v1/cameras/front", map[string]string{"standby": "1"}, http.StatusOK)
	for _, name := range names {
		rig.Await(t, name+" says who is refused", func() bool {
			node, state := cluster.standby(t, name)
			return node == others(names, owner)[0] && state == "denied"
		})
	}
}
