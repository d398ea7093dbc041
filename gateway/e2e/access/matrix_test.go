package access

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
	"framegate/gateway/secret"
	"framegate/gateway/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

// principals are the columns of the matrix. Those without a name of their own
// in the manner of coming in come with a cookie.
var principals = []string{
	"nobody", "other", "viewer", "publisher", "playback", "admin", "expired", "token", "revoked", "basic", "link", "badlink", "metrics", "lasting", "digest", "turner",
}

// matrix is a gateway with one of each principal.
type matrix struct {
	*rig.Guarded
	tokens  map[string]string
	linked  string // query of a signed link to view front
	lasting string // and of a lasting one
	counted int
	webhook string // the address of the one that was added last
}

// newMatrix starts a gateway whose camera front has a picture.
func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{tokens: make(map[string]string)}
	m.Guarded = rig.StartGuarded(t, `
default_camera: front
rtsp: {listen: "127.0.0.1:0"}
compat: [go2rtc, mjpg-streamer]
rtmp: {listen: "127.0.0.1:0"}
webrtc: {listen: "127.0.0.1:0"}
limits: {viewers_per_address: 1000}
cameras: {front: {source: "upload:"}, other: {source: "upload:", record: {mode: continuous}}}`)
	for name, grant := range map[string]string{
		"other": "view:other", "viewer": "view:front", "publisher": "publish:front", "playback": "playback:front", "turner": "ptz:front", "expired": "admin",
	} {
		m.AddUser(t, name, grant)
	}
	for _, name := range []string{"token", "revoked", "maker"} {
		m.tokens[name] = m.AddToken(t, name, "view:front")
	}
	m.tokens["metrics"] = m.AddToken(t, "metrics", "metrics")
	m.tokens["digest"] = m.Beside(t, "token", "create", "recorder", "--sealed", "--grant", "view:front")
	m.Beside(t, "token", "revoke", "revoked")
	m.linked = m.SignLink(t, m.tokens["maker"], auth.View, "front")
	m.lasting = lastingLink(t, m.Guarded, "/api/v1/cameras/front/links")
	m.Call(t, http.MethodPost, "/api/v1/webhooks", map[string]any{"name": "steady", "url": "http://localhost:1/", "enabled": false}, m.AsAdmin(t), http.StatusCreated)
	m.Send(t, m.Request(t, http.MethodPost, "/live/front.jpg", rig.Picture(1), nil), m.as(t, "publisher"))
	rig.Await(t, "the revocation", func() bool {
		return m.Get(t, "/live/front.jpg", m.as(t, "revoked")).StatusCode == http.StatusUnauthorized
	})
	rig.Await(t, "the recordings", func() bool {
		return m.Get(t, "/api/v1/cameras/front/days", m.as(t, "playback")).StatusCode == http.StatusOK
	})
	return m
}

// as gives the credentials of a column. Sessions are new ones, so that a route
// that ends them ends no other's.
func (m *matrix) as(t *testing.T, principal string) rig.Credentials {
	t.Helper()
	switch principal {
	case "nobody":
		return rig.Credentials{}
	case "expired":
		return rig.Credentials{Cookie: m.AddSession(t, "expired", -time.Minute)}
	case "token", "revoked", "metrics":
		return rig.Credentials{Bearer: m.tokens[principal]}
	case "basic":
		return rig.Credentials{Name: "viewer", Password: rig.GoodPassword}
	case "digest":
		return rig.Credentials{Name: "recorder", Password: m.tokens["digest"], Digest: true}
	case "link":
		return rig.Credentials{Query: m.linked}
	case "lasting":
		return rig.Credentials{Query: m.lasting}
	case "badlink":
		return rig.Credentials{Query: strings.Replace(m.linked, "sig=", "sig=A", 1)}
	}
	return rig.Credentials{Cookie: m.AddSession(t, principal, time.Hour)}
}

// row is a request that a route of the table answers.
type row struct {
	route  string // of the table, or a form
	method string
	path   func(m *matrix, t *testing.T) string
	header map[string]string
	body   func(m *matrix) []byte
}

// at is the path of a row.
func at(path string) func(*matrix, *testing.T) string {
	return func(*matrix, *testing.T) string { return path }
}

