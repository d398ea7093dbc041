package metrics

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the golden file anew")

// steady are sources whose numbers never change.
func steady() Sources {
	arrived := time.UnixMilli(1_700_000_000_250)
	failed := stream.Stats{}.Failed
	failed[stream.ReasonSilent] = 1
	forms := []stream.FormStats{{Form: "mjpeg", Viewers: 2, Frames: 9, Dropped: 8, Delay: 7 * time.Second}}
	forms[0].Delays[0], forms[0].Delays[5], forms[0].Delays[len(forms[0].Delays)-1] = 3, 2, 1
	jpeg := stream.Key{Camera: "front", Rendition: "jpeg-640x360"}
	return Sources{
		Version:  "1.2.3",
		Forms:    func() []stream.FormStats { return forms },
		Panics:   func() uint64 { return 2 },
		Troubles: func() map[string]bool { return map[string]bool{"clock": true, "database": false} },
		Cameras:  func() []string { return []string{"front", "phone"} },
		Streams: func() []stream.Stats {
			return []stream.Stats{
				{Key: stream.Key{Camera: "front"}, State: stream.Online, Readers: 3, Runs: 2, Failures: 1, Failed: failed, Frames: 1000, Bytes: 75_000_000, Refused: 4, Dropped: 5, FPS: 29.97, Newest: arrived, Sound: stream.Sound{Format: &media.Format{Codec: media.AAC, Rate: 48_000, Channels: 2}, Frames: 47, Bytes: 16_000}},
				{Key: stream.Key{Camera: "front", Rendition: "jpeg-640x360"}, State: stream.Connecting, Readers: 1, Runs: 1},
				{Key: stream.Key{Camera: "gone"}, State: stream.Idle, Frames: 99},
			}
		},
		Viewers: func(camera string) int { return map[string]int{"front": 2}[camera] },
		Encoders: func() Encoders {
			return Encoders{4, 2, 1, 5, 10, 11, 12, 13 * time.Second, []Encoder{{jpeg, 1500 * time.Millisecond, 14, 15 * time.Millisecond, 2}}}
		},
		Uploads: func() Uploads { return Uploads{1, 20, 21, 22} },
		Logins:  func() Logins { return Logins{30, 31, 3} },
		Cluster: func() Cluster {
			return Cluster{2, 1, 40, 41, 42, 43, 44, 45, 46, 47, 48, 53, map[string]uint64{"name": 49}, 50, 51, 52, new(true), 54, true, 55, 56, map[string]uint64{"old": 57}, 63, 64, 65, 58, []Clock{{"b", 59 * time.Second, 60 * time.Millisecond}}, map[string]int{"b": 61}, map[string]uint64{"direct": 61, "called_back": 62, "by_the_bus": 63}, Failovers{map[float64]uint64{2: 1, 5: 3}, 7 * time.Second, 4}}
		},
		Limits: NewHits("viewers", "frame_bytes", "viewers").All,
		Recordings: func() (RecordingRoom, []Recording) {
			return RecordingRoom{40, 39, 41, 42, 1500 * time.Millisecond, 3, 43, 44, 45, 46}, []Recording{
				{"front", "slow", 50, 51, 52, 53, 54, 55, 56, 57, arrived, true, 1.25, arrived.Add(-time.Hour), 58},
				{"phone", "off", 0, 0, 0, 0, 0, 0, 0, 0, time.Time{}, false, 0, time.Time{}, 0},
			}
		},
		Told: func() []Told { return []Told{{"webhook", 60, 61, 62}} },
		Exports: func() Exports {
			return Exports{map[string]int{"waiting": 2, "done": 5}, map[string]uint64{"done": 40, "failed": 41}, 42}
		},
	}
}

