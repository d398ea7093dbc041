package record_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"framegate/gateway/output/recording"
	"framegate/gateway/record"
	"framegate/gateway/stream"
)

// pausing is a client that takes so many bytes, and the rest when it is told to.
type pausing struct {
	*httptest.ResponseRecorder
	most  int
	taken chan struct{} // is closed once they were
	rest  chan struct{}
}

func (p *pausing) Write(b []byte) (int, error) {
	if before := p.Body.Len(); before < p.most && before+len(b) >= p.most {
		close(p.taken)
		<-p.rest
	}
	return p.ResponseRecorder.Write(b)
}

// TestRetentionUnderADownload: it is completed with the bytes that it had, or ends
// before the first that was deleted, and who wants to go on gets another clip. A clip
// has few of its files open, so most may go.
func TestRetentionUnderADownload(t *testing.T) {
	const recorded, meanwhile = 30, 12 // files of ten seconds, before and in the download
	for name, c := range map[string]struct {
		taken  float64 // of the clip, when recordings go
		goes   int     // how many files, the oldest
		stays  int     // how many files that the clip has, at least
		whole  bool
		resume int // the status of who goes on
	}{
		"nothing goes":              {0.5, 0, 24, true, http.StatusPartialContent},
		"what was sent goes":        {0.7, 5, 16, true, http.StatusOK},
		"what is to be sent goes":   {0.2, 20, 4, false, http.StatusOK},
		"all but the newest goes":   {0.5, 40, 8, false, http.StatusOK},
		"all goes before a picture": {0, 40, 0, false, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, nil, func(g *rig, _ *camera) {
				t := g.t
				time.Sleep(recorded * 10 * time.Second)
				all := counter{g.recorders.Index(), shelf{g.recorders}}
				h := recording.New(recording.Options{Finder: all, Opener: all})
				defer h.Close()
				oldest, err := all.Oldest(t.Context(), "front")
				if err != nil {
					t.Fatal(err)
				}
				query := fmt.Sprintf("/?from=%s&to=%s", oldest.Start.Format(time.RFC3339Nano), time.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano))
				ask := func(w http.ResponseWriter, header ...string) error {
					r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, query, nil)
					for i := 0; i < len(header); i += 2 {
						r.Header.Set(header[i], header[i+1])
					}
					return h.Serve(w, r, "front", stream.Client{Address: "192.0.2.1"})
				}
				before := httptest.NewRecorder()
				if err := ask(before); err != nil {
					t.Fatal(err)
				}
				want := before.Body.Bytes()

				w := &pausing{httptest.NewRecorder(), max(int(c.taken*float64(len(want))), 1), make(chan struct{}), make(chan struct{})}
				done := make(chan error, 1)
				go func() { done <- ask(w) }()
				<-w.taken
				settings := record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}
				if each := sizes(t, g.dir) / recorded; c.goes > 0 {
					settings.MaxBytes = int64(recorded+meanwhile-c.goes) * each
				}
				g.recorders.Apply(settings, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
				time.Sleep(meanwhile * 10 * time.Second)
				if removed := g.recorders.Status("front").Removed; removed > 0 != (c.goes > 0) {
					t.Errorf("%d recordings were deleted", removed)
				}
				rows, err := all.Between(t.Context(), "front", oldest.Start, oldest.Start.Add(4*time.Minute), 0)
				if err != nil || len(rows) < c.stays {
					t.Errorf("%d files are still there, want %d; %v", len(rows), c.stays, err)
				}
				close(w.rest)
				if err := <-done; err != nil {
					t.Error(err)
				}
				got := w.Body.Bytes()
				t.Logf("%d of %d bytes were sent, %d before the deletion", len(got), len(want), w.most)
				if promised, _ := strconv.Atoi(w.Header().Get("Content-Length")); promised != len(want) || !bytes.HasPrefix(want, got) {
					t.Errorf("%d bytes are promised and %d sent, of %d, or others", promised, len(got), len(want))
				}
				if c.whole != (len(got) == len(want)) || len(got) < w.most {
					t.Errorf("%d of %d bytes were sent, %d before the deletion", len(got), len(want), w.most)
				}

				again := httptest.NewRecorder()
				from := len(want) / 3
				err = ask(again, "Range", fmt.Sprintf("bytes=%d-", from), "If-Range", w.Header().Get("ETag"))
				if again.Code != c.resume && err == nil {
					t.Errorf("who goes on gets %d", again.Code)
				}
				if again.Code == http.StatusPartialContent && !bytes.Equal(again.Body.Bytes(), want[from:]) {
					t.Errorf("who goes on gets %d other bytes", again.Body.Len())
				}
			})
		})
	}
}
