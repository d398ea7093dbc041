// Package publish knows who sends frames in, by whatever protocol: it lets one
// publisher have a camera at a time, and runs it.
//
// A second gets stream.ErrBusy, unless both have the same name: then they are
// one, say a phone that came back through another network, and the newer takes
// the older one's place. A publisher that is shared, as by single requests of
// one sender, has the camera for others only while it is not quiet,
// and one connection only while pictures come of it.
//
// Inputs that are sent to call Run or Share, after package front has decided who
// may publish.
package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// The limits on publishers by name, as Options.Limited is told of them.
const (
	LimitPerCamera = "publishers_per_camera" // one
	LimitSilence   = "publisher_silence"
)

// silence is how long a connection may give no picture, or ten of its own intervals
// where those are longer. One picture may take long to come through a bad network.
const silence = time.Minute

// ErrTakenOver, a stream.ErrBusy, ends a publisher whose place a newer one of the
// same name takes. It is the cause of the end of its context.
var ErrTakenOver = fmt.Errorf("%w: the same one connected again", stream.ErrBusy)

// Publisher is somebody who sends frames in.
type Publisher struct {
	Camera    string
	Name      string // that it gives itself; "" where it has none, and is known by its address
	Address   string // without port
	Principal string // who it is; of a shared one who came first; "" where nobody knows
	Since     time.Time
}

// owner says who has a camera.
func (p Publisher) owner() string {
	if p.Name != "" {
		return named + p.Name
	}
	return p.Address
}

// named marks an owner that may end its own earlier connection.
const named = "publisher "

// Shared is a source that several requests of one owner make up. All its methods
// may be called from any goroutine.
type Shared interface {
	stream.Source
	// QuietSince says that nothing has come for so long that others may have the
	// camera; began is when the first request came.
	QuietSince(began time.Time) bool
	// Ended is told, once, how its run ended, before the camera is free again.
	Ended(err error)
}

// Publishers are those there are. All methods may be called from any goroutine.
type Publishers struct {
	hub     *stream.Hub
	options Options
	shared  sync.WaitGroup // runs of shared sources

	mu     sync.Mutex // guards what follows; never held over I/O
	holds  map[string]*hold
	closed bool
}

// Options are whom Publishers tell. The functions are called from any goroutine, and
// must return at once; nil is not told.
type Options struct {
	Changed func()             // All has become another
	Limited func(limit string) // somebody was refused or cut by a limit
	Log     *slog.Logger       // nil discards
}

// New makes Publishers of a hub's cameras. It starts nothing; they are to be
// closed before the hub.
func New(hub *stream.Hub, o Options) *Publishers {
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Limited == nil {
		o.Limited = func(string) {}
	}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	return &Publishers{hub: hub, options: o, holds: make(map[string]*hold)}
}

// Run runs source as the publisher of a camera, in the caller's goroutine, until
// ctx is done or the source ends, and gives what it gave. Before that it may wait
// for an earlier one of the same name to end. The errors of its own are those of
// Hub.Attach, ErrTakenOver, stream.ErrNoPicture, and stream.ErrClosed after Close.
func (p *Publishers) Run(ctx context.Context, who Publisher, source stream.Source) error {
	within, mine := newHold(ctx, who, nil)
	defer mine.end(nil)
	if _, err := p.claim(ctx, mine); err != nil {
		return err
	}
	defer p.release(mine)
	err := p.run(within, mine, stream.EndSilent(source, silence))
	if errors.Is(err, stream.ErrNoPicture) {
		p.options.Limited(LimitSilence)
	}
	return err
}

// Share gives the shared source that the owner publishes with already, or fresh,
// which then runs for longer than ctx, until it ends by itself or somebody takes
// its place. gone is closed when the camera is free of it. The errors are those
// of Run.
func (p *Publishers) Share(ctx context.Context, who Publisher, fresh Shared) (source Shared, gone <-chan struct{}, err error) {
	within, mine := newHold(context.WithoutCancel(ctx), who, fresh)
	held, err := p.claim(ctx, mine)
	if err != nil || held != mine {
		mine.end(nil)
	}
	if err != nil {
		return nil, nil, err
	}
	if held == mine {
		go func() { // ends with the source or by mine.end; Close waits for it
			defer p.shared.Done()
			defer p.release(mine)
			fresh.Ended(p.run(within, mine, fresh))
		}()
	}
	return held.shared, held.gone, nil
}

