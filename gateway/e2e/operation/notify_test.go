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

// TestWebhooksAreTold of cameras that come and go, also those that only a new configuration
// has; one that never answers does not keep the gateway from its end.
func TestWebhooksAreTold(t *testing.T) {
	t.Parallel()
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
	notify := "notify: {webhooks: {a: {url: '" + receiver.URL + "/a'}, silent: {url: 'http://" + silent.Addr().String() + "/'}}}\n"
	s := rig.Start(t, notify+"cameras: {front: {name: Front door, source: 'upload:'}, away: {source: 'rtsp://127.0.0.1:1/', keep: always}}\n")
	rig.SendNumbers(t, s, "front")
	rig.Await(t, "it is told that the camera is there", told("/a: Front door is online"))
	rig.Await(t, "it is told that another is not, and why", told("/a: away is offline: "))
	if answer := s.Get(t, "/api/v1/server", rig.Credentials{}); !strings.Contains(string(answer.Content), `"name":"a","kind":"webhook","address":"`+receiver.URL+`","state":"fine"`) {
		t.Errorf("%s", answer.Content)
	}
	rewrite(t, s.Config, "notify: {webhooks: {b: {url: '"+receiver.URL+"/b', events: [camera_added, camera_removed]}, silent: {url: 'http://"+silent.Addr().String()+"/'}}}\ncameras: {gate: {source: 'upload:'}}\n")
	rig.Await(t, "the new one is told of the new camera", told("/b: gate was added"))
	s.EndInTime(t)
}
