package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/api/events"
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
	events   chan events.Event // closed at its end
	statuses chan string
	response *http.Response
}

// hear opens an event stream, and gives it when it has begun.
func (c client) hear() ears { return c.hearWith("") }

// hearWith does so with a query.
func (c client) hearWith(query string) ears {
	c.t.Helper()
	q, err := http.NewRequest("GET", c.server.URL+"/api/v1/events"+query, nil)
	must(c.t, err)
	c.identify(q)
	response, err := c.server.Client().Do(q)
	must(c.t, err)
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		c.t.Fatalf("status %d, %v", response.StatusCode, response.Header)
	}
	e := ears{c.t, make(chan events.Event, 1000), make(chan string, 1000), response}
	done := make(chan struct{})
	go func() { // ends with the body
		defer close(done)
		defer close(e.events)
		var name string
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = text
			}
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			switch {
			case ok && name == "status":
				e.statuses <- data
			case ok:
				var v events.Event
				if err := json.Unmarshal([]byte(data), &v); err != nil || v.Kind != name || v.At.IsZero() {
					c.t.Errorf("event %s is %s: %v", name, data, err)
				}
				e.events <- v
			}
		}
	}()
	c.t.Cleanup(func() { response.Body.Close(); <-done })
	e.expect(events.Ready, "")
	return e
}

func (e ears) next() (events.Event, bool) {
	e.t.Helper()
	select {
	case v, ok := <-e.events:
		return v, ok
	case <-time.After(30 * time.Second):
		e.t.Fatal("no event came")
		return events.Event{}, false
	}
}

func (e ears) status() string {
	e.t.Helper()
	select {
	case v := <-e.statuses:
		return v
	case <-time.After(30 * time.Second):
		e.t.Fatal("no status came")
		return ""
	}
}

func (e ears) expect(kind, camera string) events.Event {
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
	e.expect(events.CameraAdded, "front")
	c.do("PATCH", "/api/v1/cameras/front", object{"name": "x"}).want(200)
	e.expect(events.CameraChanged, "front")
	reader, err := r.hub.Open(stream.Key{Camera: "front"}, stream.ReadOptions{})
	must(t, err)
	defer reader.Close()
	r.sources["front"].next <- picture
	e.expect(events.CameraOnline, "front")
	r.sources["front"].fail <- errors.New("canary")
	e.expect(events.CameraOffline, "front")
	r.gateway.change(func() { r.gateway.publishers = []Publisher{{Camera: "phone", Address: "192.0.2.3", Since: time.Now()}} })
	e.expect(events.PublisherCame, "phone")
	r.gateway.change(func() { r.gateway.publishers = []Publisher{{Camera: "phone", Address: "192.0.2.3", Since: time.Now()}} })
	e.expect(events.PublisherWent, "phone")
	e.expect(events.PublisherCame, "phone")
	r.gateway.change(func() { r.gateway.publishers = nil })
	e.expect(events.PublisherWent, "phone")
	r.gateway.change(func() { r.gateway.settings.Refused = errors.New("line 1") })
	e.expect(events.SettingsRefused, "")
	usual, err := config.Load("", nil)
	must(t, err)
	r.gateway.change(func() { r.gateway.settings = Settings{Config: usual} })
	e.expect(events.SettingsChanged, "")
	c.do("DELETE", "/api/v1/cameras/front", nil).want(204)
	e.expect(events.CameraRemoved, "front")
}

// TestEventsGoToWhoMayView the camera, and those of recordings to who may see them.
func TestEventsGoToWhoMayView(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	r.user("ben", "publish:phone", "playback:front")
	r.user("cleo", "ptz:front")
	anna, ben, cleo, admin := r.login("anna").hear(), r.login("ben").hear(), r.login("cleo").hear(), r.admin().hear()
	tell := func(kind, camera string) { r.listeners.Tell(events.Event{Kind: kind, Camera: camera, At: time.Now()}) }
	tell(events.CameraOnline, "gate")
	tell(events.SettingsChanged, "")
	tell(events.RecordingChanged, "front")
	tell(events.CameraOnline, "front")
	anna.expect(events.CameraOnline, "front")
	admin.expect(events.CameraOnline, "gate")
	admin.expect(events.SettingsChanged, "")
	admin.expect(events.RecordingChanged, "front")
	admin.expect(events.CameraOnline, "front")
	ben.expect(events.RecordingChanged, "front")
	for _, kind := range []string{events.CameraAdded, events.CameraChanged, events.CameraRemoved} {
		tell(kind, "gate")
		tell(kind, "phone")
		tell(kind, "front")
		tell(events.CameraIdle, "phone")
		ben.expect(kind, "phone")
		ben.expect(kind, "front")
		anna.expect(kind, "front")
		cleo.expect(kind, "front")
	}
}

