package archive

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/cluster"
	"framegate/gateway/record/index"
	"framegate/gateway/record/thumbs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	front = "front"
	// soon is what anything may take.
	soon = time.Minute
)

var (
	ten        = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	errEmpty   = errors.New("keeps nothing")
	errMissing = errors.New("not at hand")
)

// place is what a node has: an index, and files that say whose they are.
type place struct {
	*index.Index
	name string

	mu      sync.Mutex // guards what follows
	wrong   error      // of looking
	growing *Growing
	small   []byte // each thumbnail that is kept
	erased  []string

	withdrawn []index.Span
}

func newPlace(t testing.TB, name string) *place {
	t.Helper()
	x, err := index.Open(t.Context(), filepath.Join(t.TempDir(), "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return &place{Index: x, name: name}
}

// record enters a minute of so many that begins at a time.
func (p *place) record(t testing.TB, epoch, number int, start time.Time, length time.Duration) index.Segment {
	t.Helper()
	format, err := p.AddFormat(t.Context(), index.Format{Codec: "jpeg", Width: 64, Height: 32})
	if err != nil {
		t.Fatal(err)
	}
	s := index.Segment{
		Camera: front, Run: "run of " + p.name, Sequence: uint64(number), Start: start, End: start.Add(length), Bytes: 1 << 20, Frames: 60, Keys: 60, Fragments: 1, Format: format,
		Path: fmt.Sprintf("front/%s-%d-e%d.mp4", start.Format("2006-01-02/15/20060102T150405.000Z"), number, epoch),
	}
	if s.ID, err = p.Add(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// change has it be otherwise from now on.
func (p *place) change(how func(*place)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	how(p)
}

// erasures counts what it was told to erase.
func (p *place) erasures() (n int) {
	p.change(func(p *place) { n = len(p.erased) })
	return n
}

func (p *place) look() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wrong
}

func (p *place) Timeline(ctx context.Context, camera string, from, to time.Time, resolution time.Duration) (index.Timeline, error) {
	if err := p.look(); err != nil {
		return index.Timeline{}, err
	}
	return p.Index.Timeline(ctx, camera, from, to, resolution)
}

func (p *place) Cameras(ctx context.Context) ([]string, error) {
	if err := p.look(); err != nil {
		return nil, err
	}
	return p.Index.Cameras(ctx)
}

func (p *place) Growing(string) (Growing, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.growing == nil {
		return Growing{}, false
	}
	return *p.growing, true
}

func (p *place) Missing(string) (index.Gap, bool) { return index.Gap{}, false }

func (p *place) Extents(ctx context.Context) (map[string]index.Span, error) {
	t, err := p.Totals(ctx, front)
	return map[string]index.Span{front: {From: t.Oldest, To: t.Newest}}, err
}

// content is what a file of a place has.
func content(name, path string) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%s of %s\n", path, name), 20_000)
}

// opened is a file of a place.
type opened struct{ *bytes.Reader }

func (opened) Close() error { return nil }

func (p *place) Open(s index.Segment) (File, int64, error) {
	if s.Sequence == 404 {
		return nil, 0, fs.ErrNotExist
	}
	b := content(p.name, s.Path)
	return opened{bytes.NewReader(b)}, int64(len(b)), nil
}

func (p *place) Thumbnail(of index.Segment, _ time.Time) (thumbs.Picture, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.small == nil {
		return thumbs.Picture{}, fs.ErrNotExist
	}
	return thumbs.Picture{Sequence: of.Sequence, Data: p.small}, nil
}

func (p *place) Erase(_ context.Context, camera string, from, to time.Time) (Erased, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erased = append(p.erased, camera)
	return Erased{Segments: 1, Bytes: 10, From: from.Add(-time.Second), To: to}, nil
}

func (p *place) Withdraw(_ context.Context, _ string, from, to time.Time) error {
	p.change(func(p *place) { p.withdrawn = append(p.withdrawn, index.Span{From: from, To: to}) })
	return nil
}

// yard is a cluster of which node c asks, and a and b are asked.
type yard struct {
	t     testing.TB
	ids   map[string]*cluster.Identity
	own   *place
	all   *All
	doors map[string]*Door

	mu    sync.Mutex // guards what follows
	nodes map[string]*http.Server
	at    map[string]string
	owner string
}

func newYard(t testing.TB, memory string) *yard {
	t.Helper()
	authority, err := cluster.MakeAuthority(t.TempDir(), "yard")
	if err != nil {
		t.Fatal(err)
	}
	y := &yard{t: t, own: newPlace(t, "c"), ids: make(map[string]*cluster.Identity), doors: make(map[string]*Door), nodes: make(map[string]*http.Server), at: make(map[string]string)}
	for _, name := range []string{"a", "b", "c"} {
		token, err := authority.Token(name)
		if err != nil {
			t.Fatal(err)
		}
		if y.ids[name], err = cluster.Join(t.TempDir(), token); err != nil {
			t.Fatal(err)
		}
	}
	y.all = y.open(memory)
	return y
}

// open makes what node c knows of all.
func (y *yard) open(memory string) *All {
	all := New(Options{
		Self: "c", Local: y.own, Patience: soon, Dial: y.dial, Empty: errEmpty, Missing: errMissing, Memory: memory,
		Nodes: func() (nodes []string) {
			y.mu.Lock()
			defer y.mu.Unlock()
			for name := range y.nodes {
				nodes = append(nodes, name)
			}
			return nodes
		},
		Owner: func(string) string {
			y.mu.Lock()
			defer y.mu.Unlock()
			return y.owner
		},
	})
	y.t.Cleanup(all.Close)
	return all
}

// dial connects to a node that lives, or did.
func (y *yard) dial(ctx context.Context, node string) (net.Conn, error) {
	y.mu.Lock()
	at := y.at[node]
	y.mu.Unlock()
	return (&tls.Dialer{Config: y.ids["c"].TLS(node)}).DialContext(ctx, "tcp", at)
}

// node has a node live, which has what a place has.
func (y *yard) node(name string) *place {
	y.t.Helper()
	p := newPlace(y.t, name)
	y.doors[name] = NewDoor(p, errEmpty, func(r *http.Request) string { return cluster.NodeOf(*r.TLS) })
	y.serve(name, y.doors[name].Handler())
	return p
}

// serve has a node live, which answers so.
func (y *yard) serve(name string, handler http.Handler) {
	y.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		y.t.Fatal(err)
	}
	server := &http.Server{Handler: handler, TLSConfig: y.ids[name].TLS("")}
	y.mu.Lock()
	y.nodes[name], y.at[name] = server, listener.Addr().String()
	y.mu.Unlock()
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.ServeTLS(listener, "", "") }) // until it is closed
	y.t.Cleanup(func() { server.Close(); serving.Wait() })
}

// owns has a node be the camera's owner.
func (y *yard) owns(name string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.owner = name
}

// kill ends a node, of whose death the cluster knows.
func (y *yard) kill(name string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.nodes[name].Close()
	delete(y.nodes, name)
}