// All gives those who are there, the oldest first.
func (p *Publishers) All() []Publisher {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Publisher, 0, len(p.holds))
	for _, held := range p.holds {
		all = append(all, held.who)
	}
	slices.SortFunc(all, func(a, b Publisher) int { return a.Since.Compare(b.Since) })
	return all
}

// Close ends all publishers and waits for them. Those that come later get
// stream.ErrClosed.
func (p *Publishers) Close() {
	p.mu.Lock()
	p.closed = true
	ending := make([]*hold, 0, len(p.holds))
	for _, held := range p.holds {
		held.end(stream.ErrClosed)
		ending = append(ending, held)
	}
	p.mu.Unlock()
	for _, held := range ending {
		<-held.gone
	}
	p.shared.Wait()
}

// hold is a publisher's hold on a camera.
type hold struct {
	who    Publisher
	shared Shared // nil where it is one connection's
	end    context.CancelCauseFunc
	gone   chan struct{} // closed when the camera is free again
}

// newHold makes a hold and the context of its publisher.
func newHold(parent context.Context, who Publisher, shared Shared) (context.Context, *hold) {
	ctx, end := context.WithCancelCause(parent)
	who.Since = time.Now()
	return ctx, &hold{who: who, shared: shared, end: end, gone: make(chan struct{})}
}

// yieldsTo says whether a publisher ends for another: for its own newer
// connection, where it has a name; and where it is shared, which between requests
// is nobody, for whatever its owner does next, for a connection of the same
// principal, and once it was quiet for anybody.
func (h *hold) yieldsTo(newer *hold) bool {
	same := h.who.owner() == newer.who.owner()
	if h.shared == nil {
		return same && strings.HasPrefix(h.who.owner(), named)
	}
	samePrincipal := h.who.Principal != "" && h.who.Principal == newer.who.Principal
	return same || samePrincipal && newer.shared == nil || h.shared.QuietSince(h.who.Since)
}

// claim takes the camera for wanted, and gives the hold that has it then: one
// that is shared may be there already. ctx bounds the wait for the owner's
// earlier connection to end.
func (p *Publishers) claim(ctx context.Context, wanted *hold) (*hold, error) {
	for {
		earlier, err := p.tryClaim(wanted)
		if err != nil || earlier == wanted {
			return wanted, err
		}
		if earlier.who.owner() == wanted.who.owner() && earlier.shared != nil && wanted.shared != nil {
			return earlier, nil
		}
		if !earlier.yieldsTo(wanted) {
			p.options.Limited(LimitPerCamera)
			return nil, stream.ErrBusy
		}
		earlier.end(ErrTakenOver)
		select {
		case <-earlier.gone:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryClaim gives wanted if the camera was free, else who has it.
func (p *Publishers) tryClaim(wanted *hold) (*hold, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, stream.ErrClosed
	}
	if earlier := p.holds[wanted.who.Camera]; earlier != nil {
		return earlier, nil
	}
	p.holds[wanted.who.Camera] = wanted
	if wanted.shared != nil {
		p.shared.Add(1) // here, so that Close cannot have passed its Wait
	}
	p.options.Changed()
	return wanted, nil
}

func (p *Publishers) release(held *hold) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.holds, held.who.Camera)
	p.options.Changed()
	held.end(nil)
	close(held.gone)
}

// run runs source as the publisher that holds the camera.
func (p *Publishers) run(ctx context.Context, held *hold, source stream.Source) error {
	log := p.options.Log.With("camera", held.who.Camera, "address", held.who.Address)
	return p.hub.Attach(ctx, stream.Key{Camera: held.who.Camera}, logged{source, log})
}

// logged is a source whose runs appear in the log.
type logged struct {
	stream.Source
	log *slog.Logger
}

// Run runs the source.
func (l logged) Run(ctx context.Context, emit func(media.Frame)) error {
	l.log.Info("publisher connected")
	err := l.Source.Run(ctx, emit)
	l.log.Info("publisher gone", "err", err)
	return err
}
