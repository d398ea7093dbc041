package interop

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// ha asks as a program that has a token in the address of its go2rtc.
type ha struct{ address, token string }

// ask makes a request, and gives its status and what is answered.
func (h ha) ask(t *testing.T, method, path string, query url.Values) (status int, said string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, h.address+path+"?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("ha", h.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// sources gives the addresses that a stream is said to come from; there is false where there is none.
func (h ha) sources(t *testing.T, name string) (urls string, there bool) {
	t.Helper()
	_, said := h.ask(t, http.MethodGet, "/api/streams", nil)
	var streams map[string]struct {
		Producers []struct {
			URL    string
			Medias []string
		}
	}
	if err := json.Unmarshal([]byte(said), &streams); err != nil {
		t.Fatalf("%s: %v", said, err)
	}
	one, there := streams[name]
	for _, p := range one.Producers {
		urls += p.URL
	}
	return urls, there
}

// TestHomeAssistant asks as its go2rtc integration does: what is there, whether a stream has the
// source that it knows, else it adds that, and a picture.
func TestHomeAssistant(t *testing.T) {
	t.Parallel()
	camera := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "c@nary;1" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write(camtest.Picture(1, 320, 240))
	}))
	t.Cleanup(camera.Close)
	g := rig.StartGuarded(t, "compat: [go2rtc]\nnetwork: {allow: [127.0.0.1]}\ncameras: {yard: {source: 'upload:', name: camera.yard}, shed: {source: 'upload:'}}\n")
	token := g.AddToken(t, "ha", "add,view:*")
	client := ha{g.URL, token}
	const name = "camera.front_door"
	at := strings.Replace(camera.URL, "://", "://user:c%40nary%3B1@", 1) + "/Preview_06_sub?x=1"
	add := func(source string) (int, string) {
		return client.ask(t, http.MethodPut, "/api/streams", url.Values{"name": {name}, "src": {source, "ffmpeg:" + name + "#audio=opus#query=log_level=debug"}})
	}

	if status, said := client.ask(t, http.MethodGet, "/api", nil); status != http.StatusOK || !strings.Contains(said, `"version":"1.9.14"`) {
		t.Errorf("what it is: %d %s", status, said)
	}
	if _, said := client.ask(t, http.MethodGet, "/api/schemes", nil); !strings.Contains(said, `"rtsp"`) || !strings.Contains(said, `"ffmpeg"`) || strings.Contains(said, `"file"`) {
		t.Errorf("sources may begin with %s", said)
	}
	if urls, there := client.sources(t, name); there {
		t.Errorf("there is a stream of %s before it is added", urls)
	}
	for _, source := range []string{at, at, "ffmpeg:" + at, "ffmpeg:" + at + "#video=h264#audio=copy#rotate=90", at + "&y=2"} {
		if status, said := add(source); status != http.StatusOK {
			t.Fatalf("%s is answered %d %s", source, status, said)
		}
		if urls, _ := client.sources(t, name); urls != source {
			t.Errorf("%s is said to be %s", source, urls)
		}
	}
	if status, said := client.ask(t, http.MethodGet, "/api/frame.jpeg", url.Values{"src": {name}, "width": {"320"}}); status != http.StatusOK {
		t.Errorf("a picture: %d %s", status, said)
	}
	added := string(g.Call(t, http.MethodGet, "/api/v1/cameras/camera-front-door", nil, g.AsAdmin(t), http.StatusOK).Content)
	another := ha{g.URL, g.AddToken(t, "another", "add")}
	if status, said := another.ask(t, http.MethodPut, "/api/streams", url.Values{"name": {name}, "src": {"http://192.0.2.1/"}}); status != http.StatusOK {
		t.Errorf("another who names it is answered %d %s", status, said)
	}
	if changes := strings.Count(g.Log.String(), "camera changed"); !strings.Contains(added, `"name":"`+name+`"`) || changes != 1 || strings.Contains(added, "nary") {
		t.Errorf("after %d changes the camera is %s", changes, added)
	}
	if status, said := client.ask(t, http.MethodPut, "/api/streams", url.Values{"name": {"camera.yard"}, "src": {at}}); status != http.StatusOK {
		t.Errorf("a camera that was named so is answered %d %s", status, said)
	}
	if urls, _ := client.sources(t, "camera.yard"); urls != at || strings.Count(g.Log.String(), "camera added") != 1 {
		t.Errorf("a camera that was named so is said to be %s", urls)
	}
	other := ha{g.URL, g.AddToken(t, "card", "view:*")}
	if urls, there := other.sources(t, "camera-front-door"); !there || urls != "" {
		t.Errorf("another is told %q, %v", urls, there)
	}
	if _, there := other.sources(t, name); there {
		t.Error("the name is another's")
	}

	for _, refused := range []struct {
		as     ha
		query  url.Values
		status int
		words  string
	}{
		{other, url.Values{"name": {"x"}, "src": {at}}, http.StatusNotFound, ""},
		{client, url.Values{"name": {"shed"}, "src": {at}}, http.StatusConflict, "already"},
		{client, url.Values{"name": {"yard"}, "src": {at}}, http.StatusConflict, "already"},
		{another, url.Values{"name": {"camera front_door"}, "src": {at}}, http.StatusConflict, "already"},
		{client, url.Values{"name": {"x"}}, http.StatusBadRequest, "src="},
		{client, url.Values{"name": {"x"}, "src": {"ffmpeg:x#video=mjpeg"}}, http.StatusBadRequest, "src="},
		{client, url.Values{"name": {"x"}, "src": {"exec:ffmpeg -i c@nary;1"}}, http.StatusUnprocessableEntity, "source"},
		{client, url.Values{"name": {"x"}, "src": {"file:///etc/passwd"}}, http.StatusUnprocessableEntity, "source"},
		{client, url.Values{"name": {"x"}, "src": {"http://169.254.169.254/"}}, http.StatusUnprocessableEntity, "no camera may be there"},
		{client, url.Values{"name": {"a\nb"}, "src": {at}}, http.StatusUnprocessableEntity, "name"},
	} {
		status, said := refused.as.ask(t, http.MethodPut, "/api/streams", refused.query)
		if status != refused.status || !strings.Contains(said, refused.words) || strings.Contains(said, "nary") {
			t.Errorf("%v is answered %d %s", refused.query, status, said)
		}
	}
	if strings.Contains(g.Log.String(), "nary") {
		t.Error("the log has the camera's password")
	}
}
