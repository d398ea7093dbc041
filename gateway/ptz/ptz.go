// Package ptz turns cameras, for many who ask: for each camera one call is in flight, of
// several movements that wait the newest is sent, and every movement ends.
//
// Whoever holds a button asks anew before its time is over. Who does so no more, because
// the button is up and that got lost, or is gone, has the camera stop all the same: it is
// told how long to move, and is stopped by us then, since many cameras do not listen to
// the former.
//
// Package api calls it. How a camera is spoken to is in package onvif.
package ptz

import (
	"context"
	"errors"
	"sync"
	"time"

	"framegate/gateway/onvif"
)

const (
	// LeastTime and MostTime bound how long a movement goes on by itself.
	LeastTime, MostTime = 100 * time.Millisecond, 5 * time.Second

	callPatience = 10 * time.Second // of a camera that has to be asked where it is told to turn, too
	lastPatience = time.Second      // at the end of the server
	stopAgain    = time.Second      // after a stop that failed
	maxStops     = 5                // that fail, of one movement
	maxWaiting   = 8                // of a camera, for lists and changes of presets
)

// LimitWaiting is the limit that Options.Limited is told of.
const LimitWaiting = "ptz_requests_per_camera"

// LimitNames are the limits of this package.
var LimitNames = []string{LimitWaiting}

// Errors that callers tell apart, besides those of package onvif.
var (
	// ErrNone: nothing says where the camera is told to turn.
	ErrNone = errors.New("nothing says where the camera is told to turn: an admin gives it an onvif address")
	// ErrBusy: too many ask the same camera.
	ErrBusy = errors.New("too many ask this camera at the moment")
	// ErrClosed: the server ends.
	ErrClosed = errors.New("the server ends")
)

// Options say what there is to turn.
type Options struct {
	// Camera gives how a camera is asked; an error for one that is not there, or ErrNone.
	Camera func(id string) (onvif.Options, error)
	// Limited is told of each hit of a limit; nil is not told.
	Limited func(limit string)
	// Unstopped is told of a camera that does not take a stop and may still move; the error
	// may hold what the camera says. nil is not told.
	Unstopped func(camera string, err error)
}

// Cameras are those that turn. Their methods may be called from any goroutine, and block
// until the camera has answered, for ten seconds at most. The errors are those of
// Options.Camera, of package onvif, and those above.
type Cameras struct {
	options  Options
	ctx      context.Context // of calls; done when Close begins
	end      context.CancelFunc
	watchers sync.WaitGroup

	mu    sync.Mutex // guards what follows
	heads map[string]*head
}

// New makes them. Close is to be called in the end.
func New(o Options) *Cameras {
	if o.Limited == nil {
		o.Limited = func(string) {}
	}
	if o.Unstopped == nil {
		o.Unstopped = func(string, error) {}
	}
	c := &Cameras{options: o, heads: make(map[string]*head)}
	c.ctx, c.end = context.WithCancel(context.Background())
	return c
}

// Close stops what moves, for a second at most, and forgets all. Nobody may ask any more.
func (c *Cameras) Close() {
	c.end()
	c.watchers.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.heads {
		h.turn <- struct{}{} // what was in flight has ended
		h.forget()
		<-h.turn
	}
	clear(c.heads)
}

// Move has a camera move for a time, unless it is told otherwise before; nothing in each
// direction is Stop. It does nothing where somebody else tells the camera something
// before its turn comes, or ctx is done by then.
func (c *Cameras) Move(ctx context.Context, id string, v onvif.Velocity, during time.Duration) error {
	if v == (onvif.Velocity{}) {
		return c.Stop(ctx, id)
	}
	during = min(max(during, LeastTime), MostTime)
	return c.steer(ctx, id, func(call context.Context, h *head) error {
		if ctx.Err() != nil {
			return nil // nobody waits for it any more
		}
		h.movesUntil(time.Now().Add(during)) // also where the camera's answer is lost
		return h.ptz.Move(call, v, during)
	})
}

// Stop has a camera stand still.
func (c *Cameras) Stop(ctx context.Context, id string) error {
	return c.steer(ctx, id, func(call context.Context, h *head) error { return h.stop(call) })
}

// Home has a camera go where it looks usually.
func (c *Cameras) Home(ctx context.Context, id string) error {
	return c.steer(ctx, id, func(call context.Context, h *head) error { return h.goes(h.ptz.Home(call)) })
}

// GoTo has a camera go to one of its presets.
func (c *Cameras) GoTo(ctx context.Context, id, preset string) error {
	return c.steer(ctx, id, func(call context.Context, h *head) error { return h.goes(h.ptz.GoTo(call, preset)) })
}

// Presets gives those of a camera.
func (c *Cameras) Presets(ctx context.Context, id string) (presets []onvif.Preset, err error) {
	err = c.ask(ctx, id, func(call context.Context, h *head) (err error) {
		presets, err = h.ptz.Presets(call)
		return err
	})
	return presets, err
}

// SetPreset has a camera keep the position that it has, as a new preset, or in place of
// the one of a token, and gives its token.
func (c *Cameras) SetPreset(ctx context.Context, id, name, token string) (made string, err error) {
	err = c.ask(ctx, id, func(call context.Context, h *head) (err error) {
		made, err = h.ptz.SetPreset(call, name, token)
		return err
	})
	return made, err
}

// RemovePreset has a camera forget one.
func (c *Cameras) RemovePreset(ctx context.Context, id, token string) error {
	return c.ask(ctx, id, func(call context.Context, h *head) error { return h.ptz.RemovePreset(call, token) })
}

// steer has a camera do something, unless something newer comes before its turn.
func (c *Cameras) steer(ctx context.Context, id string, do func(context.Context, *head) error) error {
	h, err := c.head(id)
	if err != nil {
		return err
	}
	newer := h.newest()
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-newer:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ctx.Done():
		return ErrClosed
	}
	select {
	case <-newer:
		return nil
	default:
		return h.call(do)
	}
}

// ask has a camera do something when its turn comes. Of all who ask one alone waits for
// that at a time, so that a stop waits for two of them at most.
func (c *Cameras) ask(ctx context.Context, id string, do func(context.Context, *head) error) error {
	h, err := c.head(id)
	if err != nil {
		return err
	}
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		c.options.Limited(LimitWaiting)
		return ErrBusy
	}
	for _, mine := range []chan struct{}{h.asking, h.turn} {
		select {
		case mine <- struct{}{}:
			defer func() { <-mine }()
		case <-ctx.Done():
			return ctx.Err()
		case <-c.ctx.Done():
			return ErrClosed
		}
	}
	return h.call(do)
}

// head gives what is known of a camera.
func (c *Cameras) head(id string) (*head, error) {
	if c.ctx.Err() != nil {
		return nil, ErrClosed
	}
	_, err := c.options.Camera(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		delete(c.heads, id) // where it moves it is still stopped
		return nil, err
	}
	h := c.heads[id]
	if h == nil {
		h = &head{all: c, id: id, turn: make(chan struct{}, 1), waiting: make(chan struct{}, maxWaiting), asking: make(chan struct{}, 1), newer: make(chan struct{}), changed: make(chan struct{}, 1)}
		c.heads[id] = h
	}
	return h, nil
}
