package mjpeg

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

var front = stream.Key{Camera: "front"}

// publisher is a camera under the test's thumb: it comes and goes by attach
// and leave, and emits what it is handed.
type publisher struct {
	t      *testing.T
	hub    *stream.Hub
	frames chan media.Frame
	leave  func()
}

// newHub makes a hub with one camera, which has no source of its own.
func newHub(t *testing.T) *publisher {
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

// picture hands out numbered picture n, of 320x176 pixels.
func (p *publisher) picture(n int) { p.data(camtest.Picture(n, 320, 176)) }

func (p *publisher) data(b []byte) {
	p.frames <- media.Frame{Key: true, Data: b, Format: &media.Format{Codec: media.JPEG, Width: 320, Height: 176}}
}

// hijackable is a response whose connection can be taken over.
type hijackable struct {
	http.ResponseWriter
	conn net.Conn
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) { return h.conn, nil, nil }

// serve serves a viewer over a pipe, which holds no byte back, and gives the
// viewer's end. Who has not read to its end must close it.
func serve(t *testing.T, h *Handler, request http.Header) net.Conn {
	r := httptest.NewRequest("GET", "/live/front.mjpeg", nil)
	r.Header = request
	return answer(t, h, r)
}

// answer is serve for a request.
func answer(t *testing.T, h *Handler, r *http.Request) net.Conn {
	near, far := net.Pipe()
	go func() { // ends with the viewer
		if err := h.Serve(hijackable{httptest.NewRecorder(), far}, r, delivery.Choice{Own: front}, stream.Client{}); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { near.Close() })
	return near
}

// watch is serve for those who want to see parts.
func watch(t *testing.T, h *Handler) *camtest.PartReader {
	t.Helper()
	return partsOf(t, serve(t, h, nil))
}

func partsOf(t *testing.T, conn net.Conn) *camtest.PartReader {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := camtest.ReadParts(response.Body, response.Header, false)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func expectNumber(t *testing.T, p *camtest.PartReader, want int) camtest.Part {
	t.Helper()
	part, err := p.Next()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := part.Number(); n != want || err != nil {
		t.Fatalf("picture %d, %v; want %d", n, err, want)
	}
	return part
}

func expectNoSignal(t *testing.T, p *camtest.PartReader, width, height int, why reason) {
	t.Helper()
	part, err := p.Next()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := part.Number(); err == nil {
		t.Fatalf("picture %d instead of no signal", n)
	}
	if part.Width != width || part.Height != height {
		t.Fatalf("no signal of %dx%d, want %dx%d", part.Width, part.Height, width, height)
	}
	if !bytes.Equal(part.JPEG, drawNoSignal(width, height, why)) {
		t.Fatalf("it says something else than %s", why)
	}
}

func TestBytes(t *testing.T) {
	for name, request := range map[string]http.Header{
		"standard": nil,
		"advance":  camtest.Browsers["chrome"],
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testBytes(t, name, request) })
		})
	}
}

func testBytes(t *testing.T, name string, request http.Header) {
	p := newHub(t)
	h := New(delivery.Options{Hub: p.hub})
	h.forms = makeForms("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	want, err := os.ReadFile(filepath.Join("testdata", name+".golden"))
	if err != nil {
		t.Fatal(err)
	}
	p.attach()
	conn := serve(t, h, request)
	got := make([]byte, len(want))
	read := make(chan error)
	go func() { _, err := io.ReadFull(conn, got); read <- err }()
	synctest.Wait()
	p.data([]byte("<first picture>"))
	synctest.Wait()
	time.Sleep(123456 * time.Microsecond)
	p.data([]byte("<second picture>"))
	synctest.Wait()
	conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	if err := <-read; err != nil || string(got) != string(want) {
		t.Fatalf("%v\ngot\n%s\nwant\n%s", err, got, want)
	}
	if n, _ := conn.Read(got); n > 0 {
		t.Fatalf("%q more", got[:n])
	}
}

func TestRepeatsLastPictureWhileOnline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		p.attach()
		parts := watch(t, New(delivery.Options{Hub: p.hub}))
		p.picture(1)
		first := expectNumber(t, parts, 1)
		for second := 1; second <= 3; second++ {
			again := expectNumber(t, parts, 1)
			if d := again.Arrived.Sub(first.Arrived); d != time.Duration(second)*time.Second {
				t.Fatalf("repeated after %v", d)
			}
			if !again.Timestamp.Equal(first.Timestamp) {
				t.Fatalf("repeated as taken at %v, not %v", again.Timestamp, first.Timestamp)
			}
		}
	})
}

func TestViewerBeforeCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		began := time.Now()
		parts := watch(t, New(delivery.Options{Hub: p.hub}))
		if time.Since(began) > 0 {
			t.Fatal("the response did not open at once")
		}
		expectNoSignal(t, parts, 640, 360, offline)
		expectNoSignal(t, parts, 640, 360, offline)
		if d := time.Since(began); d != 2*time.Second {
			t.Fatalf("no signal twice after %v", d)
		}
		p.attach()
		p.picture(1)
		expectNumber(t, parts, 1)
	})
}

func TestCameraGoneAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		p.attach()
		parts := watch(t, New(delivery.Options{Hub: p.hub}))
		p.picture(1)
		expectNumber(t, parts, 1)
		p.leave()
		expectNoSignal(t, parts, 320, 176, offline)
		p.attach()
		expectNoSignal(t, parts, 320, 176, offline) // it is there, but has given nothing yet
		p.picture(2)
		expectNumber(t, parts, 2)
		expectNumber(t, parts, 2)
	})
}

// TestCamerasPicturesAlone for who asks for no words: nothing comes while the camera is
// away, and who leaves meanwhile is noticed.
func TestCamerasPicturesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		conn := answer(t, New(delivery.Options{Hub: p.hub}), httptest.NewRequest("GET", "/live/front.mjpeg?words=off", nil))
		parts := partsOf(t, conn)
		time.Sleep(time.Minute)
		p.attach()
		p.picture(1)
		expectNumber(t, parts, 1)
		p.leave()
		time.Sleep(time.Minute)
		p.attach()
		p.picture(2)
		expectNumber(t, parts, 2)
		p.leave()
		time.Sleep(time.Minute)
		conn.Close()
		synctest.Wait()
		if n := p.hub.Viewers("front"); n != 0 {
			t.Fatalf("%d viewers left", n)
		}
	})
}

// TestEndOfPermissionIsSaid in the last picture.
func TestEndOfPermissionIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		ctx, revoke := context.WithCancel(t.Context())
		parts := partsOf(t, answer(t, New(delivery.Options{Hub: p.hub}), httptest.NewRequest("GET", "/live/front.mjpeg", nil).WithContext(ctx)))
		p.attach()
		p.picture(1)
		expectNumber(t, parts, 1)
		revoke()
		expectNoSignal(t, parts, 320, 176, ended)
		if _, err := parts.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("it goes on with %v", err)
		}
	})
}

func TestUnknownWords(t *testing.T) {
	w := httptest.NewRecorder()
	err := New(delivery.Options{Hub: newHub(t).hub}).Serve(w, httptest.NewRequest("GET", "/?words=of", nil), delivery.Choice{Own: front}, stream.Client{})
	if !errors.Is(err, ErrBadQuery) {
		t.Fatal(err)
	}
}

// failing is a camera that cannot be reached.
type failing struct{}

func (failing) Run(context.Context, func(media.Frame)) error {
	return errors.New("connection refused")
}

func TestSourceErrorShowsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return failing{}, nil }})
		defer hub.Close()
		began := time.Now()
		parts := watch(t, New(delivery.Options{Hub: hub}))
		expectNoSignal(t, parts, 640, 360, unreachable)
		if d := time.Since(began); d > 0 {
			t.Fatalf("no signal after %v", d)
		}
		expectNoSignal(t, parts, 640, 360, unreachable)
	})
}

