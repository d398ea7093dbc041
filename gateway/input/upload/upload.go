// Package upload takes pictures in from whoever sends them: browsers, which
// use a WebSocket or one POST for each picture, and tools such as ffmpeg, curl
// and GStreamer, which POST a body without end.
//
// Package main routes requests here, after it has decided who may publish. All
// that a Handler does with a good picture is to emit it into the camera's
// stream, by package publish; it keeps no pictures, and whether anyone watches
// makes no difference to it but for the number it tells the sender.
//
// Publishers name themselves by the query's parameter "publisher". Single POSTs
// hold a camera for others only while they come: a few of their own intervals,
// and seconds at most.
package upload

import (
	"cmp"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/publish"
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
	// ErrNotWebSocket: the request is no WebSocket handshake.
	ErrNotWebSocket = errors.New("not a WebSocket handshake")
)

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
	// Silent says whether no sound is taken of a camera's publishers, which may
	// change; nil takes it of all. It is called from any goroutine and must return
	// at once.
	Silent func(camera string) bool
	// Limited is told, by its name, of each hit of a limit; nil is not told. It
	// is called from any goroutine and must return at once.
	Limited func(limit string)
	Log     *slog.Logger // nil discards
}

// withDefaults fills in what is not said.
func (o Options) withDefaults() Options {
	o.MaxFrameBytes = cmp.Or(o.MaxFrameBytes, 8<<20)
	o.FPS = cmp.Or(o.FPS, maxFPS)
	o.BytesPerSecond = cmp.Or(o.BytesPerSecond, maxBytesPerSecond)
	o.PostTime = cmp.Or(o.PostTime, bodyTime)
	o.PostBytesPerSecond = cmp.Or(o.PostBytesPerSecond, bodyBytesPerSec)
	o.PostsPerAddress = cmp.Or(o.PostsPerAddress, bodiesAtOnce)
	if o.Silent == nil {
		o.Silent = func(string) bool { return false }
	}
	if o.Limited == nil {
		o.Limited = func(string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Stats counts what a handler did since it was made.
type Stats struct {
	Frames      uint64 // published
	RateDropped uint64 // good frames dropped because they came too fast
	Refused     uint64 // pictures that were none, or could not be accepted
}

// Handler serves publishers. All its methods may be called from any goroutine.
type Handler struct {
	hub        *stream.Hub
	publishers *publish.Publishers
	options    Options
	counters   counters

	mu     sync.Mutex      // guards what follows; never held over I/O
	bodies map[string]int  // bodies of single POSTs being read, by address
	paces  map[string]pace // of cameras whose session ended
}

type counters struct{ frames, rateDropped, refused atomic.Uint64 }

// New makes a handler that publishes by publishers, into hub. It starts nothing;
// the end of the publishers is its own.
func New(hub *stream.Hub, publishers *publish.Publishers, options Options) *Handler {
	return &Handler{
		hub:        hub,
		publishers: publishers,
		options:    options.withDefaults(),
		bodies:     make(map[string]int),
		paces:      make(map[string]pace),
	}
}

// ServeUpload serves a POST of who publishes to their camera, and that may be of either form: one picture, or a body
// without end, as its Content-Type says.
func (h *Handler) ServeUpload(w http.ResponseWriter, r *http.Request, who publish.Publisher) error {
	switch mediaType(r.Header.Get("Content-Type")) {
	case "multipart/x-mixed-replace", "multipart/mixed", "video/x-motion-jpeg":
		return h.ServeEndless(w, r, who)
	}
	return h.ServeFrame(w, r, who)
}

// Stats gives the counters as they are now.
func (h *Handler) Stats() Stats {
	return Stats{
		Frames:      h.counters.frames.Load(),
		RateDropped: h.counters.rateDropped.Load(),
		Refused:     h.counters.refused.Load(),
	}
}

// named is who publishes by a request, with the name that it gives itself.
func named(r *http.Request, who publish.Publisher) publish.Publisher {
	who.Name = r.URL.Query().Get("publisher")
	return who
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
