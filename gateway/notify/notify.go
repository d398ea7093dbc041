// Package notify tells others what happens, without their asking: webhooks, to which
// events are posted, and a broker of MQTT, which knows how everything is.
//
// It finds nothing out by itself. It follows the events of package events, which the
// API's listeners hear too, and waits for nobody: each peer has a goroutine and a queue
// of its own, so that one that is slow, gone, lying or endless costs the others nothing.
// While nothing is configured nothing runs but Run, which sleeps.
//
// Package server makes a Notifier, runs it, and gives it each new configuration.
package notify

import (
	"context"
	"iter"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/config"
)

// troublesome is after what time a peer that takes nothing is a trouble.
const troublesome = 10 * time.Minute

// Options say what a Notifier works with. All are needed.
type Options struct {
	// Follow gives a listener to all that happens, for as long as leave is not called.
	Follow func() (l *events.Listener, leave func())
	// Name gives what people call a camera.
	Name func(camera string) string
	// Now gives how all is; nil while that is not known. A listener is woken when it is
	// another.
	Now func() *events.Now
	// Picture gives a JPEG of a camera that somebody else reads, and when it was taken.
	Picture func(ctx context.Context, camera string) ([]byte, time.Time, error)
	// Elsewhere says of a camera that another server of ours tells of it; of "" that
	// another tells brokers how servers are. nil says it of none. Whoever makes it
	// another calls Moved.
	Elsewhere func(camera string) bool
	// Guard refuses addresses of those who were added in the app, as net.Dialer.Control
	// is asked, each time that one is dialled. Those of the file are the operator's word. nil refuses none.
	Guard Guard
	// Node is which of several servers this is; "" for one alone.
	Node    string
	Version string // of this Framegate
	Log     *slog.Logger
}

// Guard says whether a connection may be made to an address, which is resolved.
type Guard func(network, address string, c syscall.RawConn) error

// dialer gives what connects to somebody who was added in the app, or to one of the file.
func (g Guard) dialer(added bool) *net.Dialer {
	d := &net.Dialer{Timeout: dialTime}
	if added {
		d.Control = g
	}
	return d
}

// Notifier tells. Its methods may be called from any goroutine.
type Notifier struct {
	options  Options
	changed  chan struct{} // holds a token while wanted has not been put into effect
	counters [kinds]counters
	pause    func(failures int) time.Duration // after so many in a row; of tests another

	mu        sync.Mutex // guards what follows
	wanted    config.Notify
	following *events.Listener // nil where nobody is configured
	leave     func()           // ends that
	hooks     []*hook          // in the order of the configuration
	broker    *broker          // nil where there is none
}

// kind is a kind of peers.
type kind int

const (
	webhooks kind = iota
	brokers
	kinds
)

var kindNames = [kinds]string{"webhook", "mqtt"}

// counters are those of a kind, since the start.
type counters struct{ delivered, failed, dropped atomic.Uint64 }

// Count is what became of what was to be told to the peers of a kind.
type Count struct {
	Kind      string
	Delivered uint64
	Failed    uint64 // given up: refused, or failed for too long
	Dropped   uint64 // that a queue had no room for
}

// State is how a peer is.
type State string

// Nothing was to be told yet; it took what was; what was told last failed, and is
// tried again; or it said that it wants nothing any more.
const (
	Waiting State = "waiting"
	Fine    State = "fine"
	Failing State = "failing"
	Gone    State = "gone"
)

// Status is what is known of a peer.
type Status struct {
	Name, Kind, Address string // the address is without what is secret
	State               State
	Delivered           time.Time // when it took something last; zero for never
	Error               string    // why it did not, when it did not last; "" where it always did
	ErrorAt             time.Time
	FailingSince        time.Time // zero where it is not
	Queued              int       // that wait
	Lost                uint64    // given up or dropped
}

// New makes a Notifier, which tells nobody before it runs.
func New(o Options) *Notifier {
	return &Notifier{options: o, changed: make(chan struct{}, 1), pause: backoff}
}

// Apply has it tell those who are configured. It returns at once; what happens from then
// on is told. What waits for a webhook goes on to wait where the webhook is still there,
// under its name.
func (n *Notifier) Apply(c config.Notify) {
	n.mu.Lock()
	n.wanted = c
	switch some := len(c.Webhooks) > 0 || c.MQTT.URL != ""; {
	case some && n.following == nil:
		n.following, n.leave = n.options.Follow()
	case !some:
		n.unfollow()
	}
	n.mu.Unlock()
	select {
	case n.changed <- struct{}{}:
	default: // it will be looked at anyway
	}
}

// unfollow has it hear nothing any more. The lock is held.
func (n *Notifier) unfollow() {
	if n.following != nil {
		n.leave()
		n.following = nil
	}
}

