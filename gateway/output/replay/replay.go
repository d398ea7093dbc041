// Package replay gives what was recorded of a camera in the forms of its present,
// such as an endless image for a plain <img>, from a moment on.
//
// It writes no picture itself: each request gets a playback.Session, whose hub has
// the past as streams, and an output of its own that reads that hub. The router
// calls what Handler.As gives for each request; Handler.Close comes before the
// recordings go.
package replay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/instant"
	"framegate/gateway/places"
	"framegate/gateway/playback"
	"framegate/gateway/stream"
)

// Errors of this package, for the router's table. A rate that nothing is played at
// is playback.ErrRate.
var (
	// ErrBadQuery: from is no time, or rate no number.
	ErrBadQuery = errors.New("bad query")
	// ErrBusy: too many look at recordings in this way.
	ErrBusy = errors.New("too many recordings are played at the moment; end others, or ask again later")
)

const (
	// MaxPlayed is how many recordings are played at a time, and maxEach how many
	// of them by one principal at one address.
	MaxPlayed = 32
	maxEach   = 8
	// settles is how long after a moment there may be pictures of it that are not
	// written yet.
	settles = 10 * time.Second
)

// LimitReplays is that of recordings that are played at a time, by name.
const LimitReplays = "replays"

// LimitNames are the limits that this package knows.
var LimitNames = []string{LimitReplays}

// Output is a form in which pictures go out, as package mjpeg has one.
type Output interface {
	Serve(http.ResponseWriter, *http.Request, delivery.Choice, stream.Client) error
	Close()
}

// Options are a handler's settings.
type Options struct {
	// Session makes what plays a camera from a moment on.
	Session func(camera string, from time.Time) *playback.Session
	Library *playback.Library
	// Delivery is for the outputs; of its Hub only the audience is used, to which
	// viewers are added.
	Delivery delivery.Options
}

// Handler serves viewers of the past. Its methods may be called from any
// goroutine.
type Handler struct {
	options Options
	places  *places.Places

	mu     sync.Mutex // guards what follows
	closed bool
	next   uint64
	played map[uint64]func() // what ends each
	served sync.WaitGroup
}

// New makes a handler. It starts nothing.
func New(options Options) *Handler {
	if options.Delivery.Limited == nil {
		options.Delivery.Limited = func(string) {}
	}
	return &Handler{options: options, places: places.New(MaxPlayed, maxEach), played: make(map[uint64]func())}
}

// As gives what serves the past in a form: from the query's from on, which has to
// be there, at its rate, backwards where that is negative. At its end it waits for
// what is recorded next. It comes back when the viewer is gone or Close is called.
//
// An error means that nothing was answered. It is ErrBadQuery, ErrBusy,
// playback.ErrRate, ErrNothing where nothing is recorded from then on, ErrMissing,
// or one of the output.
func (h *Handler) As(form func(delivery.Options) Output) func(http.ResponseWriter, *http.Request, delivery.Choice, stream.Client) error {
	return func(w http.ResponseWriter, r *http.Request, choice delivery.Choice, client stream.Client) error {
		from, rate, err := parse(r.URL.Query(), time.Now())
		if err != nil {
			return err
		}
		camera := choice.Rendition.Camera
		if err := h.there(r.Context(), camera, from, rate); err != nil {
			return err
		}
		session := h.options.Session(camera, from)
		leave := session.Close
		if err = session.Rate(rate); err == nil {
			leave, err = h.enter(session.Close, client)
		}
		if err != nil {
			session.Close()
			return err
		}
		defer leave()
		options := h.options.Delivery
		options.Hub = session.Hub()
		output := form(options)
		defer output.Close()
		return output.Serve(w, r, choice, client)
	}
}

// Alone serves a client what was recorded of a camera, in a form that plays the past
// itself, where there is no present, or that is not for the client: its hub has the
// camera, which sends nothing. It comes back as what As gives does. The error is
// ErrBusy, ErrNothing where nothing is recorded, ErrMissing, or one of the output.
func (h *Handler) Alone(w http.ResponseWriter, r *http.Request, choice delivery.Choice, client stream.Client, form func(delivery.Options) Output) error {
	if err := h.there(r.Context(), choice.Rendition.Camera, time.Time{}, 1); err != nil {
		return err
	}
	hub := stream.New(stream.Options{Audience: h.options.Delivery.Hub.Audience, Past: true, Resolve: func(stream.Key) (stream.Source, error) { return nil, nil }})
	defer hub.Close()
	options := h.options.Delivery
	options.Hub = hub
	output := form(options)
	leave, err := h.enter(output.Close, client)
	if err != nil {
		output.Close()
		return err
	}
	defer leave()
	return output.Serve(w, r, choice, client)
}

// Close ends all that is played, and waits for it.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	for _, end := range h.played {
		h.served.Go(end) // at its end its viewer leaves, and ends it as well
	}
	h.mu.Unlock()
	h.served.Wait()
}

// there says why there would be nothing to see.
func (h *Handler) there(ctx context.Context, camera string, from time.Time, rate float64) error {
	to := time.Time{}
	g, growing := h.options.Library.Growing(camera)
	if rate < 0 {
		growing = growing && g.Segment.Start.Before(from)
		from, to = to, from
	} else {
		growing = growing && g.Segment.End.After(from.Add(-settles))
	}
	rows, err := h.options.Library.Between(ctx, camera, from, to, 1)
	if err == nil && len(rows) == 0 && !growing {
		err = playback.ErrNothing
	}
	return err
}

// enter counts who plays something, until it ends. leave ends it, and gives its place
// back.
func (h *Handler) enter(end func(), client stream.Client) (leave func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, stream.ErrClosed
	}
	free, ok := h.places.Take(client)
	if !ok {
		h.options.Delivery.Limited(LimitReplays)
		return nil, ErrBusy
	}
	number := h.next
	h.next++
	h.played[number] = end
	h.served.Add(1)
	return func() {
		end() // which may wait for the disk
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.played, number)
		free()
		h.served.Done()
	}, nil
}

// parse reads a query.
func parse(query url.Values, now time.Time) (from time.Time, rate float64, err error) {
	if from, err = instant.Parse(query.Get("from"), now); err != nil {
		return from, 0, fmt.Errorf("%w: from %w", ErrBadQuery, err)
	}
	if from.After(now) {
		return from, 0, fmt.Errorf("%w: from %.40q is not past", ErrBadQuery, query.Get("from"))
	}
	text := query.Get("rate")
	if text == "" {
		return from, 1, nil
	}
	if rate, err = strconv.ParseFloat(text, 64); err != nil {
		return from, 0, fmt.Errorf("%w: rate %.20q is no number", ErrBadQuery, text)
	}
	return from, rate, nil
}
