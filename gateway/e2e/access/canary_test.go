//go:build linux

package access

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/command"
	"framegate/gateway/e2e/rig"
)

// canaries are secrets that must be seen nowhere.
type canaries struct {
	mu     sync.Mutex // guards what follows
	texts  map[string]string
	seen   map[string][]byte // what the outside got to see, by where
	number int
}

func newCanaries() *canaries {
	return &canaries{texts: make(map[string]string), seen: make(map[string][]byte)}
}

// breed makes a secret.
func (c *canaries) breed(name string) string {
	c.number++
	return c.keep(name, fmt.Sprintf("Canary%02dQzJx%dWvKy", c.number, 7919*c.number))
}

// keep takes a text for a secret.
func (c *canaries) keep(name, text string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.texts[name] = text
	return text
}

// saw notes what the outside gets to see.
func (c *canaries) saw(where string, what []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[where] = append(c.seen[where], what...)
}

// spellings is how a secret may look: as it is, in hexadecimal, in an address,
// and in base64, wherever it stands in what is encoded.
func spellings(text string) (all []string) {
	all = []string{text, hex.EncodeToString([]byte(text)), url.QueryEscape(text), url.PathEscape(text)}
	for before := range 3 {
		encoded := base64.StdEncoding.EncodeToString(append(make([]byte, before), text...))
		encoded = strings.TrimRight(encoded, "=")
		all = append(all, encoded[4:len(encoded)-2])
	}
	return all
}

// findIn says where a text has a secret, but those that it may have.
func (c *canaries) findIn(t *testing.T, where string, what []byte, may ...string) {
	t.Helper()
	for name, text := range c.texts {
		if strings.Contains(fmt.Sprint(may), name) {
			continue
		}
		for _, spelling := range spellings(text) {
			if at := bytes.Index(what, []byte(spelling)); at >= 0 {
				t.Errorf("%s has the %s: %q", where, name, what[max(0, at-100):min(len(what), at+len(spelling)+20)])
				break
			}
		}
	}
}

