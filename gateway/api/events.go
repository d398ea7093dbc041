package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/api/events"
	"framegate/gateway/api/openapi"
	"framegate/gateway/auth"
	"framegate/gateway/config"
)

const (
	// pingInterval is how often a listener hears something, so that proxies and
	// browsers keep the connection.
	pingInterval = 15 * time.Second
	// eventPatience is how long a write of so many bytes to a listener may take.
	eventPatience   = 10 * time.Second
	eventPieceBytes = 16 << 10
	// minStatusPause and maxStatusPause bound how often a listener hears how all
	// is, and snapshotAge how old that may be: so a crowd costs few looks.
	minStatusPause = time.Second
	maxStatusPause = time.Minute
	snapshotAge    = 200 * time.Millisecond
)

// heard is the data of an event.
type heard struct{}

// Schema says so in the document.
func (heard) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		r.Schema(reflect.TypeFor[events.Event](), true, "Event"), r.Schema(reflect.TypeFor[overview](), true, "Overview"),
	}}
}

// EventsPath is the address of the events, which go on until who listens goes.
const EventsPath = "/api/v1/events"

func (a *API) registerEvents(r registrar) {
	op := operation{
		Route: Route{http.MethodGet, EventsPath, Known}, id: "listen-to-events", tag: "status",
		summary: "Listen to what happens",
		about: "Server-sent events, for EventSource. The name of an event is its kind, and its data the JSON below. " +
			"Those of cameras come to who may view them, and that one was added, changed or removed to who may do anything with it; those of recordings to who has playback for the camera, those of settings to admins, those of exports to admins and to who asked for them, and that your preferences changed to you. " +
			"With status, events of that name come too, whose data is what GET /api/v1/status answers you: one behind ready, and then one after another. The stream ends with the login, and when you may do something else than before: EventSource comes again.",
		problems: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
		query: map[string]string{"log": "true has log_added come too, to admins, once a second at most while something is logged",
			"status": "how long after one status the next comes, from 1s to 1m, such as 2s; none comes, if left out"},
	}
	openapi.AddPlain[heard](r.set, op.declared(), "events, until either side ends it", "text/event-stream", a.serveEvents)
	r.note(op.Route)
}

// crowded says what each limit on listeners means.
var crowded = map[string]string{
	events.LimitListenersPerPrincipal: "you listen to events too often already; close other pages or programs",
	events.LimitListenersPerNetwork:   "too many listen to events from your address already; close other pages or programs",
	events.LimitListeners:             "too many listen to events",
}

// serveEvents gives a principal the events it may see, until it goes or may not
// be here any more.
func (a *API) serveEvents(w http.ResponseWriter, r *http.Request) {
	p := principalOf(r.Context())
	pause, err := statusPauseOf(r.URL.Query().Get("status"))
	if err != nil {
		problemOf(err).Write(w)
		return
	}
	log := r.URL.Query().Get("log")
	if log != "" && log != "true" {
		faulty("query.log", "has to be true, or left out").Write(w)
		return
	}
	l, leave, limit := a.listeners.Listen(p.Subject(), auth.Network(r))
	if limit != "" {
		a.options.Limited(limit)
		w.Header().Set("Retry-After", "5")
		Answer(w, http.StatusServiceUnavailable, crowded[limit])
		return
	}
	defer leave()
	ctx, stop := a.options.Auth.WatchPermissions(r.Context(), p)
	defer stop()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	out := eventWriter{w, http.NewResponseController(w)}
	defer out.control.SetWriteDeadline(time.Time{}) // the connection may have another request
	if r.Method == http.MethodHead || out.write("retry: 1000\n\n") != nil || out.send(events.Event{Kind: events.Ready, At: time.Now().UTC()}) != nil {
		return
	}
	ping := time.NewTicker(pingInterval)
	defer ping.Stop()
	var status <-chan time.Time // nil where none is wanted
	if pause > 0 {
		status = time.After(0)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ping.C:
			err = out.write(": ping\n\n")
		case <-status:
			err = a.passStatus(ctx, p, out)
			status = time.After(pause) // only now, so that none waits for another to be read
		case <-l.Wake():
			err = a.pass(ctx, l, p, log != "", out)
		}
		if err != nil {
			return
		}
	}
}

