package recording

import (
	"context"
	"net/http"
	"time"

	"framegate/gateway/stream"
)

const (
	// away is how long who plays a playlist may ask for nothing before it counts as
	// gone, and how long who was ended is refused.
	away = time.Minute
	// maxGuests bounds those who play playlists, so that what is known of them does
	// not add up.
	maxGuests = 256
)

// who is a player of playlists, as far as its requests tell.
type who struct{ camera, address, principal string }

// guest is who plays a playlist: many requests to us, and one viewer to people. The
// handler's lock guards it.
type guest struct {
	ctx   context.Context // ends when somebody ends the viewer
	asks  int             // requests of its that are being served
	left  *time.Timer     // runs while there are none
	leave func()          // forgets it
}

// play is enter for one of the requests by which a client plays a playlist. The error
// may be stream.ErrEnded as well.
func (h *Handler) play(w http.ResponseWriter, r *http.Request, camera string, client stream.Client) (ctx context.Context, leave func(), err error) {
	g, err := h.welcome(who{camera, client.Address, client.Principal}, client)
	if err != nil {
		return nil, nil, err
	}
	asked, end := context.WithCancel(r.Context())
	forget := context.AfterFunc(g.ctx, end)
	done := func() { forget(); end(); h.bye(g) }
	ctx, free, err := h.enter(w, r.WithContext(asked), client)
	if err != nil {
		done()
		return nil, nil, err
	}
	return ctx, func() { free(); done() }, nil
}

// welcome finds the guest whose request this is, or takes it in.
func (h *Handler) welcome(key who, client stream.Client) (*guest, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.guests[key]
	switch {
	case h.ctx.Err() != nil:
		return nil, h.ctx.Err()
	case g == nil && len(h.guests) >= maxGuests:
		h.options.Limited(LimitClips)
		return nil, ErrBusy
	case g == nil:
		g = h.takeIn(key, client)
	case g.ctx.Err() != nil:
		return nil, stream.ErrEnded
	}
	g.asks++
	g.left.Stop()
	return g, nil
}

// takeIn makes a guest, who is among the viewers from now on. The handler is locked.
func (h *Handler) takeIn(key who, client stream.Client) *guest {
	ctx, end := context.WithCancel(h.ctx)
	g := &guest{ctx: ctx}
	client.Form, client.Exit = "hls", &stream.Exit{End: end} // which may be called before Show is back
	context.AfterFunc(ctx, h.options.Audience.Show(key.camera, client))
	g.leave = func() {
		end()
		if h.guests[key] == g {
			delete(h.guests, key)
		}
	}
	g.left = time.AfterFunc(away, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if g.asks == 0 {
			g.leave()
		}
	})
	h.guests[key] = g
	return g
}

// bye notes that a guest's request is served.
func (h *Handler) bye(g *guest) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if g.asks--; g.asks == 0 && h.ctx.Err() == nil {
		g.left.Reset(away)
	}
}