// gossip is a camera that says everything it is told, in every place of an
// answer there is.
func gossip(t *testing.T) (address string) {
	t.Helper()
	var mu sync.Mutex // guards count
	count := 0
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { // ends when the listener is closed
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(rig.Ceiling))
				in := bufio.NewReader(conn)
				for {
					told := hear(in)
					if told == "" {
						return
					}
					mu.Lock()
					count++
					n := count
					mu.Unlock()
					if _, err := io.WriteString(conn, repeat(told, n)); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

// hear reads the head of a request, on one line.
func hear(in *bufio.Reader) string {
	var all []string
	for {
		line, err := in.ReadString('\n')
		line = strings.TrimSpace(line)
		switch {
		case err != nil:
			return ""
		case line == "":
			return strings.Join(all, " | ")
		}
		all = append(all, line)
	}
}

// repeat gives an answer with what was told.
func repeat(told string, n int) string {
	protocol, sequence := "HTTP/1.1", ""
	if strings.Contains(told, "RTSP/1.0") {
		protocol = "RTSP/1.0"
		_, after, _ := strings.Cut(told, "CSeq: ")
		sequence, _, _ = strings.Cut(after, " ")
		sequence = "CSeq: " + sequence + "\r\n"
	}
	secret := told
	if _, after, ok := strings.Cut(told, "Basic "); ok {
		text, _ := base64.StdEncoding.DecodeString(strings.Fields(after)[0])
		secret = string(text) + " " + told
	}
	if !strings.Contains(told, "Authorization") && strings.Contains(told, "@") || n%7 == 0 {
		n = 0
	}
	ask := protocol + " 401 No\r\n" + sequence + "WWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"
	if !strings.Contains(told, "Authorization") {
		return ask
	}
	long := fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(secret), secret)
	return []string{
		ask,
		protocol + " 500 " + secret + "\r\n" + sequence + "X-Echo: " + secret + "\r\n" + long,
		protocol + " 302 " + secret + "\r\n" + sequence + "Location: " + strings.ReplaceAll(secret, " ", "+") + "\r\nContent-Length: 0\r\n\r\n",
		secret + "\r\n\r\n",
		protocol + " 200 OK\r\n" + sequence + "Content-Type: image/jpeg\r\n" + long,
		protocol + " 200 OK\r\n" + sequence + "Content-Type: multipart/x-mixed-replace; boundary=" + strings.ReplaceAll(secret, " ", "") + "\r\n\r\n--" + secret + "\r\n" + secret + "\r\n\r\n" + secret,
		protocol + " 200 OK\r\n" + sequence + "Content-Encoding: " + secret + "\r\n" + long,
	}[n%7]
}

// story is a day of a gateway with secrets everywhere.
type story struct {
	*rig.Process
	*canaries
	camera string // address of the gossip
}

// ask sends a request and notes the answer, in which some secrets may be.
func (s *story) ask(t *testing.T, method, path string, body []byte, header map[string]string, who rig.Credentials, reveals ...string) rig.Answer {
	t.Helper()
	a := s.Send(t, s.Request(t, method, path, body, header), who)
	var all bytes.Buffer
	fmt.Fprintf(&all, "%d\r\n", a.StatusCode)
	a.Header.Write(&all)
	all.Write(a.Content)
	if reveals == nil {
		s.saw(method+" "+path, all.Bytes())
	}
	return a
}

func (s *story) call(t *testing.T, method, path string, body any, who rig.Credentials, reveals ...string) rig.Answer {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return s.ask(t, method, path, content, rig.AsJSON, who, reveals...)
}

// TestSecretsAreSeenNowhere tells a story in which every address is asked for,
// right and wrong, cameras fail in every way, and all is logged; and looks for
// the secrets in everything that anybody got to see.
func TestSecretsAreSeenNowhere(t *testing.T) {
	rig.Need(t, "ffmpeg")
	c := newCanaries()
	s := &story{canaries: c, camera: gossip(t)}
	configuration := s.configuration(t)
	s.Process = rig.StartProcess(t, filepath.Join(t.TempDir(), "data"), configuration,
		"FRAMEGATE_CAMERAS__VARIABLE__PASSWORD="+c.breed("password in the environment"), "GOTRACEBACK=all")
	s.OpenBeside(t)
	c.keep("first password", s.Admin.Password)
	c.keep("login link", s.Admin.Link)

	admin := s.logins(t)
	stop := s.listen(t, admin)
	s.everything(t, admin)
	s.mistakes(t, admin)
	s.commands(t)
	s.reloads(t, configuration)
	s.waitForFailures(t, admin)
	if a := s.ask(t, "GET", "/api/v1/diagnostics", nil, nil, admin); !bytes.Contains(a.Content, []byte(`"message": "source ended"`)) || !bytes.Contains(a.Content, []byte(`"last_error"`)) {
		t.Errorf("the diagnostics tell nothing of what failed: %s", a.Content)
	}
	s.looksAtProcesses(t, admin)
	stop()
	s.dump(t)

	for where, what := range c.seen {
		c.findIn(t, where, what)
	}
	c.findIn(t, "stdout", []byte(s.Printed.String()), "first password", "login link")
	log := s.Log.String()
	c.findIn(t, "the log", []byte(log))
	for _, id := range []string{"written", "variable", "filed", "addressed", "streamed", "silent", "nameless", "added"} {
		if !strings.Contains(log, "\"source ended\" stream="+id) {
			t.Errorf("camera %s is not in the log, so this tells nothing", id)
		}
	}
	s.looksAtFiles(t)
	if len(c.texts) < 20 || len(c.seen) < 60 || len(log) < 10_000 {
		t.Errorf("%d secrets, %d answers and a log of %d bytes are not the whole story", len(c.texts), len(c.seen), len(log))
	}
}

// configuration writes one with secrets.
func (s *story) configuration(t *testing.T) string {
	t.Helper()
	return rig.WriteConfig(t, fmt.Sprintf(strings.ReplaceAll(`
default_camera: phone
network: {allow: [127.0.0.0/8]}
notify: {webhooks: {ops: {url: "http://ops:%s@GOSSIP/%s?x=%s", secret: whsec_%s}}, mqtt: {url: "mqtt://GOSSIP", username: ops, password: %s}}
cameras:
  phone: {source: "upload:"}
  pattern: {source: "test:?width=160&height=120&fps=5"}
  written: {source: "http://GOSSIP/a?pwd=%s", username: viewer, password: %s, keep: always}
  variable: {source: "http://GOSSIP/b", username: viewer, keep: always}
  filed: {source: "http://GOSSIP/c", username: viewer, password_file: %s, keep: always}
  addressed: {source: "http://viewer:%s@GOSSIP/d?token=%s", keep: always}
  streamed: {source: "rtsp://viewer:%s@GOSSIP/e?auth=%s", keep: always}
  silent: {source: "http://viewer:%s@127.0.0.1:9/f?pwd=%s", keep: always}
  nameless: {source: "http://viewer:%s@nowhere.invalid/g?pwd=%s", keep: always}
`, "GOSSIP", s.camera), s.breed("password of a webhook"), s.breed("path of a webhook"), s.breed("query of a webhook"),
		base64.StdEncoding.EncodeToString([]byte(s.breed("secret of a webhook")+"-padded")), s.breed("password of a broker"), s.breed("query"), s.breed("password in the file"), rig.PasswordFile(t, s.breed("password of a file")),
		s.breed("password in an address"), s.breed("token in an address"), s.breed("RTSP password"), s.breed("RTSP query"),
		s.breed("password of a silent camera"), s.breed("query of a silent camera"), s.breed("password of a nameless camera"), s.breed("query of a nameless camera")))
}

// logins makes users and tokens, and gives an admin who logged in by the link.
func (s *story) logins(t *testing.T) rig.Credentials {
	t.Helper()
	s.Beside(t, "user", "add", "anna", "--password-file", rig.PasswordFile(t, s.breed("user password")), "--grant", "view:*")
	s.keep("made password", strings.TrimPrefix(s.Beside(t, "user", "add", "bert", "--grant", "view:phone"), "password: "))
	token := s.keep("token", s.AddToken(t, "nvr", "view:*", "publish:*"))
	first := fmt.Appendf(nil, `{"link": %q}`, s.Admin.Link)
	a := s.ask(t, "POST", "/api/v1/login", first, rig.AsJSON, rig.Credentials{}, "session")
	if len(a.Cookies()) != 1 {
		t.Fatalf("status %d, no cookie", a.StatusCode)
	}
	cookie := a.Cookies()[0]
	s.keep("session", cookie.Value)
	admin := rig.Credentials{Cookie: &http.Cookie{Name: cookie.Name, Value: cookie.Value}}
	again := s.call(t, "POST", "/api/v1/me/login-link", map[string]string{"next": "/"}, admin, "login link").Content
	var once struct{ Link string }
	if json.Unmarshal(again, &once) != nil || once.Link == "" {
		t.Fatalf("no link in %s", again)
	}
	s.keep("second login link", once.Link)
	phone := s.call(t, "POST", "/api/v1/login", map[string]string{"link": once.Link}, rig.Credentials{}, "session")
	if len(phone.Cookies()) != 1 {
		t.Fatalf("status %d, no cookie", phone.StatusCode)
	}
	s.keep("session of a phone", phone.Cookies()[0].Value)
	made := s.call(t, "POST", "/api/v1/tokens", map[string]any{"name": "second", "grants": []string{"view:*"}, "sealed": true}, admin, "token").Content
	var second struct{ Text string }
	if json.Unmarshal(made, &second) != nil || second.Text == "" {
		t.Fatalf("no token in %s", made)
	}
	s.keep("second token", second.Text)
	linked := s.call(t, "POST", "/api/v1/cameras/phone/links", map[string]any{"action": "view", "expires_in": "10m"}, rig.Credentials{Bearer: token}, "link").Content
	var link struct{ Query string }
	if json.Unmarshal(linked, &link) != nil {
		t.Fatalf("no link in %s", linked)
	}
	query, err := url.ParseQuery(link.Query)
	if err != nil || query.Get("sig") == "" {
		t.Fatalf("no link in %s", linked)
	}
	s.keep("signed link", query.Get("sig"))
	for _, path := range []string{"/live/phone.mjpeg", "/live/absent.jpg", "/live/phone.avi", "/camera/phone", "/api/v1/cameras", "/login"} {
		s.ask(t, "GET", path+"?"+link.Query, nil, nil, rig.Credentials{})
		s.ask(t, "GET", path, nil, nil, rig.Credentials{Bearer: token})
		s.ask(t, "GET", path, nil, nil, rig.Credentials{Name: "anna", Password: s.texts["user password"]})
		s.ask(t, "GET", path, nil, nil, rig.Credentials{Name: "any", Password: token})
	}
	return admin
}

// listen notes the events of the whole story. stop ends that.
func (s *story) listen(t *testing.T, admin rig.Credentials) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := s.Request(t, "GET", "/api/v1/events?status=1s", nil, nil).WithContext(ctx)
	admin.Put(r)
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer response.Body.Close()
		buffer := make([]byte, 4096)
		for {
			n, err := response.Body.Read(buffer)
			s.saw("the events", buffer[:n])
			if err != nil {
				return
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}

// everything asks for every address, as an admin and as nobody.
func (s *story) everything(t *testing.T, admin rig.Credentials) {
	t.Helper()
	s.call(t, "POST", "/api/v1/cameras", map[string]string{
		"id": "added", "source": "http://" + s.camera + "/h?pwd=" + s.breed("query by the API"), "username": "viewer",
		"password": s.breed("password by the API"), "keep": "always",
	}, admin)
	s.call(t, "PATCH", "/api/v1/cameras/added", map[string]string{"name": "Renamed"}, admin)
	s.call(t, "PATCH", "/api/v1/cameras/added", map[string]string{"password": s.breed("second password by the API")}, admin)
	s.call(t, "POST", "/api/v1/cameras/probe", map[string]string{
		"source": "rtsp://viewer:" + s.breed("password tried") + "@" + s.camera + "/i?pwd=" + s.breed("query tried"),
	}, admin)
	s.call(t, "POST", "/api/v1/users", map[string]any{"name": "carl", "password": s.breed("password of a user by the API"), "grants": []string{"view:*"}}, admin)
	s.call(t, "POST", "/api/v1/webhooks", map[string]string{
		"name": "added", "url": "http://ops:" + s.breed("password of a webhook by the API") + "@" + s.camera + "/" + s.breed("path of a webhook by the API") + "?x=" + s.breed("query of a webhook by the API"),
		"secret": "whsec_" + base64.StdEncoding.EncodeToString([]byte(s.breed("secret of a webhook by the API")+"-padded")),
	}, admin)
	s.call(t, "PATCH", "/api/v1/webhooks/added", map[string]any{"events": []string{"camera_changed", "settings_changed"}}, admin)
	for range 8 { // in each way in which it may answer
		s.ask(t, "POST", "/api/v1/webhooks/added/test", nil, nil, admin)
	}
	picture := rig.Picture(1)
	for _, who := range []rig.Credentials{admin, {}} {
		s.ask(t, "POST", "/live/phone.jpg", picture, rig.AsJPEG, who)
		s.ask(t, "POST", "/upload", picture, rig.AsJPEG, who)
		for _, camera := range []string{"phone", "pattern", "written", "variable", "filed", "addressed", "streamed", "silent", "nameless", "added", "absent"} {
			for _, path := range []string{"/camera/", "/api/v1/cameras/", "/live/"} {
				s.ask(t, "GET", path+camera, nil, rig.AsPage, who)
			}
			s.ask(t, "GET", "/api/v1/cameras/"+camera+"/status", nil, nil, who)
		}
		for _, path := range []string{"written.mjpeg", "written.sse", "phone.sse", "phone.mp4", "absent.mjpeg", "streamed.mp4"} {
			s.ask(t, "HEAD", "/live/"+path, nil, nil, who)
		}
		s.ask(t, "GET", "/live/written.sse", nil, nil, who)
		for _, path := range []string{"/", "/login", "/broadcast/phone", "/stream", "/healthz", "/readyz", "/metrics", "/ca.crt", "/absent", "/assets/app/app.js", "/debug/pprof/"} {
			s.ask(t, "GET", path, nil, rig.AsPage, who)
		}
		for _, path := range []string{"cameras", "status", "publishers", "viewers", "users", "users/anna", "tokens", "sessions", "me", "settings", "webhooks", "webhooks/added", "webhooks/ops", "mqtt", "server", "limits", "cluster", "cluster/relays", "log", "diagnostics", "absent"} {
			s.ask(t, "GET", "/api/v1/"+path, nil, nil, who)
		}
		s.ask(t, "GET", "/api/openapi.json", nil, nil, who)
		s.ask(t, "GET", "/api/docs", nil, nil, who)
	}
}

// mistakes sends secrets to where they do not belong.
func (s *story) mistakes(t *testing.T, admin rig.Credentials) {
	t.Helper()
	slip := func(name string) string { return s.breed("slip: " + name) }
	for _, body := range []string{
		`{"id": "x", "source": "http://u:` + slip("port") + `@127.0.0.1:99999/"}`,
		`{"id": "x", "source": "http://u:` + slip("space") + `@ host/"}`,
		`{"id": "x", "source": "` + slip("no scheme") + `"}`,
		`{"id": "x", "source": "` + slip("scheme") + `://host/"}`,
		`{"id": "x", "source": "upload:", "password": "` + slip("upload") + `"}`,
		`{"id": "x", "source": "upload:", "password": ["` + slip("list") + `"]}`,
		`{"id": "x", "source": "upload:", "passwort": "` + slip("name") + `"}`,
		`{"id": "x", "source": "http://h/", "username": "a:` + slip("colon") + `"}`,
		`{"id": "x", "source": "http://h/", "password": "` + slip("line") + `\n"}`,
		`{"name": "x", "url": "` + slip("no address") + `"}`,
		`{"name": "x", "url": "http://u:` + slip("a bad port") + `@h:99999/"}`,
		`{"name": "x", "url": "http://h/", "secret": "` + slip("no secret") + `"}`,
		`{"password": "` + slip("cut off"),
		`"` + slip("text") + `"`,
	} {
		for _, path := range []string{"/api/v1/cameras", "/api/v1/cameras/probe", "/api/v1/webhooks", "/api/v1/users", "/api/v1/tokens", "/api/v1/login", "/api/v1/me/password"} {
			s.ask(t, "POST", path, []byte(body), rig.AsJSON, admin)
		}
		s.ask(t, "PATCH", "/api/v1/cameras/added", []byte(body), rig.AsJSON, admin)
		s.ask(t, "PATCH", "/api/v1/webhooks/added", []byte(body), rig.AsJSON, admin)
		s.ask(t, "PATCH", "/api/v1/mqtt", []byte(body), rig.AsJSON, admin)
		s.ask(t, "PATCH", "/api/v1/users/anna", []byte(body), rig.AsJSON, admin)
	}
	// A password is typed where the name goes, or wrong by one letter.
	guess := fmt.Appendf(nil, `{"name": %q, "password": %q}`, slip("as the name"), slip("wrong"))
	s.ask(t, "POST", "/api/v1/login", guess, rig.AsJSON, rig.Credentials{})
	s.ask(t, "GET", "/live/phone.jpg", nil, nil, rig.Credentials{Name: slip("as a player's name"), Password: slip("a player's")})
	s.ask(t, "GET", "/live/phone.jpg", nil, nil, rig.Credentials{Bearer: "fg_" + slip("bearer")})
	s.ask(t, "GET", "/live/phone.jpg", nil, nil, rig.Credentials{Query: "exp=1&sig=" + slip("link")})
	s.ask(t, "GET", "/live/phone.jpg", nil, nil, rig.Credentials{Cookie: &http.Cookie{Name: "framegate", Value: slip("cookie")}})
	s.ask(t, "POST", "/api/v1/login", fmt.Appendf(nil, `{"link": %q}`, slip("login link")), rig.AsJSON, rig.Credentials{})
	s.call(t, "POST", "/api/v1/login", map[string]string{"link": slip("login link to the API")}, rig.Credentials{})
	s.ask(t, "GET", "/?next="+slip("query"), nil, nil, admin)
	s.Raw(t, "GET /live/phone.jpg?token="+slip("malformed")+" HTTP/1.1\r\nHost: localhost\r\nAuthorization : Basic x\r\n\r\n")
}

// commands runs the command line beside the server.
func (s *story) commands(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{{"user", "list"}, {"token", "list"}, {"check"}} {
		s.saw("framegate "+strings.Join(args, " "), []byte(s.Beside(t, args...)))
	}
	s.Beside(t, "user", "passwd", "anna", "--password-file", rig.PasswordFile(t, s.breed("new password")))
	s.Beside(t, "token", "revoke", "second")
	var stdout, stderr bytes.Buffer
	for _, args := range [][]string{
		{"user", "add", "anna", "--password-file", rig.PasswordFile(t, s.breed("password of one who is there"))},
		{"user", "add", "weak", "--password-file", rig.PasswordFile(t, s.breed("too long a password")+strings.Repeat("x", 300))},
	} {
		if command.Run(t.Context(), append(args, s.ConfigFlags()...), s.Variables, &stdout, &stderr) == 0 {
			t.Errorf("%v works", args)
		}
	}
	s.saw("mistakes on the command line", append(stdout.Bytes(), stderr.Bytes()...))
}

// reloads gives the server a configuration that is wrong, and one that is right
// again.
func (s *story) reloads(t *testing.T, name string) {
	t.Helper()
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`  wrong: {source: "http://viewer:` + s.breed("password with a bad port") + `@host:99999/"}`,
		`  wrong: {source: "htp://viewer:` + s.breed("password of no scheme") + `@host/"}`,
		`  wrong: {source: "upload:", password: ` + s.breed("password of no use") + `}`,
		`  wrong: {source: "http://h/", password: [` + s.breed("password in a list") + `]}`,
		`  wrong: {source: "http://h/", passwort: ` + s.breed("password of a wrong key") + `}`,
	} {
		refusals := strings.Count(s.Log.String(), "configuration not taken")
		if err := os.WriteFile(name, append(bytes.Clone(good), line...), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Cmd.Process.Signal(syscall.SIGHUP)
		rig.Await(t, "the refusal", func() bool { return strings.Count(s.Log.String(), "configuration not taken") > refusals })
		var stderr bytes.Buffer
		command.Run(t.Context(), []string{"check", "--config", name}, s.Variables, io.Discard, &stderr)
		s.saw("framegate check", stderr.Bytes())
	}
	if err := os.WriteFile(name, good, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := strings.Count(s.Log.String(), "configuration taken")
	s.Cmd.Process.Signal(syscall.SIGHUP)
	rig.Await(t, "the reload", func() bool { return strings.Count(s.Log.String(), "configuration taken") > taken })
}

// waitForFailures waits until every camera has failed.
func (s *story) waitForFailures(t *testing.T, admin rig.Credentials) {
	t.Helper()
	rig.Await(t, "every camera's failure", func() bool {
		failed := 0
		for _, id := range []string{"written", "variable", "filed", "addressed", "streamed", "silent", "nameless", "added"} {
			if strings.Contains(string(s.ask(t, "GET", "/api/v1/cameras/"+id+"/status", nil, nil, admin).Content), `"last_error"`) {
				failed++
			}
		}
		return failed == 8
	})
	rig.Await(t, "the failures of the webhook and of the broker", func() bool {
		said := string(s.ask(t, "GET", "/api/v1/server", nil, nil, admin).Content)
		return strings.Contains(said, `"name":"ops","kind":"webhook"`) && strings.Count(said, `"error_at"`) >= 2 && strings.Contains(said, `"kind":"mqtt","address":"mqtt://`+s.camera+`","state":"failing"`)
	})
	s.ask(t, "GET", "/api/v1/settings", nil, nil, admin)
}

// looksAtProcesses has an ffmpeg run, and looks at what everybody on the
// machine can see of the processes.
func (s *story) looksAtProcesses(t *testing.T, admin rig.Credentials) {
	t.Helper()
	pattern := s.Open(t, s.Request(t, "GET", "/live/pattern.mjpeg?width=80", nil, nil), admin, nil)
	defer pattern.Conn.Close()
	var children []int
	rig.Await(t, "an ffmpeg", func() bool {
		children = rig.ChildrenOf(t, s.Cmd.Process.Pid)
		for _, pid := range children {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if bytes.Contains(line, []byte("-nostdin")) {
				return true
			}
		}
		return false
	})
	for _, pid := range append(children, s.Cmd.Process.Pid) {
		for _, name := range []string{"cmdline", "environ", "comm"} {
			if name == "environ" && pid == s.Cmd.Process.Pid {
				continue // ours to be given secrets in, and nobody else's to read
			}
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
			s.saw("/proc/"+name, append(text, '\n'))
		}
	}
}

// dump has the process end as it does after a fault, with all its stacks in the
// log, and finds no core of it.
func (s *story) dump(t *testing.T) {
	t.Helper()
	s.Cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-s.Exited:
	case <-time.After(rig.Ceiling):
		t.Fatal("the process does not end")
	}
	if !strings.Contains(s.Log.String(), "goroutine 1 ") {
		t.Error("there are no stacks in the log, so this tells nothing")
	}
	for _, folder := range []string{".", s.Data} {
		if cores, _ := filepath.Glob(filepath.Join(folder, "core*")); len(cores) > 0 {
			t.Errorf("it leaves %v", cores)
		}
	}
}

// looksAtFiles looks into what is kept on disk, where only the key is in clear.
func (s *story) looksAtFiles(t *testing.T) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(s.Data, "key"))
	if err != nil {
		t.Fatal(err)
	}
	s.keep("state key", strings.TrimSpace(string(key)))
	for where, what := range s.seen {
		s.findIn(t, where, what)
	}
	s.findIn(t, "the log", []byte(s.Log.String()))
	err = filepath.WalkDir(s.Data, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "key" {
			return err
		}
		content, err := os.ReadFile(name)
		s.findIn(t, entry.Name(), content)
		info, _ := entry.Info()
		if info != nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", entry.Name(), info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
