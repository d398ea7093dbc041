package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/config"
)

// boundedSite is a server whose connections are bounded, and what became of
// them.
type boundedSite struct {
	*httptest.Server
	t      *testing.T
	closed chan struct{} // a token for each connection that ended or was taken over

	mu   sync.Mutex // guards hits
	hits []string
}

func newBoundedSite(t *testing.T, limits config.Limits, secure bool) *boundedSite {
	s := &boundedSite{t: t, closed: make(chan struct{}, 100)}
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
	s.Listener = bounded(s.Config, s.Listener, limits, func(limit string) {
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
func (s *boundedSite) dial() net.Conn {
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
func (s *boundedSite) ended() []string {
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
	usual := config.Limits{HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: time.Minute}
	impatient := func(l *config.Limits) { l.HeaderTimeout = time.Second }
	for name, c := range map[string]struct {
		change func(*config.Limits)
		client func(net.Conn)
		want   []string
	}{
		"says nothing": {impatient, func(net.Conn) {}, []string{limitHeaderTimeout}},
		"sends half a head": {impatient, func(c net.Conn) {
			fmt.Fprint(c, half)
		}, []string{limitHeaderTimeout}},
		"sends half a second head": {impatient, func(c net.Conn) {
			ask(c)
			fmt.Fprint(c, half)
		}, []string{limitHeaderTimeout}},
		"sends too large a head": {nil, func(c net.Conn) {
			go io.Copy(io.Discard, c) // ends with the connection
			fmt.Fprint(c, half+strings.Repeat("x", 64<<10))
		}, []string{limitHeaderBytes}},
		"sends too large a second head": {nil, func(c net.Conn) {
			ask(c)
			go io.Copy(io.Discard, c) // ends with the connection
			fmt.Fprint(c, half+strings.Repeat("x", 64<<10))
		}, []string{limitHeaderBytes}},
		"is idle": {func(l *config.Limits) { l.IdleTimeout = 200 * time.Millisecond }, func(c net.Conn) {
			ask(c)
		}, []string{limitIdleTimeout}},
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
				s := newBoundedSite(t, limits, secure)
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
	s := newBoundedSite(t, config.Limits{HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: 500 * time.Millisecond}, true)
	response, err := s.Client().Get(s.URL)
	if err != nil || response.ProtoMajor != 2 {
		t.Fatalf("%v, %v", response, err)
	}
	response.Body.Close()
	if diff := cmp.Diff([]string{limitIdleTimeout}, s.ended()); diff != "" {
		t.Error(diff)
	}
}

// TestLimitsThatTakeARestart: those on viewers and the API are taken, and
// nothing else.
func TestLimitsThatTakeARestart(t *testing.T) {
	now := config.Limits{Viewers: 1, ViewersPerCamera: 2, ViewersPerPrincipal: 3, ViewersPerAddress: 4, FrameBytes: 5}
	next := config.Limits{Viewers: 6, ViewersPerCamera: 7, ViewersPerPrincipal: 8, ViewersPerAddress: 9, FrameBytes: 5, APIBodyBytes: 10}
	if taken, restart := takenLimits(now, next); taken != next || restart {
		t.Errorf("%+v, %v", taken, restart)
	}
	wanted := next
	wanted.FrameBytes, wanted.ViewerPatience = 10, time.Hour
	if taken, restart := takenLimits(now, wanted); taken != next || !restart {
		t.Errorf("%+v, %v", taken, restart)
	}
}

// TestEveryLimitIsTold from the start, at 0.
func TestEveryLimitIsTold(t *testing.T) {
	c, err := config.Load("", []string{"FRAMEGATE_AUTH=off", "FRAMEGATE_DATA=" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	listens := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	g, err := newGateway(t.Context(), c, reloading{}, listens, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	hits := newHits()
	w := httptest.NewRecorder()
	g.metricsHandler(hits).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	answer := w.Body.String()
	told := 0
	all := func(limit string, _ uint64) {
		told++
		if !strings.Contains(answer, `framegate_limit_hits_total{limit="`+limit+`"} 0`+"\n") {
			t.Errorf("%s is not told", limit)
		}
	}
	hits.All(all)
	for _, limit := range []string{"encoders", "encoder_starts", "logins"} {
		all(limit, 0)
	}
	if n := strings.Count(answer, "framegate_limit_hits_total{"); n != told {
		t.Errorf("%d limits are told, %d known", n, told)
	}
	for _, want := range []string{`framegate_viewers{camera="demo"} 0`, "framegate_cameras 2", "framegate_publishers 0", "framegate_encoders_running 0", "framegate_logins_failed_total 0"} {
		if !strings.Contains(answer, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}
