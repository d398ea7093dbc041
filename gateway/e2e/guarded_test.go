package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/command"
	"framegate/gateway/store"
)

// goodPassword is that of the users that tests add, where it does not matter.
const goodPassword = "correct horse battery"

// guarded is a gateway that wants to know who asks, as it is by default, and
// what the command line beside it needs.
type guarded struct {
	*server
	variables []string
	flags     []string // --config, where there is one
	data      string
	admin     firstLogin
	store     *store.Store // of the same folder, as another process has it
	auth      *auth.Auth   // on that
}

// firstLogin is what the first start prints.
type firstLogin struct{ name, password, link string }

var firstPrinted = regexp.MustCompile(`/login#(\S+) [^\n]*\n\s+or as (\S+) with the password (\S+)`)

// startGuarded runs a gateway with logins until the test ends. The variables
// are set besides.
func startGuarded(t *testing.T, configuration string, variables ...string) *guarded {
	t.Helper()
	return startGuardedAt(t, "127.0.0.1:0", configuration, variables...)
}

// startGuardedAt is startGuarded with an address to listen on.
func startGuardedAt(t *testing.T, listen, configuration string, variables ...string) *guarded {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	g := &guarded{data: data, variables: append([]string{"FRAMEGATE_DATA=" + data}, variables...)}
	if configuration != "" {
		g.flags = []string{"--config", writeConfig(t, configuration)}
	}
	args := append([]string{"serve", "--listen", listen, "--log-level", "debug"}, g.flags...)
	ctx, cancel := context.WithCancel(context.Background())
	g.server = &server{stderr: &lockedBuffer{}, stop: cancel, status: make(chan int, 1)}
	printed, stdout := io.Pipe()
	go func() {
		g.status <- command.Run(ctx, args, g.variables, stdout, g.stderr)
		stdout.Close()
	}()
	t.Cleanup(func() {
		g.end(t)
		if t.Failed() {
			log := g.stderr.String()
			t.Logf("the gateway's log ends:\n%s", log[max(0, len(log)-20_000):])
		}
	})
	g.url, g.admin = firstStartPrinted(t, printed)
	go io.Copy(io.Discard, printed)
	g.openBeside(t)
	return g
}

// firstStartPrinted reads what a first start prints, up to its empty last line.
func firstStartPrinted(t *testing.T, printed io.Reader) (url string, first firstLogin) {
	t.Helper()
	var all strings.Builder
	for lines := bufio.NewScanner(printed); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "stream") {
			break
		}
	}
	found := firstPrinted.FindStringSubmatch(all.String())
	if url = addressPrinted.FindString(all.String()); url == "" || found == nil {
		t.Fatalf("the first start printed\n%s", all.String())
	}
	return url, firstLogin{link: found[1], name: found[2], password: found[3]}
}

// openBeside opens the server's state as another process would.
func (g *guarded) openBeside(t *testing.T) {
	t.Helper()
	var err error
	if g.store, err = store.Open(t.Context(), g.data); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.store.Close() })
	if g.auth, err = auth.New(t.Context(), auth.Options{Store: g.store}); err != nil {
		t.Fatal(err)
	}
}

// beside runs a command line beside the server, and gives what it prints.
func (g *guarded) beside(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := command.Run(t.Context(), append(args, g.flags...), g.variables, &stdout, &stderr); status != 0 {
		t.Fatalf("framegate %v: status %d, %s", args, status, stderr.String())
	}
	return strings.TrimSpace(stdout.String())
}