func says(text string) func(*matrix) []byte { return func(*matrix) []byte { return []byte(text) } }

// fresh gives a body with a name that nothing has yet in place of %s.
func fresh(format string) func(*matrix) []byte {
	return func(m *matrix) []byte {
		m.counted++
		return fmt.Appendf(nil, format, "new-"+strconv.Itoa(m.counted))
	}
}

func aPicture(*matrix) []byte { return rig.Picture(1) }

// rows is a request for each route and form, and for camera routes another one
// for a camera that is not there.
func rows() []row {
	var all []row
	add := func(route, path string, header map[string]string, body func(*matrix) []byte) {
		method, _, _ := strings.Cut(route, " ")
		all = append(all, row{route, method, at(path), header, body})
	}
	camera := func(route, path string, header map[string]string, body func(*matrix) []byte) {
		add(route, strings.ReplaceAll(path, "{}", "front"), header, body)
		add(route, strings.ReplaceAll(path, "{}", "absent"), header, body)
	}
	camera("GET /live/{id}", "/live/{}", rig.Upgrade(), nil)
	camera("GET /live/{id}.mp4", "/live/{}.mp4", nil, nil)
	camera("GET /live/{id}.sse", "/live/{}.sse", nil, nil)
	camera("GET /live/{id}.mjpeg", "/live/{}.mjpeg", nil, nil)
	camera("GET /live/{id}.jpg", "/live/{}.jpg?max_age=1h", nil, nil)
	camera("GET /live/{id}/recording.mp4", "/live/{}/recording.mp4", nil, nil)
	camera("GET /live/{id}/recording.m3u8", "/live/{}/recording.m3u8", nil, nil)
	camera("GET /live/{id}/thumbnail.jpg", "/live/{}/thumbnail.jpg", nil, nil)
	camera("POST /live/{id}/whep", "/live/{}/whep", rig.AsSDP, says(camtest.Offer))
	camera("POST /live/{id}/whip", "/live/{}/whip", rig.AsSDP, says(strings.Replace(camtest.Offer, "recvonly", "sendonly", 1)))
	camera("OPTIONS /live/{id}/whip", "/live/{}/whip", nil, nil)
	camera("DELETE /live/{id}/whip/{session}", "/live/{}/whip/absent", nil, nil)
	camera("PATCH /live/{id}/whip/{session}", "/live/{}/whip/absent", nil, nil)
	camera("OPTIONS /live/{id}/whep", "/live/{}/whep", nil, nil)
	camera("PATCH /live/{id}/whep/{session}", "/live/{}/whep/absent", nil, nil)
	camera("DELETE /live/{id}/whep/{session}", "/live/{}/whep/absent", nil, nil)
	camera("GET /live/{id}.avi", "/live/{}.avi", nil, nil)
	camera("POST /live/{id}.jpg", "/live/{}.jpg", rig.AsJPEG, aPicture)
	camera("POST /live/{id}.mjpeg", "/live/{}.mjpeg", rig.AsJPEG, aPicture)
	camera("PUT /live/{id}.jpg", "/live/{}.jpg", rig.AsJPEG, aPicture)
	camera("GET /live/{id}/recording.jpg", "/live/{}/recording.jpg?at=2026-11-20T12:00:00Z", nil, nil)
	camera("GET /live/{id}/recording.mjpeg", "/live/{}/recording.mjpeg?from=2026-11-20T12:00:00Z", nil, nil)
	camera("GET /live/{id}/recording.sse", "/live/{}/recording.sse?from=2026-11-20T12:00:00Z", nil, nil)
	camera("GET /live/{id}/recording", "/live/{}/recording", rig.Upgrade(), nil)
	camera("GET /live/{id}/nodes", "/live/{}/nodes", nil, nil)
	camera("GET /live/{id}/publish", "/live/{}/publish", rig.Upgrade(), nil)
	add("GET /stream", "/stream", nil, nil)
	add("POST /upload", "/upload", rig.AsJPEG, aPicture)
	add("GET /{$}", "/", rig.AsPage, nil)
	camera("GET /camera/{id}", "/camera/{}", rig.AsPage, nil)
	add("GET /broadcast/{id}", "/broadcast/front", rig.AsPage, nil)
	for _, view := range []string{"/recordings", "/settings", "/login", "/welcome"} {
		add("GET "+view, view, rig.AsPage, nil)
	}
	add("GET /recordings/{part}", "/recordings/marks", rig.AsPage, nil)
	add("GET /settings/{part}", "/settings/users", rig.AsPage, nil)
	add("GET /assets/", "/assets/app/app.css", nil, nil)
	add("GET /demo/", "/demo/absent.html", nil, nil)
	add("GET /ca.crt", "/ca.crt", nil, nil)
	add("GET /metrics", "/metrics", nil, nil)
	add("GET /healthz", "/healthz", nil, nil)
	add("GET /readyz", "/readyz", nil, nil)
	camera("GET /api/frame.jpeg", "/api/frame.jpeg?src={}&cache=1h", nil, nil)
	camera("GET /api/stream.mjpeg", "/api/stream.mjpeg?src={}", nil, nil)
	camera("GET /api/stream.mp4", "/api/stream.mp4?src={}", nil, nil)
	camera("POST /api/webrtc", "/api/webrtc?src={}", rig.AsSDP, says(camtest.Offer))
	camera("GET /api/ws", "/api/ws?src={}", rig.Upgrade(), nil)
	camera("GET /api/streams", "/api/streams?src={}", nil, nil)
	add("PUT /api/streams", "/api/streams?name=front&src=upload:", nil, nil)
	for _, path := range []string{"/api", "/api/streams", "/api/schemes", "/api/preload"} {
		add("GET "+path, path, nil, nil)
	}
	add("GET /{$}", "/?action=snapshot&cacheBust=1", nil, nil)
	add("GET /{$}", "/webcam/?action=stream", nil, nil)
	return append(all, apiRows()...)
}

