package nodes

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"framegate/gateway/e2e/rig"
)

// kinds are kinds of events of the camera front, as they are told.
type kinds struct {
	mu   sync.Mutex // guards what follows
	told []string
}

func (k *kinds) add(kind string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.told = append(k.told, kind)
}

func (k *kinds) all() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.told)
}

// hear listens to the events of a node until the test ends.
func (n nodes) hear(t *testing.T, name string) *kinds {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n[name].URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	k, ended := new(kinds), make(chan struct{})
	go func() { // ends with the connection
		defer close(ended)
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if text, is := strings.CutPrefix(lines.Text(), "data: "); is {
				k.put([]byte(text))
			}
		}
	}()
	t.Cleanup(func() { answer.Body.Close(); <-ended })
	return k
}

// put adds what an event says, where it is of how the camera front is.
func (k *kinds) put(text []byte) {
	var e struct{ Kind, Camera string }
	if json.Unmarshal(text, &e) == nil && e.Camera == "front" && slices.Contains([]string{"camera_online", "camera_offline", "camera_idle"}, e.Kind) {
		k.add(e.Kind)
	}
}

// receive gives what a webhook is told, and its address.
func receive(t *testing.T) (*kinds, string) {
	k := new(kinds)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct{ Data json.RawMessage }
		_ = json.NewDecoder(r.Body).Decode(&body) // what came of it says nothing
		k.put(body.Data)
	}))
	t.Cleanup(receiver.Close)
	return k, receiver.URL
}

// frontStatus is how the camera front is, as a node says.
type frontStatus struct {
	State, Node string
	LastError   struct{ Text string } `json:"last_error"`
}

