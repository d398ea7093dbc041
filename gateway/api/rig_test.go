package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/journal"
	"framegate/gateway/media"
	"framegate/gateway/onvif"
	"framegate/gateway/ptz"
	"framegate/gateway/record/index"
	"framegate/gateway/secret"
	"framegate/gateway/store"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const good = "correct horse battery"

// fakeGateway stands for package server: it keeps which cameras there are, and
// gives what tests say of the rest.
type fakeGateway struct {
	changed    func()     // API.Changed
	mu         sync.Mutex // guards what follows
	file       map[string]config.Camera
	added      map[string]config.Camera
	sets       int
	refuse     error  // of SetAdded and TakeSettings
	path, text string // of the configuration file
	publishers []Publisher
	encoders   []Encoder
	room       RecordingRoom
	recordings []Recording
	settings   Settings
	facts      Facts
	limits     []Limit
	nodes      map[string]NodeCamera
	reports    []NodeReport
	probe      func(context.Context, config.Camera, time.Duration) (Probed, error)
	found      []onvif.Found
	look       func(onvif.Options) (*onvif.About, error)
	told       config.Added // who is told of what happens besides those of the file
	try        func(config.Notify) error
}

// parsed is what the file of the fake says, and the app.
func (g *fakeGateway) parsed(kept config.Kept) (*config.Config, error) {
	return config.ParseKept(kept, g.path, []byte(g.text), nil)
}

func (g *fakeGateway) FitSettings(kept config.Kept) (*config.Config, map[string]error, error) {
	return config.Fit(kept, g.parsed)
}

func (g *fakeGateway) TakeSettings(kept config.Kept) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refuse != nil {
		return g.refuse
	}
	next, left, err := config.Fit(kept, g.parsed)
	if err != nil {
		return err
	}
	merged, _ := config.Merge(g.settings.Config, next)
	g.settings.Config, g.settings.Wanted, g.settings.Left = merged, next, left
	return nil
}

func (g *fakeGateway) Search(context.Context) ([]onvif.Found, error) { return g.found, nil }

func (g *fakeGateway) Look(_ context.Context, o onvif.Options) (*onvif.About, error) {
	if g.look == nil {
		return nil, onvif.ErrNotONVIF
	}
	return g.look(o)
}

// turning says where a camera is told to turn.
func (g *fakeGateway) turning(id string) (onvif.Options, error) {
	for _, c := range g.Cameras() {
		if c.ID == id && c.ONVIF != "" {
			return onvif.Options{Address: c.ONVIF, Username: c.Username, Password: c.Password.Reveal()}, nil
		}
	}
	return onvif.Options{}, ptz.ErrNone
}

func (g *fakeGateway) Cameras() []Camera {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make(map[string]Camera)
	for id, c := range g.added {
		all[id] = Camera{c, true}
	}
	for id, c := range g.file {
		all[id] = Camera{c, false}
	}
	var sorted []Camera
	for _, id := range slices.Sorted(maps.Keys(all)) {
		sorted = append(sorted, all[id])
	}
	return sorted
}

func (g *fakeGateway) SetAdded(cameras []config.Camera) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sets++
	defer g.changed()
	if g.refuse != nil {
		return g.refuse
	}
	g.added = make(map[string]config.Camera)
	for _, c := range cameras {
		g.added[c.ID] = c
	}
	return nil
}

func (g *fakeGateway) Probe(ctx context.Context, c config.Camera, patience time.Duration) (Probed, error) {
	return g.probe(ctx, c, patience)
}

func (g *fakeGateway) Publishers() []Publisher {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.publishers)
}

func (g *fakeGateway) Encoders() []Encoder {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.encoders)
}

func (g *fakeGateway) Recordings() (RecordingRoom, []Recording) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.room, slices.Clone(g.recordings)
}

func (g *fakeGateway) Settings() Settings {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.settings
}

func (g *fakeGateway) Limits() []Limit {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.limits)
}

func (g *fakeGateway) Cluster() Cluster {
	return Cluster{Nodes: []ClusterNode{}, Cameras: []ClusterCamera{}, Refused: []ClusterFault{}}
}

func (g *fakeGateway) MadeHere() (string, []stream.Key) { return "", nil }

func (g *fakeGateway) NodeCameras() map[string]NodeCamera {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.nodes
}

func (g *fakeGateway) Reports(context.Context) (string, []NodeReport) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.nodes == nil {
		return "", nil
	}
	return "a", g.reports
}

func (g *fakeGateway) EndViewerAt(_ context.Context, node string, number uint64) (bool, error) {
	if node != "b" {
		return false, ErrNodeAway
	}
	return number == 7, nil
}

func (g *fakeGateway) Relays(context.Context) ([]ClusterRelay, []string) { return nil, nil }

func (g *fakeGateway) NodeToken(string) (string, error) { return "", ErrNoAuthority }
func (g *fakeGateway) RevokeNode(string) error          { return ErrNoAuthority }

func (g *fakeGateway) SetNotified(added config.Added) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.told = added
}

func (g *fakeGateway) TryNotified(_ context.Context, who config.Notify) error { return g.try(who) }

