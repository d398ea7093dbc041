package api

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/config"
)

// byKey gives what is answered of settings, by key.
func (c client) settings() (map[string]setting, settingsBody, string) {
	c.t.Helper()
	var body settingsBody
	answer := c.do("GET", "/api/v1/settings", nil).want(200)
	answer.into(&body)
	got := make(map[string]setting)
	for _, s := range body.Settings {
		got[s.Key] = s
	}
	return got, body, answer.response.Header.Get("ETag")
}

func TestSettings(t *testing.T) {
	r := newRig(t)
	set, err := config.Load("", []string{"FRAMEGATE_LIMITS__VIEWERS=7", "FRAMEGATE_HOSTS=cams.example.org", "FRAMEGATE_DATA=/srv/data"})
	must(t, err)
	wanted := *set
	wanted.TLS.Mode, wanted.TLS.Cert = config.TLSFiles, "cert.pem"
	at := time.Now()
	r.gateway.settings = Settings{
		Config: set, Wanted: &wanted, Left: map[string]error{"rtsp.udp": errors.New("is for who asks")},
		Refused: errors.New("f.yaml:3:1: unknown key"), RefusedAt: at,
	}
	got, body, _ := r.admin().settings()
	for key, want := range map[string]setting{
		"limits.viewers":             {Value: 7.0, Default: 2000.0, Origin: "environment", Place: "FRAMEGATE_LIMITS__VIEWERS", App: true, Kind: "number"},
		"limits.viewers_per_address": {Value: 128.0, Default: 128.0, Origin: "default", App: true, Kind: "number"},
		"hosts":                      {Value: []any{"cams.example.org"}, Default: []any{}, Origin: "environment", Place: "FRAMEGATE_HOSTS", App: true, Kind: "list"},
		"data":                       {Value: "/srv/data", Default: "data", Origin: "environment", Place: "FRAMEGATE_DATA", Kind: "text", Restart: true},
		"tls.mode":                   {Value: "off", Default: "off", Origin: "default", Kind: "word", Words: []string{"off", "self-signed", "files", "acme"}, Restart: true, Waiting: true, Next: "files"},
		"tls.key":                    {Value: "", Default: "", Origin: "default", Kind: "text", Restart: true},
		"rtsp.udp":                   {Value: "", Default: "", Origin: "default", App: true, Kind: "text", Restart: true, Left: "is for who asks"},
		"limits.viewer_patience":     {Value: "10s", Default: "10s", Origin: "default", App: true, Kind: "duration", Restart: true},
		"cors.origins":               {Value: []any{}, Default: []any{}, Origin: "default", App: true, Kind: "list"},
		"compat":                     {Value: []any{}, Default: []any{}, Origin: "default", App: true, Kind: "list", Words: []string{"go2rtc", "mjpg-streamer"}},
		"recordings.dir":             {Value: "/srv/data/recordings", Default: "/srv/data/recordings", Origin: "default", Kind: "text"},
		"recordings.max_bytes":       {Value: 0.0, Default: 0.0, Origin: "default", App: true, Kind: "bytes"},
		"default_camera":             {Value: "phone", Default: "phone", Origin: "default", App: true, Kind: "text"},
	} {
		want.Key = key
		if !cmp.Equal(got[key], want) {
			t.Errorf("%s", cmp.Diff(want, got[key]))
		}
	}
	if body.Refused == nil || body.Refused.Text != "f.yaml:3:1: unknown key" || !body.Refused.At.Equal(at) {
		t.Errorf("refused %+v", body.Refused)
	}
}

