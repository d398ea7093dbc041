package device_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/input/device"
	"framegate/gateway/media"
)

// clip makes a video of half a second at 50 pictures a second.
func clip(t *testing.T, name string, options ...string) string {
	t.Helper()
	camtest.Need(t, "ffmpeg")
	path := filepath.Join(t.TempDir(), name)
	args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x96:rate=50:duration=0.5"}, options...)
	if out, err := exec.Command("ffmpeg", append(args, path)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func TestFileIsPlayedAgainAndAgain(t *testing.T) {
	for name, path := range map[string]string{
		"H.264":         clip(t, "a clip, with spaces.mp4", "-c:v", "libx264", "-bf", "2"),
		"another codec": clip(t, "clip.avi", "-c:v", "mpeg4"),
		"H.265":         clip(t, "clip.mkv", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"),
		"Sorenson":      clip(t, "clip.flv", "-c:v", "flv1"),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			keys, count := 0, 0
			err := device.NewFile(device.FileOptions{Path: path}).Run(ctx, func(f media.Frame) {
				if f.Format.Codec != media.H264 || f.Format.Width != 160 || f.Format.Height != 96 {
					t.Errorf("format %+v", f.Format)
				}
				if f.Key {
					keys++
				}
				if count++; count == 60 { // more than two rounds
					cancel()
				}
			})
			if !errors.Is(err, context.Canceled) || keys < 2 {
				t.Errorf("%d frames, %d of them keyframes, then %v", count, keys, err)
			}
		})
	}
}

func TestFileThatIsNotThere(t *testing.T) {
	err := device.NewFile(device.FileOptions{Path: "/nowhere.mp4"}).Run(t.Context(), func(media.Frame) {})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
