package device

import (
	"os"
	"path/filepath"
	"testing"

	"framegate/gateway/media"
)

// TestFailureIsNotTheFiles: where ffmpeg does not work it is not known what a file holds,
// nor that a pattern can have no clock.
func TestFailureIsNotTheFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "clip.mp4")
	if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := NewFile(FileOptions{Path: name, FFmpeg: "/nowhere/ffmpeg"})
	if err := file.Run(t.Context(), func(media.Frame) {}); err == nil || file.encode {
		t.Errorf("%v; the file is encoded from now on: %v", err, file.encode)
	}
	pattern := NewPattern(PatternOptions{FFmpeg: "/nowhere/ffmpeg"})
	if err := pattern.Run(t.Context(), func(media.Frame) {}); err == nil || pattern.noClock {
		t.Errorf("%v; the pattern has no clock from now on: %v", err, pattern.noClock)
	}
}
