package nodes

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
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
