package rtspquirks

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
)

// mutedConn is a connection that takes what is written, and gives nothing.
type mutedConn struct{ net.Conn }

func (mutedConn) Write(p []byte) (int, error)      { return len(p), nil }
func (mutedConn) SetWriteDeadline(time.Time) error { return nil }

// FuzzAnswer: whatever a camera answers to whatever request, gortsplib can read
// what it gets of it, and that is for the request.
func FuzzAnswer(f *testing.F) {
	f.Add("RTSP/1.0 200 OK\nCSeq: 9\nSession: a\rb;timeout=99999999999\nTransport: x\n\n")
	f.Add("RTSP/1.0 302\nLocation: //[::1\n\n")
	f.Add("RTSP/1.0 200 OK\nPublic: GET_PARAMETER\nContent-Base: rtsp://x:y/%zz\nContent-Length: 40\n\nm=video 0 RTP/AVP 26\na=control:t\r\nxxxxxxxx")
	f.Add("RTSP/1.0 700\n\n")
	f.Add("RTSP/1.0 401\nWWW-Authenticate: Digest nonce=\"\n\n")
	f.Fuzz(func(t *testing.T, answer string) {
		for _, method := range []string{"OPTIONS", "DESCRIBE", "SETUP", "PLAY"} {
			c := NewConn(mutedConn{}, Options{Username: "user", Password: "password", Answered: func() {}, Described: func() {}})
			request := method + " rtsp://camera.example/cam RTSP/1.0\r\nCSeq: 17\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
			if _, err := io.WriteString(c, request); err != nil {
				t.Fatal(err)
			}
			m, size, _, err := readMessage([]byte(answer))
			if err != nil || size == 0 {
				return
			}
			made, err := c.heard(m)
			if err != nil || made == nil {
				continue
			}
			wantAnswer(t, made)
		}
	})
}

// wantAnswer demands an answer that gortsplib reads to its end.
func wantAnswer(t *testing.T, text []byte) {
	t.Helper()
	var res base.Response
	r := bufio.NewReader(bytes.NewReader(text))
	if err := res.Unmarshal(r); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if rest, _ := io.ReadAll(r); len(rest) > 0 || res.Header["CSeq"][0] != "17" {
		t.Errorf("%q: %q left", text, rest)
	}
	var session headers.Session
	if v, ok := res.Header["Session"]; ok {
		if err := session.Unmarshal(v); err != nil || session.Timeout != nil && *session.Timeout > maxTimeout {
			t.Errorf("%q: %v", text, err)
		}
	}
	var transport headers.Transport
	if v, ok := res.Header["Transport"]; ok {
		if err := transport.Unmarshal(v); err != nil || transport.Source != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
