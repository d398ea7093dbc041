package replay_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/output/mjpeg"
	"framegate/gateway/output/replay"
	"framegate/gateway/output/sse"
	"framegate/gateway/playback"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record/index"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when recording begins: 40 pictures, ten a second, and 40 more an hour
// later.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// growing is a tape to which something is being written, ten seconds before 14 h.
type growing struct{ *tape.Tape }

func (growing) Growing(string) (playback.Growing, bool) {
	start := noon.Add(2*time.Hour - 10*time.Second)
	return playback.Growing{Segment: index.Segment{Camera: "front", Path: "growing.mp4", Start: start, End: start.Add(9 * time.Second)}}, true
}

// cinema is a server of recordings.
type cinema struct {
	t        *testing.T
	url      string
	handler  *replay.Handler
	audience *stream.Audience
	refused  chan error
	hits     atomic.Int64
}

func open(t *testing.T) *cinema {
	t.Helper()
	p := tape.New(t)
	for _, hour := range []int{0, 1} {
		var frames []media.Frame
		var format *media.Format
		for n := range 40 {
			f, err := media.JPEGFrame(camtest.Picture(100*hour+n, 64, 48), format)
			if err != nil {
				t.Fatal(err)
			}
			f.PTS, format = time.Duration(n)*time.Second/10, f.Format
			frames = append(frames, f)
		}
		p.Record(noon.Add(time.Duration(hour)*time.Hour), frames)
	}
	library := &playback.Library{Recordings: growing{p}}
	c := &cinema{t: t, audience: stream.NewAudience(), refused: make(chan error, 100)}
	c.handler = replay.New(replay.Options{
		Library: library, Delivery: delivery.Options{Limited: func(string) { c.hits.Add(1) }},
		Session: func(camera string, from time.Time) *playback.Session {
			return playback.NewSession(playback.SessionOptions{Library: library, Camera: camera, Audience: c.audience}, from)
		},
	})
	mux := http.NewServeMux()
	choice := delivery.Choice{Own: stream.Key{Camera: "front"}, Rendition: stream.Key{Camera: "front", Rendition: "jpeg"}}
	for path, form := range map[string]func(delivery.Options) replay.Output{
		"/mjpeg": func(o delivery.Options) replay.Output { return mjpeg.New(o) },
		"/sse":   func(o delivery.Options) replay.Output { return sse.New(o) },
	} {
		serve := c.handler.As(form)
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if err := serve(w, r, choice, stream.Client{Address: r.URL.Query().Get("who")}); err != nil {
				w.WriteHeader(http.StatusTeapot)
				c.refused <- err
			}
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	t.Cleanup(c.handler.Close)
	c.url = server.URL
	return c
}

// ask makes a request that ends with the test, at the latest.
func (c *cinema) ask(path string) *http.Response {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), "GET", c.url+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// numbers reads so many different pictures of an endless image, by their numbers.
func (c *cinema) numbers(path string, count int) (all []int) {
	c.t.Helper()
	answer := c.ask(path)
	parts, err := camtest.ReadParts(answer.Body, answer.Header, false)
	if err != nil || answer.StatusCode != 200 {
		c.t.Fatalf("%s: %s, %v", path, answer.Status, err)
	}
	for len(all) < count {
		part, err := parts.Next()
		if err != nil {
			c.t.Fatalf("%s: %v behind %v", path, err, all)
		}
		n, err := camtest.ReadJPEGNumber(part.JPEG)
		if err != nil {
			continue // that nothing comes
		}
		if len(all) == 0 || all[len(all)-1] != n {
			all = append(all, n)
		}
	}
	return all
}

// TestPastPlaysAsTheFormsOfThePresent from any moment on, over a hole, faster, and
// backwards.
func TestPastPlaysAsTheFormsOfThePresent(t *testing.T) {
	t.Parallel()
	c := open(t)
	for path, want := range map[string]struct{ first, step, last int }{
		"/mjpeg?from=2026-11-20T12:00:01Z":              {10, 1, 15},
		"/mjpeg?from=2026-11-20T12:00:03.8Z&rate=0.5":   {38, 1, 101},
		"/mjpeg?from=2026-11-20T13:30:00%2B01:00":       {100, 1, 105}, // in the hole
		"/mjpeg?from=2026-11-20T13:00:00.2Z&rate=-0.25": {102, -1, 39},
	} {
		all := c.numbers(path, 5)
		if all[0] != want.first {
			t.Errorf("%s begins with %v, want %d", path, all, want.first)
		}
		for i := 1; i < len(all); i++ {
			if step := want.step * (place(all[i]) - place(all[i-1])); step < 1 || step > 3 { // a viewer that is late loses some
				t.Errorf("%s plays %v", path, all)
			}
		}
	}
	answer := c.ask("/sse?from=2026-11-20T12:00:01Z")
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if lines.Text() == "event: frame" {
			if all := c.audience.Watchers(); !slices.ContainsFunc(all, func(w stream.Watcher) bool { return w.Form == "sse" && w.Past }) {
				t.Errorf("admins are told of %+v", all)
			}
			return
		}
	}
	t.Error("there is no picture among the events")
}