// apiRows is rows for the API.
func apiRows() []row {
	var all []row
	add := func(route string, path func(*matrix, *testing.T) string, body func(*matrix) []byte) {
		method, _, _ := strings.Cut(route, " ")
		var header map[string]string
		if body != nil {
			header = rig.AsJSON
		}
		all = append(all, row{route, method, path, header, body})
	}
	plain := func(route string, body func(*matrix) []byte) {
		_, path, _ := strings.Cut(route, " ")
		add(route, at(path), body)
	}
	camera := func(route string, body func(*matrix) []byte) {
		_, path, _ := strings.Cut(route, " ")
		add(route, at(strings.ReplaceAll(path, "{id}", "front")), body)
		add(route, at(strings.ReplaceAll(path, "{id}", "absent")), body)
	}
	add("/api/", at("/api/v1/absent"), nil)
	all[0].method = http.MethodGet
	plain("GET /api/v1/cameras", nil)
	plain("POST /api/v1/cameras", fresh(`{"id": "%s", "source": "upload:"}`))
	camera("GET /api/v1/cameras/{id}", nil)
	add("PATCH /api/v1/cameras/{id}", (*matrix).addedCamera, says(`{"name": "Another"}`))
	add("DELETE /api/v1/cameras/{id}", (*matrix).addedCamera, nil)
	plain("GET /api/v1/status", nil)
	camera("GET /api/v1/cameras/{id}/status", nil)
	plain("GET /api/v1/publishers", nil)
	plain("GET /api/v1/viewers", nil)
	add("DELETE /api/v1/viewers/{number}", (*matrix).addedViewer, nil)
	plain("GET /api/v1/events", nil)
	camera("POST /api/v1/cameras/{id}/links", says(`{"action": "view", "expires_in": "1m"}`))
	camera("POST /api/v1/cameras/{id}/links", says(`{"action": "view"}`)) // for ever
	plain("GET /api/v1/links", nil)
	add("DELETE /api/v1/links/{number}", (*matrix).addedLink, nil)
	plain("POST /api/v1/cameras/probe", says(`{"source": "http://169.254.169.254/"}`))
	camera("POST /api/v1/cameras/{id}/probe", says(`{}`))
	plain("POST /api/v1/cameras/discover", says(`{"address": "http://169.254.169.254/"}`))
	camera("GET /api/v1/cameras/{id}/ptz", nil)
	camera("POST /api/v1/cameras/{id}/ptz", says(`{"pan": 1}`))
	camera("POST /api/v1/cameras/{id}/ptz/presets", says(`{"name": "x"}`))
	for _, id := range []string{"front", "absent"} {
		add("DELETE /api/v1/cameras/{id}/ptz/presets/{preset}", at("/api/v1/cameras/"+id+"/ptz/presets/1"), nil)
	}
	camera("GET /api/v1/cameras/{id}/timeline", nil)
	camera("GET /api/v1/cameras/{id}/days", nil)
	camera("GET /api/v1/cameras/{id}/thumbnails", nil)
	camera("GET /api/v1/cameras/{id}/segments", nil)
	for _, id := range []string{"front", "absent"} {
		add("DELETE /api/v1/cameras/{id}/recordings", at("/api/v1/cameras/"+id+"/recordings?from=2020-11-20T14:00:00Z&to=now"), nil)
	}
	camera("POST /api/v1/cameras/{id}/recordings/forecast", says(`{"record": {"keep": {"max_age": "30d"}}}`))
	camera("GET /api/v1/cameras/{id}/events", nil)
	camera("POST /api/v1/cameras/{id}/events", says(`{"kind": "motion", "end": "now"}`))
	add("GET /api/v1/cameras/{id}/events/{number}", (*matrix).addedMark, nil)
	add("PATCH /api/v1/cameras/{id}/events/{number}", (*matrix).addedMark, says(`{"note": "x"}`))
	add("DELETE /api/v1/cameras/{id}/events/{number}", (*matrix).addedMark, nil)
	plain("GET /api/v1/exports", nil)
	for _, id := range []string{"front", "absent"} {
		plain("POST /api/v1/exports", says(`{"camera": "`+id+`", "from": "2020-11-20T14:00:00Z", "to": "2020-11-20T14:01:00Z"}`))
	}
	add("GET /api/v1/exports/{export}", at("/api/v1/exports/absent"), nil)
	add("DELETE /api/v1/exports/{export}", at("/api/v1/exports/absent"), nil)
	add("GET /api/v1/exports/{export}/file", at("/api/v1/exports/absent/file"), nil)
	plain("GET /api/v1/users", nil)
	plain("POST /api/v1/users", fresh(`{"name": "%s", "password": "`+rig.GoodPassword+`"}`))
	add("GET /api/v1/users/{name}", at("/api/v1/users/viewer"), nil)
	add("PATCH /api/v1/users/{name}", (*matrix).addedUser, says(`{"grants": ["view:other"]}`))
	add("DELETE /api/v1/users/{name}", (*matrix).addedUser, nil)
	plain("GET /api/v1/tokens", nil)
	plain("POST /api/v1/tokens", fresh(`{"name": "%s", "grants": ["view:front"]}`))
	add("DELETE /api/v1/tokens/{number}", (*matrix).addedToken, nil)
	plain("POST /api/v1/login", says(`{"name": "viewer", "password": "`+rig.GoodPassword+`"}`))
	plain("POST /api/v1/logout", nil)
	plain("GET /api/v1/me", nil)
	plain("GET /api/v1/me/preferences", nil)
	plain("PUT /api/v1/me/preferences", says(`{"Any": null}`))
	plain("POST /api/v1/me/password", says(`{"old": "`+rig.GoodPassword+`", "password": "short"}`))
	plain("POST /api/v1/me/login-link", says(`{"next": "/camera/front"}`))
	plain("GET /api/v1/sessions", nil)
	add("DELETE /api/v1/sessions/{number}", (*matrix).addedSession, nil)
	plain("GET /api/v1/settings", nil)
	plain("PATCH /api/v1/settings", says(`{"limits.viewers": 1000}`))
	plain("POST /api/v1/settings/forecast", says(`{"limits.viewers": 1000}`))
	plain("GET /api/v1/webhooks", nil)
	plain("POST /api/v1/webhooks", fresh(`{"name": "%[1]s", "url": "http://localhost:1/%[1]s", "enabled": false}`))
	add("GET /api/v1/webhooks/{name}", at("/api/v1/webhooks/steady"), nil)
	add("PATCH /api/v1/webhooks/{name}", at("/api/v1/webhooks/steady"), says(`{"events": ["camera_offline"]}`))
	add("POST /api/v1/webhooks/{name}/test", at("/api/v1/webhooks/steady/test"), nil)
	add("DELETE /api/v1/webhooks/{name}", (*matrix).addedWebhook, nil)
	plain("PATCH /api/v1/mqtt", says(`{"url": "mqtt://localhost:1", "enabled": false}`))
	plain("GET /api/v1/mqtt", nil)
	plain("POST /api/v1/mqtt/test", nil)
	plain("DELETE /api/v1/mqtt", nil)
	plain("GET /api/v1/server", nil)
	plain("GET /api/v1/limits", nil)
	plain("GET /api/v1/cluster", nil)
	plain("GET /api/v1/cluster/relays", nil)
	plain("POST /api/v1/cluster/tokens", says(`{"node": "b"}`))
	add("DELETE /api/v1/cluster/nodes/{node}", at("/api/v1/cluster/nodes/b"), nil)
	plain("GET /api/v1/log", nil)
	plain("GET /api/v1/diagnostics", nil)
	plain("GET /api/openapi.json", nil)
	plain("GET /api/docs", nil)
	plain("GET /api/docs/docs.js", nil)
	plain("GET /api/docs/docs.css", nil)
	return all
}