func (g *fakeGateway) Troubles() []Trouble { return nil }

func (g *fakeGateway) Facts() Facts {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.facts
}

func (g *fakeGateway) change(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
	g.changed()
}

// fakeRecordings stands for package record: a real index, and what tests say is
// being written and deleted.
type fakeRecordings struct {
	open    func() *index.Index // once somebody looks
	away    error               // why not, if at all
	nodes   []Away
	growing map[string]index.Segment
	missing map[string]index.Gap
	erased  []string
	erase   func() (Erased, error)
	asked   config.Camera     // of Forecast
	bounds  config.Recordings // of ForecastAll
	would   Forecast
}

func (f *fakeRecordings) View(use func(View) error) error {
	return f.Look(func(x *index.Index) error { return use(x) })
}

// Look is View with the index itself.
func (f *fakeRecordings) Look(use func(*index.Index) error) error {
	if f.away != nil {
		return f.away
	}
	return use(f.open())
}

func (f *fakeRecordings) Away(string, time.Time, time.Time) []Away { return f.nodes }

func (f *fakeRecordings) Growing(camera string) (index.Segment, bool) {
	s, ok := f.growing[camera]
	return s, ok
}

func (f *fakeRecordings) Missing(camera string) (index.Gap, bool) {
	g, ok := f.missing[camera]
	return g, ok
}

func (f *fakeRecordings) Erase(_ context.Context, camera string, from, to time.Time) (Erased, error) {
	f.erased = append(f.erased, camera+" "+from.UTC().Format(time.RFC3339)+" "+to.UTC().Format(time.RFC3339))
	if f.erase == nil {
		return Erased{}, nil
	}
	return f.erase()
}

func (f *fakeRecordings) ForecastAll(_ context.Context, c config.Recordings) (Erased, error) {
	f.bounds = c
	return f.would.Deleted, f.away
}

func (f *fakeRecordings) Forecast(_ context.Context, c config.Camera) (Forecast, error) {
	f.asked = c
	return f.would, f.away
}

// newRecordings makes those of a test.
func newRecordings(t testing.TB) *fakeRecordings {
	return &fakeRecordings{growing: make(map[string]index.Segment), missing: make(map[string]index.Gap), open: sync.OnceValue(func() *index.Index {
		x, err := index.Open(context.Background(), filepath.Join(t.TempDir(), "index.db"))
		must(t, err)
		t.Cleanup(func() { must(t, x.Close()) })
		return x
	})}
}

// frames is a source that gives frames when a test says so.
type frames struct {
	next chan media.Frame
	fail chan error
}

func newFrames() *frames { return &frames{make(chan media.Frame), make(chan error)} }

