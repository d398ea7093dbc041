package ptz

import (
	"context"
	"errors"
	"sync"
	"time"

	"framegate/gateway/onvif"
)

// errGone is of a camera that is there no more.
var errGone = errors.New("the camera was removed")

// head is one camera.
type head struct {
	all     *Cameras
	id      string
	turn    chan struct{} // holds a token while a call is in flight
	waiting chan struct{} // and one for each of ask
	asking  chan struct{} // and one for that of them which waits for its turn or has it

	// What whoever has the turn may use.
	ptz     *onvif.PTZ    // nil before it was found out, and after an error
	options onvif.Options // that it was found out with

	mu      sync.Mutex // guards what follows
	newer   chan struct{}
	until   time.Time     // it moves; zero: it stands still, as far as is known
	watched bool          // watch runs
	changed chan struct{} // holds a token while watch has not seen that until became another
}

// newest makes the caller the newest who tells the camera something, and gives what is
// closed when somebody else is.
func (h *head) newest() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.newer)
	h.newer = make(chan struct{})
	return h.newer
}

// call does something with a camera whose service is found out where it is not known. What
// was known may be old, as after a restart of the camera: then it is tried once more.
func (h *head) call(do func(context.Context, *head) error) error {
	ctx, cancel := context.WithTimeout(h.all.ctx, callPatience)
	defer cancel()
	err := h.attempt(ctx, do)
	if h.all.ctx.Err() != nil {
		return ErrClosed
	}
	return err
}

func (h *head) attempt(ctx context.Context, do func(context.Context, *head) error) error {
	known, err := h.open(ctx)
	if err != nil {
		return err
	}
	err = do(ctx, h)
	if err == nil || errors.Is(err, onvif.ErrRefused) {
		return err
	}
	h.forget()
	if !known || ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, err := h.open(ctx); err != nil {
		return err
	}
	return do(ctx, h)
}

// open finds out where the camera is told to turn, and says whether that was known.
func (h *head) open(ctx context.Context) (known bool, err error) {
	o, err := h.all.options.Camera(h.id)
	if err != nil {
		return false, errors.Join(errGone, err)
	}
	if h.ptz != nil && h.options.Address == o.Address && h.options.Username == o.Username && h.options.Password == o.Password && h.options.InsecureTLS == o.InsecureTLS {
		return true, nil
	}
	h.forget()
	h.ptz, err = onvif.OpenPTZ(ctx, o)
	h.options = o
	return false, err
}

// forget closes what is open.
func (h *head) forget() {
	if h.ptz != nil {
		h.ptz.Close()
		h.ptz = nil
	}
}

// movesUntil notes that the camera is told to move, and has it stopped then.
func (h *head) movesUntil(until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.until = until
	h.look()
	if !h.watched {
		h.watched = true
		h.all.watchers.Go(h.watch)
	}
}

// look has watch see that until is another. h.mu is held.
func (h *head) look() {
	select {
	case h.changed <- struct{}{}:
	default: // it has not looked yet
	}
}

// stop has it stand still, and notes that.
func (h *head) stop(ctx context.Context) error { return h.goes(h.ptz.Stop(ctx)) }

// goes notes that the camera does something that ends by itself, unless there is an error.
func (h *head) goes(err error) error {
	if err == nil {
		h.mu.Lock()
		h.until = time.Time{}
		h.look()
		h.mu.Unlock()
	}
	return err
}

// watch stops the camera when its time is over, or the server ends, and returns once it
// stands still.
func (h *head) watch() {
	for failed := 0; ; {
		until, moves := h.moves()
		if !moves {
			return
		}
		timer := time.NewTimer(time.Until(until))
		select {
		case <-timer.C:
		case <-h.changed:
			timer.Stop()
			continue
		case <-h.all.ctx.Done():
			timer.Stop()
			h.stopInTheEnd()
			return
		}
		switch err := h.stopAt(until); {
		case err == nil:
			failed = 0
		case failed+1 == maxStops, errors.Is(err, errGone):
			h.all.options.Unstopped(h.id, err)
			h.replace(until, time.Time{})
			failed = 0
		default:
			failed++
			h.replace(until, time.Now().Add(stopAgain))
		}
	}
}

// moves says whether the camera moves, and until when. Where it does not, nobody watches
// it from then on.
func (h *head) moves() (until time.Time, moves bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watched = !h.until.IsZero()
	return h.until, h.watched
}

// replace puts a time in the place of another, unless that has become a newer one.
func (h *head) replace(old, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.until.Equal(old) {
		h.until = until
	}
}

// stopAt stops the camera, whose time was until then, unless it has become another.
func (h *head) stopAt(then time.Time) error {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-h.all.ctx.Done():
		return nil // watch sees that next
	}
	h.mu.Lock()
	newer := !h.until.Equal(then)
	h.mu.Unlock()
	if newer {
		return nil
	}
	ctx, cancel := context.WithTimeout(h.all.ctx, callPatience)
	defer cancel()
	return h.halt(ctx)
}

// halt stops the camera as it was spoken to last, for it may be another by now, or not be
// there; and else as it is to be spoken to.
func (h *head) halt(ctx context.Context) error {
	if h.ptz != nil && h.stop(ctx) == nil {
		return nil
	}
	h.forget()
	return h.attempt(ctx, func(ctx context.Context, h *head) error { return h.stop(ctx) })
}

// stopInTheEnd stops it when the server ends. Calls in flight end then.
func (h *head) stopInTheEnd() {
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	if _, moves := h.moves(); !moves {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.all.ctx), lastPatience)
	defer cancel()
	if err := h.halt(ctx); err != nil {
		h.all.options.Unstopped(h.id, err)
	}
}
