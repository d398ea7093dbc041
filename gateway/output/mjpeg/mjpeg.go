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
	"time"

	"framegate/gateway/delivery"
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
	// Patience is how long a viewer may take nothing before it is cut; 0 means
	// delivery.Patience.
	Patience time.Duration
	// Limited is told, by its name, of each hit of a limit; nil is not told. It
	// is called from any goroutine and must return at once.
	Limited func(limit string)
}

// Handler serves all viewers of this form. Its methods may be called from any
// goroutine.
type Handler struct {
	hub      *stream.Hub
	log      *slog.Logger
	forms    forms
	noSignal noSignal
	crowd    *delivery.Crowd
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
		forms: makeForms(rand.Text()),
		crowd: delivery.NewCrowd(delivery.Options{
			Hub: options.Hub, Log: options.Log, Idle: repeatAfter, Patience: options.Patience, Limited: options.Limited,
		}),
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
	form := h.forms.choose(r.Header)
	form.describe(w.Header())
	if r.Method == http.MethodHead {
		reader.Close()
		return nil
	}
	conn, head, err := delivery.Begin(w, r)
	if err != nil {
		reader.Close()
		return fmt.Errorf("taking over the connection: %w", err)
	}
	v := &viewer{handler: h, form: form}
	v.seat = h.crowd.Enter(v, conn, key, reader)
	if v.seat == nil {
		reader.Close()
		conn.Close()
		return nil
	}
	defer v.seat.Leave()

	err = v.serve(r.Context(), head)
	h.log.Debug("viewer left", "stream", key.String(), "address", client.Address, "dropped", reader.Dropped(), "err", err)
	return nil
}

// Close ends all viewers at the end of a part and waits until they are gone.
// Those that do not take their last part in time are cut.
func (h *Handler) Close() { h.crowd.Close(closePatience) }
