// Package mjpeg gives a camera to viewers as multipart/x-mixed-replace, which
// a plain <img> shows as moving pictures.
//
// It encodes nothing and knows no camera: it reads JPEG frames from the hub
// and writes each of them, shared with all other viewers, in one system call.
// A viewer that is slower than its camera loses frames, and only one that
// takes nothing at all for ten seconds is cut. While the camera is away, a
// picture that says so keeps the response alive.
//
// The router of package main calls Handler.Serve for each viewer, and
// Handler.Close before it closes the hub.
package mjpeg

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"framegate/gateway/stream"
)

const (
	// repeatAfter is how long a viewer is left without a part.
	repeatAfter = time.Second
	// closePatience is what Close grants the viewers for their last part.
	closePatience = 2 * time.Second
)

// Options are a handler's settings.
type Options struct {
	Hub *stream.Hub
	Log *slog.Logger // nil discards
}

// Handler serves all viewers of this form. Its methods may be called from any
// goroutine.
type Handler struct {
	hub      *stream.Hub
	log      *slog.Logger
	forms    forms
	noSignal noSignal

	serving sync.WaitGroup
	mu      sync.Mutex // guards what follows
	viewers map[*viewer]struct{}
	pumps   map[stream.Key]*pump
	closed  bool
}

// New makes a handler. It starts nothing.
func New(options Options) *Handler {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{
		hub: options.Hub,
		log: options.Log,
		// Browsers search the bytes of pictures for the boundary, so it must
		// be one that nobody can put into a picture.
		forms:   makeForms(rand.Text()),
		viewers: make(map[*viewer]struct{}),
		pumps:   make(map[stream.Key]*pump),
	}
}

// Serve answers a request with the stream called key, and returns when the
// viewer is gone, the stream or the handler is closed. An error means that
// nothing was answered; it is one of Hub.Open, or says why the connection
// cannot be used.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, key stream.Key, client stream.Viewer) error {
	client.Form = "mjpeg"
	reader, err := h.hub.Open(key, stream.ReadOptions{Viewer: &client, Idle: repeatAfter})
	if err != nil {
		return err
	}
	defer reader.Close()

	form := h.forms.choose(r.Header)
	form.describe(w.Header())
	if r.Method == http.MethodHead {
		return nil
	}
	conn, head, err := begin(w, r)
	if err != nil {
		return fmt.Errorf("taking over the connection: %w", err)
	}
	defer conn.close()
	v := &viewer{handler: h, key: key, reader: reader, conn: conn, form: form, back: make(chan error, 1)}
	if !h.enter(v) {
		return nil
	}
	defer h.leave(v)

	err = v.serve(r.Context(), head)
	h.log.Debug("viewer left", "stream", key.String(), "address", client.Address, "dropped", reader.Dropped(), "err", err)
	return nil
}

// Close ends all viewers at the end of a part and waits until they are gone.
// Those that do not take their last part in time are cut.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	for v := range h.viewers {
		v.reader.Close()
	}
	for _, p := range h.pumps {
		p.lead.Close()
	}
	h.mu.Unlock()

	cut := time.AfterFunc(closePatience, h.cut)
	defer cut.Stop()
	h.serving.Wait()
}

func (h *Handler) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for v := range h.viewers {
		v.conn.cut()
	}
}

// enter counts a viewer in, unless the handler is closed.
func (h *Handler) enter(v *viewer) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.serving.Add(1)
	h.viewers[v] = struct{}{}
	return true
}

func (h *Handler) leave(v *viewer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.viewers, v)
	h.serving.Done()
}
