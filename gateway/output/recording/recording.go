// Package recording gives out what was recorded of a camera between two moments,
// as one MP4 that is cut while it is sent, or as a playlist of parts.
//
// It knows queries, names and HTTP; what is in a clip is package clip's. The
// router calls Handler.Serve for each request that is permitted.
package recording

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"framegate/gateway/playback/clip"
)

// Options are what a Handler needs.
type Options struct {
	Finder clip.Finder
	Opener clip.Opener
	Zone   *time.Location // of names, where a request says none; nil is the server's
	Log    *slog.Logger   // nil discards
}

// Handler serves what was recorded of all cameras. Its methods may be called from
// any goroutine.
type Handler struct {
	options Options
	ctx     context.Context // ends with Close
	end     context.CancelFunc

	mu     sync.Mutex // guards served against being added to while it is waited for
	served sync.WaitGroup
}

// New makes a handler.
func New(o Options) *Handler {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, end := context.WithCancel(context.Background())
	return &Handler{options: o, ctx: ctx, end: end}
}

// Close ends all that is being sent, and waits for it.
func (h *Handler) Close() {
	h.mu.Lock()
	h.end()
	h.mu.Unlock()
	h.served.Wait()
}

// enter counts a request in; it is over when leave is called. The context ends
// with the request's and with the handler, and whatever is being written then.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request) (ctx context.Context, leave func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.ctx.Err(); err != nil {
		return nil, nil, err
	}
	h.served.Add(1)
	ctx, cancel := context.WithCancel(r.Context())
	forget := context.AfterFunc(h.ctx, func() {
		cancel()
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now()) // whoever reads slowly holds up nobody
	})
	return ctx, func() { forget(); cancel(); h.served.Done() }, nil
}

// Serve answers a request with a clip of a camera. The query has
//
//	from, to  from when until when, as RFC 3339 has times, or now
//	start     keyframe: begin with the keyframe before from; exact: with from
//	speed     so many times as fast, of keyframes alone
//	tz        the zone of the times in the clip's name, such as Europe/Berlin
//
// Ranges are served, and validators that name the bytes: what is recorded right now
// makes another clip at each request that reaches up to the present. Parts of a
// playlist, which name their segment, are served as well.
//
// An error means that nothing was answered. It is ErrBadQuery, ErrNotMade, one of
// clip.New, or the end of the request or of the handler.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, camera string) error {
	if r.URL.Query().Has("segment") {
		return h.servePart(w, r, camera)
	}
	q, err := parse(r.URL.Query(), h.options.Zone, time.Now())
	if err != nil {
		return err
	}
	ctx, leave, err := h.enter(w, r)
	if err != nil {
		return err
	}
	defer leave()
	q.Camera = camera
	c, err := clip.New(ctx, h.options.Finder, h.options.Opener, q.Request)
	if err != nil {
		return err
	}
	defer c.Close()
	header := w.Header()
	header.Set("Content-Type", "video/mp4")
	header.Set("Content-Disposition", `attachment; filename="`+q.name(c)+`"`)
	header.Set("ETag", c.ETag())
	header.Set("Cache-Control", "private, no-cache")
	http.ServeContent(w, r, "", time.Time{}, seekable{until{ctx, c}, c})
	if err := c.Err(); err != nil {
		h.options.Log.Warn("a clip ended before its end", "camera", camera, "from", q.From, "to", q.To, "err", err)
	}
	return nil
}

// until reads while a context lasts.
type until struct {
	ctx context.Context
	io.Reader
}

func (u until) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(b)
}

// seekable reads so at any place.
type seekable struct {
	until
	io.Seeker
}
