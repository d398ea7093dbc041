package interop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// cameraOfKind sends numbered JPEGs of a kind, ten a second.
func cameraOfKind(t *testing.T, kind camtest.Kind) *camtest.HTTPCamera {
	t.Helper()
	camera, err := camtest.NewHTTPCamera(func(c *camtest.HTTPConn) {
		if c.Request() == nil || !c.Send(rig.MultipartHead) {
			return
		}
		for n := 1; ; n++ {
			picture := camtest.PictureOfKind(kind, n, rig.PictureWidth, rig.PictureHeight)
			if !c.Send(fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(picture)), picture, "\r\n--b\r\n") {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(camera.Close)
	return camera
}

// TestCameraWhosePicturesBrowsersDoNotShow finds that they come out as plain
// ones, in the stream and as a snapshot, without anything configured; and that
// who wants them as they are is told why that does not go.
func TestCameraWhosePicturesBrowsersDoNotShow(t *testing.T) {
	rig.Need(t, "ffmpeg")
	camera := cameraOfKind(t, camtest.Colour12)
	s := rig.Start(t, fmt.Sprintf(`
cameras:
  deep: {source: "%[1]s"}
  again: {source: "%[1]s", normalize: always}
  asis: {source: "%[1]s", normalize: never}
`, camera.URL("/")))
	ctx, cancel := context.WithTimeout(t.Context(), rig.Ceiling)
	defer cancel()
	for _, id := range []string{"deep", "again"} {
		v, err := camtest.Watch(ctx, s.URL+"/live/"+id+".mjpeg", camtest.WatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		for shown := 0; shown < 5; {
			part, err := v.Next()
			if err != nil {
				t.Fatal(id, err)
			}
			n, err := part.Number()
			if err != nil && shown == 0 {
				continue // there is no picture yet, which is said
			}
			if err != nil || n <= last {
				t.Fatalf("%s: picture %d after %d: %v", id, n, last, err)
			}
			last = n
			shown++
		}
		response, err := http.Get(s.URL + "/live/" + id + ".jpg")
		if err != nil {
			t.Fatal(err)
		}
		snapshot, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := camtest.ReadJPEGNumber(snapshot); err != nil || n < last {
			t.Errorf("%s: the snapshot is picture %d, the stream was at %d: %v", id, n, last, err)
		}
		v.Close()
	}
	response, err := http.Get(s.URL + "/live/asis.jpg")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusBadGateway || !strings.Contains(string(said), "12 bits a sample") {
		t.Errorf("never: %s, %s", response.Status, said)
	}
}
