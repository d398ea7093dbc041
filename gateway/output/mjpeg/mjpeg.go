// Package mjpeg gives a camera to viewers as multipart/x-mixed-replace, which
// a plain <img> shows as moving pictures.
//
// It encodes nothing and knows no camera: it reads JPEG frames from the hub
// and writes each of them, shared with all other viewers, in one system call.
// A viewer that is slower than its camera loses frames, and only one that
// takes nothing at all for ten seconds is cut. While the camera is away, a
// picture that says so keeps the response alive.
//
// The router calls Handler.Serve for each viewer; Handler.Close comes before
// the hub's.
package mjpeg

import (
	"crypto/rand"
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

// Handler serves all viewers of this form. Its methods may be called from any
// goroutine.
type Handler struct {
	forms    forms
	noSignal noSignal
	crowd    *delivery.Crowd
}

// New makes a handler. It starts nothing.
func New(options delivery.Options) *Handler {
	return &Handler{
		// Browsers search the bytes of pictures for the boundary, so it must
		// be one that nobody can put into a picture.
		forms: makeForms(rand.Text()),
		crowd: delivery.NewCrowd(options, repeatAfter),
	}
}

// Serve answers a request with a camera's JPEGs, its own or a rendition, as
// delivery.Crowd.Serve does.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, choice delivery.Choice, client stream.Client) error {
	client.Form = "mjpeg"
	return h.crowd.Serve(w, r, choice, client, &viewer{handler: h, form: h.forms.choose(r.Header)})
}

// Close ends all viewers at the end of a part and waits until they are gone.
// Those that do not take their last part in time are cut.
func (h *Handler) Close() { h.crowd.Close(closePatience) }
