package mjpeg

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/stream"
)

// The tests of this file are about what the kernel and net/http do with what
// is written, so they use real sockets.

// newServer serves the camera, once it is started.
func newServer(t *testing.T, h *Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff") // as middleware does
		if err := h.Serve(w, r, delivery.Choice{Own: front}, stream.Client{}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(func() { h.Close(); s.Close() })
	return s
}

func watchAt(t *testing.T, s *httptest.Server, options camtest.WatchOptions) *camtest.Viewer {
	t.Helper()
	if s.TLS != nil {
		options.TLS = &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	}
	v, err := camtest.Watch(t.Context(), s.URL, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func TestEveryWayIn(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	chrome := camtest.WatchOptions{Header: camtest.Browsers["chrome"], Advance: true}
	for name, try := range map[string]func(t *testing.T, s *httptest.Server) *camtest.PartReader{
		"TCP": func(t *testing.T, s *httptest.Server) *camtest.PartReader {
			s.Start()
			return watchAt(t, s, camtest.WatchOptions{}).PartReader
		},
		"TCP, Chrome": func(t *testing.T, s *httptest.Server) *camtest.PartReader {
			s.Start()
			return watchAt(t, s, chrome).PartReader
		},
		"TLS": func(t *testing.T, s *httptest.Server) *camtest.PartReader {
			s.StartTLS()
			return watchAt(t, s, camtest.WatchOptions{}).PartReader
		},
		"TLS, Chrome": func(t *testing.T, s *httptest.Server) *camtest.PartReader {
			s.StartTLS()
			return watchAt(t, s, chrome).PartReader
		},
		"HTTP/2": func(t *testing.T, s *httptest.Server) *camtest.PartReader {
			s.EnableHTTP2 = true
			s.StartTLS()
			return watchHTTP2(t, s, camtest.WatchOptions{})
		},
		"HTTP/2, Chrome": func(t *testing.T, s *httptest.Server) *camtest.PartReader {
			s.EnableHTTP2 = true
			s.StartTLS()
			return watchHTTP2(t, s, chrome)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newHub(t)
			h := New(delivery.Options{Hub: p.hub})
			parts := try(t, newServer(t, h))
			p.attach()
			for n := range 5 {
				p.data(camtest.PictureOfSize(n, 64, 32, 100_000))
				for { // what came before the camera, or was sent again
					part, err := parts.Next()
					if err != nil {
						t.Fatal(err)
					}
					if got, err := part.Number(); err == nil && got == n {
						break
					}
				}
			}
			go h.Close()
			for {
				if _, err := parts.Next(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func watchHTTP2(t *testing.T, s *httptest.Server, options camtest.WatchOptions) *camtest.PartReader {
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if options.Header != nil {
		r.Header = options.Header
	}
	response, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.ProtoMajor != 2 || response.Header.Get("Connection") != "" {
		t.Fatalf("%s, Connection: %s", response.Proto, response.Header.Get("Connection"))
	}
	parts, err := camtest.ReadParts(response.Body, response.Header, options.Advance)
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func TestHeadersOfOthersStay(t *testing.T) {
	s := newServer(t, New(delivery.Options{Hub: newHub(t).hub}))
	s.Start()
	if got := watchAt(t, s, camtest.WatchOptions{}).Header.Get("X-Content-Type-Options"); got != "nosniff" {
		t.Fatalf("got %q", got)
	}
}

// TestSlowViewerStaysNearThePresent lets a viewer sleep while a hundred
// pictures go by. What it then gets first was under way when it fell asleep;
// there must be no more of it than two pictures, and the newest comes next.
func TestSlowViewerStaysNearThePresent(t *testing.T) {
	p := newHub(t)
	s := newServer(t, New(delivery.Options{Hub: p.hub, Patience: time.Hour}))
	s.Start()
	v := watchAt(t, s, camtest.WatchOptions{ReceiveBuffer: 16 << 10})
	awake := watchAt(t, s, camtest.WatchOptions{})
	p.attach()
	const newest = 100
	for n := range newest + 1 {
		p.data(camtest.PictureOfSize(n, 64, 32, 75_000))
		expectSoon(t, awake.PartReader, n)
	}
	if stale := expectSoon(t, v.PartReader, newest); stale > 2 {
		t.Fatalf("%d old pictures first", stale)
	}
}

// expectSoon reads on to picture n, and counts the pictures before it.
func expectSoon(t *testing.T, parts *camtest.PartReader, n int) (before int) {
	t.Helper()
	for {
		part, err := parts.Next()
		if err != nil {
			t.Fatal(err)
		}
		switch got, err := part.Number(); {
		case err != nil: // no signal
		case got == n:
			return before
		default:
			before++
		}
	}
}

// TestVerySlowViewerIsKept has writes that take many windows, and more time
// than a viewer may be without progress.
func TestVerySlowViewerIsKept(t *testing.T) {
	t.Parallel()
	p := newHub(t)
	s := newServer(t, New(delivery.Options{Hub: p.hub}))
	s.Start()
	v := watchAt(t, s, camtest.WatchOptions{ReceiveBuffer: 16 << 10, BytesPerSecond: 30_000})
	p.attach()
	p.data(camtest.PictureOfSize(1, 64, 32, 120_000))
	for range 4 {
		if _, err := v.Next(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStalledViewers has 500 viewers that stop reading, and sees that they
// are cut, while those that read get every picture.
func TestStalledViewers(t *testing.T) {
	t.Parallel()
	const stalled, healthy = 500, 4
	p := newHub(t)
	s := newServer(t, New(delivery.Options{Hub: p.hub}))
	s.Start()
	for range stalled {
		watchAt(t, s, camtest.WatchOptions{ReceiveBuffer: 16 << 10})
	}
	var viewers [healthy]*camtest.Viewer
	for i := range viewers {
		viewers[i] = watchAt(t, s, camtest.WatchOptions{})
	}
	p.attach()
	began := time.Now()
	for n := 0; p.hub.Viewers("front") > healthy; n++ {
		if time.Since(began) > time.Minute {
			t.Fatalf("%d viewers left", p.hub.Viewers("front"))
		}
		p.data(camtest.PictureOfSize(n, 64, 32, 75_000))
		for _, v := range viewers {
			for { // a busy machine may have a picture repeated
				part, err := v.Next()
				if err != nil {
					t.Fatal(err)
				}
				if got, err := part.Number(); err == nil && got == n&0xFFFF {
					break
				}
			}
		}
		time.Sleep(time.Second / 30) // the camera's pace
	}
	t.Logf("all gone after %v", time.Since(began))
}

// TestRequestEnds: whoever ends a request's context ends its viewer, also one
// that the pump writes to without a pause.
func TestRequestEnds(t *testing.T) {
	p := newHub(t)
	s := newServer(t, New(delivery.Options{Hub: p.hub}))
	requests, end := context.WithCancel(t.Context())
	s.Config.BaseContext = func(net.Listener) context.Context { return requests }
	s.Start()
	p.attach()
	v := watchAt(t, s, camtest.WatchOptions{})
	for n := range 20 {
		p.picture(n)
		expectSoon(t, v.PartReader, n)
	}
	end()
	for {
		p.picture(1)
		if _, err := v.Next(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
