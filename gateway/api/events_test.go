package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/secret"
	"framegate/gateway/stream"
)

// run runs the API until the test ends. It gives when it has looked.
func (r *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // ends by the cleanup, which waits for it
		defer close(done)
		if err := r.Run(ctx); err != nil {
			r.t.Error(err)
		}
	}()
	r.t.Cleanup(func() { cancel(); <-done })
	r.Changed()
	waitFor(r.t, "the first look", func() bool { return len(r.changes) == 0 })
}

// ears is an event stream that is read.
type ears struct {
	t        testing.TB
	events   chan event // closed at its end
	response *http.Response
}

// hear opens an event stream, and gives it when it has begun.
func (c client) hear() ears {
	c.t.Helper()
	q, err := http.NewRequest("GET", c.server.URL+"/api/v1/events", nil)
	must(c.t, err)
	c.identify(q)
	response, err := c.server.Client().Do(q)
	must(c.t, err)
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		c.t.Fatalf("status %d, %v", response.StatusCode, response.Header)
	}
	e := ears{c.t, make(chan event, 1000), response}
	done := make(chan struct{})
	go func() { // ends with the body
		defer close(done)
		defer close(e.events)
		var name string
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = text
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var v event
				if err := json.Unmarshal([]byte(data), &v); err != nil || v.Kind != name || v.At.IsZero() {
					c.t.Errorf("event %s is %s: %v", name, data, err)
				}
				e.events <- v
			}
		}
	}()
	c.t.Cleanup(func() { response.Body.Close(); <-done })
	e.expect(eventStreamBegan, "")
	return e
}

func (e ears) next() (event, bool) {
	e.t.Helper()
	select {
	case v, ok := <-e.events:
		return v, ok
	case <-time.After(30 * time.Second):
		e.t.Fatal("no event came")
		return event{}, false
	}
}

func (e ears) expect(kind, camera string) event {
	e.t.Helper()
	v, ok := e.next()
	if !ok || v.Kind != kind || v.Camera != camera {
		e.t.Fatalf("heard %+v (%v), want %s of %q", v, ok, kind, camera)
	}
	return v
}

func TestEventsOfACamerasLife(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	r.sources["front"] = newFrames()
	r.run()
	e := c.hear()
	c.do("POST", "/api/v1/cameras", secretive).want(201)
	e.expect(cameraAdded, "front")
	c.do("PATCH", "/api/v1/cameras/front", object{"name": "x"}).want(200)
	e.expect(cameraChanged, "front")
	reader, err := r.hub.Open(stream.Key{Camera: "front"}, stream.ReadOptions{})
	must(t, err)
	defer reader.Close()
	r.sources["front"].next <- picture
	e.expect(cameraOnline, "front")
	r.sources["front"].fail <- errors.New("canary")
	e.expect(cameraOffline, "front")
	r.gateway.change(func() { r.gateway.publishers = []Publisher{{Camera: "phone", Address: "192.0.2.3", Since: time.Now()}} })
	e.expect(publisherCame, "phone")
	r.gateway.change(func() { r.gateway.publishers = []Publisher{{Camera: "phone", Address: "192.0.2.3", Since: time.Now()}} })
	e.expect(publisherWent, "phone")
	e.expect(publisherCame, "phone")
	r.gateway.change(func() { r.gateway.publishers = nil })
	e.expect(publisherWent, "phone")
	r.gateway.change(func() { r.gateway.settings.Refused = errors.New("line 1") })
	e.expect(settingsRefused, "")
	usual, err := config.Load("", nil)
	must(t, err)
	r.gateway.change(func() { r.gateway.settings = Settings{Config: usual} })
	e.expect(settingsChanged, "")
	c.do("DELETE", "/api/v1/cameras/front", nil).want(204)
	e.expect(cameraRemoved, "front")
}

