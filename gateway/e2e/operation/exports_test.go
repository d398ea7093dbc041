package operation

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// TestExportOfARecording is encoded from JPEGs that were recorded, with a clock, and
// gone with what it shows.
func TestExportOfARecording(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg", "ffprobe")
	s := rig.Start(t, "cameras: {front: {source: 'upload:', record: {mode: continuous, codec: mjpeg}}}\n")
	p := past{t, s}
	from := time.Now().UTC().Add(-time.Second)
	rig.SendNumbers(t, s, "front")
	ask := func(method, path string, body any, want int, into any) {
		a := s.Call(t, method, path, body, rig.Credentials{}, want)
		if into != nil {
			if err := json.Unmarshal(a.Content, into); err != nil {
				t.Fatal(err)
			}
		}
	}
	var job struct{ ID, State, Error, URL string }
	rig.Await(t, "three seconds of a recording", func() bool {
		query := url.Values{"from": {from.Format(time.RFC3339Nano)}, "to": {"now"}}
		return len(s.Get(t, "/live/front/recording.mp4?"+query.Encode(), rig.Credentials{}).Content) > 0 && time.Since(from) > 4*time.Second
	})
	ask(http.MethodPost, "/api/v1/exports", map[string]any{"camera": "front", "from": from, "to": "now", "start": "encode", "clock": true}, http.StatusCreated, &job)
	rig.Await(t, "the export", func() bool {
		ask(http.MethodGet, "/api/v1/exports/"+job.ID, nil, http.StatusOK, &job)
		if job.Error != "" {
			t.Fatal(job.Error)
		}
		return job.State == "done"
	})
	answer, err := http.Get(s.URL + job.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", answer.Status, err)
	}
	name := filepath.Join(t.TempDir(), "export.mp4")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := rig.Program(t, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", name).Output()
	if err != nil || strings.TrimSpace(string(out)) != "h264" {
		t.Errorf("%d bytes of %q, %v", len(content), out, err)
	}
	p.ask("DELETE", "/recordings?from="+from.Format(time.RFC3339)+"&to=now", nil, 200, nil)
	if a := s.Get(t, job.URL, rig.Credentials{}); a.StatusCode != http.StatusNotFound {
		t.Errorf("of what was deleted: status %d", a.StatusCode)
	}
}
