package device_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/input/device"
	"framegate/gateway/media"
)

// collect runs a pattern until it has given some frames. It skips the test
// where ffmpeg is missing and the run was told to install nothing.
func collect(t *testing.T, p *device.Pattern, count int) []media.Frame {
	t.Helper()
	camtest.Need(t, "ffmpeg")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var frames []media.Frame
	err := p.Run(ctx, func(f media.Frame) {
		if frames = append(frames, f); len(frames) == count {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(frames) < count {
		t.Fatalf("%d frames, then %v", len(frames), err)
	}
	return frames
}

func TestPatternGivesPicturesOfTheSizeAskedFor(t *testing.T) {
	frames := collect(t, device.NewPattern(device.PatternOptions{Width: 320, Height: 180, FPS: 30}), 5)
	for _, f := range frames {
		if f.Format != frames[0].Format || f.Format.Width != 320 || f.Format.Height != 180 || !f.Key {
			t.Errorf("format %+v, key %v", *f.Format, f.Key)
		}
	}
	if frames := collect(t, device.NewPattern(device.PatternOptions{}), 1); frames[0].Format.Height != 720 {
		t.Errorf("format %+v, want the default", *frames[0].Format)
	}
}

// TestPatternDoesWithoutFonts runs an ffmpeg that refuses to draw text.
func TestPatternDoesWithoutFonts(t *testing.T) {
	fontless := filepath.Join(t.TempDir(), "ffmpeg")
	script := "#!/bin/sh\ncase \"$*\" in *drawtext*) echo no font >&2; exit 1;; esac\nexec ffmpeg \"$@\"\n"
	if err := os.WriteFile(fontless, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	collect(t, device.NewPattern(device.PatternOptions{FFmpeg: fontless, Width: 320, Height: 180}), 2)
}

func TestPatternSaysWhatIsWrong(t *testing.T) {
	for _, o := range []device.PatternOptions{{FFmpeg: "/nowhere/ffmpeg"}, {Width: 7, Height: 7}} {
		err := device.NewPattern(o).Run(t.Context(), func(media.Frame) { t.Error("a frame of nothing") })
		if err == nil {
			t.Error("no error")
		}
	}
}