// TestSettingsAreChanged at once or after a restart, kept, told, and taken away again.
func TestSettingsAreChanged(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	_, _, tag := c.settings()
	c.do("PATCH", "/api/v1/settings", object{"limits.viewers": 3, "limits.frame_bytes": "1MiB", "recordings.max_bytes": 9_000_000_000, "hosts": []string{"a.example", "b.example"}}, "If-Match", tag).want(200)
	got, _, next := c.settings()
	for key, want := range map[string]setting{
		"limits.viewers":       {Value: 3.0, Origin: "app"},
		"limits.frame_bytes":   {Value: float64(8 << 20), Origin: "app", Waiting: true, Next: float64(1 << 20)},
		"recordings.max_bytes": {Value: 9e9, Origin: "app"},
		"hosts":                {Value: []any{"a.example", "b.example"}, Origin: "app"},
	} {
		is := got[key]
		if is = (setting{Value: is.Value, Origin: is.Origin, Waiting: is.Waiting, Next: is.Next}); !cmp.Equal(is, want) {
			t.Errorf("%s: %s", key, cmp.Diff(want, is))
		}
	}
	if next == tag {
		t.Error("another state has the same ETag")
	}
	kept, err := r.options.Store.Settings(t.Context())
	must(t, err)
	if len(kept) != 4 || kept["limits.frame_bytes"] != `["1MiB"]` {
		t.Errorf("kept are %v", kept)
	}
	if !strings.Contains(r.log.String(), "settings changed") || !strings.Contains(r.log.String(), "limits.viewers: 3") || !strings.Contains(r.log.String(), "hosts: a.example b.example") {
		t.Error("nobody is told who changed what")
	}
	c.do("PATCH", "/api/v1/settings", object{"limits.viewers": 4}, "If-Match", tag).want(412)
	c.do("PATCH", "/api/v1/settings", object{"limits.viewers": 3}, "If-Match", next).want(200) // as it is
	c.do("PATCH", "/api/v1/settings", `{"limits.viewers": null, "limits.frame_bytes": "", "hosts": []}`, "If-Match", next).want(200)
	got, _, _ = c.settings()
	if got["limits.viewers"].Origin != "default" || got["limits.viewers"].Value != 2000.0 || got["limits.frame_bytes"].Waiting || got["hosts"].Origin != "default" {
		t.Errorf("after they were taken away %+v, %+v, %+v", got["limits.viewers"], got["limits.frame_bytes"], got["hosts"])
	}
	if kept, err := r.options.Store.Settings(t.Context()); err != nil || len(kept) != 1 {
		t.Errorf("kept are %v, %v", kept, err)
	}
}

// TestSettingsAreRefused whole, at the key, with what is wrong there.
func TestSettingsAreRefused(t *testing.T) {
	r := newRig(t)
	r.gateway.path, r.gateway.text = "f.yaml", "limits: {connections: 99}\nrtsp: {udp: ':8000', listen: ':8554'}\n"
	must(t, r.gateway.TakeSettings(nil))
	c := r.admin()
	_, _, tag := c.settings()
	for _, test := range []struct {
		body   string
		status int
		says   []string
	}{
		{`{"limits.viewers": 0}`, 422, []string{`body.limits.viewers`, `whole number from 1`}},
		{`{"limits.viewers": 5, "limits.encoders": [], "hosts": "x"}`, 422, []string{`body.limits.encoders`, `body.hosts`}},
		{`{"limits.frame_bytes": "1"}`, 422, []string{`body.limits.frame_bytes`, `with a unit`}},
		{`{"nothing.such": 1}`, 422, []string{`body.nothing.such`, `no key`}},
		{`{"limits.connections": 100}`, 409, []string{`body.limits.connections`, `f.yaml:1`, `of_file`}},
		{`{"data": "/etc"}`, 409, []string{`body.data`, `alone`}},
		{`{"tls.mode": "off"}`, 409, []string{`body.tls.mode`}},
		{`{"network.allow": ["0.0.0.0/0"]}`, 409, []string{`body.network.allow`}},
		{`{"notify.webhooks": {"x": {"url": "http://192.0.2.1/"}}}`, 409, []string{`body.notify.webhooks`}},
		{`{"notify.mqtt.prefix": "X"}`, 422, []string{`body.notify.mqtt.prefix`, `must be 1 to 23`}},
		{`{"rtmp.tls_listen": ":1936"}`, 422, []string{`body.rtmp.tls_listen`, `needs a certificate`}},
		{`{"default_camera": "gate"}`, 422, []string{`body.default_camera`, `takes uploads`}},
		{`{"cors.origins": ["` + strings.Repeat("x", 3000) + `"]}`, 422, []string{`body.cors.origins`}},
		{`[]`, 400, nil},
	} {
		for _, ask := range [][2]string{{"PATCH", "/api/v1/settings"}, {"POST", "/api/v1/settings/forecast"}} {
			answer := c.do(ask[0], ask[1], test.body).want(test.status)
			for _, words := range test.says {
				answer.says(words)
			}
		}
	}
	if _, _, now := c.settings(); now != tag {
		t.Error("something was changed")
	}
	c.do("PATCH", "/api/v1/settings", `{"default_camera": "phone"}`).want(200)
}