func (f *frames) Run(ctx context.Context, emit func(media.Frame)) error {
	for {
		select {
		case frame := <-f.next:
			emit(frame)
		case err := <-f.fail:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var picture = media.Frame{Key: true, Format: &media.Format{Codec: media.JPEG, Width: 640, Height: 480}, Data: []byte("\xff\xd8picture\xff\xd9")}

// rig is an API on a real store, real logins and a real hub.
type rig struct {
	*API
	t       testing.TB
	gateway *fakeGateway
	past    *fakeRecordings
	hub     *stream.Hub
	sources map[string]*frames
	server  *httptest.Server
	log     *lockedBuffer
	exports string // the folder of exporting
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func fileCamera(t testing.TB, id string, k keys) config.Camera {
	t.Helper()
	c, err := config.NewCamera(id, k)
	must(t, err)
	return c
}

// newRig has the cameras gate (pulled) and phone (sent in) in its file.
func newRig(t testing.TB) *rig {
	t.Helper()
	log := new(lockedBuffer)
	kept := journal.New(log)
	logger := slog.New(slog.NewTextHandler(kept, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "data"))
	must(t, err)
	t.Cleanup(func() { s.Close() })
	logins, err := auth.New(t.Context(), auth.Options{Store: s, Log: logger})
	must(t, err)
	usual, err := config.Load("", nil)
	must(t, err)
	r := &rig{t: t, sources: map[string]*frames{"gate": newFrames()}, log: log, past: newRecordings(t)}
	changed := func() { r.Changed() } // nothing changes before there is an API
	g := &fakeGateway{
		changed: changed,
		file: map[string]config.Camera{
			"gate": fileCamera(t, "gate", keys{
				"source": "http://192.0.2.7/mjpeg?pwd=canary-query", "name": "The gate", "username": "viewer", "password": "canary-password",
			}),
			"phone": fileCamera(t, "phone", keys{"source": "upload:"}),
		},
		settings: Settings{Config: usual},
	}
	r.gateway = g
	r.hub = stream.New(stream.Options{
		Linger: time.Hour,
		Resolve: func(k stream.Key) (stream.Source, error) {
			if source, ok := r.sources[k.Camera]; ok {
				return source, nil
			}
			return nil, nil
		},
		Changed: changed,
	})
	t.Cleanup(r.hub.Close)
	turning := ptz.New(ptz.Options{Camera: r.gateway.turning})
	t.Cleanup(turning.Close)
	r.API = New(Options{
		PTZ:   turning,
		Store: s, Auth: logins, Hub: r.hub, Gateway: g, Recordings: r.past, Version: "test", Journal: kept, Log: logger,
		Forms: []Form{
			{"mjpeg", "/live/{id}.mjpeg", auth.View}, {"jpeg", "/live/{id}.jpg", auth.View},
			{"publish", "/live/{id}/publish", auth.Publish}, {"post_jpeg", "/live/{id}.jpg", auth.Publish},
			{"recording", "/live/{id}/recording.mp4", auth.Playback},
		},
		CheckSource: func(c config.Source) error {
			if strings.Contains(c.URL, "169.254.") {
				return errors.New("no camera may be there: link-local")
			}
			return nil
		},
		CheckNotified: func(address string) error {
			if strings.Contains(address, "169.254.") {
				return errors.New("nobody may be there: link-local")
			}
			return nil
		},
	})
	r.server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.server.Close)
	return r
}

// serve is what package front does before a request comes here: it finds out who
// asks.
func (r *rig) serve(w http.ResponseWriter, q *http.Request) {
	p, err := r.options.Auth.Identify(q, auth.Use{Ways: auth.Control})
	if err != nil {
		Answer(w, http.StatusUnauthorized, err.Error())
		return
	}
	r.ServeHTTP(w, q.WithContext(WithPrincipal(q.Context(), p)))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// token makes one, and gives its text.
func (r *rig) token(name string, granted ...string) string {
	r.t.Helper()
	_, text, err := r.options.Auth.CreateToken(r.t.Context(), name, r.grants(granted), time.Time{}, false)
	must(r.t, err)
	return text.Reveal()
}

func (r *rig) grants(texts []string) []auth.Grant {
	r.t.Helper()
	grants, err := grantsOf(texts)
	must(r.t, err)
	return grants
}

func (r *rig) user(name string, granted ...string) {
	r.t.Helper()
	_, err := r.options.Auth.AddUser(r.t.Context(), name, secret.New(good), r.grants(granted))
	must(r.t, err)
}

// client asks as somebody.
type client struct {
	*rig
	token  string
	cookie *http.Cookie
}

func (r *rig) as(token string) client { return client{rig: r, token: token} }

// admin asks as a token that may do everything.
func (r *rig) admin() client { return r.as(r.token("admin "+r.t.Name(), "admin")) }

// login asks as a user with a session.
func (r *rig) login(name string) client {
	r.t.Helper()
	a := r.as("").do("POST", "/api/v1/login", map[string]string{"name": name, "password": good}).want(200)
	for _, c := range a.response.Cookies() {
		return client{rig: r, cookie: c}
	}
	r.t.Fatal("no cookie")
	return client{}
}

// answered is an answer that was read.
type answered struct {
	t        testing.TB
	what     string
	response *http.Response
	body     []byte
}

// do asks, with a body as JSON or, if it is a string, as it is.
func (c client) do(method, address string, body any, headers ...string) answered {
	c.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		must(c.t, err)
		content = bytes.NewReader(text)
	}
	q, err := http.NewRequestWithContext(context.Background(), method, c.server.URL+address, content)
	must(c.t, err)
	if content != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	c.identify(q)
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	return c.send(q)
}

func (c client) identify(q *http.Request) {
	if c.token != "" {
		q.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.cookie != nil {
		q.AddCookie(&http.Cookie{Name: c.cookie.Name, Value: c.cookie.Value})
	}
}

func (c client) send(q *http.Request) answered {
	c.t.Helper()
	response, err := c.server.Client().Do(q)
	must(c.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(c.t, err)
	return answered{c.t, q.Method + " " + q.URL.Path, response, body}
}

// want checks the status, and that an error is a problem document.
func (a answered) want(status int) answered {
	a.t.Helper()
	if a.response.StatusCode != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.what, a.response.StatusCode, status, a.body)
	}
	if status >= 400 {
		a.problem()
	}
	return a
}

func (a answered) problem() problem.Problem {
	a.t.Helper()
	if got := a.response.Header.Get("Content-Type"); got != problem.ContentType {
		a.t.Fatalf("%s: Content-Type %q: %s", a.what, got, a.body)
	}
	var p problem.Problem
	must(a.t, json.Unmarshal(a.body, &p))
	if p.Status != a.response.StatusCode || p.Title == "" || p.Detail == "" || p.Type != "about:blank" || !slices.ContainsFunc(problem.Codes(), func(line string) bool { return strings.HasPrefix(line, fmt.Sprintf("%s (%d): ", p.Code, p.Status)) }) {
		a.t.Fatalf("%s: problem %s", a.what, a.body)
	}
	return p
}

// into reads the body.
func (a answered) into(to any) answered {
	a.t.Helper()
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		a.t.Fatalf("%s: %v: %s", a.what, err, a.body)
	}
	return a
}

func (a answered) says(text string) answered {
	a.t.Helper()
	if !strings.Contains(string(a.body), text) {
		a.t.Fatalf("%s: %q is not in %s", a.what, text, a.body)
	}
	return a
}

// waitFor waits until something is so.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited too long for " + what)
		}
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