// passwordFile writes a password to where the command line reads it.
func passwordFile(t *testing.T, password string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(name, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func grantFlagsOf(grants []string) (flags []string) {
	for _, grant := range grants {
		flags = append(flags, "--grant", grant)
	}
	return flags
}

// user adds one with goodPassword.
func (g *guarded) user(t *testing.T, name string, grants ...string) {
	t.Helper()
	g.beside(t, append([]string{"user", "add", name, "--password-file", passwordFile(t, goodPassword)}, grantFlagsOf(grants)...)...)
}

// token makes one and gives its text.
func (g *guarded) token(t *testing.T, name string, grants ...string) string {
	t.Helper()
	return g.beside(t, append([]string{"token", "create", name}, grantFlagsOf(grants)...)...)
}

// session begins a session as a login does, without a password's cost, and
// gives its cookie.
func (g *guarded) session(t *testing.T, user string, lifetime time.Duration) *http.Cookie {
	t.Helper()
	u, err := g.store.UserNamed(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	text := base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(text))
	_, err = g.store.AddSession(t.Context(), store.Session{Hash: hash[:], User: u.ID, Expires: time.Now().Add(lifetime), Address: "127.0.0.1"}, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Cookie{Name: "framegate", Value: text}
}

// link gives the query of a signed link that the owner of a token makes.
func (g *guarded) link(t *testing.T, token string, action auth.Action, camera string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, g.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	p, err := g.auth.Identify(r, auth.Use{Ways: auth.Bearer})
	if err != nil {
		t.Fatal(err)
	}
	query, err := g.auth.SignLink(t.Context(), p, action, camera, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return query.Encode()
}

// credentials are what a request brings along to say who it is from. The zero
// value is nobody.
type credentials struct {
	cookie         *http.Cookie
	bearer         string
	name, password string // of HTTP Basic
	query          string // of a signed link
}

// put adds the credentials to a request.
func (c credentials) put(r *http.Request) {
	switch {
	case c.cookie != nil:
		r.AddCookie(c.cookie)
	case c.bearer != "":
		r.Header.Set("Authorization", "Bearer "+c.bearer)
	case c.name != "":
		r.SetBasicAuth(c.name, c.password)
	case c.query != "":
		if r.URL.RawQuery != "" {
			r.URL.RawQuery += "&"
		}
		r.URL.RawQuery += c.query
	}
}

// asked is an answer, with as much of its body as was wanted.
type asked struct {
	*http.Response
	body []byte
}

// request makes a request of this server.
func (g *guarded) request(t *testing.T, method, path string, body []byte, header map[string]string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, g.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	r.Host = header["Host"]
	return r
}

// send sends a request with credentials and gives the answer to it, without
// following it anywhere. The body of an endless answer ends with its beginning.
func (g *guarded) send(t *testing.T, r *http.Request, who credentials) asked {
	t.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), ceiling)
	defer cancel()
	r = r.WithContext(ctx)
	who.put(r)
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer response.Body.Close()
	a := asked{Response: response}
	switch endless := endlessTypes.MatchString(response.Header.Get("Content-Type")); {
	case response.StatusCode == http.StatusSwitchingProtocols:
	case endless:
		a.body = make([]byte, 64)
		n, _ := io.ReadFull(response.Body, a.body)
		a.body = a.body[:n]
	default:
		if a.body, err = io.ReadAll(response.Body); err != nil {
			t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
		}
	}
	return a
}

var endlessTypes = regexp.MustCompile(`^(multipart/x-mixed-replace|video/mp4|text/event-stream)`)

// get is send for what needs no more than an address.
func (g *guarded) get(t *testing.T, path string, who credentials) asked {
	t.Helper()
	return g.send(t, g.request(t, http.MethodGet, path, nil, nil), who)
}

// call asks the API, and expects a status.
func (g *guarded) call(t *testing.T, method, path string, body any, who credentials, status int) asked {
	t.Helper()
	var content []byte
	header := map[string]string{}
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
		header["Content-Type"] = "application/json"
	}
	a := g.send(t, g.request(t, method, path, content, header), who)
	if a.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.StatusCode, status, a.body)
	}
	return a
}

// waitUntil waits for what is bound to happen.
func waitUntil(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(ceiling); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not happen", what)
		}
	}
}
