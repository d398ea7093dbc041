package snapshot

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

var front = stream.Key{Camera: "front"}

// clock is a camera with a picture each second, or each period, numbered by
// its run and its place in that: 100 is the first picture of the first run.
type clock struct {
	period time.Duration
	runs   int
}

func (c *clock) Run(ctx context.Context, emit func(media.Frame)) error {
	c.runs++
	tick := time.NewTicker(c.period)
	defer tick.Stop()
	var format *media.Format
	for n := 100 * c.runs; ; n++ {
		frame, err := media.JPEGFrame(camtest.Picture(n, 64, 32), format)
		if err != nil {
			return err
		}
		format = frame.Format
		emit(frame)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// broken is a camera that cannot be reached.
type broken struct{}

func (broken) Run(context.Context, func(media.Frame)) error { return errors.New("refused") }

// TestEncoderIsNotKeptForOnePicture, which others may be waiting for.
func TestEncoderIsNotKeptForOnePicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, camera := newHub(t)
		small := stream.Key{Camera: "front", Rendition: "small"}
		for range 2 {
			w := httptest.NewRecorder()
			if err := New(hub).Serve(w, httptest.NewRequest("GET", "/live/front.jpg", nil), delivery.Choice{Own: small}, stream.Client{}); err != nil || w.Body.Len() == 0 {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if camera.runs != 2 {
			t.Errorf("it ran %d times", camera.runs)
		}
	})
}

func newHub(t *testing.T) (*stream.Hub, *clock) {
	camera := &clock{period: time.Second}
	sources := map[string]stream.Source{"front": camera, "broken": broken{}, "phone": nil}
	hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
		source, ok := sources[k.Camera]
		if !ok {
			return nil, stream.ErrUnknown
		}
		return source, nil
	}})
	t.Cleanup(hub.Close)
	return hub, camera
}

func get(hub *stream.Hub, camera, query string) (*httptest.ResponseRecorder, error) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/live/"+camera+".jpg"+query, nil)
	return w, New(hub).Serve(w, r, delivery.Choice{Own: stream.Key{Camera: camera}}, stream.Client{})
}

func expect(t *testing.T, hub *stream.Hub, query string, want int) *httptest.ResponseRecorder {
	t.Helper()
	w, err := get(hub, "front", query)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := camtest.ReadJPEGNumber(w.Body.Bytes()); got != want || err != nil {
		t.Fatalf("picture %d, %v; want %d", got, err, want)
	}
	return w
}

func TestNewestPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, camera := newHub(t)
		began := time.Now()
		expect(t, hub, "", 100) // connects, and waits for the first
		time.Sleep(1500 * time.Millisecond)
		expect(t, hub, "", 101) // at hand, within the linger
		if d := time.Since(began); d != 1500*time.Millisecond {
			t.Fatalf("waited: %v in all", d)
		}
		if camera.runs != 1 {
			t.Fatalf("%d runs", camera.runs)
		}
	})
}

func TestAskingAgainKeepsCameraConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, camera := newHub(t)
		expect(t, hub, "", 100)
		for n := 105; n < 160; n += 5 {
			time.Sleep(5 * time.Second)
			synctest.Wait()
			expect(t, hub, "", n)
		}
		if camera.runs != 1 {
			t.Fatalf("%d runs", camera.runs)
		}
	})
}

func TestSlowCameraShowsItsNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, camera := newHub(t)
		camera.period = time.Hour
		reader, err := hub.Open(front, stream.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		time.Sleep(30 * time.Minute)
		expect(t, hub, "", 100)
		if _, err := get(hub, "front", "?max_age=5m"); !errors.Is(err, ErrNoFrame) {
			t.Fatalf("a picture of five minutes at most: %v", err)
		}
	})
}

func TestMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, camera := newHub(t)
		expect(t, hub, "?max_age=0", 100)
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		expect(t, hub, "?max_age=600ms", 100)
		if time.Since(began) > 0 {
			t.Fatal("waited for a picture it did not need")
		}
		expect(t, hub, "?max_age=400ms", 101)
		if time.Since(began) != 500*time.Millisecond {
			t.Fatalf("waited %v", time.Since(began))
		}

		time.Sleep(time.Minute) // the run has ended at 110
		expect(t, hub, "?max_age=2m", 111)
		if camera.runs != 1 {
			t.Fatal("connected for a picture that was kept")
		}
		expect(t, hub, "?max_age=10", 200)
		time.Sleep(time.Minute)
		expect(t, hub, "", 300) // the kept one is too old
	})
}