func TestEventsGoToWhoMayView(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	anna, admin := r.login("anna").hear(), r.admin().hear()
	tell := func(kind, camera string) { r.events.tell(event{Kind: kind, Camera: camera, At: time.Now()}) }
	tell(cameraOnline, "gate")
	tell(settingsChanged, "")
	tell(cameraOnline, "front")
	anna.expect(cameraOnline, "front")
	admin.expect(cameraOnline, "gate")
	admin.expect(settingsChanged, "")
	admin.expect(cameraOnline, "front")
}

func TestEventsEndWithThePermission(t *testing.T) {
	for name, revoke := range map[string]func(r *rig){
		"grant": func(r *rig) { must(r.t, r.options.Auth.SetGrants(r.t.Context(), "anna", nil)) },
		"password": func(r *rig) {
			must(r.t, r.options.Auth.SetPassword(r.t.Context(), "anna", secret.New("another horse battery")))
		},
		"user": func(r *rig) { must(r.t, r.options.Auth.RemoveUser(r.t.Context(), "anna")) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.user("boss", "admin")
			r.user("anna", "view:front")
			e := r.login("anna").hear()
			revoke(r)
			r.events.tell(event{Kind: cameraOnline, Camera: "front", At: time.Now()})
			if v, ok := e.next(); ok {
				t.Errorf("heard %+v", v)
			}
			waitFor(t, "the listener to leave", func() bool { r.events.mu.Lock(); defer r.events.mu.Unlock(); return len(r.events.listeners) == 0 })
		})
	}
}

// A listener that does not read loses the oldest and hears so; nobody waits for
// it.
func TestASlowListenerLosesTheOldest(t *testing.T) {
	e := newEvents()
	l, leave, limit := e.listen("user:anna", "192.0.2.1")
	if limit != "" {
		t.Fatal(limit)
	}
	for i := range eventQueue + 10 {
		e.tell(event{Kind: cameraOnline, Lost: i})
	}
	all, lost := l.take()
	if len(all) != eventQueue || lost != 10 || all[0].Lost != 10 || all[eventQueue-1].Lost != eventQueue+9 {
		t.Errorf("%d events, %d lost, first %+v", len(all), lost, all[0])
	}
	if again, lost := l.take(); again != nil || lost != 0 {
		t.Errorf("again %v, %d", again, lost)
	}
	leave()
	e.tell(event{Kind: cameraOnline})
	if all, _ := l.take(); all != nil {
		t.Errorf("heard %v after leaving", all)
	}
	r := newRig(t)
	out := httptest.NewRecorder()
	slow, leave, _ := r.events.listen("user:anna", "192.0.2.1")
	defer leave()
	for range eventQueue + 3 {
		r.events.tell(event{Kind: settingsRefused, At: time.Now()})
	}
	p, err := r.options.Auth.Identify(bearerRequest(r.token("a", "admin")), auth.Use{Ways: auth.Control})
	must(t, err)
	must(t, r.pass(t.Context(), slow, p, eventWriter{out, http.NewResponseController(out)}))
	if text := out.Body.String(); !strings.HasPrefix(text, "event: lost\n") || !strings.Contains(text, `"lost":3`) || strings.Count(text, "event: settings_refused") != eventQueue {
		t.Errorf("heard %s", text)
	}
}

func bearerRequest(token string) *http.Request {
	q := httptest.NewRequest("GET", "/", nil)
	q.Header.Set("Authorization", "Bearer "+token)
	return q
}

