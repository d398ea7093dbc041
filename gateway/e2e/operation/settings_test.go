package operation

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// settingOf gives what a server says of a setting.
func settingOf(t *testing.T, s *rig.Server, who rig.Credentials, key string) (is struct {
	Key, Origin, Place string
	Value, Next        any
	Waiting            bool
}) {
	t.Helper()
	var body struct{ Settings []json.RawMessage }
	if err := json.Unmarshal(s.Get(t, "/api/v1/settings", who).Content, &body); err != nil {
		t.Fatal(err)
	}
	for _, text := range body.Settings {
		if err := json.Unmarshal(text, &is); err != nil {
			t.Fatal(err)
		}
		if is.Key == key {
			return is
		}
		is.Place, is.Next = "", nil
	}
	t.Fatalf("there is no %s", key)
	return is
}

// TestSettingsOfTheApp: a limit that an admin gives counts at once for those who come, stays
// over a restart, and goes behind the file as soon as that gives it.
func TestSettingsOfTheApp(t *testing.T) {
	t.Parallel()
	const cameras = "cameras: {front: {source: 'test:?width=64&height=48&fps=5'}}\n"
	g := rig.StartGuarded(t, cameras)
	admin := g.AsAdmin(t)
	watch := func() *rig.OpenStream {
		t.Helper()
		return g.Open(t, g.Request(t, http.MethodGet, "/live/front.mjpeg", nil, nil), admin, nil)
	}
	status := func() int { return g.Get(t, "/live/front.mjpeg", admin).StatusCode }

	first := watch()
	watch()
	g.Call(t, http.MethodPatch, "/api/v1/settings", map[string]any{"limits.viewers": 2, "limits.frame_bytes": "1MiB"}, admin, http.StatusOK)
	if got := status(); got != http.StatusServiceUnavailable && got != http.StatusTooManyRequests {
		t.Errorf("the third viewer gets %d", got)
	}
	first.Conn.Close()
	rig.Await(t, "there is room again", func() bool { return status() == http.StatusOK })
	if is := settingOf(t, g.Server, admin, "limits.frame_bytes"); !is.Waiting || is.Next != float64(1<<20) || is.Value != float64(8<<20) || is.Origin != "app" {
		t.Errorf("what takes a restart is %+v", is)
	}
	if said := g.Log.String(); !strings.Contains(said, "settings changed") || !strings.Contains(said, "limits.viewers: 2") {
		t.Error("the log does not say who changed what")
	}

	g.End(t)
	g.StartAgain(t)
	admin = g.AsAdmin(t)
	if is := settingOf(t, g.Server, admin, "limits.frame_bytes"); is.Waiting || is.Value != float64(1<<20) {
		t.Errorf("after a restart it is %+v", is)
	}
	if is := settingOf(t, g.Server, admin, "limits.viewers"); is.Value != 2.0 || is.Origin != "app" {
		t.Errorf("after a restart it is %+v", is)
	}

	rewrite(t, g.Config, cameras+"limits: {viewers: 50}\n")
	rig.Await(t, "the file goes before the app", func() bool {
		is := settingOf(t, g.Server, admin, "limits.viewers")
		return is.Value == 50.0 && is.Origin == "file" && strings.HasSuffix(is.Place, ":2")
	})
	a := g.Call(t, http.MethodPatch, "/api/v1/settings", map[string]any{"limits.viewers": 3}, admin, http.StatusConflict)
	if !strings.Contains(string(a.Content), `"of_file"`) {
		t.Errorf("%s", a.Content)
	}
	rewrite(t, g.Config, cameras)
	rig.Await(t, "the app's counts again", func() bool {
		is := settingOf(t, g.Server, admin, "limits.viewers")
		return is.Value == 2.0 && is.Origin == "app"
	})
}
