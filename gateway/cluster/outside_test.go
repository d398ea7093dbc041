package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// natsOf starts a NATS server with JetStream in a folder, and gives it and what nodes are told of it. A port other than 0 is the
// one to listen at.
func natsOf(t *testing.T, disk string, port int, with func(*server.Options)) (*server.Server, NATS) {
	t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: disk, NoSigs: true, Username: "framegate", Password: "swordfish", MaxPayload: 8 << 20}
	if port == 0 {
		o.Port = server.RANDOM_PORT
	}
	if with != nil {
		with(o)
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("it does not listen")
	}
	return s, NATS{Servers: []string{s.Addr().String()}, Username: "framegate", Password: "swordfish"}
}

// sparingFor has a NATS allow what nodes of a cluster need, and nothing else.
func sparingFor(id *Identity) func(*server.Options) {
	return func(o *server.Options) {
		o.Users = []*server.User{{Username: o.Username, Password: o.Password, Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: []string{"framegate.yard.*.*", "$KV." + namesOf(id).bucket + ".state", "$JS.API.>"}},
			Subscribe: &server.SubjectPermission{Allow: []string{"framegate.yard.*.*", "_INBOX.>"}},
		}}}
		o.Username, o.Password = "", ""
	}
}

// telephone is how the nodes of a test reach each other directly.
type telephone struct {
	mu    sync.Mutex // guards nodes
	nodes map[string]*Cluster
	calls atomic.Int64
}

func (p *telephone) exchange(_ context.Context, to Place, said []byte) ([]byte, error) {
	p.calls.Add(1)
	p.mu.Lock()
	c := p.nodes[to.Node]
	p.mu.Unlock()
	if c == nil {
		return nil, errors.New("nobody is there")
	}
	return c.Hear(said), nil
}

// at starts a node that speaks by an outside NATS.
func (p *telephone) at(t *testing.T, id *Identity, by NATS, with func(*Options), cameras ...Camera) *node {
	t.Helper()
	n := startWith(t, id, nil, func(o *Options) {
		o.NATS, o.Exchange = by, p.exchange
		if with != nil {
			with(o)
		}
	}, cameras...)
	p.add(n)
	return n
}

// add has a node be reached by others.
func (p *telephone) add(n *node) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.nodes == nil {
		p.nodes = make(map[string]*Cluster)
	}
	p.nodes[n.Node()] = n.Cluster
}

// kill has a node be gone without a word.
func (p *telephone) kill(n *node) {
	p.mu.Lock()
	delete(p.nodes, n.Node())
	p.mu.Unlock()
	n.bus.conn.Close()
	n.end()
}

func moves(n *node) uint64 { return n.Status().Moves }

