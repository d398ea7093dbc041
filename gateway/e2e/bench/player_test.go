//go:build linux

package bench

import (
	"encoding/json"
	"os"
	"testing"

	"framegate/gateway/e2e/rig"
)

// BenchmarkPlayer has Chromium show a camera that uploads 25 pictures of
// 640x360 a second, by WebSocket in each of the ways, and measures in the page:
// from the arrival of a picture's message to the picture on the screen (paint),
// from the taking of the picture to there (age), of which JPEG to H.264 is a
// part, and by how much the delay that the player says differs from that. It
// says less, as it counts from when a picture is at the gateway, while the
// measure has the drawing and the sending of the picture in it, and of a canvas
// and of a video the wait for the next refresh at which the page looks. By MSE
// the line also fails for 300 ms, and pictures are older for a while.
func BenchmarkPlayer(b *testing.B) {
	if _, err := os.Stat(rig.BrowserTests + "/node_modules"); err != nil {
		b.Skip(err)
	}
	for _, mode := range []string{"mse", "webcodecs", "jpeg"} {
		b.Run(mode, func(b *testing.B) {
			for name, value := range measurePlayer(b, mode) {
				b.ReportMetric(value, name)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// measurePlayer gives the metrics of a way to show pictures, by name.
func measurePlayer(b *testing.B, mode string) (metrics map[string]float64) {
	b.Helper()
	name := b.TempDir() + "/framegate.yaml"
	if err := os.WriteFile(name, []byte("auth: off\ncameras: {phone: {source: 'upload:'}}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	s := startServer(b, "gateway", "FRAMEGATE_BENCH_CONFIG="+name)
	defer s.stop()
	url := "http://" + s.address
	camera := rig.PublishTime(b, url, "phone")
	defer camera.Stop()
	camera.Resize(640, 360)
	browser := rig.Node(b.Context(), "bench.mjs", mode, url)
	browser.Stderr = os.Stderr
	said, err := browser.Output()
	if err == nil {
		err = json.Unmarshal(said, &metrics)
	}
	if err != nil {
		b.Fatal(err)
	}
	return metrics
}
