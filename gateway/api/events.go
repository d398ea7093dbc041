package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"framegate/gateway/api/openapi"
	"framegate/gateway/auth"
)

const (
	// maxListeners bounds the event streams at a time; the others those of one
	// principal and of one network, so that nobody takes all places.
	maxListeners             = 256
	maxListenersPerPrincipal = 16
	maxListenersPerNetwork   = 64
	// eventQueue is how many events a listener may be behind. Then it loses the
	// oldest, and is told.
	eventQueue = 64
	// pingInterval is how often a listener hears something, so that proxies and
	// browsers keep the connection.
	pingInterval = 15 * time.Second
	// eventPatience is how long a write to a listener may take.
	eventPatience = 10 * time.Second
)

// The kinds of events.
const (
	cameraOnline     = "camera_online"
	cameraOffline    = "camera_offline"
	cameraIdle       = "camera_idle"
	cameraAdded      = "camera_added"
	cameraChanged    = "camera_changed"
	cameraRemoved    = "camera_removed"
	publisherCame    = "publisher_came"
	publisherWent    = "publisher_went"
	settingsChanged  = "settings_changed"
	settingsRefused  = "settings_refused"
	eventsWereLost   = "lost"
	eventStreamBegan = "ready"
)

// event is something that happened.
type event struct {
	Kind   string    `json:"kind" enum:"ready,camera_online,camera_offline,camera_idle,camera_added,camera_changed,camera_removed,publisher_came,publisher_went,settings_changed,settings_refused,lost" doc:"what happened; it is the name of the event too"`
	Camera string    `json:"camera,omitempty" doc:"which camera it happened to"`
	At     time.Time `json:"at" doc:"when"`
	Lost   int       `json:"lost,omitempty" doc:"of lost: how many events were, because they were not read fast enough; ask for the status anew"`
}

// events gives what happens to whoever listens. Nobody is waited for.
type events struct {
	mu        sync.Mutex // guards what follows
	listeners map[*listener]struct{}
	principal map[string]int // how many listen, by principal
	network   map[string]int // and by network
}

func newEvents() *events {
	return &events{listeners: make(map[*listener]struct{}), principal: make(map[string]int), network: make(map[string]int)}
}

// listener is somebody who listens.
type listener struct {
	principal string // "" where nobody has to say who it is
	network   string
	wake      chan struct{} // holds a token while there is something

	mu    sync.Mutex // guards what follows
	queue []event
	lost  int
}

// listen adds a listener, or gives the limit that is in its way. leave must be
// called in the end.
func (e *events) listen(principal, network string) (l *listener, leave func(), limit string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case principal != "" && e.principal[principal] >= maxListenersPerPrincipal:
		return nil, nil, LimitListenersPerPrincipal
	case e.network[network] >= maxListenersPerNetwork:
		return nil, nil, LimitListenersPerNetwork
	case len(e.listeners) >= maxListeners:
		return nil, nil, LimitListeners
	}
	l = &listener{principal: principal, network: network, wake: make(chan struct{}, 1)}
	e.listeners[l] = struct{}{}
	e.principal[principal]++
	e.network[network]++
	return l, func() { e.leave(l) }, ""
}

func (e *events) leave(l *listener) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners, l)
	drop(e.principal, l.principal)
	drop(e.network, l.network)
}

// drop counts one less.
func drop(counts map[string]int, key string) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
}

// tell gives an event to all.
func (e *events) tell(v event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.listeners {
		l.add(v)
	}
}

func (l *listener) add(v event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == eventQueue {
		copy(l.queue, l.queue[1:])
		l.queue = l.queue[:eventQueue-1]
		l.lost++
	}
	l.queue = append(l.queue, v)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take gives what has come since, and how much was lost before it.
func (l *listener) take() (all []event, lost int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all, lost = l.queue, l.lost
	l.queue, l.lost = nil, 0
	return all, lost
}

func (a *API) registerEvents(r registrar) {
	op := operation{
		Route: Route{http.MethodGet, "/api/v1/events", Known}, id: "listen-to-events", tag: "status",
		summary: "Listen to what happens",
		about: "Server-sent events, for EventSource. The name of an event is its kind, and its data the JSON below. " +
			"Those of cameras come to who may view them, those of settings to admins. The stream ends when the login or a permission does.",
		problems: []int{http.StatusServiceUnavailable},
	}
	openapi.AddPlain[event](r.set, op.declared(), "events, until either side ends it", "text/event-stream", a.serveEvents)
	r.note(op.Route)
}

// crowded says what each limit on listeners means.
var crowded = map[string]string{
	LimitListenersPerPrincipal: "you listen to events too often already; close other pages or programs",
	LimitListenersPerNetwork:   "too many listen to events from your address already; close other pages or programs",
	LimitListeners:             "too many listen to events",
}

// serveEvents gives a principal the events it may see, until it goes or may not
// be here any more.
func (a *API) serveEvents(w http.ResponseWriter, r *http.Request) {
	p := principalOf(r.Context())
	l, leave, limit := a.events.listen(p.Subject(), auth.Network(r))
	if limit != "" {
		a.options.Limited(limit)
		w.Header().Set("Retry-After", "5")
		Answer(w, http.StatusServiceUnavailable, crowded[limit])
		return
	}
	defer leave()
	ctx, stop := a.options.Auth.WatchLogin(r.Context(), p)
	defer stop()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	out := eventWriter{w, http.NewResponseController(w)}
	defer out.control.SetWriteDeadline(time.Time{}) // the connection may have another request
	if r.Method == http.MethodHead || out.write("retry: 1000\n\n") != nil || out.send(event{Kind: eventStreamBegan, At: time.Now().UTC()}) != nil {
		return
	}
	ping := time.NewTicker(pingInterval)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-ping.C:
			err = out.write(": ping\n\n")
		case <-l.wake:
			err = a.pass(ctx, l, p, out)
		}
		if err != nil {
			return
		}
	}
}

// pass writes what a listener has to hear.
func (a *API) pass(ctx context.Context, l *listener, p auth.Principal, out eventWriter) error {
	all, lost := l.take()
	if lost > 0 {
		if err := out.send(event{Kind: eventsWereLost, At: time.Now().UTC(), Lost: lost}); err != nil {
			return err
		}
	}
	for _, v := range all {
		hears, err := a.hears(ctx, p, v)
		if err == nil && hears {
			err = out.send(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hears says whether a principal may know of an event. The principal is as it
// was when the stream began; where it has lost a permission since, the error
// ends the stream, and a browser that comes again is told what it may be told.
func (a *API) hears(ctx context.Context, p auth.Principal, v event) (bool, error) {
	action := auth.View
	if v.Camera == "" {
		action = auth.Admin
	}
	if !auth.Authorize(p, action, v.Camera) {
		return false, nil
	}
	still, stop := a.options.Auth.Watch(ctx, p, action, v.Camera)
	defer stop()
	return still.Err() == nil, still.Err()
}

// eventWriter writes server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (o eventWriter) send(v event) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return o.write(fmt.Sprintf("event: %s\ndata: %s\n\n", v.Kind, data))
}

func (o eventWriter) write(text string) error {
	_ = o.control.SetWriteDeadline(time.Now().Add(eventPatience)) // where it is no connection it is not waited for
	if _, err := o.w.Write([]byte(text)); err != nil {
		return err
	}
	return o.control.Flush()
}