// next gives a name that nothing has yet.
func (m *matrix) next() string {
	m.counted++
	return "made-" + strconv.Itoa(m.counted)
}

// addedCamera, addedUser, addedToken and addedSession make something to be
// changed or removed, and give its address.
func (m *matrix) addedCamera(t *testing.T) string {
	id := m.next()
	m.Call(t, http.MethodPost, "/api/v1/cameras", map[string]string{"id": id, "source": "upload:"}, m.as(t, "admin"), http.StatusCreated)
	return "/api/v1/cameras/" + id
}

func (m *matrix) addedUser(t *testing.T) string {
	u, err := m.Store.AddUser(t.Context(), store.User{Name: m.next(), Password: "x"})
	if err != nil {
		t.Fatal(err)
	}
	return "/api/v1/users/" + u.Name
}

func (m *matrix) addedToken(t *testing.T) string {
	name := m.next()
	v, err := m.Store.AddToken(t.Context(), store.Token{Name: name, Hash: []byte(name)}, secret.Text{})
	if err != nil {
		t.Fatal(err)
	}
	return "/api/v1/tokens/" + strconv.FormatInt(v.ID, 10)
}

// addedWebhook has an admin add a webhook, that is not told, and removes the one of before.
func (m *matrix) addedWebhook(t *testing.T) string {
	if m.webhook != "" {
		m.Send(t, m.Request(t, http.MethodDelete, m.webhook, nil, nil), m.as(t, "admin"))
	}
	name := m.next()
	m.Call(t, http.MethodPost, "/api/v1/webhooks", map[string]any{"name": name, "url": "http://localhost:1/" + name, "enabled": false}, m.as(t, "admin"), http.StatusCreated)
	m.webhook = "/api/v1/webhooks/" + name
	return m.webhook
}

