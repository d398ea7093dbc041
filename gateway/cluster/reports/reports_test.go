package reports

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// yard is a cluster whose node a asks the others.
type yard struct {
	t       *testing.T
	ids     map[string]*cluster.Identity
	reports *Reports[string]

	mu    sync.Mutex // guards what follows
	nodes []string
	at    map[string]string
}

func newYard(t *testing.T, names ...string) *yard {
	y := &yard{t: t, ids: make(map[string]*cluster.Identity), at: make(map[string]string)}
	authority, err := cluster.MakeAuthority(t.TempDir(), "yard")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "a") {
		token, err := authority.Token(name)
		if err != nil {
			t.Fatal(err)
		}
		if y.ids[name], err = cluster.Join(t.TempDir(), token); err != nil {
			t.Fatal(err)
		}
	}
	client := &http.Client{Transport: &http.Transport{DialTLSContext: y.dial}}
	y.reports = New(Options[string]{
		Client: client, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Nodes: func() []string {
			y.mu.Lock()
			defer y.mu.Unlock()
			return y.nodes
		},
		Read: func(text []byte) (string, error) {
			if len(text) > 0 && text[0] == '?' {
				return "", fmt.Errorf("%w: %s", ErrNonsense, text)
			}
			return string(text), nil
		},
	})
	t.Cleanup(func() { y.reports.Close(); client.CloseIdleConnections() })
	return y
}

// dial connects to who answers under a name.
func (y *yard) dial(ctx context.Context, _, host string) (net.Conn, error) {
	node, _, _ := net.SplitHostPort(host)
	y.mu.Lock()
	at := y.at[node]
	y.mu.Unlock()
	return (&tls.Dialer{Config: y.ids["a"].TLS("")}).DialContext(ctx, "tcp", at)
}

// serve has a node answer, under a name.
func (y *yard) serve(who, name string, handler http.Handler) (end func()) {
	y.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		y.t.Fatal(err)
	}
	server := &http.Server{Handler: handler, TLSConfig: y.ids[who].TLS("")}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.ServeTLS(listener, "", "") }) // until it is closed
	end = sync.OnceFunc(func() { server.Close(); serving.Wait() })
	y.t.Cleanup(end)
	y.mu.Lock()
	defer y.mu.Unlock()
	y.nodes = append(y.nodes, name)
	y.at[name] = listener.Addr().String()
	return end
}

func nodeOf(r *http.Request) string { return cluster.NodeOf(*r.TLS) }

// await waits until it is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for late := time.Now().Add(time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestNodesAreAskedOnce by all who look, when somebody does, and again later.
func TestNodesAreAskedOnce(t *testing.T) {
	y := newYard(t, "b", "c")
	var asked, ended atomic.Int64
	for _, name := range []string{"c", "b"} {
		door := NewDoor(func() ([]byte, error) { return fmt.Appendf(nil, "%s says %d", name, asked.Add(1)), nil },
			func(number uint64, by string) bool { ended.Add(1); return number == 7 && by == "node:a" }, nodeOf)
		y.serve(name, name, door.Handler())
	}
	if asked.Load() != 0 {
		t.Fatal("it asks though nobody looks")
	}
	var looking sync.WaitGroup
	for range 8 {
		looking.Go(func() {
			if all := y.reports.Look(t.Context()); len(all) != 2 || all[0].Node != "b" || all[1].Node != "c" || all[0].Away || all[1].Away || all[0].At.IsZero() {
				t.Errorf("%+v", all)
			}
		})
	}
	looking.Wait()
	if n := y.reports.Asked.Load(); n != 2 || asked.Load() != 2 {
		t.Errorf("8 who look cost %d questions, of which %d were heard", n, asked.Load())
	}
	await(t, "they are asked again", func() bool { y.reports.Look(t.Context()); return asked.Load() >= 4 })

	b := y.nodes[1]
	for number, want := range map[uint64]bool{7: true, 8: false} {
		if there, err := y.reports.End(t.Context(), b, number); there != want || err != nil {
			t.Errorf("viewer %d is there: %v, %v", number, there, err)
		}
	}
	y.mu.Lock()
	y.nodes = y.nodes[:1]
	y.mu.Unlock()
	if all := y.reports.Look(t.Context()); len(all) != 1 || all[0].Node != "c" || len(y.reports.peers) != 1 {
		t.Errorf("of a node that does not live: %+v, %+v", all, y.reports.peers)
	}
}

