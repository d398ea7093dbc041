package interop

import (
	"cmp"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// TestCamerasOfAllKindsAreRecorded with nothing else configured: H.264 and H.265 as they
// were sent, every picture of them, with their sound, and JPEGs encoded.
func TestCamerasOfAllKindsAreRecorded(t *testing.T) {
	t.Parallel()
	film, port := rig.NumberedClip(t, 1200), rig.HeldPort(t)
	heard, h265 := sounding(t, film), sounding(t, rig.NumberedH265(t, 1200))
	jpegs, err := camtest.NewCountingCamera(0)
	if err != nil {
		t.Fatal(err)
	}
	defer jpegs.Close()
	s := rig.Start(t, fmt.Sprintf(`cameras:
  rtsp: {source: '%s', record: {mode: continuous}}
  file: {source: 'file://%s', record: {mode: continuous}}
  mpegts: {source: 'tcp-listen://127.0.0.1:%d', record: {mode: continuous}}
  http: {source: '%s', record: {mode: continuous}}
  upload: {source: 'upload:', record: {mode: continuous}}
`, rig.RTSPServer(t, film), heard, port, jpegs.URL("/")))
	sender := rig.Program(t, "sh", "-c", fmt.Sprintf("until ffmpeg -v error -re -i '%s' -c copy -f mpegts tcp://127.0.0.1:%d; do sleep 0.1; done", h265, port))
	if err := sender.Start(); err != nil {
		t.Fatal(err)
	}
	rig.SendNumbers(t, s, "upload")
	for camera, whole := range map[string]bool{"rtsp": true, "file": true, "mpegts": true, "http": false, "upload": false} {
		rig.Await(t, "recording "+camera, func() bool { return recordedOf(t, s, camera) > 3*time.Second })
		numbers, tracks := clipOf(t, s, camera)
		if want := map[string]string{"file": "h264 aac", "mpegts": "hevc aac"}[camera]; tracks != cmp.Or(want, "h264") {
			t.Errorf("%s: recorded are %s", camera, tracks)
		}
		least := 40
		if !whole { // an encoder that is late leaves some out
			least = 10
		}
		if len(numbers) < least {
			t.Fatalf("%s: only %d pictures are recorded", camera, len(numbers))
		}
		settled := numbers[:len(numbers)-2] // what B-frames show before the last is written after it
		for i, n := range settled[1:] {
			if before := numbers[i]; n <= before || whole && n != before+1 {
				t.Errorf("%s: picture %d comes after %d", camera, n, before)
			}
		}
	}
}

// sounding gives a film with sound.
func sounding(t *testing.T, film string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "sounding.mp4")
	if err := rig.Program(t, "ffmpeg", "-v", "error", "-i", film, "-f", "lavfi", "-i", "sine=r=48000", "-shortest", "-c:v", "copy", "-c:a", "aac", name).Run(); err != nil {
		t.Fatal(err)
	}
	return name
}

// recordedOf gives how much is recorded of a camera.
func recordedOf(t *testing.T, s *rig.Server, camera string) (long time.Duration) {
	t.Helper()
	a := s.Get(t, "/api/v1/cameras/"+camera+"/timeline", rig.Credentials{})
	if a.StatusCode != http.StatusOK {
		return 0
	}
	var line struct {
		Spans []struct{ From, To time.Time }
	}
	if err := json.Unmarshal(a.Content, &line); err != nil {
		t.Fatal(err)
	}
	for _, span := range line.Spans {
		long = max(long, span.To.Sub(span.From))
	}
	return long
}

// clipOf gives the numbers of the pictures of a clip of what is recorded of a camera,
// and the codecs of its tracks.
func clipOf(t *testing.T, s *rig.Server, camera string) (numbers []int, tracks string) {
	t.Helper()
	from := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	a, err := http.Get(fmt.Sprintf("%s/live/%s/recording.mp4?from=%s&to=now", s.URL, camera, from))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	film, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "clip.mp4")
	if err := os.WriteFile(name, film, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := rig.Program(t, "ffmpeg", "-v", "error", "-i", name, "-vf", "scale=64:48", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-").Output()
	if err != nil {
		t.Fatalf("%s: %s, %d bytes: %v", camera, a.Status, len(film), err)
	}
	for pixels := range slices.Chunk(out, 64*48) {
		n, err := camtest.ReadNumber(&image.Gray{Pix: pixels, Stride: 64, Rect: image.Rect(0, 0, 64, 48)})
		if err != nil {
			t.Fatalf("%s: %v", camera, err)
		}
		numbers = append(numbers, n)
	}
	out, err = rig.Program(t, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return numbers, strings.Join(strings.Fields(strings.ReplaceAll(string(out), ",", "")), " ")
}
