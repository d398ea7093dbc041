// Package recording gives out what was recorded of a camera between two moments,
// as one MP4 that is cut while it is sent, or as a playlist of parts.
//
// It knows queries, names and HTTP; what is in a clip is package clip's. The
// router calls Handler.Serve for each request that is permitted.
package recording

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"framegate/gateway/places"
	"framegate/gateway/playback/clip"
	"framegate/gateway/ranges"
	"framegate/gateway/stream"
)

// Options are what a Handler needs.
type Options struct {
	Finder clip.Finder
	Opener clip.Opener
	Zone   *time.Location // of names, where a request says none; nil is the server's
	// Audience is what those who are shown something are added to; nil is one that
	// nobody asks.
	Audience *stream.Audience
	// Limited is told, by its name, of each limit that keeps a request out; nil is
	// not told.
	Limited func(limit string)
	Log     *slog.Logger // nil discards
}

// Handler serves what was recorded of all cameras. Its methods may be called from
// any goroutine.
type Handler struct {
	options Options
	ctx     context.Context // ends with Close
	end     context.CancelFunc

	looking chan struct{} // a place for each that looks for what is to be sent

	places *places.Places

	mu     sync.Mutex // guards what follows; served against being added to while it is waited for
	served sync.WaitGroup
	guests map[who]*guest
}

const (
	// MaxAtOnce is how many are served at a time, parts of playlists too, and each how
	// many of them to one client. Each has some files open.
	MaxAtOnce = 64
	each      = 16
	// atWork is how many are looked for at a time, which may mean reading the
	// tables of thousands of files.
	atWork = 2
)

// LimitClips is that of recordings that are sent at a time, by name.
const LimitClips = "clips"

// LimitNames are the limits that this package knows.
var LimitNames = []string{LimitClips}

// ErrBusy: too many recordings are being sent, in all or to this client.
var ErrBusy = errors.New("too many recordings are being sent; end others, or ask again later")

// New makes a handler.
func New(o Options) *Handler {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Audience == nil {
		o.Audience = stream.NewAudience()
	}
	if o.Limited == nil {
		o.Limited = func(string) {}
	}
	ctx, end := context.WithCancel(context.Background())
	return &Handler{options: o, ctx: ctx, end: end, looking: make(chan struct{}, atWork), places: places.New(MaxAtOnce, each), guests: make(map[who]*guest)}
}

// Close ends all that is being sent, and waits for it.
func (h *Handler) Close() {
	h.mu.Lock()
	h.end()
	for _, g := range h.guests {
		g.left.Stop()
		g.leave()
	}
	h.mu.Unlock()
	h.served.Wait()
}

// enter counts a client's request in; it is over when leave is called. The context
// ends with the request's and with the handler, and whatever is being written then.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request, client stream.Client) (ctx context.Context, leave func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.ctx.Err(); err != nil {
		return nil, nil, err
	}
	free, ok := h.places.Take(client)
	if !ok {
		h.options.Limited(LimitClips)
		return nil, nil, ErrBusy
	}
	h.served.Add(1)
	ctx, cancel := context.WithCancel(r.Context())
	forget := context.AfterFunc(h.ctx, cancel)
	spare := context.AfterFunc(ctx, func() {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now()) // whoever reads slowly holds up nobody
	})
	return ctx, func() { spare(); forget(); cancel(); free(); h.served.Done() }, nil
}

// look does what reads many files, few at a time.
func (h *Handler) look(ctx context.Context, do func() error) error {
	select {
	case h.looking <- struct{}{}:
		defer func() { <-h.looking }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Serve answers a client's request with a clip of a camera. The query has
//
//	from, to  from when until when: see instant.Parse
//	start     keyframe: begin with the keyframe before from; exact: with from
//	speed     so many times as fast, of keyframes alone
//	subtitles 1: a track of subtitles has the time of day in it
//	sound     off: none, and zeros in its place; else there is what was recorded
//	tz        the zone of that, and of the times in the clip's name, such as Europe/Berlin
//
// Ranges are served, and validators that name the bytes: what is recorded right now
// makes another clip at each request that reaches up to the present. Parts of a
// playlist, which name their segment, are served as well.
//
// A range of what reaches up to the present, or moves with it, is served only for its
// validator.
//
// Where not all pictures have the same format, or their sound, X-Framegate-Next-Format
// says from when on they have another than the first: browsers stop there, and sound of
// another is left out.
//
// An error means that nothing was answered. It is ErrBadQuery, ErrNotMade, ErrBusy,
// one of clip.New, or the end of the request or of the handler; of parts also
// stream.ErrEnded, where somebody ended who plays them a moment ago.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, camera string, client stream.Client) error {
	if r.URL.Query().Has("segment") {
		return h.servePart(w, r, camera, client)
	}
	q, err := parse(r.URL.Query(), h.options.Zone, time.Now())
	if err != nil {
		return err
	}
	ctx, leave, err := h.enter(w, r, client)
	if err != nil {
		return err
	}
	defer leave()
	client.Form = "mp4"
	defer h.options.Audience.Show(camera, client)()
	q.Camera = camera
	var c *clip.Clip
	err = h.look(ctx, func() (err error) {
		c, err = clip.New(ctx, h.options.Finder, h.options.Opener, q.Request)
		return err
	})
	if errors.Is(err, clip.ErrStills) {
		err = fmt.Errorf("%w: JPEGs were recorded, of which browsers play no timelapse; one of H.264 is asked for at /api/v1/exports, with speed", ErrNotMade)
	}
	if err != nil {
		return err
	}
	content := &content{ctx: ctx, clip: c}
	defer content.close()
	if (q.moves || q.To.After(time.Now().Add(-settles))) && r.Header.Get("If-Range") == "" {
		r.Header.Del("Range") // it would be of another clip than the one before
	}
	header := w.Header()
	header.Set("Content-Type", "video/mp4")
	header.Set("Content-Disposition", `attachment; filename="`+c.Name(q.zone)+`"`)
	header.Set("ETag", c.ETag())
	if !c.Next.IsZero() {
		header.Set("X-Framegate-Next-Format", c.Next.UTC().Format(time.RFC3339Nano))
	}
	header.Set("Cache-Control", "private, no-cache")
	ranges.Serve(w, r, content)
	if err := content.close(); err != nil {
		h.options.Log.Warn("a clip ended before its end", "camera", camera, "from", q.From, "to", q.To, "err", err)
	}
	return nil
}

// content is a clip that is sent while a context lasts. Of several ranges
// package http reads in a goroutine that it does not wait for.
type content struct {
	ctx context.Context

	mu   sync.Mutex // guards clip, which is nil once closed
	clip *clip.Clip
	err  error // why it could not be read
}

// close closes the clip, and says why it could not be read, if that is so.
func (c *content) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clip != nil {
		c.clip.Close()
		c.clip, c.err = nil, c.clip.Err()
	}
	return c.err
}

func (c *content) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clip == nil {
		return 0, fs.ErrClosed
	}
	return c.clip.Read(b)
}

func (c *content) Seek(offset int64, whence int) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clip == nil {
		return 0, fs.ErrClosed
	}
	return c.clip.Seek(offset, whence)
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
