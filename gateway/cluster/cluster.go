// Package cluster makes several gateways one: who of them lives, and which of
// them owns which camera, so that each camera is pulled once and every node can
// say where its pictures are.
//
// Each node says twice a second that it lives and what it owns (Beat), signed by
// its own key, or that nothing of that changed (pulse), over a bus that is a NATS
// server within the process, or one outside. Who is not heard of for two seconds is
// dead. A camera that nobody owns is claimed by the one node that all find by the same
// arithmetic (table.wins), with an epoch that is higher than any heard of; who owns one
// keeps it. After a split both halves may own a camera: the lower epoch gives it up when
// they hear of each other. Of cameras for which that is too much nodes vote (Vote).
//
// It keeps one value for all nodes besides, sealed, in JetStream (Fetch, Replace),
// for package store.
//
// The package moves no pictures: package relay does, of what is owned elsewhere.
// It opens files only for identities and for what it keeps, and one port, for other nodes. Package
// server asks where cameras are and is told of moves; package command makes
// identities.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// settleEvery is how often a node looks who is dead.
const settleEvery = 100 * time.Millisecond

// Options are what a node is made of.
type Options struct {
	Identity  *Identity
	Life      uint64   // of NextLife
	Listen    string   // host:port for the bus; port 0 takes a free one
	Seeds     []string // host:port of the buses of some other nodes
	Advertise string   // host:port at which other nodes reach the bus; "" leaves that to it
	NATS      NATS     // in place of a bus of its own, and so of Listen, Seeds, Advertise, Stores and Disk
	Relay     string   // host:port at which other nodes get this one's cameras
	Public    string   // URL by which viewers reach this one; "" for none
	Version   string
	Roles     []string
	Labels    []string
	Stores    []string        // the nodes that keep what all have in common, in those that do
	Disk      string          // the folder in which this node keeps it; "" where it does not
	Origin    bool            // the cluster was made here
	Common    func() uint64   // the version of what all have in common that this node has; asked often
	Newer     func()          // told that another node has a newer one; must return at once
	Viewers   func() int      // that there are
	Shown     func() int      // streams that other nodes get of this one
	Load      func() float64  // of the processors, 0 to 1; nil where that is not known
	Sent      func() []string // cameras whose pictures are sent in here; asked often
	// State gives how a camera of this node is; nil where nothing is said of that. Whoever
	// makes it another calls Restate.
	State func(camera string) Condition
	// Told is told that other nodes said other things of their cameras; it must return at
	// once, and may be nil.
	Told func()
	// Moved is told of cameras that are owned by another node than before, or by none
	// or one again, by one goroutine at a time. Where gives the new place already.
	Moved func(cameras []string)
	// Standing is told that StandsBy gives something else for some cameras, before Moved
	// is; nil is not told.
	Standing func()
	// Stood gives how it is with a camera that this node stands by: its stream's state,
	// or why its source ended; nil where that is not known. It is asked often.
	Stood func(camera string) string
	// Voters are the nodes that say which one owns an exclusive camera; nil for those
	// where the cluster was made.
	Voters []string
	// Open says whether this node is connected to an exclusive camera, or not yet
	// disconnected; nil where that is never so. It is asked often.
	Open func(camera string) bool
	// Gone is told of nodes that died or left, before Moved is.
	Gone func(node string)
	// ShutOut is told of all nodes that were shut out when another is; what those have of
	// this node whose certificates Voids names is to end. It must return soon. nil is none.
	ShutOut func(nodes []string)
	// Exchange gives another node what this one says, and gives what that one said last. It is
	// called while the bus does not hand that on; nil has nobody asked directly.
	Exchange func(ctx context.Context, to Place, said []byte) ([]byte, error)
	// Called is told what another node told this one by Call. It must return at once, and may
	// be nil.
	Called func(node string, text []byte)
	Now    func() time.Time // what the clock of this node says; nil is time.Now
	Log    *slog.Logger
}

