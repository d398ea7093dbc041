package app

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"framegate/gateway/e2e/rig"
)

// openTold starts a gateway of which journeys have others told: a receiver of webhooks, which the file
// has told too, and a broker. The receiver answers at /told with what it was told, at /broker with where the broker
// is, and at /kept?topic= with what that keeps; whatever is posted to an address with broken in it fails.
func openTold(t *testing.T) *rig.Guarded {
	broker, kept := rig.StartBroker(t)
	type delivery struct {
		Path   string `json:"path"`
		Type   string `json:"type"`
		Signed bool   `json:"signed"`
	}
	var mu sync.Mutex
	told := []delivery{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /told", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(told)
	})
	mux.HandleFunc("GET /broker", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, broker) })
	mux.HandleFunc("GET /kept", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, kept(r.FormValue("topic"))) })
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Type string }
		content, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(content, &body)
		mu.Lock()
		defer mu.Unlock()
		told = append(told, delivery{r.URL.Path, body.Type, r.Header.Get("Webhook-Signature") != ""})
		if strings.Contains(r.URL.Path, "broken") {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	receiver := httptest.NewServer(mux)
	t.Cleanup(receiver.Close)
	g := rig.StartGuarded(t, "network: {allow: [127.0.0.0/8]}\nnotify: {webhooks: {ops: {url: '"+receiver.URL+"/ops'}}}\ncameras: {yard: {name: The yard, source: 'upload:'}}\n")
	g.Beside(t, "user", "passwd", g.Admin.Name, "--password-file", rig.PasswordFile(t, rig.GoodPassword))
	return g
}
