package sse

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// The tests of this file are about what the kernel and net/http do with what
// is written, so they use real sockets.

// newServer serves the camera, once it is started.
func newServer(t testing.TB, h *Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h.Serve(w, r, delivery.Choice{Own: front}, stream.Client{}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(func() { h.Close(); s.Close() })
	return s
}

// dial watches over plain TCP with a receive buffer of so many bytes; with 0
// the kernel chooses, and may hide megabytes in it.
func dial(t testing.TB, s *httptest.Server, receiveBuffer int) *events {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if receiveBuffer > 0 {
		if err := conn.(*net.TCPConn).SetReadBuffer(receiveBuffer); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || response.TransferEncoding != nil || !response.Close {
		t.Fatalf("%s, transfer encoding %v, closes: %v", response.Status, response.TransferEncoding, response.Close)
	}
	return begin(t, response)
}

// expectSoon reads on to picture n, and counts the pictures before it.
func expectSoon(t testing.TB, e *events, n int) (before int) {
	t.Helper()
	for {
		got, err := e.next()
		if err != nil {
			t.Fatal(err)
		}
		if got.name != "frame" {
			continue
		}
		switch _, number, err := got.frame(); {
		case err != nil:
			t.Fatal(err)
		case number == n&0xFFFF:
			return before
		}
		before++
	}
}

func TestEveryWayIn(t *testing.T) {
	for name, try := range map[string]func(t *testing.T, s *httptest.Server) *events{
		"TCP": func(t *testing.T, s *httptest.Server) *events {
			s.Start()
			return dial(t, s, 0)
		},
		"TLS": func(t *testing.T, s *httptest.Server) *events {
			s.StartTLS()
			return watchBy(t, s, 1)
		},
		"HTTP/2": func(t *testing.T, s *httptest.Server) *events {
			s.EnableHTTP2 = true
			s.StartTLS()
			return watchBy(t, s, 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newHub(t)
			h := New(delivery.Options{Hub: p.hub})
			e := try(t, newServer(t, h))
			p.attach()
			for n := range 5 {
				p.data(camtest.PictureOfSize(n, 64, 32, 100_000))
				if before := expectSoon(t, e, n); before > 0 {
					t.Fatalf("%d old pictures", before)
				}
			}
			go h.Close() // ends with the viewer
			if got, err := e.next(); err != io.EOF {
				t.Fatalf("after Close: %.80v, %v", got, err)
			}
		})
	}
}

func watchBy(t *testing.T, s *httptest.Server, protoMajor int) *events {
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	if protoMajor == 1 {
		transport := s.Client().Transport.(*http.Transport).Clone()
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		t.Cleanup(transport.CloseIdleConnections)
		s.Client().Transport = transport
	}
	response, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.ProtoMajor != protoMajor {
		t.Fatal(response.Proto)
	}
	return begin(t, response)
}

// TestQuietCameraEndsNobody: who is told nothing for longer than a viewer may take
// nothing is told what comes then.
func TestQuietCameraEndsNobody(t *testing.T) {
	const patience = 300 * time.Millisecond
	for version, protocol := range map[int]string{1: "TLS", 2: "HTTP/2"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			p := newHub(t)
			s := newServer(t, New(delivery.Options{Hub: p.hub, Patience: patience}))
			s.EnableHTTP2 = version == 2
			s.StartTLS()
			e := watchBy(t, s, version)
			p.attach()
			for n := range 3 {
				p.picture(n)
				expectSoon(t, e, n)
				time.Sleep(3 * patience)
			}
		})
	}
}