// TestOutsideNATS has three nodes share cameras and what they have in common by a NATS that is none of them. It goes
// away: nothing moves, but of a node that dies then. It comes back, and they have all in common again, know their clocks, and shut
// one out.
func TestOutsideNATS(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long")
	}
	disk, cameras, yard := t.TempDir(), numbered(12), newYard(t, "a", "b", "c")
	ids := []*Identity{yard.identity(t, "a"), yard.identity(t, "b"), yard.identity(t, "c")}
	sparing := sparingFor(ids[0])
	s, by := natsOf(t, disk, 0, sparing)
	var p telephone
	a := p.at(t, ids[0], by, func(o *Options) { o.Origin = true }, cameras...)
	b := p.at(t, ids[1], by, nil, cameras...)
	c := p.at(t, ids[2], by, nil, cameras...)
	owners := make(map[string]string)
	for _, camera := range cameras {
		owners[camera.ID] = agree(t, camera.ID, a, b, c).Node
	}
	await(t, "a knows the clocks of the others", func() bool {
		_, _, b := a.Ahead("b")
		_, _, c := a.Ahead("c")
		return b && c
	})
	if a.Address() != "" {
		t.Errorf("it listens at %s", a.Address())
	}
	await(t, "there is a place for what they have in common", func() bool { return b.Prepare(t.Context()) == nil && a.Prepare(t.Context()) == nil })
	await(t, "a is heir", func() bool { return a.Heir() && !b.Heir() && !c.Heir() })
	first, err := a.Replace(t.Context(), []byte("one"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if text, at := c.common(t); text != "one" || at != first {
		t.Errorf("c has %q at %d", text, at)
	}

	port := s.Addr().(*net.TCPAddr).Port
	s.Shutdown()
	s.WaitForShutdown()
	await(t, "each says that it is away", func() bool {
		return !slices.ContainsFunc([]*node{a, b, c}, func(n *node) bool { out, _ := n.Outside(); return out.Connected || out.Problem == "" })
	})
	if _, err := b.Replace(t.Context(), []byte("two"), first); !errors.Is(err, ErrApart) {
		t.Errorf("without the NATS it is replaced: %v", err)
	}
	began := p.calls.Load()
	await(t, "they ask each other", func() bool { return p.calls.Load() > began+60 }) // ten beats of each
	await(t, "that is a trouble", func() bool { return errors.Is(a.Trouble(), ErrNATSAway) && a.Status().Outside.Problem != "" })
	before := moves(a) + moves(b) + moves(c)
	for _, camera := range cameras {
		if is := agree(t, camera.ID, a, b, c).Node; is != owners[camera.ID] {
			t.Errorf("%s went from %s to %s, and all live", camera.ID, owners[camera.ID], is)
		}
	}
	p.kill(c)
	for _, camera := range cameras {
		if is := agree(t, camera.ID, a, b).Node; owners[camera.ID] != "c" && is != owners[camera.ID] {
			t.Errorf("%s went from %s to %s, and c died", camera.ID, owners[camera.ID], is)
		}
	}
	if moves(a)+moves(b) == before {
		t.Log("c owned nothing")
	}

	natsOf(t, disk, port, sparing)
	await(t, "it is replaced again", func() bool { _, err := b.Replace(t.Context(), []byte("two"), first); return err == nil })
	await(t, "they hear each other by it", func() bool { a.mu.Lock(); defer a.mu.Unlock(); return !a.exchanges.apart })
	if wrong := a.Trouble(); wrong != nil {
		t.Errorf("the NATS is back, and the trouble is %v", wrong)
	}
	if text, _ := a.common(t); text != "two" {
		t.Errorf("a has %q", text)
	}
	for _, r := range append(a.Status().Refused, b.Status().Refused...) {
		if r.Count > 0 {
			t.Errorf("%d messages are refused: %s", r.Count, r.Reason)
		}
	}
	c = p.at(t, ids[2], by, nil, cameras...)
	agree(t, "cam-0", a, b, c)
	await(t, "the clock of another is measured", func() bool { _, doubt, known := a.Ahead("b"); return known && doubt > 0 })
	if err := a.Revoke(yard.revoke(t, "c")); err != nil {
		t.Fatal(err)
	}
	await(t, "c is shut out at all", func() bool { return !a.lives("c") && !b.lives("c") && c.options.Identity.ShutOut() })
	for _, camera := range cameras {
		agree(t, camera.ID, a, b)
	}
	a.end() // which says so
	agree(t, "cam-0", b)
}

// TestNodeWithoutItsNATS has one node cut off from the NATS, and not from the others: it keeps its cameras, and they
// theirs. One that is cut off from both is dead for them.
func TestNodeWithoutItsNATS(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long")
	}
	s, by := natsOf(t, t.TempDir(), 0, nil)
	ids, cameras := identities(t, "a", "b"), numbered(8)
	way := newLine(t, s.Addr().String())
	cut := by
	cut.Servers = []string{way.address()}
	var p telephone
	a := p.at(t, ids[0], by, nil, cameras...)
	b := p.at(t, ids[1], cut, nil, cameras...)
	for _, camera := range cameras {
		agree(t, camera.ID, a, b)
	}
	before, began := moves(a)+moves(b), p.calls.Load()
	way.set(true)
	await(t, "b asks a", func() bool { return p.calls.Load() > began+10 })
	for _, camera := range cameras {
		agree(t, camera.ID, a, b)
	}
	if after := moves(a) + moves(b); after != before {
		t.Errorf("%d moves, and both live", after-before)
	}
	p.mu.Lock()
	clear(p.nodes)
	p.mu.Unlock()
	await(t, "a has all", func() bool {
		return !slices.ContainsFunc(cameras, func(c Camera) bool { return !a.Owns(c.ID) })
	})
	way.set(false)
	for _, camera := range cameras {
		agree(t, camera.ID, a, b)
	}
}