// place is which of the recorded pictures one is: there are 40 before the hole, and those
// behind it are numbered from 100 on.
func place(number int) int {
	if number >= 100 {
		return number - 60
	}
	return number
}

// TestWhatCannotBePlayedIsTold before anything is answered.
func TestWhatCannotBePlayedIsTold(t *testing.T) {
	t.Parallel()
	c := open(t)
	for path, want := range map[string]error{
		"/mjpeg":                           replay.ErrBadQuery,
		"/mjpeg?from=noon":                 replay.ErrBadQuery,
		"/mjpeg?from=9999-01-01T00:00:00Z": replay.ErrBadQuery,
		"/mjpeg?from=2026-11-20T12:00:00Z&rate=fast":    replay.ErrBadQuery,
		"/mjpeg?from=2026-11-20T12:00:00Z&rate=0":       playback.ErrRate,
		"/mjpeg?from=2026-11-20T12:00:00Z&rate=NaN":     playback.ErrRate,
		"/mjpeg?from=2026-11-20T12:00:01Z&rate=-17":     playback.ErrRate,
		"/mjpeg?from=2026-11-20T14:01:00Z":              playback.ErrNothing,
		"/mjpeg?from=now":                               playback.ErrNothing,
		"/mjpeg?from=-1m":                               playback.ErrNothing,
		"/sse?from=2026-11-20T11:59:59Z&rate=-1&who=me": playback.ErrNothing,
	} {
		if answer := c.ask(path); answer.StatusCode != http.StatusTeapot {
			t.Errorf("%s: %s", path, answer.Status)
			continue
		}
		if err := <-c.refused; !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// TestWhatIsAboutToBeWrittenCanBePlayed from the moment on that is asked for, which
// is always a little later than what was written.
func TestWhatIsAboutToBeWrittenCanBePlayed(t *testing.T) {
	t.Parallel()
	c := open(t)
	if answer := c.ask("/sse?from=2026-11-20T14:00:05Z"); answer.StatusCode != http.StatusOK {
		t.Errorf("%s: %v", answer.Status, <-c.refused)
	}
}

// TestOnlySoManyPlay at a time: some each, so that nobody takes all places. They are
// free again when a viewer goes, and Close ends all.
func TestOnlySoManyPlay(t *testing.T) {
	t.Parallel()
	c := open(t)
	const path = "/mjpeg?from=2026-11-20T12:00:00Z&rate=0.25&who="
	var open []*http.Response
	for len(open) < 9 {
		answer := c.ask(path + "one")
		if answer.StatusCode != 200 {
			break
		}
		open = append(open, answer)
	}
	if err := <-c.refused; len(open) != 8 || !errors.Is(err, replay.ErrBusy) || c.hits.Load() != 1 {
		t.Fatalf("%d play, %v; %d hits", len(open), err, c.hits.Load())
	}
	if answer := c.ask(path + "two"); answer.StatusCode != 200 {
		t.Errorf("another: %s", answer.Status)
	}
	open[0].Body.Close()
	for end := time.Now().Add(time.Minute); c.ask(path+"one").StatusCode != 200; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the place of who went stays taken")
		}
	}
	c.handler.Close()
	for _, answer := range open[1:] {
		_, _ = io.Copy(io.Discard, answer.Body) // to its end
	}
	if answer := c.ask(path + "three"); answer.StatusCode == 200 {
		t.Error("it plays after Close")
	}
}
