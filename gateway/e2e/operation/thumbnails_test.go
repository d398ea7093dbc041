package operation

import (
	"bytes"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// TestThumbnailsOfARecording are there while it is written, may be kept by browsers
// when it is finished, and are gone with it.
func TestThumbnailsOfARecording(t *testing.T) {
	rig.Thorough(t)
	rig.Need(t, "ffmpeg")
	s := rig.Start(t, "recordings: {segment: 10s}\ncameras: {front: {source: 'upload:', record: {mode: continuous, codec: mjpeg}}}\n")
	p := past{t, s}
	rig.SendNumbers(t, s, "front")
	var list struct {
		Thumbnails []struct {
			At  time.Time
			URL string
		}
	}
	rig.Await(t, "a moment of the grid", func() bool {
		if s.Get(t, "/api/v1/cameras/front/thumbnails", rig.Credentials{}).StatusCode != 200 {
			return false
		}
		p.ask("GET", "/thumbnails?step=10s", nil, 200, &list)
		return len(list.Thumbnails) > 0
	})
	first := list.Thumbnails[0]
	show := func() (a rig.Answer) {
		rig.Await(t, "time for a thumbnail", func() bool {
			a = s.Get(t, first.URL, rig.Credentials{})
			return a.StatusCode != 503 // nobody else needs the machine
		})
		return a
	}
	a := show()
	img, err := jpeg.DecodeConfig(bytes.NewReader(a.Content))
	if a.StatusCode != 200 || err != nil || img.Width != 160 {
		t.Fatalf("%s: status %d, %d pixels wide, %v: %.200s", first.URL, a.StatusCode, img.Width, err, a.Content)
	}
	rig.Await(t, "a finished file", func() bool {
		return strings.Contains(show().Header.Get("Cache-Control"), "immutable")
	})
	before := first.At.Add(-time.Hour).Format(time.RFC3339)
	p.ask("DELETE", "/recordings?from="+before+"&to=now", nil, 200, nil)
	if a := show(); a.StatusCode != 404 {
		t.Errorf("of what was deleted: status %d", a.StatusCode)
	}
}
