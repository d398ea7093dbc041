package main

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"

	"framegate/gateway/input/upload"
	"framegate/gateway/media"
	"framegate/gateway/output/snapshot"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// statuses says which error is which HTTP status; the first that fits counts.
var statuses = []struct {
	err    error
	status int
}{
	{stream.ErrUnknown, http.StatusNotFound},
	{stream.ErrBusy, http.StatusConflict},
	{stream.ErrPulled, http.StatusConflict},
	{stream.ErrFull, http.StatusServiceUnavailable},
	{stream.ErrClosed, http.StatusServiceUnavailable},
	{media.ErrNotJPEG, http.StatusUnsupportedMediaType},
	{media.ErrMalformed, http.StatusUnprocessableEntity},
	{media.ErrTooManyPixels, http.StatusUnprocessableEntity},
	{media.ErrUnshowable, http.StatusUnprocessableEntity},
	{upload.ErrBadBody, http.StatusBadRequest},
	{upload.ErrTooLarge, http.StatusRequestEntityTooLarge},
	{upload.ErrTooSlow, http.StatusRequestTimeout},
	{upload.ErrTooMany, http.StatusTooManyRequests},
	{upload.ErrCrossOrigin, http.StatusForbidden},
	{upload.ErrNotWebSocket, http.StatusBadRequest},
	{snapshot.ErrBadQuery, http.StatusBadRequest},
	{snapshot.ErrNoFrame, http.StatusGatewayTimeout},
	{rendition.ErrBadRequest, http.StatusUnprocessableEntity},
}

// statusOf turns an error into an HTTP status.
func statusOf(err error) int {
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status
		}
	}
	var failed *stream.SourceError
	if errors.As(err, &failed) {
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError
}

// serve answers a request for a camera. A panic ends this request alone.
func (g *gateway) serve(w http.ResponseWriter, r *http.Request, camera string, h handle) {
	defer func() {
		if p := recover(); p != nil {
			g.log.Error("handler panicked", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			panic(http.ErrAbortHandler) // whatever was written is all there is
		}
	}()
	err := h(w, r, camera)
	if err == nil || errors.Is(err, context.Canceled) { // the latter: nobody is there to hear
		return
	}
	status := statusOf(err)
	g.log.Debug("refused", "method", r.Method, "path", r.URL.Path, "address", clientAddress(r), "status", status, "err", err)
	if status == http.StatusInternalServerError {
		g.log.Error("request failed", "path", r.URL.Path, "err", err)
	}
	answer(w, status, err.Error())
}

// answer answers with a status and one line of text.
func answer(w http.ResponseWriter, status int, text string) {
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "5")
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, text, status)
}