// TestCrowdSharesEvents has a hundred viewers that come at once, and counts
// how many events are made for them.
func TestCrowdSharesEvents(t *testing.T) {
	const viewers, pictures = 100, 10
	p := newHub(t)
	h := New(delivery.Options{Hub: p.hub})
	s := newServer(t, h)
	s.Start()
	var all [viewers]*events
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() { all[i] = dial(t, s, 0) })
	}
	wait.Wait()
	p.attach()
	for n := range pictures {
		p.data(camtest.PictureOfSize(n, 64, 32, 20_000))
		for _, e := range all {
			wait.Go(func() { expectSoon(t, e, n) })
		}
		wait.Wait()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	feeds := slices.Collect(maps.Values(h.feeds))
	if len(feeds) != 1 || feeds[0].viewers != viewers {
		t.Fatalf("%d feeds, not one of %d viewers", len(feeds), viewers)
	}
	f := feeds[0]
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.made != pictures {
		t.Fatalf("%d events were made of %d pictures", f.made, pictures)
	}
}

// TestSlowViewerStaysNearThePresent lets a viewer sleep while a hundred
// pictures go by. What it then gets first was under way when it fell asleep;
// there must be no more of it than two pictures, and the newest comes next.
func TestSlowViewerStaysNearThePresent(t *testing.T) {
	p := newHub(t)
	s := newServer(t, New(delivery.Options{Hub: p.hub, Patience: time.Hour}))
	s.Start()
	e := dial(t, s, 16<<10)
	awake := dial(t, s, 0)
	p.attach()
	const newest = 100
	for n := range newest + 1 {
		p.data(camtest.PictureOfSize(n, 64, 32, 75_000))
		expectSoon(t, awake, n)
	}
	if stale := expectSoon(t, e, newest); stale > 2 {
		t.Fatalf("%d old pictures first", stale)
	}
}