// TestEventsBeginAnewWithOtherPermissions, so that whoever listens hears of all that it
// may know, and asks for it.
func TestEventsBeginAnewWithOtherPermissions(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	r.user("ben", "view:front")
	anna, ben := r.login("anna"), r.login("ben")
	before, bens := anna.hear(), ben.hear()
	must(t, r.options.Auth.SetGrants(t.Context(), "anna", r.grants([]string{"view:front", "publish:gate"})))
	if v, ok := before.next(); ok {
		t.Errorf("heard %+v", v)
	}
	now := anna.hear()
	r.listeners.Tell(events.Event{Kind: events.CameraChanged, Camera: "gate", At: time.Now()})
	now.expect(events.CameraChanged, "gate")
	r.listeners.Tell(events.Event{Kind: events.CameraOnline, Camera: "front", At: time.Now()})
	bens.expect(events.CameraOnline, "front") // and nothing of what happened to anna
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
			all := r.free("", "127.0.0.1")
			e := r.login("anna").hear()
			revoke(r)
			r.listeners.Tell(events.Event{Kind: events.CameraOnline, Camera: "front", At: time.Now()})
			if v, ok := e.next(); ok {
				t.Errorf("heard %+v", v)
			}
			waitFor(t, "the listener to leave", func() bool { return r.free("", "127.0.0.1") == all })
		})
	}
}

// TestALossIsTold to a listener that does not read fast enough, before what it
// hears then.
func TestALossIsTold(t *testing.T) {
	r := newRig(t)
	out := httptest.NewRecorder()
	slow, leave, _ := r.listeners.Listen("user:anna", "192.0.2.1")
	defer leave()
	const told = 200
	for range told {
		r.listeners.Tell(events.Event{Kind: events.SettingsRefused, At: time.Now()})
	}
	p, err := r.options.Auth.Identify(bearerRequest(r.token("a", "admin")), auth.Use{Ways: auth.Control})
	must(t, err)
	must(t, r.pass(t.Context(), slow, p, false, eventWriter{out, http.NewResponseController(out)}))
	heard := strings.Count(out.Body.String(), "event: settings_refused")
	if text := out.Body.String(); !strings.HasPrefix(text, "event: lost\n") || !strings.Contains(text, `"lost":`+itoa(int64(told-heard))) || heard == 0 || heard == told {
		t.Errorf("heard %s", text)
	}
}

func bearerRequest(token string) *http.Request {
	q := httptest.NewRequest("GET", "/", nil)
	q.Header.Set("Authorization", "Bearer "+token)
	return q
}

// fill takes all places that there are for somebody, and gives how many, and
// what gives them back.
func (r *rig) fill(principal, network string) (n int, leave func()) {
	var leaving []func()
	for {
		_, leave, limit := r.listeners.Listen(principal, network)
		if limit != "" {
			break
		}
		leaving = append(leaving, leave)
	}
	return len(leaving), func() {
		for _, leave := range leaving {
			leave()
		}
	}
}

// free gives how many places there are for somebody.
func (r *rig) free(principal, network string) int {
	n, leave := r.fill(principal, network)
	leave()
	return n
}

// TestWhoIsOneTooMany is told why, and counted.
func TestWhoIsOneTooMany(t *testing.T) {
	r := newRig(t)
	hits := make(map[string]int)
	r.options.Limited = func(limit string) { hits[limit]++ }
	one, other := r.as(r.token("one")), r.as(r.token("other"))
	_, leave := r.fill("token:one", "192.0.2.1")
	one.do("GET", "/api/v1/events", nil).want(503).says("you listen")
	leave()
	all := r.free("", "127.0.0.1")
	e := other.hear()
	if free := r.free("", "127.0.0.1"); free != all-1 {
		t.Errorf("%d places, and %d while one listens", all, free)
	}
	e.response.Body.Close()
	for range e.events {
	}
	waitFor(t, "the place", func() bool { return r.free("", "127.0.0.1") == all })
	_, leave = r.fill("", "127.0.0.1")
	other.do("GET", "/api/v1/events", nil).want(503).says("from your address")
	leave()
	var leaving []func()
	for i := 0; ; i++ {
		n, leave := r.fill("", itoa(int64(i)))
		if n == 0 {
			break
		}
		leaving = append(leaving, leave)
	}
	if a := other.do("GET", "/api/v1/events", nil).want(503).says("too many listen to events"); a.response.Header.Get("Retry-After") == "" {
		t.Error("it is not told when to come again")
	}
	for _, leave := range leaving {
		leave()
	}
	if want := map[string]int{events.LimitListenersPerPrincipal: 1, events.LimitListenersPerNetwork: 1, events.LimitListeners: 1}; !maps.Equal(hits, want) {
		t.Errorf("counted %v", hits)
	}
}

