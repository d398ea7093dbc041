package api

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// Everybody is told what a login takes, and each only what is for them.
func TestServerTellsEachWhatTheyMayKnow(t *testing.T) {
	r := newRig(t)
	until := time.Date(2027, 2, 1, 1, 0, 0, 0, time.FixedZone("", 3600))
	r.gateway.facts = Facts{
		Authority: "AB:CD", Hosts: []string{"cams.lan"}, FFmpeg: &FFmpeg{Program: "ffmpeg", Version: "5.1.9"},
		Certificates: []Certificate{{Names: []string{"cams.lan", "192.0.2.1"}, Issuer: "CN=x", From: until.AddDate(0, -3, 0), Until: until}},
	}
	wanted := *r.gateway.settings.Config
	wanted.Listen = "127.0.0.1:1"
	r.gateway.settings.Wanted, r.gateway.settings.Refused = &wanted, errors.New("a mistake")
	r.user("anna", "view:gate")

	open := []string{"authority", "base_path", "login", "now", "scheme"}
	for _, c := range []struct {
		who     client
		besides []string
	}{
		{r.as(""), nil},
		{r.login("anna"), []string{"version"}},
		{r.as(r.token("metrics", "metrics")), []string{"version"}},
		{r.admin(), []string{"system", "version"}},
	} {
		var told map[string]json.RawMessage
		c.who.do("GET", "/api/v1/server", nil).want(200).into(&told)
		if got, want := slices.Sorted(maps.Keys(told)), slices.Sorted(slices.Values(slices.Concat(open, c.besides))); !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
	}

	var about aboutServer
	r.as(r.token("a", "admin")).do("GET", "/api/v1/server", nil).want(200).into(&about)
	if !about.Login || about.Scheme != "http" || about.Authority != "AB:CD" || about.Version != "test" || time.Since(about.Now).Abs() > time.Hour {
		t.Errorf("%+v", about)
	}
	s := about.System
	if s.TLS.Mode != "off" || len(s.TLS.Certificates) != 1 || !s.TLS.Certificates[0].Until.Equal(until) || s.FFmpeg.Version != "5.1.9" ||
		!slices.Equal(s.Waiting, []string{"listen"}) || !s.Refused || !slices.Equal(s.Hosts, []string{"cams.lan"}) || s.Data != "data" ||
		!strings.Contains(s.Go, "go") || s.Started.After(about.Now) {
		t.Errorf("%+v", s)
	}
}

// How far a new server is set up is told to admins, and to each whether the
// password is the first.
func TestServerTellsHowFarItIsSetUp(t *testing.T) {
	r := newRig(t)
	first, err := r.options.Auth.FirstStart(t.Context())
	must(t, err)
	admin := r.admin()
	expect := func(cameras string, users ...string) {
		t.Helper()
		var about aboutServer
		admin.do("GET", "/api/v1/server", nil).want(200).into(&about)
		if s := about.System.Setup; s.Cameras != cameras || !slices.Equal(s.First, users) {
			t.Errorf("%+v, want %s %v", s, cameras, users)
		}
	}
	expect("examples", "admin")
	login := map[string]string{"name": first.User, "password": first.Password.Reveal()}
	me := client{rig: r, cookie: r.as("").do("POST", "/api/v1/login", login).want(200).says(`"first_password":true`).response.Cookies()[0]}
	me.do("GET", "/api/v1/me", nil).want(200).says(`"first_password":true`)
	changed := me.do("POST", "/api/v1/me/password", map[string]string{"old": first.Password.Reveal(), "password": good}).want(200)
	me.cookie = changed.response.Cookies()[0]
	if again := me.do("GET", "/api/v1/me", nil).want(200); strings.Contains(string(changed.body)+string(again.body), "first_password") {
		t.Errorf("after another password: %s%s", changed.body, again.body)
	}
	expect("examples")
	admin.do("POST", "/api/v1/cameras", map[string]string{"id": "own", "source": "upload:"}).want(201)
	expect("own")
	r.gateway.change(func() { r.gateway.added, r.gateway.file = nil, nil })
	expect("none")
	other := *r.gateway.settings.Config
	other.Cameras = other.Cameras[1:]
	r.gateway.change(func() {
		r.gateway.file = map[string]config.Camera{"phone": fileCamera(t, "phone", keys{"source": "upload:"})}
		r.gateway.settings.Config = &other
	})
	expect("own")
}

func TestLimitsAreListed(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("GET", "/api/v1/limits", nil).want(200).says(`{"limits":[]}`)
	r.gateway.limits = []Limit{{Name: "viewers", Key: "limits.viewers", Value: 7, Bounds: "viewers", Hits: 3}, {Name: "logins", Bounds: "guesses"}}
	c.do("GET", "/api/v1/limits", nil).want(200).
		says(`[{"name":"viewers","key":"limits.viewers","value":7,"bounds":"viewers","hits":3},{"name":"logins","bounds":"guesses","hits":0}]`)
}

// The file for a bug report has all parts, and no secret.
func TestDiagnosticsTellAllButSecrets(t *testing.T) {
	r := newRig(t)
	r.API.log.Warn("a line of the log")
	r.gateway.limits = []Limit{{Name: "viewers", Bounds: "viewers"}}
	r.gateway.publishers = []Publisher{{Camera: "phone", Address: "192.0.2.9", Since: time.Now()}}
	w, err := r.hub.Open(stream.Key{Camera: "gate"}, stream.ReadOptions{})
	must(t, err)
	defer w.Close()
	select {
	case r.sources["gate"].fail <- errors.New("GET http://viewer:canary-password@192.0.2.7/mjpeg?pwd=canary-query: refused"):
	case <-time.After(30 * time.Second):
		t.Fatal("the source does not run")
	}
	c := r.admin()
	var a answered
	waitFor(t, "the failure", func() bool {
		a = c.do("GET", "/api/v1/diagnostics", nil).want(200)
		return strings.Contains(string(a.body), "refused")
	})
	if name := a.response.Header.Get("Content-Disposition"); !strings.HasPrefix(name, `attachment; filename="framegate-diagnostics-2`) || !strings.HasSuffix(name, `Z.json"`) {
		t.Errorf("named %s", name)
	}
	if strings.Contains(string(a.body), "canary") {
		t.Errorf("a secret is in %s", a.body)
	}
	for _, part := range []string{`"licence": "MIT"`, `"goroutines": `, `"key": "limits.viewers"`, `"source": "http://192.0.2.7/mjpeg`, `"last_error"`, `"192.0.2.9"`, `"bounds": "viewers"`, `"a line of the log"`} {
		a.says(part)
	}
	r.as(r.token("v", "view:gate")).do("GET", "/api/v1/diagnostics", nil).want(404)
}
