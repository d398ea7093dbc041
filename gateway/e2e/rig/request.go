package rig

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Credentials are what a request brings along to say who it is from. The zero
// value is nobody.
type Credentials struct {
	Cookie         *http.Cookie
	Bearer         string
	Name, Password string // of HTTP Basic
	Digest         bool   // Name and Password are for Digest
	Query          string // of a signed link
}

// Put adds the credentials to a request.
func (c Credentials) Put(r *http.Request) {
	switch {
	case c.Cookie != nil:
		r.AddCookie(c.Cookie)
	case c.Bearer != "":
		r.Header.Set("Authorization", "Bearer "+c.Bearer)
	case c.Digest:
		r.Header.Set("Authorization", c.answer("", r.Method, r.URL.RequestURI()))
	case c.Name != "":
		r.SetBasicAuth(c.Name, c.Password)
	case c.Query != "":
		if r.URL.RawQuery != "" {
			r.URL.RawQuery += "&"
		}
		r.URL.RawQuery += c.Query
	}
}

// Headers of requests, by what they carry or who sends them.
var (
	AsPage = map[string]string{"Accept": "text/html,*/*"}
	AsJSON = map[string]string{"Content-Type": "application/json"}
	AsJPEG = map[string]string{"Content-Type": "image/jpeg"}
)

// Upgrade is the header of a request for a WebSocket as tools send it, without an
// Origin.
func Upgrade() map[string]string {
	return map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	}
}

// UpgradeFrom is Upgrade as a browser sends it for a page of some origin.
func UpgradeFrom(origin string) map[string]string {
	header := Upgrade()
	header["Origin"] = origin
	return header
}

// WebSocketFrame masks a message of at most 65,535 bytes as clients do, with
// zeros.
func WebSocketFrame(opcode byte, payload []byte) []byte {
	n := len(payload)
	frame := []byte{0x80 | opcode, 0x80 | 126, byte(n >> 8), byte(n), 0, 0, 0, 0}
	return append(frame, payload...)
}

// Answer is what was answered. Its Body is closed; Content is as much of that as
// was wanted.
type Answer struct {
	*http.Response
	Content []byte
}

// Request makes a request of this server. The header's Host is whom it asks for.
func (s *Server) Request(t *testing.T, method, path string, body []byte, header map[string]string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	r.Host = header["Host"]
	return r
}

var endlessTypes = regexp.MustCompile(`^(multipart/x-mixed-replace|video/mp4|text/event-stream)`)

// Send sends a request with credentials, on a connection of its own, and gives
// the answer to it, without following it anywhere. The content of an endless
// answer is its beginning.
func (s *Server) Send(t *testing.T, r *http.Request, who Credentials) Answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), Ceiling)
	defer cancel()
	r = r.WithContext(ctx)
	who.Put(r)
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer response.Body.Close()
	a := Answer{Response: response}
	switch endless := endlessTypes.MatchString(response.Header.Get("Content-Type")); {
	case response.StatusCode == http.StatusSwitchingProtocols:
	case endless:
		a.Content = make([]byte, 64)
		n, _ := io.ReadFull(response.Body, a.Content)
		a.Content = a.Content[:n]
	default:
		if a.Content, err = io.ReadAll(response.Body); err != nil {
			t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
		}
	}
	return a
}

// Get is Send for what needs no more than an address.
func (s *Server) Get(t *testing.T, path string, who Credentials) Answer {
	t.Helper()
	return s.Send(t, s.Request(t, http.MethodGet, path, nil, nil), who)
}

// Call asks the API, with a body that becomes JSON where it is not nil, and
// expects a status.
func (s *Server) Call(t *testing.T, method, path string, body any, who Credentials, status int) Answer {
	t.Helper()
	var content []byte
	var header map[string]string
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
		header = AsJSON
	}
	a := s.Send(t, s.Request(t, method, path, content, header), who)
	if a.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.StatusCode, status, a.Content)
	}
	return a
}

// Question is a request of nobody's, and what its answer must be.
type Question struct {
	Name   string // of the case
	Method string // GET where empty
	Path   string
	Header map[string]string
	Body   []byte
	Status int
	Says   string // part of the answer's one line
}

// Ask asks a question and checks the answer, which is one line where it is an
// error.
func (s *Server) Ask(t *testing.T, q Question) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Ceiling)
	defer cancel()
	if q.Method == "" {
		q.Method = http.MethodGet
	}
	response, err := http.DefaultTransport.RoundTrip(s.Request(t, q.Method, q.Path, q.Body, q.Header).WithContext(ctx))
	if err != nil {
		t.Errorf("%s: %v", q.Name, err)
		return
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != q.Status || !strings.Contains(string(b), q.Says) {
		t.Errorf("%s: status %d, %.200q, %v; want %d that says %q", q.Name, response.StatusCode, b, err, q.Status, q.Says)
	}
	if q.Status >= 400 && strings.Count(string(b), "\n") > 1 {
		t.Errorf("%s: the answer has several lines: %.200q", q.Name, b)
	}
	if q.Status == 503 && response.Header.Get("Retry-After") == "" {
		t.Errorf("%s: no Retry-After", q.Name)
	}
}

// Raw sends bytes on a connection of their own and gives the statuses of all
// answers to them, and 0 for the end behind them.
func (s *Server) Raw(t *testing.T, bytes string) (statuses []int) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(Ceiling))
	if _, err := io.WriteString(conn, bytes); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	for {
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			return append(statuses, 0) // the connection is closed
		}
		io.Copy(io.Discard, response.Body)
		statuses = append(statuses, response.StatusCode)
	}
}

// Fetch asks for an address by a client, which may follow the answer elsewhere,
// and gives what is answered at last, with its body.
func Fetch(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Ceiling)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// ViewersOf asks a gateway without logins how many watch a camera; -1 where
// there is none.
func ViewersOf(t *testing.T, c *http.Client, s *Server, camera string) int {
	t.Helper()
	_, body := Fetch(t, c, s.URL+"/api/v1/status")
	var status struct {
		Cameras []struct {
			ID      string `json:"id"`
			Viewers int    `json:"viewers"`
		} `json:"cameras"`
	}
	if err := json.Unmarshal([]byte(body), &status); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, c := range status.Cameras {
		if c.ID == camera {
			return c.Viewers
		}
	}
	return -1
}