// TestSettingsAreOfAdmins alone.
func TestSettingsAreOfAdmins(t *testing.T) {
	r := newRig(t)
	for _, c := range []client{r.as(r.token("v", "view:*")), r.as(r.token("p", "publish:*"))} {
		c.do("PATCH", "/api/v1/settings", object{"limits.viewers": 1}).want(404)
		c.do("POST", "/api/v1/settings/forecast", object{"limits.viewers": 1}).want(404)
	}
	r.as("").do("PATCH", "/api/v1/settings", object{"limits.viewers": 1}).want(401)
}

// TestWhoseNameIsTakenAway: the one by which an admin comes stays.
func TestWhoseNameIsTakenAway(t *testing.T) {
	r := newRig(t)
	next, before := config.Kept{"hosts": {"a.example"}}, config.Kept{"hosts": {"a.example", "B.example"}}
	_, err := r.fits(before, next, "b.example")
	if err == nil {
		t.Error("it is taken away")
	}
	if _, err := r.fits(before, next, "192.0.2.1"); err != nil {
		t.Error(err)
	}
}

// TestSettingsGoBack where they cannot be put into effect.
func TestSettingsGoBack(t *testing.T) {
	r := newRig(t)
	r.gateway.refuse = errors.New("no room")
	r.admin().do("PATCH", "/api/v1/settings", object{"limits.viewers": 3}).want(500).says("no room")
	if kept, err := r.options.Store.Settings(t.Context()); err != nil || len(kept) > 0 {
		t.Errorf("kept are %v, %v", kept, err)
	}
}

// TestWhatIsLeftOutStaysSo, and keeps nobody from changing something else.
func TestWhatIsLeftOutStaysSo(t *testing.T) {
	r := newRig(t)
	must(t, r.options.Store.SetSettings(t.Context(), nil, map[string]string{"limits.gone": `["1"]`, "rtsp.udp": `[":8000"]`}))
	must(t, r.gateway.TakeSettings(config.Kept{"limits.gone": {"1"}, "rtsp.udp": {":8000"}}))
	c := r.admin()
	if got, _, _ := c.settings(); !strings.Contains(got["rtsp.udp"].Left, "rtsp.listen") {
		t.Errorf("%+v", got["rtsp.udp"])
	}
	c.do("PATCH", "/api/v1/settings", object{"limits.viewers": 3}).want(200)
	c.do("PATCH", "/api/v1/settings", object{"rtsp.udp": ":8002"}).want(422).says("body.rtsp.udp")
	c.do("PATCH", "/api/v1/settings", object{"rtsp.listen": ":8554"}).want(200)
	if got, _, _ := c.settings(); got["rtsp.udp"].Left != "" || got["rtsp.udp"].Next != ":8000" {
		t.Errorf("%+v", got["rtsp.udp"])
	}
	c.do("PATCH", "/api/v1/settings", object{"rtsp.listen": ""}).want(422).says("body.rtsp.udp")
	c.do("PATCH", "/api/v1/settings", `{"limits.gone": null, "rtsp.udp": null, "rtsp.listen": null}`).want(200)
}

// TestChangesOfSettingsAreForecast: what takes a restart, and what would be deleted.
func TestChangesOfSettingsAreForecast(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	at := time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC)
	r.past.would.Deleted = Erased{Segments: 3, Bytes: 3000, From: at, To: at.Add(time.Hour)}
	const path = "/api/v1/settings/forecast"
	c.do("POST", path, object{"limits.viewers": 3, "limits.encoders": 1, "rtsp.listen": ":8554"}).want(200).
		says(`{"restart":["rtsp.listen","limits.encoders"],"deleted":{"segments":0,"bytes":0}}`)
	c.do("POST", path, object{"recordings.max_bytes": "5GB"}).want(200).
		says(`{"restart":[],"deleted":{"segments":3,"bytes":3000,"from":"2026-11-20T14:00:00Z","to":"2026-11-20T15:00:00Z"}}`)
	if b := r.past.bounds; b.MaxBytes != 5e9 || b.MinFree != 1<<30 {
		t.Errorf("asked for %+v", b)
	}
	r.past.away = ErrNotHere
	c.do("POST", path, object{"recordings.max_bytes": "5GB"}).want(200)
	if got, _, _ := c.settings(); got["limits.viewers"].Origin != "default" {
		t.Error("a forecast changes something")
	}
}
