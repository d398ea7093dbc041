package notify

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/api/events"
	"framegate/gateway/config"
	"framegate/gateway/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a Notifier that runs, and what it hears.
type rig struct {
	*Notifier
	t         *testing.T
	listeners *events.Listeners
	followed  func() int // how often somebody has begun to follow
	log       *lockedBuffer
	end       func() // ends it, and waits for that

	elsewhere atomic.Pointer[[]string] // cameras that another server tells of
}

func newRig(t *testing.T, c config.Notify) *rig {
	t.Helper()
	r := &rig{t: t, listeners: events.NewListeners(), log: new(lockedBuffer)}
	var mu sync.Mutex
	follows := 0
	r.followed = func() int {
		mu.Lock()
		defer mu.Unlock()
		return follows
	}
	r.elsewhere.Store(new([]string))
	r.Notifier = New(Options{
		Elsewhere: func(camera string) bool { return slices.Contains(*r.elsewhere.Load(), camera) },
		Follow: func() (*events.Listener, func()) {
			mu.Lock()
			defer mu.Unlock()
			follows++
			return r.listeners.Follow()
		},
		Name:    func(camera string) string { return "The " + camera },
		Now:     r.listeners.Now,
		Picture: func(context.Context, string) ([]byte, time.Time, error) { return nil, time.Time{}, errors.New("none") },
		Version: "1.2.3",
		Log:     slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	r.pause = func(int) time.Duration { return time.Millisecond }
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	r.end = func() { cancel(); running.Wait() }
	t.Cleanup(r.end)
	if len(c.Webhooks) > 0 {
		r.Apply(c)
		wait(t, "it follows", func() bool { return r.followed() == 1 && len(r.Status()) == len(c.Webhooks) })
	}
	return r
}

// happens tells of an event of a camera.
func (r *rig) happens(kind, camera string) {
	r.listeners.Tell(events.Event{Kind: kind, Camera: camera, At: time.Now().UTC()})
}

func (r *rig) statusOf(name string) Status {
	for _, s := range r.Status() {
		if s.Name == name {
			return s
		}
	}
	return Status{}
}

// wait waits for a condition.
func wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// testKey is a key as the file has it, and as it is.
const testKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func keyOf(t *testing.T, text string) secret.Text {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	return secret.New(string(key))
}

// receiver keeps what is posted to it, and answers as it is told.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	got     []delivery
	answers func(n int, w http.ResponseWriter) // to the n-th delivery, from 0; nil is 204
	at      int                                // how many are being answered
	most    int                                // of those at a time
}

type delivery struct {
	header  http.Header
	content []byte
	body    body
}

func newReceiver(t *testing.T, answers func(n int, w http.ResponseWriter)) *receiver {
	t.Helper()
	r := &receiver{answers: answers}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	content, err := io.ReadAll(request.Body)
	d := delivery{header: request.Header, content: content}
	if err == nil {
		err = json.Unmarshal(content, &d.body)
	}
	if err != nil || request.Method != http.MethodPost || request.Header.Get("Content-Type") != "application/json" {
		http.Error(w, "no delivery", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	n := len(r.got)
	r.got = append(r.got, d)
	r.at++
	r.most = max(r.most, r.at)
	answers := r.answers
	r.mu.Unlock()
	if answers != nil {
		answers(n, w)
	} else {
		w.WriteHeader(http.StatusNoContent)
	}
	r.mu.Lock()
	r.at--
	r.mu.Unlock()
}

func (r *receiver) deliveries() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivery(nil), r.got...)
}

// told gives what it was told, as "kind camera".
func (r *receiver) told() (all []string) {
	for _, d := range r.deliveries() {
		all = append(all, d.body.Type+" "+d.body.Data.Camera)
	}
	return all
}

func hookTo(name, url string) config.Webhook {
	return config.Webhook{Name: name, URL: secret.New(url), Events: []string{events.CameraOnline, events.CameraOffline, events.TroubleBegan}}
}
