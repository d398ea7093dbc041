package sse

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var front = stream.Key{Camera: "front"}

// publisher is a camera under the test's thumb: it comes and goes by attach
// and leave, and emits what it is handed.
type publisher struct {
	t      testing.TB
	hub    *stream.Hub
	frames chan media.Frame
	leave  func()
}

// newHub makes a hub with one camera, which has no source of its own.
func newHub(t testing.TB) *publisher {
	hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
		if k != front {
			return nil, stream.ErrUnknown
		}
		return nil, nil
	}})
	t.Cleanup(hub.Close)
	return &publisher{t: t, hub: hub, frames: make(chan media.Frame)}
}

func (p *publisher) attach() {
	ctx, cancel := context.WithCancel(p.t.Context())
	left := make(chan struct{})
	go func() { // ends with leave, or with the test
		defer close(left)
		_ = p.hub.Attach(ctx, front, p)
	}()
	p.leave = func() { cancel(); <-left }
}

// Run is the publisher's source.
func (p *publisher) Run(ctx context.Context, emit func(media.Frame)) error {
	for {
		select {
		case f := <-p.frames:
			emit(f)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// picture hands out numbered picture n, of 64x32 pixels.
func (p *publisher) picture(n int) { p.data(camtest.Picture(n, 64, 32)) }

func (p *publisher) data(b []byte) {
	p.frames <- media.Frame{Key: true, Data: b, Format: &media.Format{Codec: media.JPEG, Width: 64, Height: 32}}
}

// hijackable is a response whose connection can be taken over.
type hijackable struct {
	http.ResponseWriter
	conn net.Conn
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) { return h.conn, nil, nil }

// serve serves a viewer over a pipe, which holds no byte back, and gives the
// viewer's end. Who has not read to its end must close it.
func serve(t *testing.T, h *Handler) net.Conn { return serveKey(t, h, front) }

// serveKey is serve for another stream.
func serveKey(t *testing.T, h *Handler, key stream.Key) net.Conn {
	near, far := net.Pipe()
	r := httptest.NewRequest("GET", "/live/front.sse", nil)
	r.Header.Set("Last-Event-ID", "1")
	go func() { // ends with the viewer
		if err := h.Serve(hijackable{httptest.NewRecorder(), far}, r, delivery.Choice{Rendition: key}, stream.Client{}); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { near.Close() })
	return near
}

// watch is serve for those who want to see events.
func watch(t *testing.T, h *Handler) *events {
	t.Helper()
	return watchKey(t, h, front)
}

// watchKey is watch for another stream.
func watchKey(t *testing.T, h *Handler, key stream.Key) *events {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(serveKey(t, h, key)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return begin(t, response)
}

// begin checks a response up to its first state, which it leaves.
func begin(t testing.TB, response *http.Response) *events {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type":      "text/event-stream",
		"Cache-Control":     "no-store, no-transform",
		"X-Accel-Buffering": "no",
		"Content-Encoding":  "",
	} {
		if got := response.Header.Get(name); got != want {
			t.Fatalf("%s: %q, want %q", name, got, want)
		}
	}
	e := &events{bufio.NewReader(response.Body)}
	if first, err := e.next(); err != nil || first.retry != "1000" || first.data != "" {
		t.Fatalf("first %+v, %v", first, err)
	}
	return e
}

func expectNumber(t testing.TB, e *events, want int) (frame, event) {
	t.Helper()
	got, err := e.next()
	if err != nil {
		t.Fatal(err)
	}
	f, n, err := got.frame()
	if n != want || err != nil {
		t.Fatalf("picture %d, %v; want %d", n, err, want)
	}
	return f, got
}

func expectState(t testing.TB, e *events, want string) event {
	t.Helper()
	got, err := e.next()
	if err != nil || got.state() != want {
		t.Fatalf("%s, %v; want %s", got.state(), err, want)
	}
	return got
}

func expectPing(t testing.TB, e *events) event {
	t.Helper()
	got, err := e.next()
	if err != nil || got.comment != "ping" || got.name+got.data+got.id != "" {
		t.Fatalf("%+v, %v; want a ping", got, err)
	}
	return got
}

func TestBytes(t *testing.T) { synctest.Test(t, testBytes) }

func testBytes(t *testing.T) {
	p := newHub(t)
	conn := serve(t, New(delivery.Options{Hub: p.hub}))
	read := make(chan []byte)
	go func() { b, _ := io.ReadAll(conn); read <- b }() // ends with the deadline below
	conn.SetReadDeadline(time.Now().Add(40 * time.Second))
	synctest.Wait()
	p.attach()
	p.data([]byte("<first picture>"))
	time.Sleep(123456 * time.Microsecond)
	p.data([]byte("<second picture>"))
	time.Sleep(500 * time.Millisecond)
	p.leave()
	got := <-read

	golden := filepath.Join("testdata", "response.golden")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(got) != string(want) {
		t.Fatalf("%v\ngot\n%s\nwant\n%s", err, got, want)
	}
}

func TestTimeIsSecondsWithMicroseconds(t *testing.T) {
	for _, micros := range []int64{0, 1, 999_999, 1_000_000, 1_763_718_000_000_001, 1_763_718_000_100_000} {
		text := string(appendSeconds(nil, time.UnixMicro(micros)))
		if want := fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6); text != want {
			t.Errorf("%s, want %s", text, want)
		}
		var seconds float64
		if err := json.Unmarshal([]byte(text), &seconds); err != nil || int64(seconds*1e6+0.5) != micros {
			t.Errorf("%s reads %f, %v", text, seconds, err)
		}
	}
}

func TestHeadIsBounded(t *testing.T) {
	huge := media.Frame{Seq: 1<<64 - 1, Wall: time.Unix(1<<40, 0), Format: &media.Format{Width: 1<<63 - 1, Height: 1<<63 - 1}}
	if n := len(appendFrame(nil, &huge)); n > maxEventHead {
		t.Fatalf("%d bytes", n)
	}
}

func TestViewerBeforeCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		began := time.Now()
		e := watch(t, New(delivery.Options{Hub: p.hub}))
		expectState(t, e, "offline, away")
		if time.Since(began) > 0 {
			t.Fatal("the response did not open at once")
		}
		for n := 1; n <= 3; n++ {
			if d := expectPing(t, e).arrived.Sub(began); d != time.Duration(n)*15*time.Second {
				t.Fatalf("ping after %v", d)
			}
		}
		p.attach()
		before := time.Now()
		p.picture(1)
		expectState(t, e, "online, online")
		f, got := expectNumber(t, e, 1)
		if !got.arrived.Equal(before) || f.TS != float64(before.UnixMicro())/1e6 {
			t.Fatalf("taken at %v, arrived at %v", f.TS, got.arrived)
		}
	})
}

func TestNewcomerSeesTheNewestAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		p.attach()
		for n := range 4 {
			p.picture(n)
		}
		synctest.Wait()
		began := time.Now()
		e := watch(t, New(delivery.Options{Hub: p.hub}))
		expectState(t, e, "online, online")
		if f, got := expectNumber(t, e, 3); f.Seq != 4 || got.arrived.After(began) {
			t.Fatalf("frame %d after %v", f.Seq, time.Since(began))
		}
		p.picture(4)
		expectNumber(t, e, 4)
	})
}

func TestCameraGoneAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		p.attach()
		synctest.Wait()
		e := watch(t, New(delivery.Options{Hub: p.hub}))
		expectState(t, e, "connecting, connecting")
		p.picture(1)
		expectState(t, e, "online, online")
		expectNumber(t, e, 1)
		p.leave()
		left := time.Now()
		if d := expectState(t, e, "offline, away").arrived.Sub(left); d > tick {
			t.Fatalf("told after %v", d)
		}
		p.attach() // it is there, but has given nothing yet, and that is not told
		time.Sleep(5 * time.Second)
		p.picture(2)
		expectState(t, e, "online, online")
		expectNumber(t, e, 2)
		expectPing(t, e) // online without pictures
	})
}

// failing is a camera that cannot be reached.
type failing struct{}

const failsAfter = 500 * time.Millisecond

func (failing) Run(context.Context, func(media.Frame)) error {
	time.Sleep(failsAfter)
	return fmt.Errorf("10.0.0.1: connection refused: %w", stream.ErrDenied)
}

func TestUnreachableCameraIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return failing{}, nil }})
		defer hub.Close()
		began := time.Now()
		e := watch(t, New(delivery.Options{Hub: hub}))
		expectState(t, e, "connecting, connecting")
		told := expectState(t, e, "offline, unreachable")
		if d := told.arrived.Sub(began); d != failsAfter {
			t.Fatalf("told after %v", d)
		}
		if strings.Contains(told.data, "10.0.0.1") || strings.Contains(told.data, "cred") {
			t.Fatalf("tells why: %s", told.data)
		}
		for n := 1; n <= 5; n++ {
			expectPing(t, e)
		}
		if d := time.Since(told.arrived); d < 5*pingAfter || d > 5*(pingAfter+tick) {
			t.Fatalf("5 pings in %v", d)
		}
	})
}