// TestNodesThatDoNotAnswerAreAway: who is gone, hangs, lies, says too much or is another.
// Who hangs is waited for once.
func TestNodesThatDoNotAnswerAreAway(t *testing.T) {
	y := newYard(t, "gone", "hangs", "lies", "long", "another", "sound")
	say := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
	}
	patient := func(within time.Duration) {
		y.reports.mu.Lock()
		defer y.reports.mu.Unlock()
		y.reports.answerIn = within
	}
	patient(time.Minute)
	y.serve("gone", "gone", say("x"))()
	y.serve("lies", "lies", say("?"))
	y.serve("long", "long", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 2 * maxReport / 1024 {
			if _, err := w.Write(make([]byte, 1024)); err != nil {
				return
			}
		}
	}))
	y.serve("another", "lacks", say("x"))
	y.serve("sound", "sound", say("well"))
	check := func(all []Said[string]) bool {
		for _, said := range all {
			if said.Away != (said.Node != "sound") || said.Report != "" != !said.Away {
				return false
			}
		}
		return len(all) == len(y.nodes)
	}
	await(t, "all but one are away", func() bool { return check(y.reports.Look(t.Context())) && y.reports.Away.Load() >= 4 })
	if n := y.reports.Nonsense.Load(); n != 2 {
		t.Errorf("%d said what cannot be", n)
	}
	patient(time.Millisecond)
	y.serve("hangs", "hangs", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	await(t, "the one that hangs is known to", func() bool {
		y.reports.Look(t.Context())
		y.reports.mu.Lock()
		defer y.reports.mu.Unlock()
		return y.reports.peers["hangs"].failed
	})
	patient(time.Minute)
	y.reports.mu.Lock()
	hanging := y.reports.peers["hangs"]
	again := hanging.until
	hanging.until = time.Time{} // and so it is asked again
	y.reports.mu.Unlock()
	asked := y.reports.Asked.Load()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if !check(y.reports.Look(ctx)) || again.IsZero() {
		t.Error("another is away")
	}
	y.reports.mu.Lock()
	defer y.reports.mu.Unlock()
	if hanging.flight == nil || y.reports.Asked.Load() == asked {
		t.Error("it was waited for, or not asked")
	}
}

// TestDoorIsBounded: a node has four questions answered at a time, and none that is none.
func TestDoorIsBounded(t *testing.T) {
	y := newYard(t, "b")
	inside, leave := make(chan struct{}, maxEach), make(chan struct{})
	door := NewDoor(func() ([]byte, error) { inside <- struct{}{}; <-leave; return []byte("well"), nil }, func(uint64, string) bool { return true }, nodeOf)
	y.serve("b", "b", door.Handler())
	b, client := y.nodes[0], y.reports.options.Client
	var asking sync.WaitGroup
	for range maxEach {
		asking.Go(func() {
			if text, err := say(t.Context(), client, http.MethodGet, b, "/node/report", 100); err != nil || string(text) != "well" {
				t.Errorf("%s, %v", text, err)
			}
		})
	}
	for range maxEach {
		<-inside
	}
	if _, err := say(t.Context(), client, http.MethodGet, b, "/node/report", 100); err == nil || door.Refused.Load() != 1 {
		t.Errorf("a fifth: %v, %d", err, door.Refused.Load())
	}
	close(leave)
	asking.Wait()
	for _, path := range []string{"/node/viewers/x/end", "/node/viewers/-1/end"} {
		if _, err := say(t.Context(), client, http.MethodPost, b, path, 100); err == nil {
			t.Errorf("%s is answered", path)
		}
	}
}
