// Package reports has nodes tell each other how they are, when somebody looks: what
// cameras of theirs are doing, who watches, how their disks are.
//
//	GET  /node/report                 all of it, as JSON
//	POST /node/viewers/{number}/end   ends a viewer
//
// While nobody looks nobody asks. Each node is asked by one question at a time, for
// all who look in that moment, and not again before what it said is a little old. One
// that does not answer is waited for once, and then asked beside what is shown.
//
// What is in a report this package does not know: package api makes and reads them,
// package server puts both together.
package reports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/cluster"
)

const (
	// fresh is for how long a report is not asked for again, and stale when it is not
	// shown any more.
	fresh = 1500 * time.Millisecond
	stale = 10 * time.Second
	// patience is how long who looks waits for nodes, and answerIn how long a question
	// may take.
	patience = time.Second
	answerIn = 2 * time.Second
	// restFor is for how long a node that did not answer is not asked again, and
	// distrustFor one that answered what cannot be.
	restFor     = 3 * time.Second
	distrustFor = 30 * time.Second
	// maxReport bounds one, in bytes.
	maxReport = 8 << 20
)

// ErrNonsense is wrapped by what Options.Read gives for what no node says.
var ErrNonsense = errors.New("not a report of a node")

// Options are what Reports are made of.
type Options[T any] struct {
	// Nodes gives the names of the other nodes that live.
	Nodes func() []string
	// Client connects to the nodes that addresses name as their hosts, and to nobody else.
	Client *http.Client
	// Read reads a report, of which nothing is believed.
	Read func([]byte) (T, error)
	Log  *slog.Logger
}

// Said is what a node said of itself.
type Said[T any] struct {
	Node   string
	Away   bool // it does not answer; there is no report then
	Report T    // which several may read, and nobody may change
	At     time.Time
}

// Reports are those of other nodes. Its methods may be called from any goroutine.
type Reports[T any] struct {
	options Options[T]
	ctx     context.Context // of questions; done when Close begins
	end     context.CancelFunc
	flights sync.WaitGroup // of questions, each of which ends by answerIn or ctx

	// Asked counts questions, Away those that were not answered, and Nonsense those that
	// were by what cannot be.
	Asked, Away, Nonsense atomic.Uint64

	mu       sync.Mutex // guards what follows
	peers    map[string]*peer[T]
	answerIn time.Duration // answerIn, but in tests
}

// peer is another node. The Reports' lock guards it.
type peer[T any] struct {
	name   string
	report T
	at     time.Time
	failed bool          // the last question
	until  time.Time     // it is not asked before
	flight chan struct{} // closed when the question that is under way is over; nil without one
}

// New makes Reports. Close must be called in the end.
func New[T any](o Options[T]) *Reports[T] {
	ctx, end := context.WithCancel(context.Background())
	return &Reports[T]{options: o, ctx: ctx, end: end, peers: make(map[string]*peer[T]), answerIn: answerIn}
}

// Close ends questions that are under way. None begins later.
func (r *Reports[T]) Close() {
	r.mu.Lock()
	r.end()
	r.mu.Unlock()
	r.flights.Wait()
}

// Look gives what the nodes that live say, by name. It waits for a second at most for
// those that answered the last time, or never were asked.
func (r *Reports[T]) Look(ctx context.Context) []Said[T] {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	nodes := r.options.Nodes()
	for _, flight := range r.ask(nodes) {
		select {
		case <-flight:
		case <-ctx.Done():
		}
	}
	all := make([]Said[T], 0, len(nodes))
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range nodes {
		said := Said[T]{Node: n, Away: true}
		if p := r.peers[n]; p != nil && !p.failed && time.Since(p.at) < stale {
			said = Said[T]{Node: n, Report: p.report, At: p.at}
		}
		all = append(all, said)
	}
	slices.SortFunc(all, func(a, b Said[T]) int { return strings.Compare(a.Node, b.Node) })
	return all
}

// ask has nodes asked whose report is old, and gives what to wait for.
func (r *Reports[T]) ask(nodes []string) (flights []chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(nodes)
	for _, n := range nodes {
		p := r.peers[n]
		if p == nil {
			p = new(peer[T])
			r.peers[n] = p
		}
		p.name = n
		if now := time.Now(); p.flight == nil && now.Sub(p.at) >= fresh && !now.Before(p.until) && r.ctx.Err() == nil {
			flight, within := make(chan struct{}), r.answerIn
			p.flight = flight
			r.Asked.Add(1)
			r.flights.Go(func() { r.fly(p, n, within, flight) })
		}
		if p.flight != nil && !p.failed {
			flights = append(flights, p.flight)
		}
	}
	return flights
}

// forget forgets nodes that do not live.
func (r *Reports[T]) forget(nodes []string) {
	for name, p := range r.peers {
		if p.flight == nil && !slices.ContainsFunc(nodes, func(n string) bool { return n == name }) {
			delete(r.peers, name)
		}
	}
}

// fly asks a node, and keeps what it says.
func (r *Reports[T]) fly(p *peer[T], n string, within time.Duration, flight chan struct{}) {
	ctx, cancel := context.WithTimeout(r.ctx, within)
	defer cancel()
	report, err := r.get(ctx, n)
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(flight)
	p.flight = nil
	if err == nil {
		p.report, p.at, p.failed = report, time.Now(), false
		return
	}
	r.missed(p, err)
}

// missed notes that a node gave no report. The lock is held.
func (r *Reports[T]) missed(p *peer[T], err error) {
	rest := restFor
	if r.Away.Add(1); errors.Is(err, ErrNonsense) {
		r.Nonsense.Add(1)
		rest = distrustFor
	}
	if !p.failed {
		r.options.Log.Warn("a node does not say how it is", "node", p.name, "err", err)
	}
	p.failed, p.until = true, time.Now().Add(rest)
}

// get asks a node.
func (r *Reports[T]) get(ctx context.Context, n string) (report T, err error) {
	b, err := say(ctx, r.options.Client, http.MethodGet, n, "/node/report", maxReport)
	if err != nil {
		return report, err
	}
	return r.options.Read(b)
}

// End ends a viewer of a node, and says whether there was one of that number.
func (r *Reports[T]) End(ctx context.Context, n string, number uint64) (there bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	_, err = say(ctx, r.options.Client, http.MethodPost, n, fmt.Sprintf("/node/viewers/%d/end", number), 0)
	if errors.Is(err, errMissing) {
		return false, nil
	}
	return err == nil, err
}

// errMissing: the node has nothing of that kind.
var errMissing = errors.New("there is none")

// say asks a node for at most so many bytes.
func say(ctx context.Context, client *http.Client, method string, n string, path string, most int64) ([]byte, error) {
	answer, err := cluster.Ask(ctx, client, method, n, path, nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusNotFound:
		return nil, errMissing
	case answer.StatusCode >= 300:
		return nil, fmt.Errorf("it answers %s", answer.Status)
	}
	b, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%w: more than %d bytes", ErrNonsense, most)
	}
	return b, err
}
