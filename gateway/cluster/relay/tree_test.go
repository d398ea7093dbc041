package relay_test

import (
	"crypto/tls"
	"fmt"
	"log"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"framegate/gateway/cluster"
	"framegate/gateway/cluster/relay"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/output/live"
	"framegate/gateway/stream"
)

// mesh is several nodes, of which the first owns the camera front. Each shows a stream
// to two others.
type mesh struct {
	*site
	nodes []*meshed

	mu    sync.Mutex
	doors map[string]string // addresses, by node
}

// meshed is a node of a mesh.
type meshed struct {
	name     string
	hub      *stream.Hub
	tree     relay.Tree
	counters relay.Counters
	reader   *stream.Reader
	end      func() // the node dies
}

func newMesh(t testing.TB, n, most int) *mesh {
	m := &mesh{site: &site{t: t, frames: make(chan media.Frame), taken: make(chan struct{}), wrong: make(chan error)}, doors: make(map[string]string)}
	authority, err := cluster.MakeAuthority(t.TempDir(), "yard")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		name := fmt.Sprintf("n%02d", i)
		token, err := authority.Token(name)
		if err != nil {
			t.Fatal(err)
		}
		id, err := cluster.Join(t.TempDir(), token)
		if err != nil {
			t.Fatal(err)
		}
		m.add(name, id, most)
	}
	return m
}

func (m *mesh) address(node string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	address, ok := m.doors[node]
	return address, ok
}

