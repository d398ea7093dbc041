// Package upload takes pictures in from whoever sends them: browsers, which
// use a WebSocket or one POST for each picture, and tools such as ffmpeg, curl
// and GStreamer, which POST a body without end.
//
// Package main routes requests here, after it has decided who may publish. All
// that a Handler does with a good picture is to emit it into the camera's
// stream, by stream.Hub.Attach; it keeps no pictures, and whether anyone
// watches makes no difference to it but for the number it tells the sender.
//
// A camera has one publisher at a time. Another gets stream.ErrBusy, unless
// both named themselves alike (query parameter "publisher"): then they are
// one, say a phone that came back through another network, and the newer
// connection takes the older one's place. Single POSTs hold a camera for others
// only while they come: a few of their own intervals, and seconds at most.
package upload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// What can be wrong with a request besides its picture, whose errors are those
// of package media.
var (
	// ErrBadBody: the body is empty, cut off, or not the form it says it is.
	ErrBadBody = errors.New("bad body")
	// ErrTooLarge: a picture of more than Options.MaxFrameBytes.
	ErrTooLarge = errors.New("picture has too many bytes")
	// ErrTooSlow: the body came too slowly, or no picture came in time.
	ErrTooSlow = errors.New("upload too slow")
	// ErrTooMany: the address has too many uploads under way.
	ErrTooMany = errors.New("too many uploads at once")
	// ErrCrossOrigin: a page of another site tried to open the WebSocket.
	ErrCrossOrigin = errors.New("request from another site")
	// ErrNotWebSocket: the request is no WebSocket handshake.
	ErrNotWebSocket = errors.New("not a WebSocket handshake")
)

// errTakenOver ends a publisher whose place its own newer connection takes.
var errTakenOver = fmt.Errorf("%w: the same one connected again", stream.ErrBusy)

// Options are a handler's settings.
type Options struct {
	// MaxFrameBytes bounds one picture; 0 means 8 MiB.
	MaxFrameBytes int
	// FPS and BytesPerSecond bound what one publisher may send; more is dropped.
	// 0 means 60, and 20 MB.
	FPS, BytesPerSecond int
	// PostTime is what a POST that is one picture may take, PostBytesPerSecond
	// what it must bring at least, and PostsPerAddress how many may be under
	// way from one address. 0 means 30 s, 1000 and 16.
	PostTime           time.Duration
	PostBytesPerSecond int
	PostsPerAddress    int
	// Limited is told, by its name, of each hit of a limit; nil is not told. It
	// is called from any goroutine and must return at once.
	Limited func(limit string)
	// AllowOrigin says which other sites' pages may open the WebSocket; nil:
	// none.
	AllowOrigin func(origin string) bool
	// Principal says who a request comes from, for Publishers; nil: nobody knows.
	Principal func(*http.Request) string
	Log       *slog.Logger // nil discards
}

// withDefaults fills in what is not said.
func (o Options) withDefaults() Options {
	o.MaxFrameBytes = cmp.Or(o.MaxFrameBytes, 8<<20)
	o.FPS = cmp.Or(o.FPS, maxFPS)
	o.BytesPerSecond = cmp.Or(o.BytesPerSecond, maxBytesPerSecond)
	o.PostTime = cmp.Or(o.PostTime, bodyTime)
	o.PostBytesPerSecond = cmp.Or(o.PostBytesPerSecond, bodyBytesPerSec)
	o.PostsPerAddress = cmp.Or(o.PostsPerAddress, bodiesAtOnce)
	if o.Limited == nil {
		o.Limited = func(string) {}
	}
	if o.Principal == nil {
		o.Principal = func(*http.Request) string { return "" }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Stats counts what a handler did since it was made.
type Stats struct {
	Publishers  int    // connected now
	Frames      uint64 // published
	RateDropped uint64 // good frames dropped because they came too fast
	Refused     uint64 // pictures that were none, or could not be accepted
}

// Handler serves publishers. All its methods may be called from any goroutine.
type Handler struct {
	hub      *stream.Hub
	options  Options
	counters counters
	sessions sync.WaitGroup // of single POSTs

	mu     sync.Mutex // guards what follows; never held over I/O
	holds  map[string]*hold
	bodies map[string]int  // bodies of single POSTs being read, by address
	paces  map[string]pace // of cameras whose session ended
	closed bool
}

type counters struct{ frames, rateDropped, refused atomic.Uint64 }

// New makes a handler that publishes into hub. It starts nothing; whoever used
// it must Close it before the hub.
func New(hub *stream.Hub, options Options) *Handler {
	return &Handler{
		hub:     hub,
		options: options.withDefaults(),
		holds:   make(map[string]*hold),
		bodies:  make(map[string]int),
		paces:   make(map[string]pace),
	}
}

// ServeUpload serves a POST that may be of either form: one picture, or a body
// without end, as its Content-Type says.
func (h *Handler) ServeUpload(w http.ResponseWriter, r *http.Request, camera string) error {
	switch mediaType(r.Header.Get("Content-Type")) {
	case "multipart/x-mixed-replace", "multipart/mixed", "video/x-motion-jpeg":
		return h.ServeEndless(w, r, camera)
	}
	return h.ServeFrame(w, r, camera)
}

// Stats gives the counters as they are now.
func (h *Handler) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Stats{
		Publishers:  len(h.holds),
		Frames:      h.counters.frames.Load(),
		RateDropped: h.counters.rateDropped.Load(),
		Refused:     h.counters.refused.Load(),
	}
}

// Close ends all publishers and waits for them. Those that come later get
// stream.ErrClosed.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	ending := make([]*hold, 0, len(h.holds))
	for _, hold := range h.holds {
		hold.end(stream.ErrClosed)
		ending = append(ending, hold)
	}
	h.mu.Unlock()
	for _, hold := range ending {
		<-hold.gone
	}
	h.sessions.Wait()
}

