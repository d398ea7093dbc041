package live

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/playback"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record/index"
)

// seekPage has a player seek, and posts how many milliseconds each took until a
// picture of that moment was shown.
const seekPage = `<!doctype html><title>seeks</title><style>framegate-player { width: 320px }</style><script type="module">
import '/framegate-player.js';
const {from, to} = await (await fetch('/stretch')).json();
const player = document.createElement('framegate-player');
player.src = '/live/front';
document.body.append(player);
const painted = () => new Promise(requestAnimationFrame);
while (player.state !== 'live') await painted();
player.seek(from);
player.pause();
const took = [];
for (let n = 0; n < 43; n++) {
  const at = from + (to - from) * ((n * 0.618034) % 1), began = performance.now();
  player.seek(at);
  while (!(Math.abs((player.time ?? 0) - at) < 1000) && performance.now() - began < 30000) await painted();
  if (n >= 3) took.push(performance.now() - began); // the first ones make what shows it
}
await fetch('/answer', {method: 'POST', body: JSON.stringify({took, mode: player.activeMode, words: player.words})});
</script>`

// minutes is a tape with a minute that is in an index again and again.
type minutes struct {
	*tape.Tape
	index *index.Index
	file  index.Segment
}

func (m minutes) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error) {
	return m.index.Between(ctx, camera, from, to, limit)
}

func (m minutes) Open(index.Segment) (playback.File, int64, error) { return m.Tape.Open(m.file) }

// newMinutes makes so many of a camera of HD.
func newMinutes(t *testing.T, n int) minutes {
	t.Helper()
	a := tape.New(t)
	frames := tape.Numbered(t, 0, 600, 1280, 720, "-bf", "0", "-g", "20")
	a.Record(noon, frames)
	rows, err := a.Between(t.Context(), "front", noon, time.Time{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	file, format := rows[0], frames[0].Format
	row := file
	row.Sequence, row.Bytes, row.Frames, row.Keys, row.STTS, row.Fragments, row.DataAt, row.MoovBytes, row.Rate = 1, 1<<20, 600, 30, 1, 30, 1<<13, 1<<12, 1
	return minutes{a, tape.Minutes(t, row, index.Format{Codec: "h264", Width: format.Width, Height: format.Height, Config: format.Config}, n), file}
}

// TestBrowserSeeksAmongManySegments within 150 ms up to the picture, where there are
// 100 000. It takes a machine that does nothing else.
func TestBrowserSeeksAmongManySegments(t *testing.T) {
	if os.Getenv("FRAMEGATE_TEST_LONG") == "" {
		t.Skip("it is a measurement; set FRAMEGATE_TEST_LONG to have that")
	}
	const all = 100_000
	s := newSite(t, overTCP)
	library := &playback.Library{Recordings: newMinutes(t, all)}
	s.choice.Past = func(_ context.Context, from time.Time, changed func()) (*Past, error) {
		session := playback.NewSession(playback.SessionOptions{Library: library, Camera: "front", Changed: changed}, from)
		return &Past{Session: session, Allowed: context.Background(), Stop: func() {}}, nil
	}
	s.repeat(s.attach(own), clip(t, 0, 20, 10, ""))
	got := s.seeks(noon, noon.Add(all*time.Minute))
	slices.Sort(got.Took)
	if len(got.Took) < 40 {
		t.Fatalf("%+v", got)
	}
	p50, p95 := got.Took[len(got.Took)/2], got.Took[len(got.Took)*95/100]
	t.Logf("a seek takes %.0f ms (p50), %.0f ms (p95), by %s", p50, p95, got.Mode)
	if p50 > 150 {
		t.Errorf("a seek takes %v ms", got.Took)
	}
}

// sought is what became of seeks.
type sought struct {
	Took        []float64 // milliseconds
	Mode, Words string
}

// seeks has a browser seek within a stretch of time.
func (s *site) seeks(from, to time.Time) (got sought) {
	t := s.t.(*testing.T)
	answers := make(chan sought, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, seekPage)
	})
	mux.HandleFunc("GET /stretch", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]int64{"from": from.UnixMilli(), "to": to.UnixMilli()})
	})
	mux.HandleFunc("GET /live/", s.serve)
	mux.Handle("GET /", http.FileServer(http.Dir("../../../web/dist")))
	mux.HandleFunc("POST /answer", func(_ http.ResponseWriter, r *http.Request) {
		var a sought
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			a.Words = err.Error()
		}
		answers <- a
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() { s.live.Close(); server.Close() })
	camtest.OpenChromium(t, server.URL+"/")
	select {
	case got = <-answers:
	case <-time.After(5 * soon):
		t.Fatal("the browser gives no answer")
	}
	return got
}