// TestTwoClustersAtOneNATS, of the same name, know nothing of each other.
func TestTwoClustersAtOneNATS(t *testing.T) {
	t.Parallel()
	_, by := natsOf(t, t.TempDir(), 0, nil)
	var nodes []*node
	for i := range 2 {
		var p telephone
		n := p.at(t, identities(t, "a")[0], by, func(o *Options) { o.Origin = true }, numbered(2)...)
		agree(t, "cam-0", n)
		await(t, "there is a place", func() bool { return n.Prepare(t.Context()) == nil })
		await(t, "it is replaced", func() bool { _, err := n.Replace(t.Context(), []byte(fmt.Sprint("of ", i)), 0); return err == nil })
		nodes = append(nodes, n)
	}
	for i, n := range nodes {
		if text, _ := n.common(t); text != fmt.Sprint("of ", i) {
			t.Errorf("cluster %d has %q", i, text)
		}
		if s := n.Status(); len(s.Members) != 1 || slices.ContainsFunc(s.Refused, func(r Refused) bool { return r.Count > 0 }) {
			t.Errorf("%+v", s)
		}
	}
}

// TestStrangerAtTheNATS is somebody else with the password of the NATS: says what is nonsense, says again what was said,
// says more than can be heard, and replaces what is kept. Nodes go on, and count it.
func TestStrangerAtTheNATS(t *testing.T) {
	t.Parallel()
	s, by := natsOf(t, t.TempDir(), 0, nil)
	ids, cameras := identities(t, "a", "b"), numbered(4)
	var p telephone
	a := p.at(t, ids[0], by, nil, cameras...)
	b := p.at(t, ids[1], by, nil, cameras...)
	agree(t, "cam-0", a, b)
	stranger, err := nats.Connect("nats://"+s.Addr().String(), nats.UserInfo("framegate", "swordfish"))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	subject := a.bus.subject
	overheard, err := stranger.SubscribeSync(subject)
	if err != nil {
		t.Fatal(err)
	}
	var said [][]byte
	for len(said) < 6 {
		m, err := overheard.NextMsg(30 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, m.Data)
	}
	say := func(message []byte) {
		if err := stranger.Publish(subject, message); err != nil {
			t.Fatal(err)
		}
	}
	for _, message := range said {
		say(message)
	}
	say(nil)
	say([]byte("rubbish"))
	say(make([]byte, maxBeat+1))
	for _, why := range []error{errOld, errBroken, errTooLarge} {
		await(t, "a and b refuse what is "+why.Error(), func() bool { return a.refused[why].Load() > 0 && b.refused[why].Load() > 0 })
	}
	before := moves(a) + moves(b)
	for range 2000 {
		say(make([]byte, 64<<10))
	}
	if err := stranger.FlushTimeout(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	for _, camera := range cameras {
		agree(t, camera.ID, a, b)
	}
	if after := moves(a) + moves(b); after != before {
		t.Logf("%d moves in a flood", after-before) // which may cost beats
	}

	await(t, "there is a place", func() bool { return a.Prepare(t.Context()) == nil })
	await(t, "it is replaced", func() bool { _, err := a.Replace(t.Context(), []byte("one"), 0); return err == nil })
	if err := stranger.Publish(a.bus.kept.subject, []byte("mine")); err != nil {
		t.Fatal(err)
	}
	await(t, "that is seen to be of no node", func() bool { _, _, err := b.Fetch(t.Context()); return errors.Is(err, ErrUnreadable) })
	_, at, _ := b.Fetch(t.Context())
	if _, err := b.Replace(t.Context(), []byte("two"), at); err != nil {
		t.Error(err)
	}
	if text, _ := a.common(t); text != "two" {
		t.Errorf("a has %q", text)
	}
}

// TestNATSThatLies says what no NATS would say: a node hears nothing of it, and takes no memory as it says.
func TestNATSThatLies(t *testing.T) {
	t.Parallel()
	const info = `INFO {"server_id":"x","version":"2.15.2","proto":1,"headers":true,"max_payload":1048576}` + "\r\n"
	for i, lie := range []string{
		"HTTP/1.1 400 Bad Request\r\n\r\n", "INFO {", "INFO nothing\r\n", strings.Repeat("x", maxProtoLine+1),
		info + "PONG\r\nMSG a 1 2000000000\r\n", info + "PONG\r\nHMSG a 1 12 2000000000\r\n", info + "PONG\r\nMSG a 1 99999999999999999999\r\n",
		info + "PONG\r\nMSG a 1 3\r\nabcXXMSG a 1 2000000000\r\n", info + "PONG\r\nINFO " + strings.Repeat("x", maxProtoLine),
		info + "-ERR 'Authorization Violation'\r\n",
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			by, asked := liar(t, lie)
			var p telephone
			a := p.at(t, identities(t, "a")[0], by, nil)
			await(t, "it tries again", func() bool { return asked.Load() > 2 })
			await(t, "it says what is wrong", func() bool { out, _ := a.Outside(); return out.Problem != "" })
		})
	}
}

