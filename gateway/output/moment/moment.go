// Package moment gives one picture of what was recorded: that of a moment.
//
// A JPEG is given as it was recorded. Anything else is decoded from its keyframe,
// by the encoders of the present and behind whatever is watched live. The router
// calls Handler.Serve for each request.
package moment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/instant"
	"framegate/gateway/media"
	"framegate/gateway/places"
	"framegate/gateway/playback"
	"framegate/gateway/stream"
)

// Errors of this package, for the router's table.
var (
	// ErrBadQuery: at is no time, or key is neither 0 nor 1.
	ErrBadQuery = errors.New("bad query")
	// ErrUnreadable: the recording cannot be read.
	ErrUnreadable = errors.New("the recording cannot be read; the server's log says why")
	// ErrLate: no picture came in time.
	ErrLate = errors.New("no picture in time; key=1 takes less work")
	// ErrBusy: too many pictures are being decoded, in all or for this client.
	ErrBusy = errors.New("too many pictures of the past are asked for; ask again later")
)

const (
	// patience is how long a request waits for a picture.
	patience = 10 * time.Second
	// keptFor is how long caches may keep one. It does not change, but it may be
	// deleted.
	keptFor = time.Hour
	// settles is how long after a moment there may be pictures of it that are not
	// written yet.
	settles = 10 * time.Second
	// atWork is how many pictures are decoded at a time, and waiting how many
	// requests wait for that. Encoders are for who watches.
	atWork  = 2
	waiting = 32
	// MaxAsking is how many requests that makes at a time.
	MaxAsking = atWork + waiting
	// each is how many of both are for one client.
	each = 16
)

// LimitMoments is that of pictures of the past that are asked for at a time, by
// name.
const LimitMoments = "moments"

// LimitNames are the limits that this package knows.
var LimitNames = []string{LimitMoments}

// Options are a handler's settings.
type Options struct {
	Library *playback.Library
	// Still makes a JPEG of a picture, in a rendition.
	Still func(context.Context, stream.Key, *playback.Picture) (media.Frame, error)
	// Limited is told, by its name, of each limit that keeps a request out; nil is
	// not told.
	Limited func(limit string)
	Log     *slog.Logger
}

// Handler serves pictures of the past. Its methods may be called from any
// goroutine.
type Handler struct {
	options Options
	asked   *places.Places // for each that is, or waits to be, decoded
	decoded chan struct{}  // a place for each that is
}

// New makes a handler.
func New(options Options) *Handler {
	if options.Limited == nil {
		options.Limited = func(string) {}
	}
	return &Handler{options, places.New(MaxAsking, each), make(chan struct{}, atWork)}
}

// Serve answers a client's request with the picture that a camera showed at a moment, the
// query's at, or the newest where that is about to be written: as it was recorded where that is a JPEG and choice allows it, or
// else as the rendition. With key=1 it is the keyframe before that.
//
// An error means that nothing was answered. It is ErrBadQuery, ErrUnreadable,
// ErrLate, ErrBusy, playback.ErrNothing or ErrMissing, or stream.ErrFull for want of an encoder.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, choice delivery.Choice, client stream.Client) error {
	at, key, err := parse(r.URL.Query(), time.Now())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), patience, ErrLate)
	defer cancel()
	camera := choice.Rendition.Camera
	at, settled := h.written(camera, at)
	p, err := h.options.Library.At(ctx, camera, at, key)
	if err != nil {
		return h.told(ctx, camera, err)
	}
	defer p.Close()
	header, tag := w.Header(), fmt.Sprintf(`W/"%d-%s"`, p.Wall.UnixMicro(), choice.Rendition.Rendition)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		header.Set("ETag", tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	f, err := h.picture(ctx, choice, client, p)
	if err != nil {
		return h.told(ctx, camera, err)
	}
	header.Set("ETag", tag)
	header.Set("Cache-Control", "private, no-cache")
	if settled && !instant.Relative(r.URL.Query().Get("at")) {
		header.Set("Cache-Control", fmt.Sprintf("private, max-age=%d", int(keptFor.Seconds())))
	}
	header.Set("Content-Type", "image/jpeg")
	header.Set("Content-Length", strconv.Itoa(len(f.Data)))
	micros := f.Wall.UnixMicro()
	header.Set("X-Timestamp", fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6))
	if r.Method != http.MethodHead {
		_, _ = w.Write(f.Data) // a client that is gone has nothing to be told
	}
	return nil
}

func parse(query url.Values, now time.Time) (at time.Time, key bool, err error) {
	if at, err = instant.Parse(query.Get("at"), now); err != nil {
		return at, false, fmt.Errorf("%w: at %w", ErrBadQuery, err)
	}
	switch query.Get("key") {
	case "", "0":
		return at, false, nil
	case "1":
		return at, true, nil
	}
	return at, false, fmt.Errorf("%w: key %.20q is neither 0 nor 1", ErrBadQuery, query.Get("key"))
}

// written gives a moment of which there is a picture: where the one that is asked for
// is about to be written, that of the newest so far. It says whether that is settled.
func (h *Handler) written(camera string, at time.Time) (_ time.Time, settled bool) {
	g, grows := h.options.Library.Growing(camera)
	if behind := at.Sub(g.Segment.End); !grows || behind < 0 || behind > settles {
		return at, true
	}
	return g.Segment.End.Add(-time.Microsecond), false
}

// told gives an error that a client may be told.
func (h *Handler) told(ctx context.Context, camera string, err error) error {
	switch {
	case errors.Is(err, playback.ErrNothing), errors.Is(err, playback.ErrMissing), errors.Is(err, playback.ErrAway), errors.Is(err, stream.ErrFull), errors.Is(err, ErrBusy):
		return err
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), ErrLate):
		return ErrLate
	case ctx.Err() != nil:
		return stream.ErrClosed // the client is gone, or may not see it any more
	}
	h.options.Log.Warn("a picture of a recording cannot be given", "camera", camera, "err", err)
	return ErrUnreadable
}

// picture gives a picture as a JPEG.
func (h *Handler) picture(ctx context.Context, choice delivery.Choice, client stream.Client, p *playback.Picture) (f media.Frame, err error) {
	if choice.Own != (stream.Key{}) && p.Format.Codec == media.JPEG && !p.Format.Unshowable {
		err = p.Each(func(only media.Frame) error { f = only; return nil })
		return f, err
	}
	leave, err := h.enter(ctx, client)
	if err != nil {
		return f, err
	}
	defer leave()
	return h.options.Still(ctx, choice.Rendition, p)
}

// enter waits for a place to decode in, which is given back by leave.
func (h *Handler) enter(ctx context.Context, client stream.Client) (leave func(), err error) {
	free, ok := h.asked.Take(client)
	if !ok {
		h.options.Limited(LimitMoments)
		return nil, ErrBusy
	}
	select {
	case h.decoded <- struct{}{}:
		return func() { <-h.decoded; free() }, nil
	case <-ctx.Done():
		free()
		return nil, ctx.Err()
	}
}