func TestEndsAtPartBoundary(t *testing.T) {
	for why, end := range map[reason]func(*Handler, *stream.Hub){
		changed:     func(_ *Handler, hub *stream.Hub) { hub.Close() },
		serverEnded: func(h *Handler, _ *stream.Hub) { h.Close() },
	} {
		t.Run(string(why), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newHub(t)
				p.attach()
				h := New(delivery.Options{Hub: p.hub})
				parts := watch(t, h)
				p.picture(1)
				expectNumber(t, parts, 1)
				go end(h, p.hub)
				expectNoSignal(t, parts, 320, 176, why)
				if _, err := parts.Next(); err != io.EOF {
					t.Fatalf("after the last part: %v", err)
				}
				synctest.Wait()
				if n := p.hub.Viewers("front"); n != 0 {
					t.Fatalf("%d viewers left", n)
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
		serve(t, h, nil)
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

func TestSlowViewerIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		p.attach()
		conn := serve(t, New(delivery.Options{Hub: p.hub}), nil)
		b := make([]byte, 2<<10)
		for minute := time.Now(); time.Since(minute) < time.Minute; time.Sleep(delivery.Patience / 10) {
			if _, err := conn.Read(b); err != nil {
				t.Fatal(err)
			}
		}
	})
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
	if w.Body.Len() > 0 || w.Header().Get("Pragma") != "no-cache" {
		t.Fatalf("%d bytes, headers %v", w.Body.Len(), w.Header())
	}
}

func TestFormForBrowser(t *testing.T) {
	forms := makeForms("x")
	for name, header := range camtest.Browsers {
		advance := name == "chrome" || name == "edge"
		if got := forms.choose(header).advance; got != advance {
			t.Errorf("%s: advance %v", name, got)
		}
		plain := header.Clone() // as over plain HTTP
		plain.Del("Sec-Fetch-Dest")
		if got := forms.choose(plain).advance; got != advance {
			t.Errorf("%s over plain HTTP: advance %v", name, got)
		}
		page := header.Clone()
		page.Set("Sec-Fetch-Dest", "empty")
		if forms.choose(page).advance {
			t.Errorf("%s: fetch() gets headers in advance", name)
		}
	}
	for name, header := range map[string]http.Header{
		"ffmpeg":         {"User-Agent": {"Lavf/59.27.100"}, "Accept": {"*/*"}},
		"curl":           {"User-Agent": {"curl/7.88.1"}, "Accept": {"*/*"}},
		"none":           {},
		"Chrome, fetch":  {"User-Agent": {"Chrome/143.0.0.0"}, "Accept": {"*/*"}},
		"the old Edge":   {"User-Agent": {"Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763"}, "Accept": {"image/png,image/*"}},
		"Chrome, a page": {"User-Agent": {"Chrome/143.0.0.0"}, "Accept": {"text/html,application/xhtml+xml,image/avif,*/*"}},
	} {
		if forms.choose(header).advance {
			t.Errorf("%s gets headers in advance", name)
		}
	}
}

func TestNoSignalPictures(t *testing.T) {
	var s noSignal
	for _, side := range []int{1, 2, 7, 8, 16, 17, 100, 1000} {
		for _, height := range []int{1, 9, 90} {
			b := s.picture(side, height, unreachable)
			frame, err := media.JPEGFrame(b, nil)
			if err != nil || frame.Format.Width != side || frame.Format.Height != height || len(frame.Data) != len(b) {
				t.Fatalf("%dx%d: %v, %v", side, height, err, frame.Format)
			}
			if again := s.picture(side, height, unreachable); &again[0] != &b[0] {
				t.Fatal("made twice")
			}
		}
	}
	if len(s.pictures) > maxNoSignals {
		t.Fatalf("%d pictures kept", len(s.pictures))
	}
}

func BenchmarkNoSignal(b *testing.B) {
	for b.Loop() {
		drawNoSignal(1920, 1080, unreachable)
	}
}

// TestEndsWhenPicturesAreNoLongerJPEGs: a camera that was changed while it is
// watched may send H.264, which is no picture to an <img>.
func TestEndsWhenPicturesAreNoLongerJPEGs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHub(t)
		p.attach()
		parts := watch(t, New(delivery.Options{Hub: p.hub}))
		p.picture(1)
		expectNumber(t, parts, 1)
		p.frames <- media.Frame{Key: true, Data: []byte("no JPEG"), Format: &media.Format{Codec: media.H264, Width: 32, Height: 16}}
		expectNoSignal(t, parts, 320, 176, changed)
		if _, err := parts.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("it goes on with %v", err)
		}
	})
}

// TestOtherPicturesAreNotThePumps: they end the viewer, in its own goroutine.
func TestOtherPicturesAreNotThePumps(t *testing.T) {
	v := &viewer{form: new(form)}
	if _, ok := v.Message(&media.Frame{Format: &media.Format{Codec: media.H264}}); ok || v.last.Format != nil {
		t.Error("H.264 is written as a part")
	}
}
