// Package passage gives connections to other nodes, whichever way they can be had: a node
// dials the other; or, where that lets nothing in, asks it by the bus to dial back; or, where
// neither reaches the other, sends bytes by the bus.
//
//	direct       a dials b                                  a speaks TLS as client, b as server
//	called back  a asks b by the bus, b dials a, and says   a speaks TLS as client, b as server
//	             a number that a told it
//	by the bus   chunks in messages, with credits           a speaks TLS as client, b as server
//
// Whatever lies beneath, it is the same TLS in which both prove who they are, and the same
// handler that answers: so no way lets anybody in whom another does not, and who hands bytes
// on reads none of them.
//
// A Ways dials, and has a Listener served, which gives also the connections that are not
// dialled by those who ask. Package cluster carries its messages; package server puts both
// together, and has packages relay, archive and reports connect by it.
package passage

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// attemptTime bounds each way of a Dial.
	attemptTime = 3 * time.Second
	// directLate is how long a connection may take before another way is tried beside, and
	// otherLate how long that may.
	directLate = 300 * time.Millisecond
	otherLate  = 500 * time.Millisecond
	// betterAfter is how soon better ways are tried again than the one that is taken.
	betterAfter = 5 * time.Second
)

// Way is how a node is connected to.
type Way int

// The ways there are, the best first.
const (
	Direct Way = iota
	CalledBack
	ByBus
	ways
)

// String gives it in words.
func (w Way) String() string { return [...]string{"direct", "called back", "by the bus"}[w] }

// Place is where a node is: its address, host:port, and which of its lives it is in.
type Place struct {
	Address string
	Life    uint64
}

// Bus is what carries messages from node to node. Its methods may be called from any
// goroutine.
type Bus interface {
	// Call tells a node something, for Ways.Called there, and waits until ctx is done, or
	// returns an error where nobody is there who would hear it.
	Call(ctx context.Context, node string, text []byte) error
	// OpenLine has take called with each message that Line.Send of other nodes sends to
	// this one, by one goroutine, in the order in which each node sent them, and gone when
	// some may be lost.
	OpenLine(take func(message []byte), gone func()) (Line, error)
}

// Line sends what is no small thing. Its methods may be called from any goroutine.
type Line interface {
	// Send sends a message to a node, or loses it. The message is the caller's again
	// afterwards.
	Send(node string, message []byte) error
	// Most is how long a message may be, in bytes.
	Most() int
	Close()
}

// Options are what a Ways is made of.
type Options struct {
	Self   string
	TLS    func(node string) *tls.Config // that lets that node alone answer
	Dialer *net.Dialer                   // for addresses that nodes say of themselves; nil connects to any
	// Where gives where a node is; false of one that is not known.
	Where func(node string) (Place, bool)
	Bus   Bus // nil has direct connections only
	Log   *slog.Logger
}

// Ways connects to other nodes. Its methods may be called from any goroutine.
type Ways struct {
	options Options
	ctx     context.Context // of all that runs; done when Close begins
	end     context.CancelFunc
	running sync.WaitGroup // attempts, and answers to calls; each ends by attemptTime, or ctx
	came    arrivals

	// Made counts connections that were made, by way; Strange calls, and connections that
	// claim to answer one, that are not as they should be; Broken messages of connections by
	// the bus that are not.
	Made            [ways]atomic.Uint64
	Strange, Broken atomic.Uint64

	mu      sync.Mutex // guards what follows; never held over I/O
	closed  bool
	peers   map[string]*peer
	waiting map[nonce]*waiter         // calls that are not answered yet
	called  map[*calledConn]bool      // that other nodes dialled, and this one asks by
	dialled map[string][]*net.TCPConn // that this node dialled, and others ask by
	calls   map[string]int            // of a node, that are being answered

	opening sync.Mutex // is held while the line is opened
	line    *lines     // guarded by mu; nil before
}

// New makes a Ways. Close must be called in the end.
func New(o Options) *Ways {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Dialer == nil {
		o.Dialer = new(net.Dialer)
	}
	w := &Ways{
		options: o, peers: make(map[string]*peer), waiting: make(map[nonce]*waiter), called: make(map[*calledConn]bool), dialled: make(map[string][]*net.TCPConn), calls: make(map[string]int),
		came: arrivals{conns: make(chan net.Conn), done: make(chan struct{})},
	}
	w.ctx, w.end = context.WithCancel(context.Background())
	return w
}