func TestEndsAtAnEvent(t *testing.T) {
	for name, end := range map[string]func(*Handler, *stream.Hub){
		"hub":     func(_ *Handler, hub *stream.Hub) { hub.Close() },
		"handler": func(h *Handler, _ *stream.Hub) { h.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newHub(t)
				p.attach()
				synctest.Wait()
				h := New(delivery.Options{Hub: p.hub})
				e := watch(t, h)
				expectState(t, e, "connecting, connecting")
				p.picture(1)
				synctest.Wait()
				go end(h, p.hub) // ends with the viewer, which is amid an event
				synctest.Wait()
				expectState(t, e, "online, online")
				expectNumber(t, e, 1)
				if got, err := e.next(); err != io.EOF {
					t.Fatalf("after the last event: %+v, %v", got, err)
				}
				synctest.Wait()
				if n := p.hub.Viewers("front"); n != 0 || len(h.feeds) != 0 {
					t.Fatalf("%d viewers, %d feeds left", n, len(h.feeds))
				}
			})
		})
	}
}

func TestCloseCutsViewersThatTakeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		p.attach()
		h := New(delivery.Options{Hub: p.hub})
		watch(t, h)
		p.picture(1)
		synctest.Wait() // the viewer does not read it
		began := time.Now()
		h.Close()
		if d := time.Since(began); d != closePatience {
			t.Fatalf("closed after %v", d)
		}
		serve(t, h)
		synctest.Wait()
		if n := p.hub.Viewers("front"); n != 0 {
			t.Fatalf("%d viewers after Close", n)
		}
	})
}

// TestDeadViewerIsCut in the usual time, or in what Options say, and counted.
func TestDeadViewerIsCut(t *testing.T) {
	for said, patience := range map[time.Duration]time.Duration{0: delivery.Patience, 3 * time.Second: 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			p := newHub(t)
			p.attach()
			var hits []string // of the one viewer
			watch(t, New(delivery.Options{Hub: p.hub, Patience: said, Limited: func(limit string) { hits = append(hits, limit) }}))
			p.picture(1)
			time.Sleep(patience - time.Nanosecond)
			if n := p.hub.Viewers("front"); n != 1 {
				t.Fatal("cut too early")
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if n := p.hub.Viewers("front"); n != 0 {
				t.Fatal("not cut")
			}
			if len(hits) != 1 || hits[0] != delivery.LimitViewerPatience {
				t.Errorf("hits of %q", hits)
			}
		})
	}
}

// short gives tests a stream that is forgotten when its viewers left.
type short struct{ pictures chan int }

func (s short) Run(ctx context.Context, emit func(media.Frame)) error {
	for {
		select {
		case n := <-s.pictures:
			emit(media.Frame{Key: true, Data: camtest.Picture(n, 64, 32), Format: &media.Format{Codec: media.JPEG, Width: 64, Height: 32}})
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestSeqBeginsAgain: what is kept of a stream must not outlive it.
func TestSeqBeginsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := short{make(chan int)}
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return source, nil }})
		defer hub.Close()
		h := New(delivery.Options{Hub: hub})
		for first := 1; first < 100; first += 20 {
			near, far := net.Pipe()
			go func() { // ends with near
				r := httptest.NewRequest("GET", "/live/front.sse?fps=5", nil)
				_ = h.Serve(hijackable{httptest.NewRecorder(), far}, r, delivery.Choice{Own: stream.Key{Camera: "front", Rendition: "jpeg-f5"}}, stream.Client{})
			}()
			response, err := http.ReadResponse(bufio.NewReader(near), nil)
			if err != nil {
				t.Fatal(err)
			}
			e := begin(t, response)
			expectState(t, e, "connecting, connecting")
			for n := range 5 {
				source.pictures <- first + n
				if n == 0 {
					expectState(t, e, "online, online")
				}
				if f, _ := expectNumber(t, e, first+n); f.Seq != uint64(n+1) {
					t.Fatalf("Seq %d, want %d", f.Seq, n+1)
				}
			}
			near.Close()
			time.Sleep(time.Minute) // the viewer's end shows, and the stream lingers
			synctest.Wait()
			if len(h.feeds) > 0 || len(hub.Stats()) > 0 {
				t.Fatalf("%d feeds, %d streams are still there", len(h.feeds), len(hub.Stats()))
			}
		}
	})
}