// addedLink makes a lasting link.
func (m *matrix) addedLink(t *testing.T) string {
	l, err := m.Store.AddLink(t.Context(), store.Link{Camera: "front", Action: "view"})
	if err != nil {
		t.Fatal(err)
	}
	return "/api/v1/links/" + strconv.FormatInt(l.ID, 10)
}

// addedViewer has one watch a camera.
func (m *matrix) addedViewer(t *testing.T) string {
	m.Open(t, m.Request(t, http.MethodGet, "/live/front.mjpeg", nil, nil), m.as(t, "viewer"), nil)
	all := viewersOf(t, m.Guarded, m.as(t, "admin"))
	return "/api/v1/viewers/" + strconv.FormatUint(all[len(all)-1].ID, 10)
}

// addedMark has an admin make a mark.
func (m *matrix) addedMark(t *testing.T) string {
	var made struct{ ID int64 }
	a := m.Call(t, http.MethodPost, "/api/v1/cameras/front/events", map[string]string{"kind": "bookmark", "end": "now"}, m.as(t, "admin"), http.StatusCreated)
	if err := json.Unmarshal(a.Content, &made); err != nil {
		t.Fatal(err)
	}
	return "/api/v1/cameras/front/events/" + strconv.FormatInt(made.ID, 10)
}