// pass writes what a listener has to hear, and of the log where that was asked for.
func (a *API) pass(ctx context.Context, l *events.Listener, p auth.Principal, log bool, out eventWriter) error {
	all, lost := l.Take()
	if lost > 0 {
		if err := out.send(events.Event{Kind: events.Lost, At: time.Now().UTC(), Lost: lost}); err != nil {
			return err
		}
	}
	for _, v := range all {
		if v.Kind == events.LogAdded && !log {
			continue
		}
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

// statusPauseOf reads how often a listener wants to hear how all is; 0 is never. The
// error is a problem.
func statusPauseOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := config.Duration(text)
	if err != nil || d < minStatusPause || d > maxStatusPause {
		return 0, faulty("query.status", "how often has to be from 1s to 1m, such as 2s")
	}
	return d, nil
}

// passStatus writes how all is, as far as a principal may see that now.
func (a *API) passStatus(ctx context.Context, p auth.Principal, out eventWriter) error {
	present, err := a.options.Auth.Present(ctx, p)
	if err != nil {
		return err
	}
	data, err := json.Marshal(a.overviewFor(present, a.root(ctx), a.recentSnapshot(ctx)))
	if err != nil {
		return err
	}
	return out.write(fmt.Sprintf("event: status\ndata: %s\n\n", data))
}

// recent is a snapshot that several listeners get.
type recent struct {
	mu sync.Mutex // guards what follows, and is held while one is made
	snapshot
}

// recentSnapshot gives one that is hardly older than one that was made now.
func (a *API) recentSnapshot(ctx context.Context) snapshot {
	a.recent.mu.Lock()
	defer a.recent.mu.Unlock()
	if age := time.Since(a.recent.at); age < 0 || age >= snapshotAge {
		a.recent.snapshot = a.gathered(ctx)
	}
	return a.recent.snapshot
}

// hears says whether a principal may know of an event. The principal is as it
// was when the stream began; where it has lost a permission since, the error
// ends the stream, and a browser that comes again is told what it may be told.
func (a *API) hears(ctx context.Context, p auth.Principal, v events.Event) (bool, error) {
	action := auth.View
	switch {
	case v.Kind == events.CameraAdded || v.Kind == events.CameraChanged || v.Kind == events.CameraRemoved:
		action = anyAction(p, v.Camera)
	case v.Export != "":
		return mayKnow(p, v.Owner), nil
	case v.Kind == events.PreferencesChanged: // of nobody in particular where auth is off, and all are that
		return p.Owner() == v.Owner, nil
	case v.Camera == "":
		action = auth.Admin
	case strings.HasPrefix(string(v.Kind), "recording"):
		action = auth.Playback
	}
	if !auth.Authorize(p, action, v.Camera) {
		return false, nil
	}
	still, stop := a.options.Auth.Watch(ctx, p, action, v.Camera)
	defer stop()
	return still.Err() == nil, still.Err()
}

// anyAction gives something that a principal may do with a camera, if there is any.
func anyAction(p auth.Principal, camera string) auth.Action {
	for _, action := range []auth.Action{auth.View, auth.Publish, auth.PTZ} {
		if auth.Authorize(p, action, camera) {
			return action
		}
	}
	return auth.Playback
}

// eventWriter writes server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (o eventWriter) send(v events.Event) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return o.write(fmt.Sprintf("event: %s\ndata: %s\n\n", v.Kind, data))
}

func (o eventWriter) write(text string) error {
	for len(text) > 0 {
		n := min(len(text), eventPieceBytes)
		_ = o.control.SetWriteDeadline(time.Now().Add(eventPatience)) // where it is no connection it is not waited for
		if _, err := io.WriteString(o.w, text[:n]); err != nil {
			return err
		}
		text = text[n:]
	}
	err := o.control.Flush()
	_ = o.control.SetWriteDeadline(time.Time{}) // after which a stream of HTTP/2 would be reset, though nothing is being written
	return err
}