func TestNewerEventStandsForAnOlderFrame(t *testing.T) {
	f := func(n int) *media.Frame {
		return &media.Frame{Seq: uint64(n), Data: []byte{byte(n)}, Format: &media.Format{Codec: media.JPEG}}
	}
	shared := new(feed)
	late, prompt := &viewer{feed: shared, said: online}, &viewer{feed: shared, said: online}
	prompt.Message(f(1))
	prompt.Message(f(3))
	newer, ok := late.Message(f(2))
	if !ok || !strings.HasPrefix(string(newer.Body), "id: 3\n") {
		t.Fatalf("%v, %q", ok, newer.Body)
	}
	if again, ok := late.Message(f(3)); !ok || len(again.Body)+len(again.Head)+len(again.Tail) > 0 {
		t.Fatalf("%v, %q comes again", ok, again.Body)
	}
	if shared.made != 2 {
		t.Fatalf("%d events made", shared.made)
	}
}

func TestUnknownCamera(t *testing.T) {
	w := httptest.NewRecorder()
	err := New(delivery.Options{Hub: newHub(t).hub}).Serve(w, httptest.NewRequest("GET", "/", nil), delivery.Choice{Own: stream.Key{Camera: "other"}}, stream.Client{})
	if !errors.Is(err, stream.ErrUnknown) || len(w.Header()) > 0 {
		t.Fatalf("%v, headers %v", err, w.Header())
	}
}

func TestHead(t *testing.T) {
	p := newHub(t)
	w := httptest.NewRecorder()
	if err := New(delivery.Options{Hub: p.hub}).Serve(w, httptest.NewRequest("HEAD", "/", nil), delivery.Choice{Own: front}, stream.Client{}); err != nil {
		t.Fatal(err)
	}
	if w.Body.Len() > 0 || w.Header().Get("Content-Type") != "text/event-stream" || p.hub.Viewers("front") > 0 {
		t.Fatalf("%d bytes, headers %v, %d viewers", w.Body.Len(), w.Header(), p.hub.Viewers("front"))
	}
}

func TestRate(t *testing.T) {
	for fps, want := range map[int]int{0: 5, 1: 1, 30: 30, 60: 30} {
		if got := Rate(fps); got != want {
			t.Errorf("%d for %d", got, fps)
		}
	}
}

// TestEndsWhenPicturesAreNoLongerJPEGs: a camera that was changed while it is
// watched may send H.264, which is no image/jpeg.
func TestEndsWhenPicturesAreNoLongerJPEGs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		p.attach()
		synctest.Wait()
		events := watch(t, New(delivery.Options{Hub: p.hub}))
		expectState(t, events, "connecting, connecting")
		p.picture(1)
		expectState(t, events, "online, online")
		expectNumber(t, events, 1)
		p.frames <- media.Frame{Key: true, Data: []byte("no JPEG"), Format: &media.Format{Codec: media.H264, Width: 32, Height: 16}}
		if got, err := events.next(); !errors.Is(err, io.EOF) {
			t.Fatalf("it goes on with %+v, %v", got, err)
		}
	})
}

// TestCameraThatIsNewUnderAnOldName: while a viewer of a removed camera has not
// left yet, those of one that was added with its name see that one's pictures,
// whose numbers begin again.
func TestCameraThatIsNewUnderAnOldName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		known := true
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) {
			if !known {
				return nil, stream.ErrUnknown
			}
			return nil, nil
		}})
		t.Cleanup(hub.Close)
		p := &publisher{t: t, hub: hub, frames: make(chan media.Frame)}
		h := New(delivery.Options{Hub: hub})
		p.attach()
		for n := range 9 {
			p.picture(n)
		}
		synctest.Wait()
		old := bufio.NewReader(serve(t, h)) // takes its head, and no picture
		if _, err := http.ReadResponse(old, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := old.Peek(len(retry) + len(online)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()

		known = false
		hub.Change("front")
		known = true
		p.attach()
		p.picture(100)
		synctest.Wait() // until it is the hub's
		events := watch(t, h)
		expectState(t, events, "online, online")
		for n := 100; n < 103; n++ {
			expectNumber(t, events, n)
			p.picture(n + 1)
		}
	})
}
