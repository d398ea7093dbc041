package passage

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/cluster"
	"framegate/gateway/httplimit"
)

// site is a node of a test, which answers others and says who asks.
type site struct {
	*Ways
	id      *cluster.Identity
	cluster *cluster.Cluster
	address string
	shut    atomic.Bool // it can dial nobody
	asks    atomic.Int64
	end     func()
}

// bus is that of a node.
type bus struct{ *site }

func (b bus) Call(ctx context.Context, node string, text []byte) error {
	return b.cluster.Call(ctx, node, text)
}

func (b bus) OpenLine(take func([]byte), gone func()) (Line, error) {
	return b.cluster.OpenLine(take, gone)
}

// sites starts nodes of these names that hear each other.
func sites(t testing.TB, names ...string) map[string]*site {
	authority, err := cluster.MakeAuthority(t.TempDir(), "yard")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]*site)
	var seeds []string
	for _, name := range names {
		token, err := authority.Token(name)
		if err != nil {
			t.Fatal(err)
		}
		s := new(site)
		if s.id, err = cluster.Join(t.TempDir(), token); err != nil {
			t.Fatal(err)
		}
		s.start(t, seeds)
		all[name], seeds = s, []string{s.cluster.Address()}
	}
	for _, s := range all {
		await(t, "all hear each other", func() bool { return len(s.cluster.Others()) == len(names)-1 })
	}
	return all
}

func (s *site) start(t testing.TB, seeds []string) {
	under, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = under.Addr().String()
	s.Ways = New(Options{
		Self: s.id.Node, TLS: s.id.TLS, Bus: bus{s}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Where: func(node string) (Place, bool) {
			m, known := s.cluster.Member(node)
			return Place{m.Relay, m.Life}, known
		},
		Dialer: &net.Dialer{Control: func(string, string, syscall.RawConn) error {
			if s.shut.Load() {
				return errors.New("the router lets nothing through")
			}
			return nil
		}},
	})
	s.cluster, err = cluster.New(cluster.Options{
		Identity: s.id, Life: uint64(time.Now().UnixMicro()), Listen: "127.0.0.1:0", Seeds: seeds, Relay: s.address, Version: "test",
		Roles: []string{cluster.RoleCamera}, Viewers: func() int { return 0 }, Shown: func() int { return 0 }, Sent: func() []string { return nil },
		Moved: func([]string) {}, Gone: func(string) {}, Common: func() uint64 { return 0 }, Newer: func() {}, Called: s.Called,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asks.Add(1)
		fmt.Fprintf(w, "%s asks %s", cluster.NodeOf(*r.TLS), s.id.Node)
		_, _ = io.Copy(w, r.Body) // comes back
	})}
	limits := httplimit.Limits{HeaderTimeout: soon, HeaderBytes: 16 << 10, IdleTimeout: soon, Patience: soon, Room: func() httplimit.Room { return httplimit.Room{All: 1000, PerAddress: 1000} }}
	listener := tls.NewListener(s.Knocks(httplimit.Put(limits, server, s.Listen(under), func(string) {})), s.id.TLS(""))
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.cluster.Run(ctx) })
	running.Go(func() { _ = server.Serve(listener) }) // ends by Close
	s.end = sync.OnceFunc(func() { server.Close(); s.Ways.Close(); end(); running.Wait(); s.cluster.Close() })
	t.Cleanup(s.end)
}

// soon is what anything that a test waits for may take.
const soon = 30 * time.Second

func await(t testing.TB, what string, so func() bool) {
	t.Helper()
	for late := time.Now().Add(soon); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("never: %s", what)
		}
	}
}

// client asks a node by connections of its own.
func (s *site) client(node string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx, node) }}}
}

