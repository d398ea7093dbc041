package httplimit

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// site is a server whose connections are bounded, and what became of
// them.
type site struct {
	*httptest.Server
	t      *testing.T
	closed chan struct{} // a token for each connection that ended or was taken over

	mu   sync.Mutex // guards hits
	hits []string
}

func newSite(t *testing.T, limits Limits, secure bool) *site {
	s := &site{t: t, closed: make(chan struct{}, 100)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/take" {
			if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
				fmt.Fprint(c, "HTTP/1.0 200 OK\r\n\r\ntaken")
				c.Close()
			}
			return
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) // as handlers do that read a body
		fmt.Fprint(w, "ok")
	}))
	if limits.Room == nil {
		limits.Room = func() Room { return Room{100, 100} }
	}
	if limits.Patience == 0 {
		limits.Patience = time.Minute
	}
	s.Listener = Put(limits, s.Config, s.Listener, func(limit string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hits = append(s.hits, limit)
	})
	note := s.Config.ConnState
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		note(c, state)
		if state == http.StateClosed || state == http.StateHijacked {
			s.closed <- struct{}{}
		}
	}
	s.EnableHTTP2 = secure
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// dial connects, with TLS where the server has it.
func (s *site) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if s.TLS != nil {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return c
}

// ended waits for a connection to end, and gives the hits.
func (s *site) ended() []string {
	s.t.Helper()
	select {
	case <-s.closed:
	case <-time.After(30 * time.Second):
		s.t.Fatal("the connection does not end")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hits)
}

const (
	request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	half    = "GET / HTTP/1.1\r\nHost: x\r\nX-Half: "
)

// ask sends one request and reads its answer.
func ask(c net.Conn) {
	fmt.Fprint(c, request)
	if response, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil {
		_, _ = io.Copy(io.Discard, response.Body)
	}
}

// TestConnectionsThatMeetALimit are ended, and the limit is counted.
func TestConnectionsThatMeetALimit(t *testing.T) {
	usual := Limits{HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: time.Minute}
	impatient := func(l *Limits) { l.HeaderTimeout = time.Second }
	for name, c := range map[string]struct {
		change func(*Limits)
		client func(net.Conn)
		want   []string
	}{
		"says nothing": {impatient, func(net.Conn) {}, []string{LimitHeaderTimeout}},
		"sends half a head": {impatient, func(c net.Conn) {
			fmt.Fprint(c, half)
		}, []string{LimitHeaderTimeout}},
		"sends half a second head": {impatient, func(c net.Conn) {
			ask(c)
			fmt.Fprint(c, half)
		}, []string{LimitHeaderTimeout}},
		"sends too large a head": {nil, func(c net.Conn) {
			go io.Copy(io.Discard, c) // ends with the connection
			fmt.Fprint(c, half+strings.Repeat("x", 64<<10))
		}, []string{LimitHeaderBytes}},
		"sends too large a second head": {nil, func(c net.Conn) {
			ask(c)
			go io.Copy(io.Discard, c) // ends with the connection
			fmt.Fprint(c, half+strings.Repeat("x", 64<<10))
		}, []string{LimitHeaderBytes}},
		"is idle": {func(l *Limits) { l.IdleTimeout = 200 * time.Millisecond }, func(c net.Conn) {
			ask(c)
		}, []string{LimitIdleTimeout}},
		"sends a head that just fits": {nil, func(c net.Conn) {
			fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: "+strings.Repeat("x", 8<<10)+"\r\n\r\n")
		}, nil},
		"asks and leaves":  {nil, func(c net.Conn) { ask(c); c.Close() }, nil},
		"leaves in a head": {nil, func(c net.Conn) { fmt.Fprint(c, half); c.Close() }, nil},
		"sends garbage":    {nil, func(c net.Conn) { fmt.Fprint(c, "\x00\x01\r\n\r\n") }, nil},
		"is taken over": {nil, func(c net.Conn) {
			fmt.Fprint(c, strings.Replace(request, "/ ", "/take ", 1))
			if b, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(b), "taken") {
				t.Errorf("%q, %v", b, err)
			}
		}, nil},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS %v", name, secure), func(t *testing.T) {
				t.Parallel()
				limits := usual
				if c.change != nil {
					c.change(&limits)
				}
				s := newSite(t, limits, secure)
				c.client(s.dial())
				if diff := cmp.Diff(c.want, s.ended()); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// TestIdleHTTP2 is the one limit that shows from without.
func TestIdleHTTP2(t *testing.T) {
	s := newSite(t, Limits{HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: 500 * time.Millisecond}, true)
	response, err := s.Client().Get(s.URL)
	if err != nil || response.ProtoMajor != 2 {
		t.Fatalf("%v, %v", response, err)
	}
	response.Body.Close()
	if diff := cmp.Diff([]string{LimitIdleTimeout}, s.ended()); diff != "" {
		t.Error(diff)
	}
}