// TestTheStatusComesByItself, as whoever listens may see it at that moment.
func TestTheStatusComesByItself(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:gate")
	r.user("boss", "admin")
	anna, boss := r.login("anna"), r.login("boss")
	annas, bosss := anna.hearWith("?status=1s"), boss.hearWith("?status=1m")
	is := func(status, answer string) {
		t.Helper()
		if at := regexp.MustCompile(`"at":"[^"]*"`); at.ReplaceAllString(strings.TrimSpace(status), "") != at.ReplaceAllString(strings.TrimSpace(answer), "") {
			t.Errorf("the status is\n%s, and what is answered\n%s", status, answer)
		}
	}
	both := string(boss.do("GET", "/api/v1/status", nil).want(200).says(`"phone"`).says(`"recordings"`).body)
	is(bosss.status(), both)
	one := string(anna.do("GET", "/api/v1/status", nil).want(200).says(`"gate"`).body)
	is(annas.status(), one)
	is(annas.status(), one)
	must(t, r.options.Auth.SetGrants(t.Context(), "anna", r.grants([]string{"view:phone"})))
	if v, ok := annas.next(); ok {
		t.Errorf("heard %+v", v)
	}
	annas = anna.hearWith("?status=1s")
	if status := annas.status(); strings.Contains(status, `"gate"`) {
		t.Errorf("%s", status)
	}
	must(t, r.options.Auth.RemoveUser(t.Context(), "anna"))
	if v, ok := annas.next(); ok {
		t.Errorf("heard %+v", v)
	}
	for _, pause := range []string{"999ms", "61s", "2", "-2s", "often"} {
		boss.do("GET", "/api/v1/events?status="+pause, nil).want(422).says("query.status")
	}
}

// TestOneSnapshotServesAll who listen at the moment, and none of the next.
func TestOneSnapshotServesAll(t *testing.T) {
	r := newRig(t)
	r.API.options.Recordings = nil // whose index has a goroutine of its own
	synctest.Test(t, func(t *testing.T) {
		first := r.recentSnapshot(t.Context())
		time.Sleep(snapshotAge - 1)
		if r.recentSnapshot(t.Context()).at != first.at {
			t.Error("another was made at once")
		}
		time.Sleep(1 * time.Nanosecond)
		if r.recentSnapshot(t.Context()).at == first.at {
			t.Errorf("it is the same after %v", snapshotAge)
		}
	})
}

func TestAListenerIsPinged(t *testing.T) {
	r := newRig(t)
	open, err := auth.New(t.Context(), auth.Options{Store: r.options.Store, Open: true})
	must(t, err)
	r.options.Auth, r.API.options.Recordings = open, nil // whose index has a goroutine of its own
	anyone, err := open.Identify(httptest.NewRequest("GET", "/", nil), auth.Use{})
	must(t, err)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(WithPrincipal(t.Context(), anyone))
		out := httptest.NewRecorder()
		done := make(chan struct{})
		go func() { // ends by cancel
			defer close(done)
			r.serveEvents(out, httptest.NewRequest("GET", "/api/v1/events?status=7s", nil).WithContext(ctx))
		}()
		time.Sleep(2*pingInterval + time.Second)
		cancel()
		<-done
		if n := strings.Count(out.Body.String(), "event: status\n"); n != 5 { // after 0, 7, 14, 21 and 28 s
			t.Errorf("%d statuses in %v", n, 2*pingInterval+time.Second)
		}
		if n := strings.Count(out.Body.String(), ": ping\n\n"); n != 2 {
			t.Errorf("%d pings in %v", n, 2*pingInterval+time.Second)
		}
	})
}

// patient is an answer that knows until when it may be written.
type patient struct {
	http.ResponseWriter
	until   time.Time
	written bool // in time
}

func (p *patient) SetWriteDeadline(t time.Time) error {
	p.until = t
	return nil
}

func (p *patient) FlushError() error { return nil }

func (p *patient) Write(b []byte) (int, error) {
	p.written = !p.until.IsZero()
	return p.ResponseWriter.Write(b)
}

// TestQuietEventsEndNobody: what is written has a time, and the time between has none,
// at the end of which HTTP/2 would reset the stream.
func TestQuietEventsEndNobody(t *testing.T) {
	p := &patient{ResponseWriter: httptest.NewRecorder()}
	if err := (eventWriter{p, http.NewResponseController(p)}).write(": ping\n\n"); err != nil {
		t.Fatal(err)
	}
	if !p.written || !p.until.IsZero() {
		t.Errorf("written with a time: %v; then until %v", p.written, p.until)
	}
}