func (n nodes) front(t *testing.T, name string) (s frontStatus) {
	t.Helper()
	if err := json.Unmarshal(n[name].Get(t, "/api/v1/cameras/front/status", rig.Credentials{}).Content, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestEveryNodeSaysHowCamerasAre: what the owner of a camera sees all nodes show and tell, with
// the reason; webhooks are told once; and a move that nobody notices is told to nobody.
func TestEveryNodeSaysHowCamerasAre(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	camera, front := recordedFront(t)
	hook, address := receive(t)
	names := []string{"a", "b", "c"}
	cluster := startNodesWith(t, "auth: 'off'\nnotify: {webhooks: {x: {url: '"+address+"'}}}", "", "{"+front+"}", names...)
	owner := cluster.owner(t, "front", names...)
	heard := make(map[string]*kinds)
	for _, name := range names {
		heard[name] = cluster.hear(t, name)
		rig.Await(t, name+" says that the camera is online", func() bool { s := cluster.front(t, name); return s.State == "online" && s.Node == owner })
	}

	cluster[owner].Kill() // which another takes over
	alive := others(names, owner)
	next := cluster.owner(t, "front", alive...)
	for _, name := range alive {
		rig.Await(t, name+" says that the camera is online at the next node", func() bool { s := cluster.front(t, name); return s.State == "online" && s.Node == next })
	}
	camera.Close()
	for _, name := range alive {
		rig.Await(t, name+" says that the camera is offline, and why", func() bool {
			s := cluster.front(t, name)
			return s.State == "offline" && strings.Contains(s.LastError.Text, "connect")
		})
		rig.Await(t, name+" tells so", func() bool { return slices.Contains(heard[name].all(), "camera_offline") })
		if told := heard[name].all(); told[len(told)-1] != "camera_offline" || strings.Count(strings.Join(told, " "), "camera_online") > 1 {
			t.Errorf("%s told %q: nobody was to notice that the camera went to another node", name, told)
		}
	}
	rig.Await(t, "the webhook is told", func() bool { return slices.Contains(hook.all(), "camera_offline") })
	cluster[next].Kill() // and the last node connects to a camera that is away
	last := others(alive, next)[0]
	rig.Await(t, last+" takes it", func() bool { return cluster.owner(t, "front", last) == last })
	rig.Await(t, last+" says why it is offline itself", func() bool { s := cluster.front(t, last); return s.State == "offline" && s.Node == last })
	if told := strings.Join(hook.all(), " "); strings.Count(told, "camera_offline") != 1 {
		t.Errorf("the webhook was told %q", told)
	}
}

// overview is how all is, as a node says.
type overview struct {
	Cameras []struct {
		Codec, State string
		FPS          float64
		Viewers      int
		Away         bool
		Watching     []struct {
			ID   int
			Node string
		}
		Recording struct {
			State  string
			Kept   struct{ Bytes int }
			KeptAt []struct{ Node string } `json:"kept_at"`
		}
	}
	Nodes []struct {
		Node       string
		Own, Away  bool
		Recordings struct{ Volume, Reason string }
		Recorded   []struct{ Camera, State string }
	}
	Cluster struct{ Nodes, Away, Online, Viewers int }
}

// shows waits until a node shows all as it is to be.
func (n nodes) shows(t *testing.T, name, what string, so func(overview) bool) (all overview) {
	t.Helper()
	var text []byte
	defer func() {
		if t.Failed() {
			t.Logf("%s showed %s", name, text)
		}
	}()
	rig.Await(t, name+" shows "+what, func() bool {
		all, text = overview{}, n[name].Get(t, "/api/v1/status", rig.Credentials{}).Content
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		return so(all)
	})
	return all
}

// TestEveryNodeShowsAllDisks: what a camera sends, who watches it and where, how it is
// recorded, and a disk that is gone, at whichever node one looks; and a node that is away.
func TestEveryNodeShowsAllDisks(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	_, front := recordedFront(t)
	names := []string{"a", "b"}
	cluster := startNodes(t, "{"+front+"}", names...)
	owner := cluster.owner(t, "front", names...)
	other := others(names, owner)[0]
	viewer := cluster.watch(t, other, "front")
	at := map[string]int{owner: slices.Index(names, owner), other: slices.Index(names, other)}
	var all overview
	for _, name := range names {
		all = cluster.shows(t, name, "what the owner sees, and the viewer", func(o overview) bool {
			c := o.Cameras[0]
			return c.Codec == "jpeg" && c.FPS > 0 && c.Recording.State == "recording" && c.Viewers == 1 && len(c.Watching) == 1 && c.Watching[0].Node == other && !c.Away &&
				len(o.Nodes) == 2 && o.Nodes[at[name]].Own && o.Nodes[at[owner]].Recordings.Volume != "" && o.Cluster.Online == 1 && o.Cluster.Viewers == 1 && o.Cluster.Away == 0
		})
	}
	cluster[owner].Call(t, http.MethodDelete, fmt.Sprintf("/api/v1/viewers/%d?node=%s", all.Cameras[0].Watching[0].ID, other), nil, rig.Credentials{}, http.StatusNoContent)
	rig.Await(t, "the viewer at the other node is ended", func() bool {
		select {
		case <-viewer.ended:
			return true
		default:
			return false
		}
	})

	folder := filepath.Join(cluster[owner].Data, "recordings")
	if err := os.Rename(folder, folder+".away"); err != nil {
		t.Fatal(err)
	}
	cluster.shows(t, other, "that the disk of the owner is gone", func(o overview) bool {
		n := o.Nodes[at[owner]]
		return n.Recordings.Reason != "" && len(n.Recorded) == 1 && n.Recorded[0].State == "missing" && o.Cameras[0].Recording.State == "missing"
	})
	if err := os.Rename(folder+".away", folder); err != nil {
		t.Fatal(err)
	}
	cluster.shows(t, other, "that it is back", func(o overview) bool { return o.Cameras[0].Recording.State == "recording" })

	if err := cluster[owner].Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	cluster.shows(t, other, "that the node is away", func(o overview) bool { return o.Nodes[at[owner]].Away && o.Cluster.Away == 1 })
	cluster.shows(t, other, "what it took over", func(o overview) bool {
		return o.Cameras[0].State == "online" && o.Cameras[0].Recording.State == "recording"
	})
}