// Run tells until ctx is done, and then ends what is under way and returns. It is to be
// run once.
func (n *Notifier) Run(ctx context.Context) {
	defer func() {
		n.effect(ctx, config.Notify{})
		n.mu.Lock()
		defer n.mu.Unlock()
		n.unfollow()
	}()
	var following *events.Listener
	for {
		var heard <-chan struct{}
		if following != nil {
			heard = following.Wake()
		}
		select {
		case <-ctx.Done():
			return
		case <-heard:
		case <-n.changed:
		}
		n.mu.Lock()
		wanted := n.wanted
		following = n.following
		n.mu.Unlock()
		n.effect(ctx, wanted) // first, since what was heard may have happened after Apply
		if following != nil {
			n.pass(following.Take())
		}
	}
}

// effect has those who are wanted be told.
func (n *Notifier) effect(ctx context.Context, wanted config.Notify) {
	n.effectBroker(ctx, wanted)
	n.mu.Lock()
	before := n.hooks
	n.mu.Unlock()
	var now []*hook
	for _, w := range wanted.Webhooks {
		i := slices.IndexFunc(before, func(h *hook) bool { return h.config.Name == w.Name })
		switch {
		case i < 0:
			now = append(now, n.newHook(w, nil))
		case sameWebhook(before[i].config, w):
			now = append(now, before[i])
		default:
			before[i].end()
			now = append(now, n.newHook(w, before[i]))
		}
	}
	for _, h := range before {
		if !slices.Contains(now, h) {
			h.end()
		}
	}
	for _, h := range now {
		h.begin(ctx)
	}
	n.mu.Lock()
	n.hooks = now
	n.mu.Unlock()
}

// effectBroker has a broker be told where one is wanted, and no other.
func (n *Notifier) effectBroker(ctx context.Context, wanted config.Notify) {
	n.mu.Lock()
	before := n.broker
	n.mu.Unlock()
	if before != nil && before.config == wanted.MQTT && before.address == wanted.Address && ctx.Err() == nil {
		return
	}
	if before != nil {
		before.end()
	}
	var now *broker
	if wanted.MQTT.URL != "" {
		now = n.newBroker(wanted, before)
		now.begin(ctx)
	}
	n.mu.Lock()
	n.broker = now
	n.mu.Unlock()
}

// pass queues what happened for those whom it concerns.
func (n *Notifier) pass(all []events.Event, lost int) {
	var messages []message
	for _, e := range all {
		if tellable(e) && !(slices.Contains(ofAll, e.Kind) && n.elsewhere(e.Camera)) {
			messages = append(messages, n.messageOf(e))
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broker != nil {
		n.broker.rouse()
	}
	for _, h := range n.hooks {
		h.miss(lost)
		for _, m := range messages {
			if h.wants(m.body.Data) {
				h.add(m)
			}
		}
	}
}

// ofAll are the events that several servers of one cluster see of the same camera.
var ofAll = []string{
	events.CameraOnline, events.CameraOffline, events.CameraIdle, events.CameraAdded, events.CameraChanged, events.RecordingChanged,
}

// Moved has those be told again of what Elsewhere says another of.
func (n *Notifier) Moved() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broker != nil {
		n.broker.rouse()
	}
}

// elsewhere says that it is not for this server to tell of a camera.
func (n *Notifier) elsewhere(camera string) bool {
	return n.options.Elsewhere != nil && n.options.Elsewhere(camera)
}

// Status gives what is known of all who are told, in the order of the configuration.
func (n *Notifier) Status() (all []Status) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, h := range n.hooks {
		all = append(all, h.status())
	}
	if n.broker != nil {
		all = append(all, n.broker.status())
	}
	return all
}

// Trouble gives the first peer that has taken nothing for long although there was
// something to tell.
func (n *Notifier) Trouble() (_ Status, is bool) {
	for _, s := range n.Status() {
		if !s.FailingSince.IsZero() && time.Since(s.FailingSince) >= troublesome {
			return s, true
		}
	}
	return Status{}, false
}

// Counts gives what became of what was to be told, by kind.
func (n *Notifier) Counts() (all []Count) {
	for k := range n.counters {
		c := &n.counters[k]
		all = append(all, Count{kindNames[k], c.delivered.Load(), c.failed.Load(), c.dropped.Load()})
	}
	return all
}

func sameWebhook(a, b config.Webhook) bool {
	return a.URL == b.URL && a.Key == b.Key && a.Added == b.Added && slices.Equal(a.Events, b.Events) && slices.Equal(a.Cameras, b.Cameras)
}

// Try tells each of those who are configured something that means nothing, and gives
// what became of it: nil, or why it was not taken. guard is that of Options.
func Try(ctx context.Context, c config.Notify, guard Guard) iter.Seq2[Status, error] {
	return func(yield func(Status, error) bool) {
		for _, w := range c.Webhooks {
			client := newClient(guard.dialer(w.Added))
			err := post(ctx, client, w, testMessage())
			client.CloseIdleConnections()
			if !yield(Status{Name: w.Name, Kind: kindNames[webhooks], Address: w.Shown()}, err) {
				return
			}
		}
		if c.MQTT.URL != "" {
			b := New(Options{Guard: guard}).newBroker(c, nil)
			yield(b.status(), b.try(ctx))
		}
	}
}
