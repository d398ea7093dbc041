//go:build linux

package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
	"framegate/gateway/playback/tape"
)

const (
	wallCameras = 16
	wallMinutes = 10 // of each were recorded
)

// BenchmarkWall has Chromium show the app's wall of 16 cameras that send JPEGs of
// 640x360, ten a second, and measures each of its goals: browsertest/wallbench.mjs.
// memory takes two minutes, or as many seconds as FRAMEGATE_BENCH_SECONDS says.
func BenchmarkWall(b *testing.B) {
	if _, err := os.Stat(rig.BrowserTests + "/node_modules"); err != nil {
		b.Skip(err)
	}
	start := time.Now().Add(-time.Hour).Truncate(time.Minute)
	s, cameras := wallGateway(b, start)
	defer s.stop()
	url := "http://" + s.address
	rig.Feed(b, url, rig.Credentials{}, cameras, rig.CameraPictures(b))
	for _, what := range []string{"cpu", "first", "scrub", "touch", "step", "memory"} {
		b.Run(what, func(b *testing.B) {
			browser := rig.Node(b.Context(), "wallbench.mjs", what, url, start.UTC().Format(time.RFC3339))
			browser.Stderr, browser.Env = os.Stderr, append(os.Environ(), "STORY_CEILING=3600000")
			said, err := browser.Output()
			var metrics map[string]float64
			if err == nil {
				err = json.Unmarshal(said, &metrics)
			}
			if err != nil {
				b.Fatal(err)
			}
			for name, value := range metrics {
				b.ReportMetric(value, name)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// wallGateway is a gateway with many cameras, of which some minutes were recorded
// from a moment on.
func wallGateway(b *testing.B, start time.Time) (s *benchServer, cameras []string) {
	b.Helper()
	folder := b.TempDir()
	frames := tape.Numbered(b, 1, 600, 640, 360, "-bf", "0")
	var film []tape.Stretch
	for minute := range wallMinutes {
		film = append(film, tape.Stretch{Start: start.Add(time.Duration(minute) * time.Minute), Frames: frames})
	}
	text := fmt.Sprintf("auth: off\nrecordings: {dir: '%s/recordings'}\ncameras:\n", folder)
	for i := range wallCameras {
		name := fmt.Sprintf("c%02d", i)
		tape.Folder(b, folder+"/recordings", name, film)
		text += fmt.Sprintf("  %s: {source: 'upload:', record: %s}\n", name, rig.RecordedLater())
		cameras = append(cameras, name)
	}
	name := filepath.Join(folder, "framegate.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return startServer(b, "gateway", "FRAMEGATE_BENCH_CONFIG="+name), cameras
}