// lastingLink has an admin make one, and gives its query.
func lastingLink(t *testing.T, g *rig.Guarded, path string) string {
	t.Helper()
	var made struct{ Query string }
	a := g.Call(t, "POST", path, map[string]string{"action": "view", "name": "dashboard"}, g.AsAdmin(t), 201)
	if err := json.Unmarshal(a.Content, &made); err != nil || made.Query == "" {
		t.Fatalf("%s, %v", a.Content, err)
	}
	return made.Query
}

func (m *matrix) addedSession(t *testing.T) string {
	m.AddSession(t, "playback", time.Hour)
	u, err := m.Store.UserNamed(t.Context(), "playback")
	if err != nil {
		t.Fatal(err)
	}
	all, err := m.Store.Sessions(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	return "/api/v1/sessions/" + strconv.FormatInt(all[0].ID, 10)
}

// TestPermissionMatrix asks for everything as everybody, and compares the
// statuses with those that were found to be right.
func TestPermissionMatrix(t *testing.T) {
	rig.Thorough(t)
	rig.Need(t, "ffmpeg")
	m := newMatrix(t)
	var table strings.Builder
	fmt.Fprintf(&table, "%-78s", "")
	for _, p := range principals {
		fmt.Fprintf(&table, " %-9s", p)
	}
	table.WriteString("\n")
	denied := make(map[string]string) // what is said to who may not, by route
	for _, row := range rows() {
		shown := ""
		var line strings.Builder
		for _, p := range principals {
			var body []byte
			if row.body != nil {
				body = row.body(m)
			}
			path := row.path(m, t)
			shown = numbers.Replace(path)
			a := m.publishing(t, m.Request(t, row.method, path, body, row.header), m.as(t, p))
			fmt.Fprintf(&line, " %-9d", a.StatusCode)
			m.checkRefusal(t, row, p, path, a, denied)
			if made := a.Header.Get("Location"); a.StatusCode == http.StatusCreated && row.body != nil && strings.HasPrefix(made, "/live/") { // a session, which nobody connects
				m.Send(t, m.Request(t, http.MethodDelete, made, nil, nil), rig.Credentials{})
			}
		}
		fmt.Fprintf(&table, "%-32s %-45s%s\n", row.route, shown, strings.TrimRight(line.String(), " "))
	}
	table.WriteString(m.overRTSP(t))
	table.WriteString(m.overRTMP(t))
	golden := filepath.Join("testdata", "permissions.golden")
	got := trimLines(table.String())
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, got, string(want))
}

// numbers hides what differs from run to run in a path.
var numbers = numberless{}

type numberless struct{}

func (numberless) Replace(path string) string {
	dir, last := filepath.Split(path)
	if name, number, ok := strings.Cut(last, "-"); ok && strings.Trim(number, "0123456789") == "" {
		return dir + name + "-N"
	}
	if strings.Trim(last, "0123456789") == "" && last != "" {
		return dir + "N"
	}
	return path
}

func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func compareLines(t *testing.T, got, want string) {
	t.Helper()
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		var g, w string
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Errorf("line %d\n got %s\nwant %s", i+1, g, w)
		}
	}
}

// publishing sends a request again while a publisher that has gone is not gone
// yet: one request of the matrix may not fall over another's end.
func (m *matrix) publishing(t *testing.T, r *http.Request, who rig.Credentials) (a rig.Answer) {
	t.Helper()
	who.Put(r)
	rig.Await(t, "the last publisher's end", func() bool {
		again := r.Clone(t.Context())
		if r.GetBody != nil {
			again.Body, _ = r.GetBody()
		}
		a = m.Send(t, again, rig.Credentials{})
		return a.StatusCode != http.StatusConflict || !strings.HasPrefix(r.URL.Path, "/live/") && r.URL.Path != "/upload"
	})
	return a
}

