package clip

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// overAGap is a clip of 80 pictures and 375 frames of sound of one camera, a minute of
// which is missing.
func overAGap(t *testing.T) []byte {
	v := newVolume()
	v.sung = beeping(0, 0)
	end := v.record(t, noon, 1, shuffled()[:40])
	v.record(t, end.Add(time.Minute), 1, shuffled()[40:80])
	return whole(t, v.clip(t, Request{From: noon, To: noon.Add(time.Hour)}))
}

// TestGStreamerReadsIt counts what it decodes.
func TestGStreamerReadsIt(t *testing.T) {
	t.Parallel()
	camtest.Need(t, "gst-launch-1.0")
	path := filepath.Join(t.TempDir(), "clip.mp4")
	if err := os.WriteFile(path, overAGap(t), 0o600); err != nil {
		t.Fatal(err)
	}
	out := camtest.Output(t, nil, "gst-launch-1.0", "-v", "filesrc", "location="+path, "!", "qtdemux", "!", "h264parse", "!",
		"avdec_h264", "!", "identity", "silent=false", "name=picture", "!", "fakesink")
	if n := bytes.Count(out, []byte("picture: last-message = chain")); n != 80 {
		t.Errorf("%d of 80 pictures", n)
	}
	out = camtest.Output(t, nil, "gst-launch-1.0", "-v", "filesrc", "location="+path, "!", "qtdemux", "!", "aacparse", "!",
		"avdec_aac", "!", "identity", "silent=false", "name=sound", "!", "fakesink")
	if n, want := bytes.Count(out, []byte("sound: last-message = chain")), len(sounds(t, overAGap(t))); n < want-1 || want < 374 {
		t.Errorf("%d of %d frames of sound", n, want)
	}
}

// TestVLCReadsIt has VLC put it into another container: as much comes out as of a
// file that ffmpeg wrote.
func TestVLCReadsIt(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	camtest.Need(t, "cvlc")
	home := t.TempDir()
	path, ordinary := filepath.Join(home, "clip.mp4"), filepath.Join(home, "ordinary.mp4")
	if err := os.WriteFile(path, overAGap(t), 0o644); err != nil {
		t.Fatal(err)
	}
	camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", path, "-c", "copy", ordinary)
	want := throughVLC(t, home, ordinary)
	if got := throughVLC(t, home, path); len(want) < 70*64*48 || !bytes.Equal(got, want) {
		t.Errorf("not the pictures of an ordinary file: %d bytes of them, of %d", len(got), len(want))
	}
}

// throughVLC gives the small grey pictures that VLC has put into a stream.
func throughVLC(t *testing.T, home, path string) []byte {
	t.Helper()
	return camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", camtest.ThroughVLC(t, home, path), "-map", "0:v", "-fps_mode", "passthrough",
		"-vf", "scale=64:48", "-pix_fmt", "gray", "-f", "rawvideo", "-")
}
