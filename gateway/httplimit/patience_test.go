package httplimit

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"
)

// flood is more than client and kernel take together when nobody reads.
const flood = 32 << 20

// newFlood is a site whose handler writes more than anybody can take who does
// not read, in one write or in many.
//
// Connections and handlers that end are told alike.
func newFlood(t *testing.T, secure bool) *site {
	s := newSite(t, Limits{HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: time.Minute, Patience: time.Second}, secure)
	s.Config.Handler.(*bounded).next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			return
		}
		defer func() { s.closed <- struct{}{} }()
		switch r.URL.Path {
		case "/once":
			_, _ = w.Write(make([]byte, flood))
		case "/reader":
			_, _ = io.Copy(w, bytes.NewReader(make([]byte, flood)))
		case "/flushes":
			for b := make([]byte, 1000); http.NewResponseController(w).Flush() == nil; {
				if _, err := w.Write(b); err != nil {
					return
				}
			}
		}
	})
	return s
}

// wasHit waits for a hit of a limit.
func (s *site) wasHit(limit string) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		hit := slices.Contains(s.hits, limit)
		s.mu.Unlock()
		if hit {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s is not hit", limit)
		}
	}
}

// TestWhoReadsNothingIsCut, however the answer is written.
func TestWhoReadsNothingIsCut(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, path := range []string{"/once", "/reader", "/flushes"} {
			t.Run(fmt.Sprintf("%s, TLS %v", path, secure), func(t *testing.T) {
				t.Parallel()
				s := newFlood(t, secure)
				c := s.dial()
				ask(c) // net/http takes deadlines away behind an answer
				fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
				s.ended()
				s.ended()
				s.wasHit(LimitAnswerPatience)
			})
		}
	}
}

// TestStreamThatIsNotReadIsReset, and the others of its connection go on.
func TestStreamThatIsNotReadIsReset(t *testing.T) {
	for _, path := range []string{"/once", "/reader", "/flushes"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := newFlood(t, true)
			client := &http.Client{Transport: &http.Transport{
				TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
				ForceAttemptHTTP2: true,
				HTTP2:             &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10},
			}}
			defer client.CloseIdleConnections()
			response, err := client.Get(s.URL + path)
			if err != nil || response.ProtoMajor != 2 {
				t.Fatalf("%v, %v", response, err)
			}
			defer response.Body.Close()
			s.ended() // the handler, which nobody else could end
			s.wasHit(LimitAnswerPatience)
			other, err := client.Get(s.URL + "/other")
			if err != nil {
				t.Fatalf("the other streams ended with it: %v", err)
			}
			other.Body.Close()
			if n, err := io.Copy(io.Discard, response.Body); err == nil || n >= flood {
				t.Errorf("all %d bytes came, %v", n, err)
			}
		})
	}
}

// TestSlowReaderGetsAll, as long as it takes something now and then.
func TestSlowReaderGetsAll(t *testing.T) {
	s := newSite(t, Limits{HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: time.Minute, Patience: time.Second}, false)
	const size = 2 << 20
	s.Config.Handler.(*bounded).next = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, size))
	})
	c := s.dial()
	_ = c.(*net.TCPConn).SetReadBuffer(16 << 10)
	fmt.Fprint(c, "GET / HTTP/1.0\r\n\r\n")
	n := 0
	for began := time.Now(); time.Since(began) < 3*time.Second; time.Sleep(100 * time.Millisecond) {
		m, err := io.CopyN(io.Discard, c, 32<<10)
		if n += int(m); err != nil {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	rest, err := io.Copy(io.Discard, c)
	if err != nil || n+int(rest) < size {
		t.Errorf("%d of %d bytes, %v", n+int(rest), size, err)
	}
}

// TestHandlerThatWaitsIsNotLate: time counts only while something is written.
func TestHandlerThatWaitsIsNotLate(t *testing.T) {
	s := newSite(t, Limits{HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: time.Minute, Patience: 300 * time.Millisecond}, true)
	s.Config.Handler.(*bounded).next = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "first ")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Second) // what it waits for
		fmt.Fprint(w, "last")
	})
	response, err := s.Client().Get(s.URL)
	if err != nil || response.ProtoMajor != 2 {
		t.Fatalf("%v, %v", response, err)
	}
	defer response.Body.Close()
	if b, err := io.ReadAll(response.Body); err != nil || string(b) != "first last" {
		t.Errorf("%q, %v", b, err)
	}
}

// TestDeadlinesFromElsewhere: who ends a stream of HTTP/2 does so while its
// handler writes.
func TestDeadlinesFromElsewhere(t *testing.T) {
	s := newSite(t, Limits{HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: time.Minute}, true)
	s.Config.Handler.(*bounded).next = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		control, ended := http.NewResponseController(w), make(chan struct{})
		go func() { // ends at once
			defer close(ended)
			_ = control.SetWriteDeadline(time.Unix(1, 0))
		}()
		for {
			if _, err := w.Write(make([]byte, 1000)); err != nil {
				break
			}
		}
		<-ended
		s.closed <- struct{}{}
	})
	response, err := s.Client().Get(s.URL)
	if err == nil {
		go io.Copy(io.Discard, response.Body) // ends with the stream
		defer response.Body.Close()
	}
	s.ended()
}