func gather(t *testing.T, s Sources) []*dto.MetricFamily {
	t.Helper()
	families, err := registryOf(s).Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// TestNamesKeepToConventions lets Prometheus' own linter judge.
func TestNamesKeepToConventions(t *testing.T) {
	problems, err := promlint.NewWithMetricFamilies(gather(t, steady())).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "framegate_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// TestCollectorIsConsistent has a pedantic registry hold what is described
// against what is collected.
func TestCollectorIsConsistent(t *testing.T) {
	for _, s := range []Sources{steady(), {}, {Cameras: steady().Cameras}} {
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(&collector{s})
		if _, err := registry.Gather(); err != nil {
			t.Error(err)
		}
	}
}

// scrape asks as Prometheus does.
func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%d, %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	return w.Body.String()
}

// TestAnswer looks at all that Framegate tells, to the byte.
func TestAnswer(t *testing.T) {
	const golden = "testdata/metrics.txt"
	var ours []string
	for line := range strings.Lines(scrape(t, New(steady()))) {
		if strings.Contains(line, "framegate_") {
			ours = append(ours, strings.ReplaceAll(line, runtime.Version(), "go"))
		}
	}
	got := strings.Join(ours, "")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// TestProcessIsTold: of the runtime and, where the system does, the process.
func TestProcessIsTold(t *testing.T) {
	got := scrape(t, New(Sources{}))
	for _, name := range []string{"go_goroutines", "go_memstats_heap_alloc_bytes", "process_cpu_seconds_total", "process_open_fds"} {
		if !strings.Contains(got, "\n"+name+" ") {
			t.Errorf("%s is missing", name)
		}
	}
}

// value gives the number of a series.
func value(t *testing.T, answer, series string) string {
	t.Helper()
	for line := range strings.Lines(answer) {
		if number, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(number)
		}
	}
	t.Fatalf("no %s in\n%s", series, answer)
	return ""
}

// TestLimitsAreThereFromTheStart, and count.
func TestLimitsAreThereFromTheStart(t *testing.T) {
	hits := NewHits("viewers", "frame_bytes")
	h := New(Sources{Limits: hits.All})
	for _, limit := range []string{"viewers", "frame_bytes", "other"} {
		if got := value(t, scrape(t, h), `framegate_limit_hits_total{limit="`+limit+`"}`); got != "0" {
			t.Errorf("%s begins with %s", limit, got)
		}
	}
	hits.Hit("viewers")
	hits.Hit("viewers")
	hits.Hit("nobody knows this")
	for limit, want := range map[string]string{"viewers": "2", "frame_bytes": "0", "other": "1"} {
		if got := value(t, scrape(t, h), `framegate_limit_hits_total{limit="`+limit+`"}`); got != want {
			t.Errorf("%s is %s, want %s", limit, got, want)
		}
	}
}

func TestHitAllocatesNothing(t *testing.T) {
	hits := NewHits("viewers")
	if n := testing.AllocsPerRun(100, func() { hits.Hit("viewers"); hits.Hit("unknown") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestRenditionsAreBounded: clients choose them.
func TestRenditionsAreBounded(t *testing.T) {
	s := steady()
	s.Streams = func() (all []stream.Stats) {
		for i := range maxRenditions + 10 {
			all = append(all, stream.Stats{Key: stream.Key{Camera: "front", Rendition: fmt.Sprintf("r%04d", i)}})
		}
		return append(all, stream.Stats{Key: stream.Key{Camera: "phone"}})
	}
	got := scrape(t, New(s))
	if n := strings.Count(got, "framegate_stream_readers{"); n != maxRenditions+1 {
		t.Errorf("%d streams are told of", n)
	}
	if n := value(t, got, "framegate_streams_left_out"); n != "10" {
		t.Errorf("%s are left out", n)
	}
	value(t, got, `framegate_stream_readers{camera="phone",rendition=""}`)
}

// TestBuiltTwice: no registry is shared.
func TestBuiltTwice(t *testing.T) {
	a, b := NewHits("viewers"), NewHits("viewers")
	first, second := New(Sources{Limits: a.All}), New(Sources{Limits: b.All})
	a.Hit("viewers")
	const series = `framegate_limit_hits_total{limit="viewers"}`
	if x, y := value(t, scrape(t, first), series), value(t, scrape(t, second), series); x != "1" || y != "0" {
		t.Errorf("%s and %s", x, y)
	}
	if families, err := prometheus.DefaultGatherer.Gather(); err != nil || slices.ContainsFunc(families, func(f *dto.MetricFamily) bool { return strings.HasPrefix(f.GetName(), "framegate_") }) {
		t.Errorf("the default registry has some of it (%v)", err)
	}
}

// publisher is a source whose frames the test gives.
type publisher struct{ frames chan media.Frame }

func (p publisher) Run(ctx context.Context, emit func(media.Frame)) error {
	for {
		select {
		case f := <-p.frames:
			emit(f)
		case <-ctx.Done():
			return nil
		}
	}
}

// TestNumbersFollowTheHub scrapes, over HTTP, while frames come and viewers
// come and go.
func TestNumbersFollowTheHub(t *testing.T) {
	hits := NewHits(stream.LimitNames...)
	hub := stream.New(stream.Options{
		Resolve: func(stream.Key) (stream.Source, error) { return nil, nil },
		Limits:  stream.Limits{ViewersPerCamera: 2},
		Limited: hits.Hit,
	})
	server := httptest.NewServer(New(Sources{
		Cameras: func() []string { return []string{"phone"} },
		Streams: hub.Stats, Viewers: hub.Viewers, Limits: hits.All,
	}))
	defer server.Close()
	front := stream.Key{Camera: "phone"}
	camera := publisher{make(chan media.Frame)}
	var lives sync.WaitGroup
	lives.Go(func() { _ = hub.Attach(context.Background(), front, camera) }) // ends with the hub
	defer lives.Wait()
	defer hub.Close()
	format := &media.Format{Codec: media.JPEG, Width: 1, Height: 1}
	for n := range 100 {
		camera.frames <- media.Frame{Key: true, Format: format, Data: make([]byte, 10)}
		if n%10 == 0 {
			lives.Go(func() { get(t, server.URL) })
		}
		lives.Go(func() {
			if r, err := hub.Open(front, stream.ReadOptions{Client: &stream.Client{Address: "a"}}); err == nil {
				r.Close()
			}
		})
	}
	for range 3 {
		r, err := hub.Open(front, stream.ReadOptions{Client: &stream.Client{Address: "b"}})
		if err == nil {
			defer r.Close()
		}
	}
	want := map[string]string{
		`framegate_cameras`: "1",
		`framegate_stream_frames_total{camera="phone",rendition=""}`:          "100",
		`framegate_stream_bytes_total{camera="phone",rendition=""}`:           "1000",
		`framegate_stream_runs_total{camera="phone",rendition=""}`:            "1",
		`framegate_stream_state{camera="phone",rendition="",state="online"}`:  "1",
		`framegate_stream_state{camera="phone",rendition="",state="offline"}`: "0",
		`framegate_limit_hits_total{limit="viewers"}`:                         "0",
		`framegate_limit_hits_total{limit="viewers_per_principal"}`:           "0",
	}
	var got string
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) { // the last frame may not be counted yet
		got = get(t, server.URL)
		if strings.Contains(got, `framegate_stream_frames_total{camera="phone",rendition=""} 100`) || time.Now().After(end) {
			break
		}
	}
	for _, series := range slices.Sorted(maps.Keys(want)) {
		if v := value(t, got, series); v != want[series] {
			t.Errorf("%s is %s, want %s", series, v, want[series])
		}
	}
	if v := value(t, got, `framegate_limit_hits_total{limit="viewers_per_camera"}`); v == "0" {
		t.Error("no viewer was too many")
	}
}

func get(t *testing.T, url string) string {
	response, err := http.Get(url)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 && response.StatusCode != 503 {
		t.Errorf("%d, %v: %s", response.StatusCode, err, b)
	}
	return string(b)
}

// TestLabelsAreFew: they are those of a short list, without addresses and users.
func TestLabelsAreFew(t *testing.T) {
	allowed := []string{"camera", "rendition", "state", "limit", "version", "goversion", "codec", "rate", "channels", "form", "reason", "trouble", "kind", "result", "node", "way"}
	for _, f := range gather(t, steady()) {
		if !strings.HasPrefix(f.GetName(), "framegate_") {
			continue
		}
		for _, m := range f.Metric {
			for _, l := range m.Label {
				if !slices.Contains(allowed, l.GetName()) {
					t.Errorf("%s has the label %s", f.GetName(), l.GetName())
				}
			}
		}
	}
}

// TestPanicsAreCounted where whoever caught one tells the log.
func TestPanicsAreCounted(t *testing.T) {
	var panics Panics
	var told strings.Builder
	log := slog.New(panics.Counting(slog.NewTextHandler(&told, nil)))
	log.Error("source panicked", "stream", "front", "panic", "oh")
	log.With("camera", "front").WithGroup("g").Error("encoder panicked", "panic", "oh")
	log.Error("no panic", "err", "panic")
	if n := panics.Count(); n != 2 || strings.Count(told.String(), "\n") != 3 || !strings.Contains(told.String(), "camera=front") {
		t.Errorf("%d counted, of\n%s", n, told.String())
	}
}