// add starts a node.
func (m *mesh) add(name string, id *cluster.Identity, most int) {
	n := &meshed{name: name}
	n.tree.Most = most
	owner := len(m.nodes) == 0
	n.hub = stream.New(stream.Options{Linger: time.Millisecond, Resolve: func(k stream.Key) (stream.Source, error) {
		if owner {
			return m.site, nil
		}
		return relay.New(relay.Options{
			Key: k, Owner: "n00", Epoch: 1, Self: name, Dial: dialer(id, m.address), Lives: func(node string) bool { _, lives := m.address(node); return lives }, Tree: &n.tree,
			MaxFrameBytes: 1 << 20, Counters: &n.counters,
		}), nil
	}})
	player := live.New(delivery.Options{Hub: n.hub})
	door := &relay.Door{
		Self: name, NodeOf: func(r *http.Request) string { return cluster.NodeOf(*r.TLS) }, Address: m.address, Status: func(http.ResponseWriter, *http.Request) {}, Relays: func(http.ResponseWriter, *http.Request) {},
		Show: func(w http.ResponseWriter, r *http.Request, ask relay.Ask) error {
			ctx, leave, path, err := n.tree.Enter(r.Context(), ask, name, owner)
			if err != nil {
				return err
			}
			defer leave()
			r = r.Clone(ctx)
			r.URL.RawQuery = ""
			return player.ServeWebSocket(w, r, live.Choice{Header: relay.Header(path), Own: front, H264: front, JPEG: smaller}, stream.Client{Address: ask.Node, Node: true})
		},
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", id.TLS(""))
	if err != nil {
		m.t.Fatal(err)
	}
	m.doors[name] = listener.Addr().String()
	server := &http.Server{Handler: door.Handler(), ErrorLog: log.New(m.t.Output(), "", 0)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // ends by Close
	n.end = sync.OnceFunc(func() { server.Close(); player.Close(); n.hub.Close(); serving.Wait() })
	m.t.Cleanup(n.end)
	m.nodes = append(m.nodes, n)
}

// watch has a node read the camera.
func (m *mesh) watch(n *meshed) {
	n.reader = m.open(n.hub, front, stream.ReadOptions{Sequential: true})
}

// see waits until a node has a picture that was taken then or later.
func (m *mesh) see(n *meshed, at time.Time) {
	m.t.Helper()
	for {
		f, err := m.next(n.reader)
		if err != nil {
			m.t.Fatalf("%s: %v", n.name, err)
		}
		if !f.Wall.Before(at) {
			return
		}
	}
}

// TestTree has 4 nodes get a camera of its owner and 16 of those, one copy each; and
// those below one that dies get it of others.
func TestTree(t *testing.T) {
	m := newMesh(t, 21, 4)
	sent := 0
	give := func(n int) time.Time {
		f := picture(n)
		sent += len(f.Data)
		m.give(f)
		return f.Wall
	}
	for _, n := range m.nodes[1:5] {
		m.watch(n)
	}
	first := give(1)
	for _, n := range m.nodes[1:5] {
		m.see(n, first)
	}
	for _, n := range m.nodes[5:] {
		m.watch(n)
		m.see(n, first)
	}
	for i := range 20 {
		at := give(2 + i)
		for _, n := range m.nodes[1:] {
			m.see(n, at)
		}
	}
	for i, n := range m.nodes {
		if shows := n.tree.Shown(); (shows == 4) != (i < 5) {
			t.Errorf("%s shows it to %d", n.name, shows)
		}
		if came := int(n.counters.Bytes.Load()); i > 0 && (n.counters.Pulls.Load() != 1 || came < sent || came > sent+21*200+1000) {
			t.Errorf("%s: %d connections and %d bytes, of %d", n.name, n.counters.Pulls.Load(), came, sent)
		}
	}

	dead := m.nodes[2]
	m.mu.Lock()
	delete(m.doors, dead.name)
	m.mu.Unlock()
	dead.end()
	left := slices.DeleteFunc(slices.Clone(m.nodes[1:]), func(n *meshed) bool { return n == dead })
	for n := 100; ; n++ { // the owner's pictures go on
		at := give(n)
		all := true
		for _, n := range left {
			f, ok, err := n.reader.TryNext()
			for ok && err == nil && f.Wall.Before(at) {
				f, ok, err = n.reader.TryNext()
			}
			if err != nil {
				t.Fatalf("%s: %v", n.name, err)
			}
			all = all && ok
		}
		if all {
			break
		}
		if n > 4000 {
			t.Fatal("some see no more")
		}
		time.Sleep(5 * time.Millisecond) // the camera's pace
	}
	pulls := 0
	for _, n := range left {
		pulls += int(n.counters.Pulls.Load())
	}
	if pulls < 19+4 || m.nodes[0].tree.Shown() != 4 {
		t.Errorf("%d connections of 19 nodes, of which 4 lost theirs; the owner shows it to %d", pulls, m.nodes[0].tree.Shown())
	}
}

// TestTreeHasNoCircles has nodes asked that get the stream of who asks, or not at all.
func TestTreeHasNoCircles(t *testing.T) {
	m := newMesh(t, 3, 1)
	m.watch(m.nodes[1])
	at := taken(1)
	m.give(picture(1))
	m.see(m.nodes[1], at)
	m.watch(m.nodes[2]) // by n01
	m.see(m.nodes[2], at)
	if by := m.nodes[2].tree.By("n01"); !slices.Equal(by, []string{"front"}) {
		t.Fatalf("n02 gets %q by n01", by)
	}
	for _, row := range []struct {
		at   int
		asks string
		want error
	}{{2, "n01", relay.ErrLoop}, {2, "n00", relay.ErrLoop}} {
		if _, _, _, err := m.nodes[row.at].tree.Enter(t.Context(), relay.Ask{Node: row.asks, Key: front}, "n02", false); err != row.want {
			t.Errorf("%s asks %s: %v", row.asks, m.nodes[row.at].name, err)
		}
	}
	if _, _, _, err := m.nodes[2].tree.Enter(t.Context(), relay.Ask{Node: "n05", Key: smaller}, "n02", false); err != relay.ErrElsewhere {
		t.Errorf("what n02 does not have: %v", err)
	}
	m.nodes[0].tree.End("front") // n01 gets it anew, and who is below asks anew
	below := m.nodes[2]
	for n := 2; below.counters.Pulls.Load() < 2; n++ {
		m.give(picture(n))
		time.Sleep(time.Millisecond) // the camera's pace
		if n > 20_000 {
			t.Fatal("n02 asks nobody else")
		}
	}
}
