package app

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"framegate/gateway/e2e/rig"
)

// openTold starts a gateway of which journeys have others told: a receiver of webhooks, which the file
// has told too, and a broker. The receiver answers at /told with what it was told, at /broker with where the broker
// is, and at /kept?topic= with what that keeps; whatever is posted to an address with broken in it fails.
func openTold(t *testing.T) *rig.Guarded {
	broker, kept := startBroker(t)
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

// startBroker starts a broker that everybody may tell, and gives its address and what it
// keeps of a topic.
func startBroker(t *testing.T) (address string, kept func(topic string) string) {
	broker := mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	all := make(map[string]string)
	hear := func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
		mu.Lock()
		defer mu.Unlock()
		all[p.TopicName] = string(p.Payload)
	}
	if err := errors.Join(broker.AddHook(new(auth.AllowHook), nil), broker.AddListener(listeners.NewNet("all", l)), broker.Subscribe("#", 1, hear), broker.Serve()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { broker.Close() })
	return l.Addr().String(), func(topic string) string {
		mu.Lock()
		defer mu.Unlock()
		return all[topic]
	}
}
