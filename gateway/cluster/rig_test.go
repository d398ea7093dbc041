package cluster

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// identities makes a cluster's nodes of these names.
func identities(t testing.TB, names ...string) []*Identity {
	t.Helper()
	authority, err := MakeAuthority(t.TempDir(), "yard")
	if err != nil {
		t.Fatal(err)
	}
	var ids []*Identity
	for _, name := range names {
		token, err := authority.Token(name)
		if err != nil {
			t.Fatal(err)
		}
		id, err := Join(t.TempDir(), token)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// node is a node of a test, with all roles.
type node struct {
	*Cluster
	end  context.CancelFunc
	sent *atomic.Pointer[[]string] // cameras whose pictures are sent in here
}

// start starts a node that knows these cameras.
func start(t testing.TB, id *Identity, seeds []string, cameras ...Camera) *node {
	t.Helper()
	return startWith(t, id, seeds, func(*Options) {}, cameras...)
}

// startWith is start with other options.
func startWith(t testing.TB, id *Identity, seeds []string, with func(*Options), cameras ...Camera) *node {
	t.Helper()
	sent := new(atomic.Pointer[[]string])
	sent.Store(new([]string))
	o := Options{
		Identity: id, Life: uint64(time.Now().UnixMicro()), Listen: "127.0.0.1:0", Seeds: seeds, Relay: "127.0.0.1:1", Version: "test",
		Roles: []string{RoleCamera, RoleEdge}, Viewers: func() int { return 0 }, Shown: func() int { return 0 }, Sent: func() []string { return *sent.Load() }, Moved: func([]string) {}, Gone: func(string) {},
		Common: func() uint64 { return 0 }, Newer: func() {}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	with(&o)
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.Configure(cameras)
	ctx, end := context.WithCancel(context.Background())
	var life sync.WaitGroup
	life.Go(func() { c.Run(ctx) })
	n := &node{Cluster: c, sent: sent, end: sync.OnceFunc(func() { end(); life.Wait(); c.Close() })}
	t.Cleanup(n.end)
	return n
}

// await waits until it is so.
func await(t testing.TB, what string, so func() bool) {
	t.Helper()
	for late := time.Now().Add(2 * time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("never: %s", what)
		}
	}
}

// agree waits until these nodes say of a camera that the same one of them has it.
func agree(t testing.TB, camera string, nodes ...*node) (place Place) {
	t.Helper()
	await(t, "they agree on "+camera, func() bool {
		owners := 0
		for i, n := range nodes {
			p, ok := n.Where(camera)
			if i == 0 {
				place = p
			}
			if !ok || p != place {
				return false
			}
			if n.Node() == p.Node {
				owners++
			}
		}
		return owners == 1
	})
	return place
}

// line is a TCP proxy that can be cut.
type line struct {
	listener net.Listener
	to       string

	mu    sync.Mutex // guards what follows
	cut   bool
	conns []net.Conn
	all   sync.WaitGroup
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener, to: to}
	l.all.Go(l.accept) // ends with the listener
	t.Cleanup(func() { listener.Close(); l.set(true); l.all.Wait() })
	return l
}

func (l *line) address() string { return l.listener.Addr().String() }

func (l *line) accept() {
	for {
		in, err := l.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", l.to)
		l.mu.Lock()
		if err != nil || l.cut {
			in.Close()
			if err == nil {
				out.Close()
			}
		} else {
			l.conns = append(l.conns, in, out)
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				l.all.Go(func() { // ends when either is closed
					_, _ = io.Copy(pair[0], pair[1])
					pair[0].Close()
					pair[1].Close()
				})
			}
		}
		l.mu.Unlock()
	}
}

// set cuts the line, or mends it.
func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		for _, c := range l.conns {
			c.Close()
		}
		l.conns = nil
	}
}
