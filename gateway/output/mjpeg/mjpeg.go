// Package mjpeg gives a camera to viewers as multipart/x-mixed-replace, which
// a plain <img> shows as moving pictures.
//
// It encodes nothing and knows no camera: it reads JPEG frames from the hub
// and writes each of them, shared with all other viewers, in one system call.
// A viewer that is slower than its camera loses frames, and only one that
// takes nothing at all for ten seconds is cut. While the camera is away, a
// picture that says so, and why, keeps the response alive; who takes pictures for
// data asks for none but the camera's.
//
// The router calls Handler.Serve for each viewer; Handler.Close comes before
// the hub's.
package mjpeg

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
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

// ErrBadQuery: words is neither on nor off.
var ErrBadQuery = errors.New("bad query")

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
// delivery.Crowd.Serve does. Where the query says words=off the camera's pictures are
// all that is given, and nothing while it is away. The error may be ErrBadQuery, too.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, choice delivery.Choice, client stream.Client) error {
	client.Form = "mjpeg"
	words := cmp.Or(r.URL.Query().Get("words"), "on")
	if words != "on" && words != "off" {
		return fmt.Errorf("%w: words %.20q: it is on, for a picture that says why there is none, or off", ErrBadQuery, words)
	}
	return h.crowd.Serve(w, r, choice, client, &viewer{handler: h, form: h.forms.choose(r.Header), silent: words == "off"})
}

// Close ends all viewers at the end of a part and waits until they are gone.
// Those that do not take their last part in time are cut.
func (h *Handler) Close() { h.crowd.Close(closePatience) }
