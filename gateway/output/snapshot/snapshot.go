// Package snapshot gives one picture of a camera: the newest.
//
// It takes the picture as the camera sent it, out of the hub, and encodes
// nothing. The router calls Handler.Serve for each request.
package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// Errors of this package, for the router's table.
var (
	// ErrBadQuery: max_age is neither a duration nor a number of seconds.
	ErrBadQuery = errors.New("bad query")
	// ErrNoFrame: the camera gave no picture, or none that is new enough, in
	// time.
	ErrNoFrame = errors.New("no picture in time")
)

const (
	// patience is how long a request waits for a picture.
	patience = 10 * time.Second
	// keptAge is how old a picture may be where the request does not say,
	// while the camera has none that is newer.
	keptAge = 10 * time.Second
)

// Handler serves the snapshots of all cameras. Its methods may be called from
// any goroutine.
type Handler struct {
	hub *stream.Hub
}

// New makes a handler.
func New(hub *stream.Hub) *Handler { return &Handler{hub: hub} }

// Serve answers a request with the newest picture of a stream of choice: of the
// camera's own, or where that is no JPEG of the rendition.
//
// The query max_age, a duration such as 2s or a number of seconds, says how
// old the picture may be. Where a picture of that age is kept, the camera is
// left alone; else one is waited for. Without max_age the newest is given,
// whatever its age while the camera is connected, and the camera then stays
// connected for those who ask again and again.
//
// An error means that nothing was answered. It is ErrBadQuery, ErrNoFrame, one
// of Hub.Open, or a *stream.SourceError; and stream.ErrClosed where the request
// is ended while it waits, of which only a server that ends lets anybody hear,
// or the camera was changed to one that sends no JPEGs.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, choice delivery.Choice, client stream.Client) error {
	maxAge, given, err := parseMaxAge(r.URL.Query())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), patience, ErrNoFrame)
	defer cancel()
	client.Form = "snapshot"
	frame, err := h.newest(ctx, choice.First(), client, maxAge, given)
	if err == nil && !isJPEG(frame) && choice.Own != (stream.Key{}) && choice.Rendition != (stream.Key{}) {
		frame, err = h.newest(ctx, choice.Rendition, client, maxAge, given)
	}
	if errors.Is(err, context.Canceled) || err == nil && !isJPEG(frame) {
		return stream.ErrClosed
	}
	if err != nil {
		return err
	}
	write(w, r, frame)
	return nil
}

// isJPEG says that browsers show a frame as it is.
func isJPEG(f media.Frame) bool { return f.Format.Codec == media.JPEG && !f.Format.Unshowable }

func parseMaxAge(query url.Values) (maxAge time.Duration, given bool, err error) {
	value := query.Get("max_age")
	if value == "" {
		return keptAge, false, nil
	}
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true, nil
	}
	maxAge, err = time.ParseDuration(value)
	if err != nil || maxAge < 0 {
		return 0, false, fmt.Errorf("%w: max_age %.40q is neither a duration nor a number of seconds", ErrBadQuery, value)
	}
	return maxAge, true, nil
}

// newest gives the newest picture, as Serve says, or the cause of ctx's end.
func (h *Handler) newest(ctx context.Context, key stream.Key, client stream.Client, maxAge time.Duration, given bool) (media.Frame, error) {
	oldest := time.Now().Add(-maxAge)
	if frame, ok := h.hub.Newest(key); ok && given && !frame.Wall.Before(oldest) {
		return frame, nil
	}
	reader, err := h.hub.Open(key, stream.ReadOptions{Client: &client, Once: true})
	if err != nil {
		return media.Frame{}, err
	}
	defer reader.Close()
	if frame, ok := h.hub.Newest(key); ok && !frame.Wall.Before(oldest) {
		return frame, nil
	}
	for {
		frame, err := reader.Next(ctx)
		switch {
		case err == nil && given && frame.Wall.Before(oldest):
			continue
		case ctx.Err() != nil:
			return media.Frame{}, context.Cause(ctx)
		}
		return frame, err
	}
}

func write(w http.ResponseWriter, r *http.Request, frame media.Frame) {
	header := w.Header()
	header.Set("Content-Type", "image/jpeg")
	header.Set("Content-Length", strconv.Itoa(len(frame.Data)))
	header.Set("Cache-Control", "no-store")
	micros := frame.Wall.UnixMicro()
	header.Set("X-Timestamp", fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6))
	if r.Method != http.MethodHead {
		_, _ = w.Write(frame.Data) // a client that is gone has nothing to be told
	}
}