// TestStalledViewers has many viewers that stop reading, and sees that they
// are cut and cost little meanwhile, and that those who read get every picture.
func TestStalledViewers(t *testing.T) {
	t.Parallel()
	const stalled, healthy = 200, 2
	p := newHub(t)
	s := newServer(t, New(delivery.Options{Hub: p.hub}))
	s.Start()
	for range stalled {
		dial(t, s, 16<<10)
	}
	var viewers [healthy]*events
	for i := range viewers {
		viewers[i] = dial(t, s, 0)
	}
	p.attach()
	before, most := heap(), uint64(0)
	began := time.Now()
	for n := 0; p.hub.Viewers("front") > healthy; n++ {
		if time.Since(began) > time.Minute {
			t.Fatalf("%d viewers left", p.hub.Viewers("front"))
		}
		p.data(camtest.PictureOfSize(n, 64, 32, 75_000))
		for _, e := range viewers {
			expectSoon(t, e, n)
		}
		if n%10 == 9 {
			most = max(most, heap())
		}
		time.Sleep(time.Second / 10) // the camera's pace
	}
	grown := int64(most) - int64(before)
	t.Logf("all gone after %v, %d kB more memory meanwhile", time.Since(began), grown>>10)
	if grown > stalled*100_000/4 {
		t.Errorf("%d viewers that stopped reading cost %d bytes", stalled, grown)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// parser is an event stream parser after WHATWG HTML, section 9.2.6, written
// without a look at this package, in another language.
const parser = `
import base64, json, re, sys, urllib.request
text, fields, frames = "", {}, 0
response = urllib.request.urlopen(sys.argv[1])
assert response.headers["Content-Type"] == "text/event-stream", response.headers
for raw in response:
    line = raw.decode("utf-8").rstrip("\r\n")
    if line == "":
        if fields.get("event") == "frame":
            frame = json.loads(fields["data"])
            picture = base64.b64decode(frame["data"], validate=True)
            assert str(frame["seq"]) == fields["id"], fields["id"]
            assert picture[:2] == b"\xff\xd8" and picture[-2:] == b"\xff\xd9"
            print(frame["seq"], frame["width"], frame["height"], frame["mime"], len(picture), frame["ts"] > 1.6e9, flush=True)
        elif "data" in fields:
            print(fields["event"], json.loads(fields["data"])["camera"], flush=True)
        fields = {}
    elif not line.startswith(":"):
        name, _, value = line.partition(":")
        assert name in ("id", "event", "data", "retry") and name not in fields, line[:80]
        fields[name] = value[1:] if value.startswith(" ") else value
print("end", flush=True)
`

func TestPythonReadsIt(t *testing.T) {
	camtest.Need(t, "python3")
	p := newHub(t)
	h := New(delivery.Options{Hub: p.hub})
	s := newServer(t, h)
	s.Start()
	python := exec.CommandContext(t.Context(), "python3", "-c", parser, s.URL)
	python.Stderr = new(strings.Builder)
	out, err := python.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := python.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	expect := func(want string) {
		t.Helper()
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("%q, want %q: %v", lines.Text(), want, python.Stderr)
		}
	}
	expect("state offline")
	p.attach()
	for n := range 3 {
		p.data(camtest.PictureOfSize(n, 64, 32, 20_000))
		if n == 0 {
			expect("state online")
		}
		expect(fmt.Sprintf("%d 64 32 image/jpeg 20000 True", n+1))
	}
	go h.Close() // ends with the viewer
	expect("end")
	if err := python.Wait(); err != nil {
		t.Fatalf("%v: %v", err, python.Stderr)
	}
}

// TestFrameAllocatesNothingForAViewer: only the one that needs it first makes
// the event.
func TestFrameAllocatesNothingForAViewer(t *testing.T) {
	picture := make([]byte, 75_000)
	shared := new(feed)
	first, other := &viewer{feed: shared, said: online}, &viewer{feed: shared, said: online}
	f := media.Frame{Data: picture, Format: &media.Format{Codec: media.JPEG, Width: 1280, Height: 720}}
	allocs := testing.AllocsPerRun(100, func() {
		f.Seq++
		first.Message(&f)
		other.Message(&f)
	})
	if allocs > 1 {
		t.Fatalf("%v allocations for a frame and two viewers", allocs)
	}
}

// BenchmarkEvent is what a frame costs once.
func BenchmarkEvent(b *testing.B) {
	f := media.Frame{Data: make([]byte, 75_000), Format: &media.Format{Codec: media.JPEG, Width: 1280, Height: 720}}
	b.SetBytes(75_000)
	b.ReportAllocs()
	shared := new(feed)
	for b.Loop() {
		f.Seq++
		shared.get(&f)
	}
}

// BenchmarkFrame is what a frame costs from the camera until all viewers read
// it over loopback, which read as fast as they can and do not look at it.
func BenchmarkFrame(b *testing.B) {
	for _, viewers := range []int{1, 200} {
		b.Run(fmt.Sprintf("%d viewers", viewers), func(b *testing.B) {
			p := newHub(b)
			s := newServer(b, New(delivery.Options{Hub: p.hub}))
			s.Start()
			p.attach()
			read := make(chan struct{}, viewers)
			picture := camtest.PictureOfSize(1, 64, 32, 75_000)
			size := len(appendFrame(nil, &media.Frame{Data: picture, Format: &media.Format{}}))
			for range viewers {
				e := dial(b, s, 0)
				go drain(e.r, size, read) // ends with its connection
			}
			b.ReportAllocs()
			for b.Loop() {
				p.data(picture)
				for range viewers {
					<-read
				}
			}
		})
	}
}

// drain says at each event that it was read; the heads of events differ by a
// few bytes in length.
func drain(r *bufio.Reader, size int, read chan<- struct{}) {
	for {
		if _, err := r.Discard(size - 200); err != nil {
			return
		}
		for end := ""; end != "\n"; {
			line, err := r.ReadSlice('\n')
			if err != nil && err != bufio.ErrBufferFull {
				return
			}
			end = string(line[max(0, len(line)-1):])
			if len(line) > 1 {
				end = ""
			}
		}
		read <- struct{}{}
	}
}