// Cluster is this node's part in a cluster. Its methods may be called from any
// goroutine.
type Cluster struct {
	options       Options
	opener        *opener
	bus           *bus
	inbox         *inbox
	kick          chan struct{} // cap 1: something is to be said at once
	began, closed chan struct{} // closed when Run begins, and by Close
	refused       map[error]*atomic.Uint64
	teller        teller         // of Run
	stale         atomic.Bool    // cameras of this node may be in other states than it said
	asking        sync.WaitGroup // of exchange
	echoes        *echoes
	calls         calls

	mu        sync.Mutex // guards what follows; never held over I/O, nor while others are called
	table     *table
	exchanges exchanges
	moves     uint64 // places that changed
	told      map[string]bool
	cutAt     time.Time // when the bus is to end connections of nodes that were shut out; zero for never

	toldRevoked time.Time // when the list of those was told; of Run
}

// heard is what another node said: by the bus, or directly.
type heard struct {
	message []byte
	direct  bool
}

// New joins a cluster: it opens the port, and hears others from now on. Run must
// be called, and then Close.
func New(o Options) (*Cluster, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Told == nil {
		o.Told = func() {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	now := time.Now()
	self := Beat{
		Node: o.Identity.Node, Incarnation: o.Life, Version: o.Version, Relay: o.Relay,
		Roles: o.Roles, Labels: o.Labels, Origin: o.Origin, Public: o.Public,
	}
	patient := time.Duration(0)
	if len(o.Seeds) > 0 { // others may own everything already
		patient = deadAfter
	}
	if len(o.NATS.Servers) > 0 {
		patient = coldPatience // or until it was heard who there is
	}
	c := &Cluster{
		options: o, opener: newOpener(o.Identity), inbox: newInbox(), kick: make(chan struct{}, 1), began: make(chan struct{}), closed: make(chan struct{}),
		refused: make(map[error]*atomic.Uint64), table: newTable(self, now, patient), told: make(map[string]bool), exchanges: exchanges{asked: make(map[string]int)},
	}
	for _, why := range refusals {
		c.refused[why] = new(atomic.Uint64)
	}
	c.echoes = newEchoes(o.Identity, c.opener, o.Now, func(node string, message []byte) { c.bus.tellEcho(node, message) })
	var err error
	c.table.voters = o.Voters
	c.teller.identity = o.Identity
	if c.bus, err = startBus(o, newGuests(o.Identity, c.refused[errVoid]), func(message []byte) { c.receive(heard{message, false}) }, c.hearRevoked); err != nil {
		return nil, err
	}
	if err := c.bus.hearEchoes(o.Identity.Node, c.hearEcho); err != nil {
		c.bus.close()
		return nil, fmt.Errorf("the bus of the cluster: %w", err)
	}
	if o.Called != nil {
		if err := c.bus.hearCalls(o.Identity.Node, c.hearCall); err != nil {
			c.bus.close()
			return nil, fmt.Errorf("the bus of the cluster: %w", err)
		}
	}
	return c, nil
}

// Close leaves the port. Run has returned.
func (c *Cluster) Close() {
	close(c.closed)
	c.bus.close()
}

// Node gives this node's name.
func (c *Cluster) Node() string { return c.options.Identity.Node }

// Address gives where other nodes reach the bus.
func (c *Cluster) Address() string { return c.bus.address() }

// receive takes what the bus brings. What is too long to be a beat waits for nobody.
func (c *Cluster) receive(h heard) {
	if len(h.message) > maxBeat {
		c.refused[errTooLarge].Add(1)
		return
	}
	c.inbox.put(h)
}

// Run takes part until ctx is done, and then says that this node is gone. It is called
// once.
func (c *Cluster) Run(ctx context.Context) {
	look := time.NewTicker(settleEvery)
	defer look.Stop()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	defer c.asking.Wait()
	close(c.began)
	c.step(ctx, true)
	for {
		select {
		case <-ctx.Done():
			c.Leave()
			c.say(context.WithoutCancel(ctx))
			return
		case h := <-c.inbox.heard:
			c.inbox.took(h)
			news, told := c.take(h)
			if news {
				c.step(ctx, false)
			}
			if told {
				c.options.Told()
			}
		case <-look.C:
			c.look(ctx)
			c.cutDue(time.Now())
		case <-beat.C:
			c.step(ctx, true)
			c.askTime()
		case <-c.kick:
			c.step(ctx, true)
		}
	}
}

// Leave has this node claim nothing more, and others take over what it owns, which
// it has until they do.
func (c *Cluster) Leave() {
	c.mu.Lock()
	c.table.self.Leaving = true
	c.mu.Unlock()
	c.Soon()
}

// LetGo waits until this node, which leaves, is connected to no exclusive camera, and
// has said so, or until ctx is done: then others wait until they may connect.
func (c *Cluster) LetGo(ctx context.Context) {
	again := time.NewTicker(settleEvery)
	defer again.Stop()
	for {
		c.mu.Lock()
		holds := len(c.table.asks) > 0
		c.mu.Unlock()
		if !holds {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// Configure says which cameras there are.
func (c *Cluster) Configure(cameras []Camera) {
	c.mu.Lock()
	c.table.configure(cameras)
	c.mu.Unlock()
	c.Soon()
}

// Soon has Run look and speak at once.
func (c *Cluster) Soon() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// Where gives where a camera is; false where nobody who lives owns it.
func (c *Cluster) Where(camera string) (Place, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.table.where[camera]
	return p, ok
}

// Why says why a camera is where it is.
func (c *Cluster) Why(camera string) Why {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.why(c.table.cameras[camera])
}

// Owns says whether a camera is this node's.
func (c *Cluster) Owns(camera string) bool {
	p, ok := c.Where(camera)
	return ok && p.Node == c.Node()
}

// StandsBy says whether this node is to keep a camera connected that another owns, to
// take it over.
func (c *Cluster) StandsBy(camera string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.stands[camera]
}

// Speaks says whether it is for this node to tell the world of a camera: for its
// owner, or, where it has none and for "", for the first by name of all that live. Of
// cameras that the cluster does not have each node speaks.
func (c *Cluster) Speaks(camera string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.table.cameras[camera]; !known && camera != "" {
		return true
	}
	if p, owned := c.table.where[camera]; owned {
		return p.Node == c.Node()
	}
	for name, m := range c.table.members {
		if m.alive && name < c.Node() {
			return false
		}
	}
	return true
}

// take takes note of a message, or counts why not. It says whether who owns what may
// be another now, and whether another node says something else of its cameras.
func (c *Cluster) take(h heard) (news, told bool) {
	twice, echo := c.meet(h, time.Now())
	if echo {
		return false, false
	}
	if p, is, err := readPulse(h.message); is {
		if err == nil {
			news, err = c.feel(p, h.direct)
		}
		c.refuseHeard(h, p.node, err, twice)
		return news, false
	}
	b, err := c.opener.open(h.message)
	if err == nil {
		news, told, err = c.believe(b, h.direct)
	}
	if err != nil {
		c.refuseHeard(h, b.Node, err, twice)
		return false, false
	}
	if b.Revoked < c.options.Identity.revoked.Load().number() {
		c.tellRevoked(time.Now())
	}
	if b.Common > c.options.Common() {
		c.options.Newer()
	}
	return news, told
}

// believe takes note of a beat that is sound.
func (c *Cluster) believe(b Beat, direct bool) (news, told bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.options.Identity.voids(b.Node, b.certificate) { // by a list that came since it was opened
		return false, false, errVoid
	}
	before := c.table.said(b.Node)
	now := time.Now()
	if err := c.table.take(b, now); err != nil {
		return false, false, err
	}
	if m := c.table.members[b.Node]; m != nil && !direct {
		m.bus = now
	}
	after := c.table.said(b.Node)
	return !after.same(before), !slices.Equal(after.owned, before.owned), nil
}

// refuseHeard counts a beat or a pulse that is not taken, but for what came by both ways.
// What comes by the bus behind what came directly says that the bus is well, so that
// nobody is asked any more.
func (c *Cluster) refuseHeard(h heard, node string, err error, twice bool) {
	if !twice || !errors.Is(err, errOld) {
		c.refuse(node, err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.table.members[node]; m != nil && !h.direct {
		m.bus = time.Now()
	}
}

// refuse counts a message that is not taken.
func (c *Cluster) refuse(node string, err error) {
	for why, count := range c.refused {
		if !errors.Is(err, why) {
			continue
		}
		if count.Add(1) == 1 || why == errDuplicate {
			c.options.Log.Warn("a message of the cluster is not taken", "reason", why.Error(), "node", node, "err", err)
		}
	}
}

// step settles who owns what, says so where that is news or it is time, and then
// tells of moves.
func (c *Cluster) step(ctx context.Context, due bool) {
	news := c.restate() // of what was taken before: of the rest nothing is known until Moved was told
	sent := make(map[string]bool)
	for _, id := range c.options.Sent() {
		sent[id] = true
	}
	stood, open := c.stood(), c.open()
	c.mu.Lock()
	c.table.sent, c.table.stood, c.table.open = sent, stood, open
	before, beside, ballot := c.table.ownEpochs(), c.table.stands, c.table.ballot()
	c.lookApart(time.Now())
	moved := c.table.settle(time.Now())
	stands := !maps.Equal(beside, c.table.stands)
	news = news || stands || !maps.Equal(before, c.table.ownEpochs()) || !maps.Equal(ballot, c.table.ballot())
	c.moves += uint64(len(moved))
	lives := c.notice()
	c.mu.Unlock()
	if due || news {
		c.say(ctx)
	}
	for node, alive := range lives {
		c.options.Log.Info("node of the cluster", "node", node, "alive", alive)
		if !alive {
			c.options.Gone(node)
		}
	}
	if stands && c.options.Standing != nil {
		c.options.Standing()
	}
	if len(moved) == 0 {
		return
	}
	for _, id := range moved {
		p, owned := c.Where(id)
		c.options.Log.Info("camera moved", "camera", id, "node", p.Node, "epoch", p.Epoch, "owned", owned)
	}
	c.options.Moved(moved)
	c.Restate()
}

// stood gives how it is with the cameras that this node stands by; nil for none. Run's
// goroutine alone changes which they are.
func (c *Cluster) stood() map[string]string {
	c.mu.Lock()
	stands := c.table.stands
	c.mu.Unlock()
	if len(stands) == 0 || c.options.Stood == nil {
		return nil
	}
	states := make(map[string]string, len(stands))
	for id := range stands {
		states[id] = c.options.Stood(id)
	}
	return states
}

// open gives the exclusive cameras to which this node is connected; nil for none.
func (c *Cluster) open() map[string]bool {
	c.mu.Lock()
	exclusive := c.table.exclusive
	c.mu.Unlock()
	if len(exclusive) == 0 || c.options.Open == nil {
		return nil
	}
	open := make(map[string]bool)
	for _, id := range exclusive {
		if c.options.Open(id) {
			open[id] = true
		}
	}
	return open
}

// notice gives the nodes that came or went since the last time. The cluster is locked.
func (c *Cluster) notice() map[string]bool {
	changed := make(map[string]bool)
	for name, m := range c.table.members {
		if c.told[name] != m.alive {
			c.told[name], changed[name] = m.alive, m.alive
		}
	}
	return changed
}

// say tells others how this node is.
func (c *Cluster) say(ctx context.Context) {
	viewers, shown, common, load := c.options.Viewers(), c.options.Shown(), c.options.Common(), 0.0
	if c.options.Load != nil {
		load = c.options.Load()
	}
	c.mu.Lock()
	c.table.self.Viewers, c.table.self.Shown, c.table.self.Common = viewers, shown, common
	c.table.self.Load, c.table.self.At = load, c.options.Now().UnixMilli()
	c.table.self.Revoked = c.options.Identity.revoked.Load().number()
	b := c.table.beat()
	whole := c.table.whole(&b)
	c.mu.Unlock()
	message, err := c.teller.message(b, whole)
	if err == nil {
		c.exchange(ctx, message, b)
		err = c.bus.say(message)
	}
	if err != nil {
		c.options.Log.Warn("other nodes are not told how this one is", "err", err)
	}
}
