package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

const answersConfig = `
limits: {frame_bytes: 64KiB, viewers_per_camera: 1}
hosts: [cams.example.org]
cameras:
  phone: {source: "upload:"}
  busy: {source: "upload:"}
  silent: {source: "upload:"}
  gate: {source: "http://127.0.0.1:9/"}
`

// question is a request and what its answer must be.
type question struct {
	name   string
	method string // GET where empty
	path   string
	header map[string]string
	body   []byte
	status int
	says   string // part of the answer's one line
}

// TestAnswersToBadInput asks everything a client can get wrong, of one
// gateway, and finds after each question that the last good picture is there.
func TestAnswersToBadInput(t *testing.T) {
	thorough(t)
	t.Parallel()
	s := startGateway(t, answersConfig)
	sendNumbers(t, s, "busy")
	expectNumbers(t, s, "busy", 2)
	good := camtest.Picture(1, pictureWidth, pictureHeight)
	s.ask(t, question{name: "a good picture", method: "POST", path: "/live/phone.jpg", body: good, status: 204})

	html := []byte("<html><body>Login</body></html>")
	cut := good[:len(good)-200]
	large := camtest.PadTo(good, 64<<10+4)
	wide := bytes.Clone(good)
	copy(wide[bytes.Index(wide, []byte{0xFF, 0xC0})+5:], "\xff\xff\xff\xff")
	form := map[string]string{"Content-Type": "multipart/form-data; boundary=x"}
	for _, q := range []question{
		{name: "empty body", method: "POST", path: "/live/phone.jpg", status: 400},
		{name: "form without its end", method: "POST", path: "/live/phone.jpg", header: form, body: []byte("--x\r\nContent-"), status: 400},
		{name: "bad max_age", path: "/live/phone.jpg?max_age=soon", status: 400, says: "max_age"},
		{name: "no handshake", path: "/live/phone/publish", status: 400, says: "WebSocket"},
		{name: "page of another site", method: "POST", path: "/live/phone.jpg", header: map[string]string{"Sec-Fetch-Site": "cross-site"}, body: good, status: 403},
		{name: "old browser on another site", method: "POST", path: "/live/phone.jpg", header: map[string]string{"Origin": "https://evil.example"}, body: good, status: 403},
		{name: "WebSocket of another site", path: "/live/phone/publish", header: webSocket("https://evil.example"), status: 403},
		{name: "unknown camera", path: "/live/nobody.jpg", status: 404, says: "no such camera"},
		{name: "unknown camera's stream", path: "/live/nobody.mjpeg", status: 404, says: "no such camera"},
		{name: "unknown camera's publisher", method: "POST", path: "/live/nobody.jpg", body: good, status: 404, says: "no such camera"},
		{name: "unknown camera's page", path: "/camera/nobody", status: 404, says: "no such camera"},
		{name: "broadcast of a pulled camera", path: "/broadcast/gate", status: 404, says: "source of its own"},
		{name: "unknown form", path: "/live/phone.avi", status: 404, says: ".avi"},
		{name: "unknown page", path: "/admin", status: 404},
		{name: "unknown asset", path: "/assets/main.go", status: 404},
		{name: "wrong method", method: "DELETE", path: "/live/phone.jpg", status: 405},
		{name: "second publisher", method: "POST", path: "/live/busy.jpg", body: good, status: 409, says: "already has a publisher"},
		{name: "publisher of a pulled camera", method: "POST", path: "/live/gate.jpg", body: good, status: 409, says: "source of its own"},
		{name: "too many bytes", method: "POST", path: "/live/phone.jpg", body: large, status: 413, says: "bytes"},
		{name: "HTML", method: "POST", path: "/live/phone.jpg", header: map[string]string{"Content-Type": "image/jpeg"}, body: html, status: 415, says: "not a JPEG"},
		{name: "endless HTML", method: "POST", path: "/live/phone.mjpeg", body: bytes.Repeat(html, 10_000), status: 415, says: "not a JPEG"},
		{name: "foreign name", path: "/", header: map[string]string{"Host": "evil.example"}, status: 421, says: "hosts"},
		{name: "cut off", method: "POST", path: "/live/phone.jpg", body: cut, status: 422, says: "cut off"},
		{name: "a bomb", method: "POST", path: "/live/phone.jpg", body: wide, status: 422, says: "65535x65535"},
		{name: "a size out of range", path: "/live/phone.mjpeg?width=100000", status: 422, says: "width"},
		{name: "pulled camera that is not there", path: "/live/gate.jpg", status: 502, says: "connection refused"},
		{name: "no picture in time", path: "/live/silent.jpg", status: 504, says: "no picture in time"},
	} {
		s.ask(t, q)
		s.ask(t, question{name: "the good picture after: " + q.name, path: "/live/phone.jpg?max_age=1h", status: 200})
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	v, err := camtest.Watch(ctx, s.url+"/live/phone.mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	s.ask(t, question{name: "one viewer too many", path: "/live/phone.mjpeg", status: 503, says: "too many viewers"})
	s.ask(t, question{name: "our other name", path: "/healthz", header: map[string]string{"Host": "cams.example.org:80"}, status: 200})
	s.ask(t, question{name: "ready", path: "/readyz", status: 200})
}

func webSocket(origin string) map[string]string {
	return map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": origin,
	}
}

// ask asks a question and checks the answer.
func (s *server) ask(t *testing.T, q question) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), ceiling)
	defer cancel()
	if q.method == "" {
		q.method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(ctx, q.method, s.url+q.path, bytes.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	r.Host = q.header["Host"]
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Errorf("%s: %v", q.name, err)
		return
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != q.status || !strings.Contains(string(b), q.says) {
		t.Errorf("%s: status %d, %.200q, %v; want %d that says %q", q.name, response.StatusCode, b, err, q.status, q.says)
	}
	if q.status >= 400 && strings.Count(string(b), "\n") > 1 {
		t.Errorf("%s: the answer has several lines: %.200q", q.name, b)
	}
	if q.status == 503 && response.Header.Get("Retry-After") == "" {
		t.Errorf("%s: no Retry-After", q.name)
	}
}

func TestGatewayEndsInOrder(t *testing.T) {
	s := startGateway(t, "cameras: {phone: {source: 'upload:'}, pattern: {source: 'test:', keep: always}}")
	sendNumbers(t, s, "phone")
	ctx, cancel := context.WithTimeout(t.Context(), ceiling)
	defer cancel()
	v, err := camtest.Watch(ctx, s.url+"/live/phone.mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Next(); err != nil {
		t.Fatal(err)
	}
	s.endsInTime(t)
	for err == nil {
		_, err = v.Next()
	}
	if err != io.EOF {
		t.Errorf("the viewer's stream ended with %v, want the closing boundary and EOF", err)
	}
	if _, err := http.Get(s.url + "/healthz"); err == nil {
		t.Error("it still answers")
	}
}

// TestAnswerReachesWhoStillSends, also where the client wants the connection
// closed behind it. It has a moment to do so, which a machine that others use
// too may not give it at once.
func TestAnswerReachesWhoStillSends(t *testing.T) {
	s := startGateway(t, answersConfig)
	var err error
	for range 5 {
		if err = s.sendPastAnswer(t); err == nil {
			return
		}
	}
	t.Error(err)
}

// sendPastAnswer sends a body that is too large, most of it when the answer is
// there already, and reads that to its end.
func (s *server) sendPastAnswer(t *testing.T) error {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(ceiling))
	body := make([]byte, 1_000_000)
	fmt.Fprintf(conn, "POST /live/phone.jpg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(body))
	answer := bufio.NewReader(conn)
	status, err := answer.ReadString('\n')
	if err != nil || !strings.Contains(status, " 413 ") {
		t.Fatalf("answer %q, %v", status, err)
	}
	if _, err := conn.Write(body); err != nil {
		return err
	}
	rest, err := io.ReadAll(answer)
	if err == nil && !strings.Contains(string(rest), "too many bytes") {
		t.Fatalf("answer goes on %q", rest)
	}
	return err
}

// TestEventsOfACameraThatNobodySendsTo say so, though the encoder that is to
// make them is ready.
func TestEventsOfACameraThatNobodySendsTo(t *testing.T) {
	t.Parallel()
	s := startGateway(t, "cameras: {phone: {source: 'upload:'}}")
	for _, query := range []string{"", "?width=160", "?fps=30&quality=50"} {
		ctx, cancel := context.WithTimeout(t.Context(), ceiling)
		defer cancel()
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/live/phone.sse"+query, nil)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		last := ""
		for !strings.Contains(last, `"offline","code":"away"`) {
			if !lines.Scan() {
				t.Fatalf("%q: it ends with %q, %v", query, last, lines.Err())
			}
			last = cmp.Or(lines.Text(), last)
		}
	}
}