// ask asks a node, and gives what it answers.
func ask(client *http.Client, node, body string) (string, error) {
	answer, err := client.Post("https://"+node+"/", "", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return string(b), err
}

// asks has a node ask another anew, which is to answer.
func (s *site) asksAnew(t testing.TB, node string) {
	t.Helper()
	client := s.client(node)
	defer client.CloseIdleConnections()
	body := strings.Repeat("0123456789", 100_000) // more than is under way by the bus
	if said, err := ask(client, node, body); err != nil || said != s.id.Node+" asks "+node+body {
		t.Fatalf("%s asks %s: %.40q, %v", s.id.Node, node, said, err)
	}
}

// goes waits until a node is asked by a way.
func (s *site) goes(t testing.TB, node string, want Way) {
	t.Helper()
	made := s.Made[want].Load()
	await(t, fmt.Sprintf("%s asks %s %s", s.id.Node, node, want), func() bool {
		s.asksAnew(t, node)
		way, seen := s.Way(node)
		return seen && way == want && s.Made[want].Load() > made
	})
}

// TestNodesAreReachedWhicheverWay: directly; called back where one can dial the other; by the
// bus where neither can; and directly again once that is possible.
func TestNodesAreReachedWhicheverWay(t *testing.T) {
	all := sites(t, "a", "b")
	a, b := all["a"], all["b"]
	a.goes(t, "b", Direct)
	a.shut.Store(true) // as b behind a router
	a.goes(t, "b", CalledBack)
	b.goes(t, "a", Direct)
	b.shut.Store(true)
	a.goes(t, "b", ByBus)
	b.goes(t, "a", ByBus)
	var asking sync.WaitGroup
	for range 8 { // at the same time
		asking.Go(func() { a.asksAnew(t, "b") })
	}
	asking.Wait()
	a.shut.Store(false)
	b.shut.Store(false)
	a.goes(t, "b", Direct)
	if n := a.Strange.Load() + b.Strange.Load() + a.Broken.Load() + b.Broken.Load(); n > 0 {
		t.Errorf("%d things were not as they should be", n)
	}
	await(t, "nothing is left", func() bool { return a.line.with("b")+b.line.with("a")+a.open("b")+b.open("a") == 0 })
}

// TestWhoIsShutOutIsReachedNoWay: what there is ends, and there is nothing new.
func TestWhoIsShutOutIsReachedNoWay(t *testing.T) {
	all := sites(t, "a", "b")
	a, b := all["a"], all["b"]
	a.shut.Store(true)
	for _, way := range []Way{CalledBack, ByBus} {
		b.shut.Store(way == ByBus)
		a.goes(t, "b", way)
		conn, err := a.Dial(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		b.End("a")
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: what there is goes on", way)
		}
		conn.Close()
	}
}

// TestCallsThatAreNone: who knocks without having been asked is let go, and counted; and an
// answer counts once.
func TestCallsThatAreNone(t *testing.T) {
	all := sites(t, "a", "b")
	a, b := all["a"], all["b"]
	for _, says := range []string{knocks(newNonce()), "FRAMEGATE BACK 2 " + strings.Repeat("0", 33), "F" + strings.Repeat("x", 200), "GET / HTTP/1.1\r\nHost: a\r\n\r\n"} {
		conn, err := net.Dial("tcp", a.address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, says)
		_ = conn.SetReadDeadline(time.Now().Add(soon))
		if n, err := io.Copy(io.Discard, conn); errors.Is(err, context.DeadlineExceeded) || n > 512 {
			t.Errorf("%q: it is answered %d bytes, %v", says, n, err)
		}
		conn.Close()
	}
	await(t, "they are counted", func() bool { return a.Strange.Load() == 3 })
	if a.asks.Load() > 0 {
		t.Error("it is asked something")
	}
	// Whoever knows the number of a call is asked nothing before he proves to be the node.
	n, waits, err := a.wait("b", true)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := net.Dial("tcp", a.address)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	_, _ = io.WriteString(stranger, knocks(n))
	conn := <-waits.conns
	a.forget(n, waits)
	go func() { _ = tls.Server(stranger, b.id.TLS("")).Handshake() }() // as the wrong node: ends with the connection
	if err := tls.Client(conn, a.id.TLS("c")).Handshake(); err == nil {
		t.Error("b is taken for c")
	}
	conn.Close()
	b.Called("a", []byte(`{"what":"dance","nonce":"00"}`))
	b.Called("a", []byte(`{}`))
	if b.Strange.Load() != 2 {
		t.Errorf("%d calls are counted", b.Strange.Load())
	}
}

// TestCallsAreAnsweredSoManyAtATime, whose addresses let nothing come back.
func TestCallsAreAnsweredSoManyAtATime(t *testing.T) {
	var dials atomic.Int64
	w := New(Options{
		Self: "b", Bus: deaf{}, Where: func(string) (Place, bool) { return Place{Address: "127.0.0.1:9"}, true },
		Dialer: &net.Dialer{ControlContext: func(ctx context.Context, _, _ string, _ syscall.RawConn) error {
			dials.Add(1)
			<-ctx.Done()
			return ctx.Err()
		}},
	})
	for n := range 2 * maxWaiting {
		w.Called("a", fmt.Appendf(nil, `{"what":"back","nonce":"%032x"}`, n))
	}
	await(t, "those that may be are dialled", func() bool { return dials.Load() == maxWaiting })
	if n := w.Strange.Load(); n != maxWaiting {
		t.Errorf("%d are counted", n)
	}
	w.Called("c", []byte(`{"what":"back","nonce":"00000000000000000000000000000000"}`))
	await(t, "another node's call is answered", func() bool { return dials.Load() == maxWaiting+1 })
	w.end() // or it takes their time
	await(t, "all are forgotten", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.calls) == 0
	})
	w.Close()
}

// deaf is a bus that nobody hears.
type deaf struct{ Bus }

func (deaf) Call(context.Context, string, []byte) error { return errors.New("nobody hears it") }

// TestNodeMayHaveSoManyConnections and no more.
func TestNodeMayHaveSoManyConnections(t *testing.T) {
	all := sites(t, "a", "b")
	a, b := all["a"], all["b"]
	a.shut.Store(true)
	b.shut.Store(true)
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range maxLines {
		c, err := a.Dial(t.Context(), "b")
		if err != nil {
			t.Fatalf("after %d: %v", len(conns), err)
		}
		conns = append(conns, c)
	}
	if c, err := a.Dial(t.Context(), "b"); err == nil || !strings.Contains(err.Error(), errTooMany.Error()) {
		t.Errorf("one more: %v, %v", c, err)
	}
	conns[0].Close()
	await(t, "there is room again", func() bool {
		c, err := a.Dial(t.Context(), "b")
		if err == nil {
			conns = append(conns, c)
		}
		return err == nil
	})
}

// TestNodeThatIsGoneIsKnownToBe: the bus says that nobody hears its call.
func TestNodeThatIsGoneIsKnownToBe(t *testing.T) {
	all := sites(t, "a", "b")
	all["b"].end()
	await(t, "it is known that nobody hears it", func() bool {
		_, err := all["a"].Dial(t.Context(), "b")
		return err != nil && strings.Contains(err.Error(), "not at the bus")
	})
	if _, err := all["a"].Dial(t.Context(), "c"); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("a node that never was: %v", err)
	}
}