func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, _ := newHub(t)
		began := time.Now()
		failed := (*stream.SourceError)(nil)
		if _, err := get(hub, "broken", ""); !errors.As(err, &failed) || time.Since(began) > 0 {
			t.Errorf("broken camera: %v after %v", err, time.Since(began))
		}
		if _, err := get(hub, "other", "?max_age=1h"); !errors.Is(err, stream.ErrUnknown) {
			t.Errorf("unknown camera: %v", err)
		}
		if _, err := get(hub, "phone", ""); !errors.Is(err, ErrNoFrame) || time.Since(began) != patience {
			t.Errorf("camera without a publisher: %v after %v", err, time.Since(began))
		}
		for _, query := range []string{"?max_age=soon", "?max_age=-1s", "?max_age=-1", "?max_age=99999999999999999999", "?max_age=1e9h"} {
			if _, err := get(hub, "front", query); !errors.Is(err, ErrBadQuery) {
				t.Errorf("%s: %v", query, err)
			}
		}
		hub.Close()
		if _, err := get(hub, "front", ""); !errors.Is(err, stream.ErrClosed) {
			t.Errorf("closed hub: %v", err)
		}
	})
}

func TestClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, _ := newHub(t)
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
		err := New(hub).Serve(httptest.NewRecorder(), r, delivery.Choice{Own: stream.Key{Camera: "phone"}}, stream.Client{})
		if !errors.Is(err, stream.ErrClosed) || hub.Viewers("phone") > 0 {
			t.Fatalf("%v, %d viewers", err, hub.Viewers("phone"))
		}
	})
}

func TestHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, _ := newHub(t)
		full := expect(t, hub, "", 100)
		want := map[string]string{
			"Content-Type":   "image/jpeg",
			"Content-Length": full.Header().Get("Content-Length"),
			"Cache-Control":  "no-store",
			"X-Timestamp":    "946684800.000000",
		}
		head := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodHead, "/", nil)
		if err := New(hub).Serve(head, r, delivery.Choice{Own: front}, stream.Client{}); err != nil || head.Body.Len() > 0 {
			t.Fatalf("HEAD: %v, %d bytes", err, head.Body.Len())
		}
		for name, value := range want {
			if full.Header().Get(name) != value || head.Header().Get(name) != value || value == "" {
				t.Errorf("%s: %q, HEAD %q, want %q", name, full.Header().Get(name), head.Header().Get(name), value)
			}
		}
	})
}

func TestFull(t *testing.T) {
	hub := stream.New(stream.Options{
		Resolve: func(stream.Key) (stream.Source, error) { return nil, nil },
		Limits:  stream.Limits{Viewers: 1},
	})
	defer hub.Close()
	reader, err := hub.Open(front, stream.ReadOptions{Client: &stream.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := get(hub, "front", ""); !errors.Is(err, stream.ErrFull) {
		t.Fatal(err)
	}
}

// film is a camera that turns out to send H.264.
type film struct{}

func (film) Run(ctx context.Context, emit func(media.Frame)) error {
	emit(media.Frame{Key: true, Data: []byte("no JPEG"), Format: &media.Format{Codec: media.H264, Width: 32, Height: 16}})
	<-ctx.Done()
	return ctx.Err()
}

// TestNoSnapshotOfWhatIsNoJPEG: a camera may have been changed since its
// stream was chosen.
func TestNoSnapshotOfWhatIsNoJPEG(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return film{}, nil }})
		t.Cleanup(hub.Close)
		for _, query := range []string{"", "", "?max_age=1h"} { // there is none at first, and then one is kept
			if w, err := get(hub, "front", query); !errors.Is(err, stream.ErrClosed) || w.Body.Len() > 0 {
				t.Errorf("%q: %q, %v", query, w.Body, err)
			}
		}
	})
}

// TestCameraThatSendsNoJPEGs is found to be one by its first picture, whose
// rendition is asked then. Where there is none, who asked is not let wait.
func TestCameraThatSendsNoJPEGs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
			if k.Rendition == "jpeg" {
				return &clock{period: time.Second}, nil
			}
			return film{}, nil
		}})
		defer hub.Close()
		w := httptest.NewRecorder()
		choice := delivery.Choice{Own: front, Rendition: stream.Key{Camera: "front", Rendition: "jpeg"}}
		if err := New(hub).Serve(w, httptest.NewRequest("GET", "/live/front.jpg", nil), choice, stream.Client{}); err != nil {
			t.Fatal(err)
		}
		if n, err := camtest.ReadJPEGNumber(w.Body.Bytes()); n != 100 || err != nil {
			t.Errorf("picture %d, %v", n, err)
		}
		if _, err := get(hub, "front", ""); !errors.Is(err, stream.ErrClosed) {
			t.Errorf("without a rendition: %v", err)
		}
	})
}