// liar says the same to whoever connects, whom it counts.
func liar(t *testing.T, lie string) (NATS, *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked, serving := new(atomic.Int64), new(sync.WaitGroup)
	t.Cleanup(serving.Wait)
	t.Cleanup(func() { listener.Close() })
	serving.Go(func() { // ends with the listener
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			serving.Go(func() { // ends when the node leaves
				defer conn.Close()
				_, _ = io.WriteString(conn, lie)
				_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
				_, _ = io.Copy(io.Discard, conn)
			})
		}
	})
	return NATS{Servers: []string{listener.Addr().String()}}, asked
}

// TestNodeThatStartsWithoutItsNATS claims its cameras in the end.
func TestNodeThatStartsWithoutItsNATS(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long")
	}
	var p telephone
	a := p.at(t, identities(t, "a")[0], NATS{Servers: []string{"127.0.0.1:1"}}, nil, numbered(2)...)
	if a.Owns("cam-0") {
		t.Error("it claims at once what others may have")
	}
	agree(t, "cam-0", a)
	if a.Heir() {
		t.Error("it puts in what it has, where nobody knows what others have")
	}
}

// FuzzGuard has a guard hand on what an outside NATS may send: whatever comes through is of messages and lines as long
// as they may be.
func FuzzGuard(f *testing.F) {
	f.Add([]byte("INFO {}\r\nPING\r\nPONG\r\n+OK\r\n-ERR 'x'\r\nMSG a.b 1 5\r\nhello\r\nMSG a 1 b 0\r\n\r\nHMSG a 1 12 17\r\nNATS/1.0\r\n\r\nhello\r\n"))
	f.Add([]byte("MSG a 1 2\r\nxxPING\r\n"))
	f.Add([]byte("MSG a 1 99999999\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		here, there := net.Pipe()
		defer here.Close()
		go func() { _, _ = there.Write(text); there.Close() }()
		got, _ := io.ReadAll(newGuard(here))
		if len(got) > len(text) || string(got) != string(text[:len(got)]) {
			t.Fatalf("%q comes through as %q", text, got)
		}
		for len(got) > 0 { // as a client reads it
			line, rest, whole := strings.Cut(string(got), "\r\n")
			if !whole {
				t.Fatalf("a part of a line comes through: %q", got)
			}
			fields := strings.Fields(line)
			if got = []byte(rest); fields[0] != "MSG" && fields[0] != "HMSG" {
				continue
			}
			size, err := strconv.Atoi(fields[len(fields)-1])
			if err != nil || size > busPayload {
				t.Fatalf("%q comes through", line)
			}
			got = got[min(size+2, len(got)):]
		}
	})
}

// TestWhatComesWhileANodeEnds may have it say something more, as a list of nodes that were shut out does.
func TestWhatComesWhileANodeEnds(t *testing.T) {
	t.Parallel()
	_, by := natsOf(t, t.TempDir(), 0, nil)
	yard := newYard(t, "a")
	var p telephone
	a := p.at(t, yard.identity(t, "a"), by, nil)
	list := yard.revoke(t, "b")
	a.end()
	a.hearRevoked(list)
}
