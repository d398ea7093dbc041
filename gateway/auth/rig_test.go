package auth

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/secret"
	"framegate/gateway/store"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("FRAMEGATE_TEST_AUTH_REVOKE"); dir != "" {
		os.Exit(revokeAll(dir))
	}
	goleak.VerifyTestMain(m)
}

const good = "correct horse battery"

// rig is an Auth on a real database, with what tests do again and again.
type rig struct {
	*Auth
	t   testing.TB
	dir string
	log *lockedBuffer
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return openRig(t, filepath.Join(t.TempDir(), "data"))
}

func openRig(t testing.TB, dir string) *rig {
	t.Helper()
	s, err := store.Open(context.Background(), dir)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	log := new(lockedBuffer)
	a, err := New(context.Background(), Options{Store: s, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	must(t, err)
	return &rig{Auth: a, t: t, dir: dir, log: log}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// loginLink makes a link that logs a user in.
func (r *rig) loginLink(name string) secret.Text {
	r.t.Helper()
	text, _, err := r.LoginLink(r.t.Context(), r.who(cookie(r.login(name))))
	must(r.t, err)
	return text
}

// run runs the Auth until the test or stop ends.
func (r *rig) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // ends by stop, which waits for it
		defer close(done)
		if err := r.Run(ctx); err != nil {
			r.t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	r.t.Cleanup(stop)
	return stop
}

func grants(texts ...string) (all []Grant) {
	for _, text := range texts {
		g, err := ParseGrant(text)
		if err != nil {
			panic(err)
		}
		all = append(all, g)
	}
	return all
}

// user adds a user with the good password.
func (r *rig) user(name string, granted ...string) {
	r.t.Helper()
	_, err := r.AddUser(context.Background(), name, secret.New(good), grants(granted...))
	must(r.t, err)
}

func (r *rig) token(name string, granted ...string) (Token, string) {
	r.t.Helper()
	token, text, err := r.CreateToken(context.Background(), name, grants(granted...), time.Time{}, false)
	must(r.t, err)
	return token, text.Reveal()
}

// request is one from a browser or tool.
func request(change ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest("GET", "/live/front.mjpeg", nil)
	r.RemoteAddr = "192.0.2.1:1234"
	for _, c := range change {
		c(r)
	}
	return r
}

func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = address }
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func basic(name, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(name, password) }
}

func cookie(c *http.Cookie) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value}) }
}

func query(values interface{ Encode() string }) func(*http.Request) {
	return func(r *http.Request) { r.URL.RawQuery = values.Encode() }
}

type text string

func (t text) Encode() string { return string(t) }

func overTLS(r *http.Request) { r.TLS = new(tls.ConnectionState) }

var viewFront = Use{Action: View, Camera: "front", Ways: Media}

// who identifies a request, and fails the test on an error.
func (r *rig) who(change ...func(*http.Request)) Principal {
	r.t.Helper()
	p, err := r.Identify(request(change...), viewFront)
	must(r.t, err)
	return p
}

// login logs in with the good password and gives the cookie.
func (r *rig) login(name string, change ...func(*http.Request)) *http.Cookie {
	r.t.Helper()
	w := httptest.NewRecorder()
	_, err := r.Login(w, request(change...), name, secret.New(good))
	must(r.t, err)
	return onlyCookie(r.t, w)
}

func onlyCookie(t testing.TB, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies %v", cookies)
	}
	return cookies[0]
}

type httpCookie = http.Cookie

func countLines(log, with string) (n int) {
	for line := range strings.Lines(log) {
		if strings.Contains(line, with) {
			n++
		}
	}
	return n
}