// Close ends all that is under way, and all connections but direct ones. Dial gives none
// any more.
func (w *Ways) Close() {
	w.mu.Lock()
	w.closed = true
	line := w.line
	w.mu.Unlock()
	w.end()
	w.running.Wait()
	w.cut(func(string) bool { return true })
	if line != nil {
		line.close()
	}
}

// End ends what there is with nodes but direct connections, as of those that were shut out.
func (w *Ways) End(nodes ...string) {
	of := make(map[string]bool, len(nodes))
	for _, node := range nodes {
		of[node] = true
	}
	w.cut(func(node string) bool { return of[node] })
}

// Gone ends what there is by the bus with a node that is not heard of any more.
func (w *Ways) Gone(node string) {
	w.mu.Lock()
	line := w.line
	w.mu.Unlock()
	if line != nil {
		line.end(func(of string) bool { return of == node })
	}
}

func (w *Ways) cut(of func(node string) bool) {
	var ends []net.Conn
	w.mu.Lock()
	for n, waits := range w.waiting {
		if of(waits.node) {
			delete(w.waiting, n)
			waits.fail(net.ErrClosed)
		}
	}
	for c := range w.called {
		if of(c.node) {
			ends = append(ends, c)
		}
	}
	for node, conns := range w.dialled {
		if of(node) {
			for _, c := range conns {
				ends = append(ends, c)
			}
			delete(w.dialled, node)
		}
	}
	line := w.line
	w.mu.Unlock()
	for _, c := range ends {
		c.Close()
	}
	if line != nil {
		line.end(of)
	}
}

// Way gives the way by which a node is reached, as far as that was seen; false where it was
// not.
func (w *Ways) Way(node string) (Way, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.peers[node]; p != nil {
		return p.best()
	}
	return 0, false
}

// Dial connects to a node, and has seen that it is that one. The way that worked last is
// tried first, and others beside it where it is late, of which the first one that works is
// taken. All that runs for that ends within attemptTime, though ctx is done before: so it is
// known the next time.
func (w *Ways) Dial(ctx context.Context, node string) (net.Conn, error) {
	place, known := w.options.Where(node)
	if !known {
		return nil, fmt.Errorf("node %s is not known", node)
	}
	w.mu.Lock()
	closed := w.closed
	p := w.peer(node, place)
	order, better := p.order(w.options.Bus != nil), p.better(time.Now())
	w.mu.Unlock()
	if closed {
		return nil, net.ErrClosed
	}
	for _, way := range better {
		w.try(p, way, func(conn *tls.Conn, err error) {
			if err == nil {
				conn.Close() // it was to be seen that it works
			}
		})
	}
	r := &race{results: make(chan outcome, len(order))}
	defer r.leave()
	return r.run(ctx, order, func(way Way) { w.try(p, way, func(conn *tls.Conn, err error) { r.arrive(outcome{way, conn, err}) }) })
}

// Straight is Dial directly, or not at all, and ends with ctx: for who would have no use for the bus.
func (w *Ways) Straight(ctx context.Context, node string) (net.Conn, error) {
	place, known := w.options.Where(node)
	if !known {
		return nil, fmt.Errorf("node %s is not known", node)
	}
	conn, err := w.attempt(ctx, node, place, Direct)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// race is the attempts of one Dial.
type race struct {
	results chan outcome // has room for all

	mu   sync.Mutex // guards over
	over bool
}

// outcome is what became of an attempt.
type outcome struct {
	way  Way
	conn *tls.Conn
	err  error
}

// run starts one way after the other, sooner where those that were started failed, and gives
// the first connection.
func (r *race) run(ctx context.Context, order []Way, start func(Way)) (net.Conn, error) {
	begun, ended := 0, 0
	begin := func() time.Duration {
		start(order[begun])
		if begun++; order[begun-1] == Direct {
			return directLate
		}
		return otherLate
	}
	late := time.NewTimer(begin())
	defer late.Stop()
	var wrong []error
	for {
		select {
		case o := <-r.results:
			if o.err == nil {
				return o.conn, nil
			}
			wrong = append(wrong, fmt.Errorf("%s: %w", o.way, o.err))
			if ended++; ended == len(order) {
				return nil, errors.Join(wrong...)
			}
			if begun == len(order) {
				continue
			}
		case <-late.C:
			if begun == len(order) {
				continue
			}
		case <-ctx.Done():
			return nil, errors.Join(append(wrong, ctx.Err())...)
		}
		late.Reset(begin())
	}
}

// arrive takes what became of an attempt. A connection that nobody waits for is closed.
func (r *race) arrive(o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over && o.conn != nil {
		o.conn.Close()
		return
	}
	r.results <- o
}

// leave closes what came and was not taken.
func (r *race) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	for {
		select {
		case o := <-r.results:
			if o.conn != nil {
				o.conn.Close()
			}
		default:
			return
		}
	}
}

