package attack

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
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

// TestAnswersToBadInput asks everything a client can get wrong, of one
// gateway, and finds after each question that the last good picture is there.
func TestAnswersToBadInput(t *testing.T) {
	rig.Thorough(t)
	t.Parallel()
	s := rig.Start(t, answersConfig)
	rig.SendNumbers(t, s, "busy")
	rig.ExpectNumbers(t, s, "busy", 2)
	good := rig.Picture(1)
	s.Ask(t, rig.Question{Name: "a good picture", Method: "POST", Path: "/live/phone.jpg", Body: good, Status: 204})

	html := []byte("<html><body>Login</body></html>")
	cut := good[:len(good)-200]
	large := camtest.PadTo(good, 64<<10+4)
	wide := bytes.Clone(good)
	copy(wide[bytes.Index(wide, []byte{0xFF, 0xC0})+5:], "\xff\xff\xff\xff")
	form := map[string]string{"Content-Type": "multipart/form-data; boundary=x"}
	for _, q := range []rig.Question{
		{Name: "empty body", Method: "POST", Path: "/live/phone.jpg", Status: 400},
		{Name: "form without its end", Method: "POST", Path: "/live/phone.jpg", Header: form, Body: []byte("--x\r\nContent-"), Status: 400},
		{Name: "bad max_age", Path: "/live/phone.jpg?max_age=soon", Status: 400, Says: "max_age"},
		{Name: "no handshake", Path: "/live/phone/publish", Status: 400, Says: "WebSocket"},
		{Name: "page of another site", Method: "POST", Path: "/live/phone.jpg", Header: map[string]string{"Sec-Fetch-Site": "cross-site"}, Body: good, Status: 403},
		{Name: "old browser on another site", Method: "POST", Path: "/live/phone.jpg", Header: map[string]string{"Origin": "https://evil.example"}, Body: good, Status: 403},
		{Name: "WebSocket of another site", Path: "/live/phone/publish", Header: rig.UpgradeFrom("https://evil.example"), Status: 403},
		{Name: "unknown camera", Path: "/live/nobody.jpg", Status: 404, Says: "no such camera"},
		{Name: "unknown camera's stream", Path: "/live/nobody.mjpeg", Status: 404, Says: "no such camera"},
		{Name: "unknown camera's publisher", Method: "POST", Path: "/live/nobody.jpg", Body: good, Status: 404, Says: "no such camera"},
		{Name: "unknown form", Path: "/live/phone.avi", Status: 404, Says: ".avi"},
		{Name: "unknown page", Path: "/admin", Status: 404},
		{Name: "unknown asset", Path: "/assets/main.go", Status: 404},
		{Name: "wrong method", Method: "DELETE", Path: "/live/phone.jpg", Status: 405},
		{Name: "second publisher", Method: "POST", Path: "/live/busy.jpg", Body: good, Status: 409, Says: "already has a publisher"},
		{Name: "publisher of a pulled camera", Method: "POST", Path: "/live/gate.jpg", Body: good, Status: 409, Says: "source of its own"},
		{Name: "too many bytes", Method: "POST", Path: "/live/phone.jpg", Body: large, Status: 413, Says: "bytes"},
		{Name: "HTML", Method: "POST", Path: "/live/phone.jpg", Header: map[string]string{"Content-Type": "image/jpeg"}, Body: html, Status: 415, Says: "not a JPEG"},
		{Name: "endless HTML", Method: "POST", Path: "/live/phone.mjpeg", Body: bytes.Repeat(html, 10_000), Status: 415, Says: "not a JPEG"},
		{Name: "foreign name", Path: "/", Header: map[string]string{"Host": "evil.example"}, Status: 421, Says: "hosts"},
		{Name: "cut off", Method: "POST", Path: "/live/phone.jpg", Body: cut, Status: 422, Says: "cut off"},
		{Name: "a bomb", Method: "POST", Path: "/live/phone.jpg", Body: wide, Status: 422, Says: "65535x65535"},
		{Name: "a size out of range", Path: "/live/phone.mjpeg?width=100000", Status: 422, Says: "width"},
		{Name: "pulled camera that is not there", Path: "/live/gate.jpg", Status: 502, Says: "connection refused"},
		{Name: "no picture in time", Path: "/live/silent.jpg", Status: 504, Says: "no picture in time"},
	} {
		s.Ask(t, q)
		s.Ask(t, rig.Question{Name: "the good picture after: " + q.Name, Path: "/live/phone.jpg?max_age=1h", Status: 200})
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	v, err := camtest.Watch(ctx, s.URL+"/live/phone.mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	s.Ask(t, rig.Question{Name: "one viewer too many", Path: "/live/phone.mjpeg", Status: 503, Says: "too many viewers"})
	s.Ask(t, rig.Question{Name: "our other name", Path: "/healthz", Header: map[string]string{"Host": "cams.example.org:80"}, Status: 200})
	s.Ask(t, rig.Question{Name: "ready", Path: "/readyz", Status: 200})
}

// TestAnswerReachesWhoStillSends, also where the client wants the connection
// closed behind it. It has a moment to do so, which a machine that others use
// too may not give it at once.
func TestAnswerReachesWhoStillSends(t *testing.T) {
	s := rig.Start(t, answersConfig)
	var err error
	for range 5 {
		if err = sendPastAnswer(t, s); err == nil {
			return
		}
	}
	t.Error(err)
}

// sendPastAnswer sends a body that is too large, most of it when the answer is
// there already, and reads that to its end.
func sendPastAnswer(t *testing.T, s *rig.Server) error {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(rig.Ceiling))
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
