package server

import (
	"bytes"
	"image/jpeg"
	"path/filepath"
	"testing"

	"framegate/gateway/api"
	"framegate/gateway/camtest"
	"framegate/gateway/config"
)

// TestProbeSeesAndHears: a probe tells what pictures a camera sends whatever
// sound is beside them, tells of that, and shows a picture.
func TestProbeSeesAndHears(t *testing.T) {
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	camtest.Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1280x96:r=10:d=2", "-f", "lavfi", "-i", "sine=r=48000:d=2", "-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-c:a", "aac", clip)
	s, _ := wired(t, "cameras: {front: {source: 'upload:'}}")
	camera := config.Camera{ID: "probe", Source: config.Source{Kind: config.SourceFile, Path: clip}}
	found, err := control{s}.Probe(t.Context(), camera, ceiling)
	if err != nil {
		t.Fatal(err)
	}
	if found.Codec != "h264" || found.Width != 1280 || found.Height != 96 || found.Frames < 10 || found.KeyframeInterval <= 0 {
		t.Errorf("found %s of %dx%d, %d frames, a keyframe each %v", found.Codec, found.Width, found.Height, found.Frames, found.KeyframeInterval)
	}
	if want := (api.ProbedSound{Codec: "aac", Rate: 48000, Channels: 1}); found.Sound != want {
		t.Errorf("sound %+v", found.Sound)
	}
	picture, err := jpeg.Decode(bytes.NewReader(found.Picture))
	if err != nil {
		t.Fatal(err)
	}
	if size := picture.Bounds().Size(); size.X != stillWidth || size.Y != 48 {
		t.Errorf("a picture of %v", size)
	}
}
