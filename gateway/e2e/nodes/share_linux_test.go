package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// nodes are processes that are one cluster, by name.
type nodes map[string]*rig.Process

// recordedFront is a camera that counts who connects to it, and what a configuration says
// of it that has it recorded as front.
func recordedFront(t *testing.T) (camera *camtest.HTTPCamera, setting string) {
	t.Helper()
	camera, err := camtest.NewCountingCamera(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(camera.Close)
	return camera, fmt.Sprintf("front: {source: '%s', keep: always, record: {mode: continuous, codec: mjpeg}}", camera.URL("/"))
}

// startNodes starts a cluster without logins as an operator does, by its commands.
func startNodes(t *testing.T, cameras string, names ...string) nodes {
	t.Helper()
	return startNodesWith(t, "auth: 'off'", "", cameras, names...)
}

// startNodesWith is startNodes with other lines, and other keys of a cluster.
func startNodesWith(t *testing.T, lines, keys, cameras string, names ...string) nodes {
	t.Helper()
	all := make(nodes)
	data := make(map[string]string)
	seeds := ""
	for _, name := range names {
		data[name] = t.TempDir()
		configuration := fmt.Sprintf("%s\ncluster: {name: yard, listen: '127.0.0.1:0', relay_listen: '127.0.0.1:0', seeds: [%s]%s}\ncameras: %s\n", lines, seeds, keys, cameras)
		config := rig.WriteConfig(t, configuration)
		say := func(args ...string) string {
			status, out, wrong := rig.SayIn(t, []string{"FRAMEGATE_DATA=" + data[name]}, append(args, "--config", config)...)
			if status != 0 {
				t.Fatalf("%q: %s", args, wrong)
			}
			return strings.TrimSpace(out)
		}
		if name == names[0] {
			say("cluster", "ca", name)
		} else {
			status, token, wrong := rig.SayIn(t, []string{"FRAMEGATE_DATA=" + data[names[0]]}, "cluster", "token", name)
			if status != 0 {
				t.Fatal(wrong)
			}
			if said := say("cluster", "join", strings.TrimSpace(token)); !strings.Contains(said, "node "+name+" of cluster yard") {
				t.Fatal(said)
			}
		}
		p := rig.StartProcess(t, data[name], config)
		all[name] = p
		rig.Await(t, name+" says where it listens", func() bool { return listens.MatchString(p.Log.String()) })
		seeds = "'" + listens.FindStringSubmatch(p.Log.String())[1] + "'"
	}
	return all
}

var listens = regexp.MustCompile(`cluster=yard node=\w+ listens=(\S+)`)

// clusterStatus is what a node knows of its cluster.
type clusterStatus struct {
	Nodes []struct {
		Name  string `json:"name"`
		Alive bool   `json:"alive"`
	} `json:"nodes"`
	Cameras []struct {
		Camera string `json:"camera"`
		Node   string `json:"node"`
	} `json:"cameras"`
	Relays int `json:"relays"`
}

func (n nodes) status(t *testing.T, name string) (s clusterStatus) {
	t.Helper()
	if err := json.Unmarshal(n[name].Get(t, "/api/v1/cluster", rig.Credentials{}).Content, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// token has a node make a token of another.
func (n nodes) token(t *testing.T, name string, status int) string {
	t.Helper()
	var made struct{ Token string }
	answer := n[name].Call(t, http.MethodPost, "/api/v1/cluster/tokens", map[string]string{"node": "d"}, rig.Credentials{}, status)
	_ = json.Unmarshal(answer.Content, &made) // a problem has none
	return made.Token
}

// relays gives, as a node answers, which nodes get streams, and from which one. It is
// "" while some bring nothing.
func (n nodes) relays(t *testing.T, name string) string {
	t.Helper()
	var answer struct {
		Relays []struct {
			From, To string
			Bytes    int
		}
		Silent []string
	}
	if err := json.Unmarshal(n[name].Get(t, "/api/v1/cluster/relays", rig.Credentials{}).Content, &answer); err != nil {
		t.Fatal(err)
	}
	var to, from []string
	for _, r := range answer.Relays {
		if to, from = append(to, r.To), append(from, r.From); r.Bytes == 0 {
			return ""
		}
	}
	return strings.Join(to, ",") + " from " + strings.Join(slices.Compact(from), ",") + strings.Join(answer.Silent, ",")
}

// owner waits until these nodes agree on who of them has a camera.
func (n nodes) owner(t *testing.T, camera string, names ...string) (owner string) {
	t.Helper()
	rig.Await(t, fmt.Sprintf("%q agree on %s", names, camera), func() bool {
		owner = ""
		for _, name := range names {
			at := ""
			for _, c := range n.status(t, name).Cameras {
				if c.Camera == camera {
					at = c.Node
				}
			}
			if owner == "" {
				owner = at
			}
			if at == "" || at != owner {
				return false
			}
		}
		for _, name := range names {
			if name == owner {
				return true
			}
		}
		return false
	})
	return owner
}

// records waits until one of these nodes alone records the camera front.
func (n nodes) records(t *testing.T, owner string, names ...string) {
	t.Helper()
	rig.Await(t, owner+" alone records", func() bool {
		for _, name := range names {
			text := n[name].Get(t, "/metrics", rig.Credentials{}).Content
			if records := strings.Contains(string(text), `framegate_recording_state{camera="front",state="recording"} 1`); records != (name == owner) {
				return false
			}
		}
		return true
	})
}

// others gives those that are not.
func others(names []string, not string) (all []string) {
	for _, name := range names {
		if name != not {
			all = append(all, name)
		}
	}
	return all
}

// watching is somebody who watches numbered pictures.
type watching struct {
	newest atomic.Int64
	ended  chan struct{} // closed when it was ended
}

func (n nodes) watch(t *testing.T, name, camera string) *watching {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	v, err := camtest.Watch(ctx, n[name].URL+"/live/"+camera+".mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w := &watching{ended: make(chan struct{})}
	go func() { // ends with the connection
		defer close(w.ended)
		for {
			part, err := v.Next()
			if err != nil {
				return
			}
			if number, err := part.Number(); err == nil && int64(number) > w.newest.Load() {
				w.newest.Store(int64(number))
			}
		}
	}()
	t.Cleanup(func() { cancel(); v.Close(); <-w.ended })
	return w
}

// seesMore waits until all of them see newer pictures, by the connections they have.
func seesMore(t *testing.T, what string, all []*watching) {
	t.Helper()
	for _, w := range all {
		before := w.newest.Load()
		rig.Await(t, what, func() bool {
			select {
			case <-w.ended:
				t.Fatalf("%s: a viewer was ended", what)
			default:
			}
			return w.newest.Load() > before
		})
	}
}

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
	if n := rig.ViewersOf(t, http.DefaultClient, cluster[first].Server, "front"); n != 0 {
		t.Errorf("its owner counts %d viewers, who are at other nodes", n)
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
	if status, _, wrong := rig.Say(t, "serve", "--config", rig.WriteConfig(t, "cluster: {name: yard, listen: '127.0.0.1:0', relay_listen: '127.0.0.1:0'}\n")); status == 0 || !strings.Contains(wrong, "framegate cluster join") {
		t.Errorf("a node without a token: %d %s", status, wrong)
	}
}
