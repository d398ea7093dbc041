// Package sse gives a camera to viewers as server-sent events (WHATWG HTML,
// section 9.2), which a page reads with EventSource and nothing else: each
// picture is JSON with the JPEG in base64.
//
// It encodes no pictures and knows no camera: it reads JPEG frames from the
// hub, makes the event of each frame once for all viewers of its stream, and
// leaves the writing to package delivery. A viewer that is slower than its
// camera loses frames, and only one that takes nothing at all for ten seconds
// is cut.
//
// The events of a response:
//
//	retry: 1000                 first: EventSource is back a second after an end
//
//	event: state                at the beginning, and when it changes
//	data: {"camera":"online","code":"online","message":"The camera is online."}
//
//	id: 7                       Seq of the frame in its stream; a gap is a drop
//	event: frame
//	data: {"seq":7,"ts":1763718000.123456,"width":640,"height":360,"mime":"image/jpeg","data":"/9j/..."}
//
//	: ping                      after 15 s without anything else
//
// ts is when the picture was taken, or else when it arrived, in seconds since
// 1970 with six decimals, as X-Timestamp of multipart responses. camera is
// "connecting", "online" or "offline", code is a word for programs and message
// a sentence for people. What is shown is live: a viewer that comes, also one
// that comes back with Last-Event-ID, gets the newest picture at once and
// nothing of the past.
//
// The router calls Handler.Serve for each viewer; Handler.Close comes before
// the hub's.
package sse

import (
	"net/http"
	"sync"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/stream"
)

const (
	// DefaultFPS is how many pictures a second a viewer gets that asks for no
	// rate: base64 costs a third more bytes than the picture, and scripts in
	// the page handle every one of them.
	DefaultFPS = 5
	// MaxFPS is how many a viewer may ask for.
	MaxFPS = 30
)

const (
	// tick is after how long without a frame a viewer looks at its camera's
	// state.
	tick = time.Second
	// pingAfter is how long a viewer is left without anything.
	pingAfter = 15 * time.Second
	// closePatience is what Close grants the viewers for their last event.
	closePatience = 2 * time.Second
)

// Handler serves all viewers of this form. Its methods may be called from any
// goroutine.
type Handler struct {
	crowd *delivery.Crowd

	mu    sync.Mutex       // guards feeds and their viewers
	feeds map[uint64]*feed // by stream.Reader.Stream
}

// New makes a handler. It starts nothing.
func New(options delivery.Options) *Handler {
	return &Handler{crowd: delivery.NewCrowd(options, tick), feeds: make(map[uint64]*feed)}
}

// Rate gives the pictures a second for a viewer that asks for fps of them, or
// for no rate in particular with 0. The router puts it into the key.
func Rate(fps int) int {
	if fps == 0 {
		return DefaultFPS
	}
	return min(fps, MaxFPS)
}

// Serve answers a request with a camera's JPEGs, its own or a rendition, as
// delivery.Crowd.Serve does.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, choice delivery.Choice, client stream.Client) error {
	client.Form = "sse"
	return h.crowd.Serve(w, r, choice, client, &viewer{handler: h})
}

// Close ends all viewers at the end of an event and waits until they are gone.
// Those that do not take their last event in time are cut.
func (h *Handler) Close() { h.crowd.Close(closePatience) }

// subscribe gives the feed of a stream, for a viewer that reads it.
func (h *Handler) subscribe(number uint64) *feed {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.feeds[number]
	if f == nil {
		f = new(feed)
		h.feeds[number] = f
	}
	f.viewers++
	return f
}

// unsubscribe takes a viewer away, and the feed with its last one.
func (h *Handler) unsubscribe(number uint64, f *feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.viewers--; f.viewers == 0 {
		delete(h.feeds, number)
	}
}