// checkRefusal finds that nobody learns from a refusal what cameras there are:
// it is the same for a camera that is there and one that is not, and says how
// to log in only where that helps.
func (m *matrix) checkRefusal(t *testing.T, row row, principal, path string, a rig.Answer, denied map[string]string) {
	t.Helper()
	about := row.method + " " + path + " as " + principal
	if a.StatusCode == http.StatusSeeOther {
		if to := a.Header.Get("Location"); !strings.HasPrefix(strings.TrimLeft(to, "./"), "login?next=%2F") {
			t.Errorf("%s: goes to %q", about, to)
		}
	}
	isAPI := strings.HasPrefix(path, "/api/")
	if isAPI && a.StatusCode >= 400 && a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %d with %q: %s", about, a.StatusCode, a.Header.Get("Content-Type"), a.Content)
	}
	if a.StatusCode == http.StatusUnauthorized && !isAPI && a.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("%s: 401 without a challenge", about)
	}
	if a.StatusCode >= 400 && a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: %d without nosniff", about, a.StatusCode)
	}
	mayBe := slices.Contains([]string{"viewer", "publisher", "playback", "admin", "token", "basic", "link", "lasting", "turner"}, principal)
	if mayBe || !strings.Contains(path, "front") && !strings.Contains(path, "absent") {
		return
	}
	key := row.route + " as " + principal
	said := fmt.Sprint(a.StatusCode, " ", strings.ReplaceAll(carried.ReplaceAllString(string(a.Content), ""), "absent", "front"))
	if first, ok := denied[key]; ok && first != said {
		t.Errorf("%s differs for a camera that is not there:\n%s\n%s", about, first, said)
	}
	denied[key] = said
}

// TestPasswordsAreTakenFromPrograms: a browser sends a password that it was given
// once by itself, for whichever page; so the API takes none from there. Who is
// refused is told what is taken.
func TestPasswordsAreTakenFromPrograms(t *testing.T) {
	g, _ := rig.StartWithPicture(t, "")
	for _, c := range []struct {
		header   map[string]string
		password string
		status   int
		says     string
	}{
		{nil, g.Admin.Password, 200, `"admin":true`},
		{map[string]string{"User-Agent": "Mozilla/5.0 (a script that says so)"}, g.Admin.Password, 200, `"admin":true`},
		{map[string]string{"Origin": g.URL}, g.Admin.Password, 401, "POST /api/v1/login"},
		{map[string]string{"Sec-Fetch-Site": "same-origin"}, g.Admin.Password, 401, "no name and password"},
		{map[string]string{"Sec-Fetch-Mode": "cors"}, g.Admin.Password, 401, "no name and password"},
		{map[string]string{"Sec-Fetch-Dest": "empty"}, g.Admin.Password, 401, "no name and password"},
		{nil, "wrong", 401, "or Basic with a name and password"},
	} {
		r := g.Request(t, "GET", "/api/v1/me", nil, c.header)
		a := g.Send(t, r, rig.Credentials{Name: g.Admin.Name, Password: c.password})
		if a.StatusCode != c.status || !strings.Contains(string(a.Content), c.says) {
			t.Errorf("%v: status %d, %s", c.header, a.StatusCode, a.Content)
		}
		challenges := strings.Join(a.Header.Values("WWW-Authenticate"), ", ")
		if basic := strings.Contains(challenges, "Basic "); a.StatusCode == 401 && (basic != (c.header == nil) || !strings.Contains(challenges, "Bearer ")) {
			t.Errorf("%v: challenges %s", c.header, challenges)
		}
	}
	// What changes something needs no more.
	r := g.Request(t, "POST", "/api/v1/tokens", []byte(`{"name": "made"}`), rig.AsJSON)
	if a := g.Send(t, r, rig.Credentials{Name: g.Admin.Name, Password: g.Admin.Password}); a.StatusCode != 201 {
		t.Errorf("status %d, %s", a.StatusCode, a.Content)
	}
	if a := g.Get(t, "/api/v1/me", rig.Credentials{}); a.StatusCode != 401 || !strings.Contains(string(a.Content), "Authorization: Bearer") {
		t.Errorf("without anything: status %d, %s", a.StatusCode, a.Content)
	}
}