// One who may listen takes neither all places nor those of others.
func TestOnlySoManyListen(t *testing.T) {
	r := newRig(t)
	hits := make(map[string]int)
	r.options.Limited = func(limit string) { hits[limit]++ }
	one, other := r.as(r.token("one")), r.as(r.token("other"))
	var leaving []func()
	listen := func(principal, network string, want int) {
		t.Helper()
		n := 0
		for range want + 1 {
			_, leave, limit := r.events.listen(principal, network)
			if limit != "" {
				break
			}
			n++
			leaving = append(leaving, leave)
		}
		if n != want {
			t.Errorf("%d of %s from %s, want %d", n, principal, network, want)
		}
	}
	listen("token:one", "192.0.2.1", maxListenersPerPrincipal)
	one.do("GET", "/api/v1/events", nil).want(503).says("you listen")
	e := other.hear()
	e.response.Body.Close()
	for range e.events {
	}
	waitFor(t, "the place", func() bool {
		r.events.mu.Lock()
		defer r.events.mu.Unlock()
		return r.events.network["127.0.0.1"] == 0
	})
	listen("", "127.0.0.1", maxListenersPerNetwork)
	other.do("GET", "/api/v1/events", nil).want(503).says("from your address")
	for _, leave := range leaving[len(leaving)-maxListenersPerNetwork:] {
		leave()
	}
	leaving = leaving[:len(leaving)-maxListenersPerNetwork]
	for i := range maxListeners - len(leaving) {
		_, leave, limit := r.events.listen("user:"+itoa(int64(i)), itoa(int64(i)))
		if limit != "" {
			t.Fatal(limit)
		}
		leaving = append(leaving, leave)
	}
	other.do("GET", "/api/v1/events", nil).want(503).says("too many listen to events")
	for _, leave := range leaving {
		leave()
	}
	if len(r.events.listeners)+len(r.events.principal)+len(r.events.network) != 0 {
		t.Errorf("what is left: %v, %v, %v", r.events.listeners, r.events.principal, r.events.network)
	}
	if want := map[string]int{LimitListenersPerPrincipal: 1, LimitListenersPerNetwork: 1, LimitListeners: 1}; !maps.Equal(hits, want) {
		t.Errorf("counted %v", hits)
	}
}

func TestAListenerIsPinged(t *testing.T) {
	r := newRig(t)
	open, err := auth.New(t.Context(), auth.Options{Store: r.options.Store, Open: true})
	must(t, err)
	r.options.Auth = open
	anyone, err := open.Identify(httptest.NewRequest("GET", "/", nil), auth.Use{})
	must(t, err)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(WithPrincipal(t.Context(), anyone))
		out := httptest.NewRecorder()
		done := make(chan struct{})
		go func() { // ends by cancel
			defer close(done)
			r.serveEvents(out, httptest.NewRequest("GET", "/api/v1/events", nil).WithContext(ctx))
		}()
		time.Sleep(2*pingInterval + time.Second)
		cancel()
		<-done
		if n := strings.Count(out.Body.String(), ": ping\n\n"); n != 2 {
			t.Errorf("%d pings in %v", n, 2*pingInterval+time.Second)
		}
	})
}

// What a stream does from look to look, and what is told of it.
func TestStatesAreToldOnce(t *testing.T) {
	var o observed
	var told []string
	tell := func(kind, _ string) { told = append(told, kind) }
	for i, step := range []struct {
		state stream.State
		runs  uint64
		want  []string
	}{
		{stream.Idle, 0, nil},
		{stream.Connecting, 1, nil},
		{stream.Online, 1, []string{cameraOnline}},
		{stream.Online, 1, nil},
		{stream.Online, 2, []string{cameraOffline, cameraOnline}}, // between two looks
		{stream.Connecting, 3, []string{cameraOffline}},
		{stream.Offline, 3, nil},
		{stream.Connecting, 4, nil},
		{stream.Online, 4, []string{cameraOnline}},
		{stream.Idle, 4, []string{cameraIdle}},
	} {
		told = nil
		o.lookAtStates([]stream.Stats{
			{Key: stream.Key{Camera: "front"}, State: step.state, Runs: step.runs},
			{Key: stream.Key{Camera: "front", Rendition: "jpeg"}, State: stream.Offline},
		}, tell)
		if !slices.Equal(told, step.want) {
			t.Errorf("step %d: told %v, want %v", i, told, step.want)
		}
	}
	o.lookAtStates([]stream.Stats{{Key: stream.Key{Camera: "front"}, State: stream.Online}}, tell)
	told = nil
	if o.lookAtStates(nil, tell); !slices.Equal(told, []string{cameraIdle}) {
		t.Errorf("of a stream that is gone: %v", told)
	}
}