// try tries a way, and tells then what became of it. It does not wait.
func (w *Ways) try(p *peer, way Way, then func(*tls.Conn, error)) {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		then(nil, net.ErrClosed)
		return
	}
	p.tried[way] = time.Now()
	place := p.place
	w.running.Add(1)
	w.mu.Unlock()
	go func() { // ends by attemptTime, or with ctx
		defer w.running.Done()
		ctx, cancel := context.WithTimeout(w.ctx, attemptTime)
		defer cancel()
		conn, err := w.attempt(ctx, p.node, place, way)
		if w.ctx.Err() == nil {
			w.note(p, place, way, err)
		}
		then(conn, err)
	}()
}

// attempt connects to a node one way, and has it prove that it is the one.
func (w *Ways) attempt(ctx context.Context, node string, place Place, way Way) (*tls.Conn, error) {
	beneath, err := w.beneath(ctx, node, place, way)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(beneath, w.options.TLS(node))
	if err := conn.HandshakeContext(ctx); err != nil {
		beneath.Close()
		return nil, err
	}
	return conn, nil
}

// beneath gives what TLS is to be spoken over.
func (w *Ways) beneath(ctx context.Context, node string, place Place, way Way) (net.Conn, error) {
	switch way {
	case CalledBack:
		return w.askBack(ctx, node)
	case ByBus:
		return w.askLine(ctx, node, place.Address)
	default:
		return w.options.Dialer.DialContext(ctx, "tcp", place.Address)
	}
}

// note notes how an attempt went, and tells the log where a node is reached another way
// than before.
func (w *Ways) note(p *peer, place Place, way Way, err error) {
	w.mu.Lock()
	if p.place != place { // it is another one by now
		w.mu.Unlock()
		return
	}
	if p.how[way] = works; err != nil {
		p.how[way] = fails
	}
	now, seen := p.best()
	news := seen && now != p.told
	if seen {
		p.told = now
	}
	w.mu.Unlock()
	if err == nil {
		w.Made[way].Add(1)
	}
	if news {
		w.options.Log.Info("a node is reached another way than before", "node", p.node, "way", now.String())
	}
}

// peer is a node that was dialled. The Ways' lock guards it.
type peer struct {
	node  string
	place Place
	how   [ways]how
	tried [ways]time.Time
	told  Way // to the log
}

// how it went the last time.
type how int

const (
	unknown how = iota
	works
	fails
)

// peer gives what is known of a node, which is nothing where it is elsewhere than before, or
// has begun anew. The lock is held.
func (w *Ways) peer(node string, place Place) *peer {
	p := w.peers[node]
	if p == nil {
		p = &peer{node: node, place: place}
		w.peers[node] = p
	}
	if p.place != place {
		p.place, p.how, p.tried = place, [ways]how{}, [ways]time.Time{}
	}
	return p
}

// best gives the best way that works; false where none is known to.
func (p *peer) best() (Way, bool) {
	for way, how := range p.how {
		if how == works {
			return Way(way), true
		}
	}
	return 0, false
}

// order gives the ways in the order in which they are tried: first those that work, and
// those last that do not.
func (p *peer) order(bus bool) (order []Way) {
	if !bus {
		return []Way{Direct}
	}
	for _, how := range []how{works, unknown, fails} {
		for way := range ways {
			if p.how[way] == how {
				order = append(order, way)
			}
		}
	}
	return order
}

// better gives the ways that are to be tried besides, since they are better than the one
// that works and may do so again.
func (p *peer) better(now time.Time) (better []Way) {
	best, seen := p.best()
	for way := range best {
		if seen && now.Sub(p.tried[way]) > betterAfter {
			better = append(better, way)
		}
	}
	return better
}
