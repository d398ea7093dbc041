package operation

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestOthersAreTold, by webhooks and by MQTT, of cameras that come and go, also those that
// only a new configuration has; one that never answers does not keep the gateway from its
// end.
func TestOthersAreTold(t *testing.T) {
	t.Parallel()
	address, kept := rig.StartBroker(t)
	broker := ", mqtt: {url: 'mqtt://" + address + "', pictures: 10s}"
	var mu sync.Mutex
	var texts []string
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct{ Text string }
		content, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(content, &body)
		mu.Lock()
		defer mu.Unlock()
		texts = append(texts, r.URL.Path+": "+body.Text)
	}))
	defer receiver.Close()
	told := func(want string) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return strings.Contains(strings.Join(texts, "\n"), want)
		}
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // whose connections nobody takes
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	notify := "notify: {webhooks: {a: {url: '" + receiver.URL + "/a'}, silent: {url: 'http://" + silent.Addr().String() + "/'}}" + broker + "}\n"
	s := rig.Start(t, notify+"cameras: {front: {name: Front door, source: 'upload:'}, away: {source: 'rtsp://127.0.0.1:1/', keep: always}}\n")
	rig.SendNumbers(t, s, "front")
	rig.Await(t, "it is told that the camera is there", told("/a: Front door is online"))
	rig.Await(t, "it is told that another is not, and why", told("/a: away is offline: "))
	for topic, begins := range map[string]string{
		"framegate/front/state": "online", "framegate/away/state": "offline", "framegate/away/attributes": `{"name":"away","reason":"`, "framegate/front/picture": "\xff\xd8\xff",
		"homeassistant/camera/framegate_front/config": `{"name":null,"unique_id":"framegate_front_camera"`, "framegate/trouble": "O", "framegate/availability": "online",
	} {
		rig.Await(t, "the broker knows "+topic, func() bool { return strings.HasPrefix(kept(topic), begins) })
	}
	if answer := s.Get(t, "/api/v1/server", rig.Credentials{}); !strings.Contains(string(answer.Content), `"name":"a","kind":"webhook","address":"`+receiver.URL+`","state":"fine"`) {
		t.Errorf("%s", answer.Content)
	}
	rewrite(t, s.Config, "notify: {webhooks: {b: {url: '"+receiver.URL+"/b', events: [camera_added, camera_removed]}, silent: {url: 'http://"+silent.Addr().String()+"/'}}"+broker+"}\ncameras: {gate: {source: 'upload:'}}\n")
	rig.Await(t, "the new one is told of the new camera", told("/b: gate was added"))
	rig.Await(t, "the broker knows it, and the old ones no more", func() bool {
		return kept("framegate/gate/state") == "idle" && kept("framegate/away/state")+kept("framegate/front/picture")+kept("homeassistant/camera/framegate_front/config") == ""
	})
	s.EndInTime(t)
	if at := kept("framegate/availability"); at != "offline" {
		t.Errorf("the broker knows that it is %s", at)
	}
}

// TestOthersAreToldAsTheAppHasIt adds a webhook and a broker to a server that runs, which are told at once and
// after a restart, tries them, switches one off, and takes both away.
func TestOthersAreToldAsTheAppHasIt(t *testing.T) {
	t.Parallel()
	address, kept := rig.StartBroker(t)
	var mu sync.Mutex
	told := make(map[string]int) // by type of event
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct{ Type string }
		content, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(content, &body)
		mu.Lock()
		defer mu.Unlock()
		told[body.Type]++
	}))
	defer receiver.Close()
	is := func(kind string, n int) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return told[kind] >= n }
	}
	g := rig.StartGuarded(t, "network: {allow: [127.0.0.0/8]}\ncameras: {front: {name: Front door, source: 'upload:'}}\n")
	admin := g.AsAdmin(t)
	g.Call(t, "POST", "/api/v1/webhooks", map[string]any{"name": "app", "url": receiver.URL + "/canary", "events": []string{"camera_added", "camera_removed", "settings_changed"}}, admin, http.StatusCreated)
	g.Call(t, "PATCH", "/api/v1/settings", map[string]any{"notify.mqtt.prefix": "house"}, admin, http.StatusOK)
	g.Call(t, "PATCH", "/api/v1/mqtt", map[string]any{"url": "mqtt://" + address}, admin, http.StatusOK)
	g.Call(t, "POST", "/api/v1/cameras", map[string]any{"id": "one", "source": "upload:"}, admin, http.StatusCreated)
	rig.Await(t, "the webhook is told of the camera, and that something was changed", func() bool { return is("camera_added", 1)() && is("settings_changed", 1)() })
	rig.Await(t, "the broker knows", func() bool { return kept("house/one/state") == "idle" && kept("house/availability") == "online" })
	for _, path := range []string{"/api/v1/webhooks/app/test", "/api/v1/mqtt/test"} {
		if a := g.Call(t, "POST", path, nil, admin, http.StatusOK); !strings.Contains(string(a.Content), `"taken":true`) {
			t.Errorf("%s: %s", path, a.Content)
		}
	}
	rig.Await(t, "both are told by the tests", func() bool { return is("test", 1)() && kept("house/test") != "" })
	var broker struct{ Telling struct{ State string } }
	if a := g.Call(t, "GET", "/api/v1/mqtt", nil, admin, http.StatusOK); json.Unmarshal(a.Content, &broker) != nil || broker.Telling.State != "fine" {
		t.Errorf("%s", a.Content)
	}
	g.EndInTime(t)
	if at := kept("house/availability"); at != "offline" {
		t.Errorf("the broker knows that it is %s", at)
	}

	g.StartAgain(t)
	rig.Await(t, "the broker knows after a restart", func() bool { return kept("house/availability") == "online" })
	g.Call(t, "DELETE", "/api/v1/cameras/one", nil, admin, http.StatusNoContent)
	rig.Await(t, "the webhook is told after a restart", is("camera_removed", 1))
	g.Call(t, "PATCH", "/api/v1/mqtt", map[string]any{"enabled": false}, admin, http.StatusOK)
	rig.Await(t, "the broker knows that nobody tells it any more", func() bool { return kept("house/availability") == "offline" })
	g.Call(t, "DELETE", "/api/v1/webhooks/app", nil, admin, http.StatusNoContent)
	rig.Await(t, "nobody is told any more", func() bool {
		return strings.Contains(string(g.Get(t, "/api/v1/server", admin).Content), `"notified":[]`)
	})
}
