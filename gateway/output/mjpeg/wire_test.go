package mjpeg

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/stream"
)

// The tests of this file are about what the kernel and net/http do with what
// is written, so they use real sockets.

// newServer serves the camera, once it is started.
func newServer(t *testing.T, h *Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff") // as middleware does
		if err := h.Serve(w, r, front, stream.Viewer{}); err != nil {
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
			h := New(Options{Hub: p.hub})
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
	s := newServer(t, New(Options{Hub: newHub(t).hub}))
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
	s := newServer(t, New(Options{Hub: p.hub}))
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
	s := newServer(t, New(Options{Hub: p.hub}))
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
	s := newServer(t, New(Options{Hub: p.hub}))
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

// drainedConn gives a connection to a peer that reads everything.
func drainedConn(tb testing.TB) *tcpConn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	drained := make(chan struct{})
	go func() { // ends when near is closed
		defer close(drained)
		b := make([]byte, 1<<20)
		for {
			if _, err := far.Read(b); err != nil {
				return
			}
		}
	}()
	tb.Cleanup(func() { near.Close(); <-drained; far.Close() })
	return newTCPConn(near.(*net.TCPConn))
}

// partWriters are the two ways to write a part to a viewer that keeps up.
var partWriters = map[string]func(*tcpConn, []byte, []byte, []byte) error{
	"by itself": (*tcpConn).writePart,
	"by the pump": func(c *tcpConn, head, picture, tail []byte) error {
		if !c.tryPart(head, picture, tail) {
			return c.finishPart() // the peer may be late now and then
		}
		return nil
	},
}

func TestPartAllocatesNothing(t *testing.T) {
	f := makeForms("ABCDEFGHIJKLMNOPQRSTUVWXYZ").standard
	picture := bytes.Repeat([]byte{1}, 75_000)
	now := time.Now()
	for name, write := range partWriters {
		c, head := drainedConn(t), []byte(nil)
		allocs := testing.AllocsPerRun(500, func() {
			head = f.appendHead(head[:0], now, len(picture))
			if err := write(c, head, picture, f.next); err != nil {
				t.Fatal(err)
			}
		})
		if allocs > 0 {
			t.Errorf("%s: %v allocations for a part", name, allocs)
		}
	}
}

// TestPartIsOneWrite counts the process's write calls, as the kernel does. The
// runtime's own wake-ups are among them, so the bound is two.
func TestPartIsOneWrite(t *testing.T) {
	f := makeForms("ABCDEFGHIJKLMNOPQRSTUVWXYZ").standard
	picture := bytes.Repeat([]byte{1}, 75_000)
	for name, write := range partWriters {
		c := drainedConn(t)
		const parts = 500
		before := writeCalls(t)
		for range parts {
			if err := write(c, f.appendHead(nil, time.Now(), len(picture)), picture, f.next); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Microsecond) // far faster than any camera
		}
		if n := writeCalls(t) - before; n >= 2*parts {
			t.Errorf("%s: %d write calls for %d parts", name, n, parts)
		}
	}
}

func writeCalls(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/io")
	if os.IsNotExist(err) {
		t.Skip("this system does not count write calls")
	}
	m := regexp.MustCompile(`syscw: (\d+)`).FindSubmatch(b)
	if m == nil {
		t.Fatalf("%v, %q", err, b)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

func BenchmarkPart(b *testing.B) {
	f := makeForms("ABCDEFGHIJKLMNOPQRSTUVWXYZ").standard
	picture := bytes.Repeat([]byte{1}, 75_000)
	for name, write := range partWriters {
		b.Run(name, func(b *testing.B) {
			c, head := drainedConn(b), []byte(nil)
			b.SetBytes(int64(len(picture)))
			b.ReportAllocs()
			for b.Loop() {
				head = f.appendHead(head[:0], time.Now(), len(picture))
				if err := write(c, head, picture, f.next); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestPumpLivesWhileItHasViewers also has the last viewer leave without a
// word.
func TestPumpLivesWhileItHasViewers(t *testing.T) {
	p := newHub(t)
	h := New(Options{Hub: p.hub})
	s := newServer(t, h)
	s.Start()
	p.attach()
	v := watchAt(t, s, camtest.WatchOptions{})
	for n := 0; pumps(h) == 0; n++ { // it boards after its first picture
		p.picture(n)
		expectSoon(t, v.PartReader, n)
	}
	v.Close()
	for pumps(h) > 0 {
		p.picture(1)
		time.Sleep(time.Millisecond)
	}
	again := watchAt(t, s, camtest.WatchOptions{})
	p.picture(2)
	expectSoon(t, again.PartReader, 2)
}

func pumps(h *Handler) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.pumps)
}

// TestPanicEndsOneViewer breaks a viewer as it comes under the pump.
func TestPanicEndsOneViewer(t *testing.T) {
	p := newHub(t)
	p.attach()
	p.picture(1)
	reader, err := p.hub.Open(front, stream.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	v := &viewer{handler: New(Options{Hub: p.hub}), reader: reader} // without a form
	for {                                                           // the picture may be on its way
		if done, err := v.step(); !done {
			if err == nil || !v.gone {
				t.Fatalf("%v, gone: %v", err, v.gone)
			}
			return
		}
	}
}

// TestViewerBehindThePumpDoesNotBoard: it would wait for the next frame while
// there is one that it lacks.
func TestViewerBehindThePumpDoesNotBoard(t *testing.T) {
	h := New(Options{Hub: newHub(t).hub})
	h.pumps[front] = &pump{seq: 5}
	v := &viewer{handler: h, key: front}
	for seq, want := range map[uint64]bool{4: false, 5: true, 6: true} {
		v.last.Seq = seq
		if got, err := h.board(v); got != want || err != nil {
			t.Errorf("after frame %d: boards %v, %v", seq, got, err)
		}
	}
}
