package front

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"framegate/gateway/config"
)

// TestPagesOfNodesAreShownPictures, by what their addresses say alone, and may do nothing else.
func TestPagesOfNodesAreShownPictures(t *testing.T) {
	const a = "https://a.example.org"
	f := New(Options{
		Settings: func() *config.Config { return &config.Config{} },
		Nodes:    func() []string { return []string{a + ":443/cams", "http://192.0.2.7:8080"} },
	})
	var seen *http.Request
	h := f.sharing(http.NewCrossOriginProtection(), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r }))
	for _, c := range []struct {
		method, path, origin string
		shown                bool
	}{
		{"GET", "/live/front.jpg?way=x", a, true},
		{"GET", "/live/front", a, true},
		{"GET", "/live/front/nodes", "http://192.0.2.7:8080", true},
		{"GET", "/live/front/recording.mp4", a, true},
		{"POST", "/live/front/whep", a, true},
		{"DELETE", "/live/front/whep/7", a, true},
		{"GET", "/live/front/publish", a, false},
		{"POST", "/live/front/whip", a, false},
		{"DELETE", "/live/front/whip/7", a, false},
		{"PUT", "/live/front.jpg", a, false},
		{"POST", "/live/front.jpg", a, false},
		{"POST", "/upload", a, false},
		{"GET", "/api/v1/me", a, false},
		{"POST", "/api/v1/logout", a, false},
		{"GET", "/metrics", a, false},
		{"GET", "/live/front.jpg", "http://a.example.org", false},
		{"GET", "/live/front.jpg", a + "/cams", false},
		{"GET", "/live/front.jpg", "https://a.example.org.foe.example", false},
		{"GET", "/live/front.jpg", "https://foe.example", false},
		{"GET", "/live/front.jpg", "null", false},
	} {
		r := httptest.NewRequest(c.method, "https://b.example.org"+c.path, nil)
		r.Header.Set("Origin", c.origin)
		r.Header.Set("Cookie", "framegate=x")
		r.Header.Set("Authorization", "Basic eDp5")
		w := httptest.NewRecorder()
		seen = nil
		h.ServeHTTP(w, r)
		shown := w.Header().Get("Access-Control-Allow-Origin") == c.origin
		if shown != c.shown || w.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s from %s: %v", c.method, c.path, c.origin, w.Header())
		}
		if shown && (seen == nil || seen.Header.Get("Cookie") != "" || seen.Header.Get("Authorization") != "") {
			t.Errorf("%s %s from %s comes with who is logged in", c.method, c.path, c.origin)
		}
	}

	r := httptest.NewRequest("OPTIONS", "https://b.example.org/live/front/whep", nil)
	r.Header.Set("Origin", a)
	r.Header.Set("Access-Control-Request-Method", "POST")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Methods") == "" {
		t.Errorf("before a session of WebRTC: %d %v", w.Code, w.Header())
	}
}