// hold is a publisher's hold on a camera.
type hold struct {
	owner     string
	address   string
	principal string // as Options give it
	since     time.Time
	session   *session // where single POSTs share it, else nil
	end       context.CancelCauseFunc
	gone      chan struct{} // closed when the camera is free again
}

// newHold makes a hold and the context of its publisher.
func (h *Handler) newHold(parent context.Context, r *http.Request) (context.Context, *hold) {
	ctx, end := context.WithCancelCause(parent)
	return ctx, &hold{
		owner: ownerOf(r), address: addressOf(r), principal: h.options.Principal(r), since: time.Now(),
		end: end, gone: make(chan struct{}),
	}
}

// ownerOf says who publishes: the name it gives itself or else its address.
func ownerOf(r *http.Request) string {
	if name := r.URL.Query().Get("publisher"); name != "" {
		return named + name
	}
	return addressOf(r)
}

// named marks an owner that may end its own earlier connection.
const named = "publisher "

func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// yieldsTo says whether a publisher ends for another: for its own newer
// connection, where it has a name; and where it is a session of single POSTs,
// which between them is nobody, for whatever its owner does next, for a
// connection of the same principal, and once it was quiet for anybody.
func (h *hold) yieldsTo(newer *hold) bool {
	if h.session == nil {
		return h.owner == newer.owner && strings.HasPrefix(h.owner, named)
	}
	samePrincipal := h.principal != "" && h.principal == newer.principal
	return h.owner == newer.owner || samePrincipal && newer.session == nil || h.session.quietSince(h.since)
}

// claim takes the camera for wanted, and gives the hold that has it then: one
// that POSTs share may be there already. ctx bounds the wait for the owner's
// earlier connection to end.
func (h *Handler) claim(ctx context.Context, camera string, wanted *hold) (*hold, error) {
	for {
		earlier, err := h.tryClaim(camera, wanted)
		if err != nil || earlier == wanted {
			return wanted, err
		}
		if earlier.owner == wanted.owner && earlier.session != nil && wanted.session != nil {
			return earlier, nil
		}
		if !earlier.yieldsTo(wanted) {
			return nil, stream.ErrBusy
		}
		earlier.end(errTakenOver)
		select {
		case <-earlier.gone:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryClaim gives wanted if the camera was free, else who has it.
func (h *Handler) tryClaim(camera string, wanted *hold) (*hold, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, stream.ErrClosed
	}
	if earlier := h.holds[camera]; earlier != nil {
		return earlier, nil
	}
	h.holds[camera] = wanted
	if wanted.session != nil {
		h.sessions.Add(1) // here, so that Close cannot have passed its Wait
	}
	return wanted, nil
}

func (h *Handler) release(camera string, held *hold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.holds, camera)
	held.end(nil)
	close(held.gone)
}

// attach runs source as the camera's publisher, in the caller's goroutine, for
// as long as the request and the hub allow.
func (h *Handler) attach(r *http.Request, camera string, source stream.Source) error {
	ctx, mine := h.newHold(r.Context(), r)
	defer mine.end(nil)
	if _, err := h.claim(r.Context(), camera, mine); err != nil {
		return err
	}
	defer h.release(camera, mine)
	return h.run(ctx, camera, mine, source)
}

// run runs source as the publisher that holds the camera.
func (h *Handler) run(ctx context.Context, camera string, held *hold, source stream.Source) error {
	log := h.options.Log.With("camera", camera, "address", held.address)
	return h.hub.Attach(ctx, stream.Key{Camera: camera}, logged{source, log})
}

// logged is a source whose runs appear in the log.
type logged struct {
	stream.Source
	log *slog.Logger
}

func (l logged) Run(ctx context.Context, emit func(media.Frame)) error {
	l.log.Info("publisher connected")
	err := l.Source.Run(ctx, emit)
	l.log.Info("publisher gone", "err", err)
	return err
}

// answer sends the 204 of a POST.
func (h *Handler) answer(w http.ResponseWriter, camera string) {
	w.Header().Set("X-Framegate-Viewers", strconv.Itoa(h.hub.Viewers(camera)))
	w.WriteHeader(http.StatusNoContent)
}

// mediaType gives a Content-Type without its parameters, which may be of any
// form, in lower case.
func mediaType(contentType string) string {
	t, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		t, _, _ = strings.Cut(contentType, ";")
	}
	return strings.ToLower(strings.TrimSpace(t))
}
