package stream_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"framegate/gateway/stream"
)

// TestEachReasonIsWarnedOfOnce, and that of a rendition's camera by the camera
// alone.
func TestEachReasonIsWarnedOfOnce(t *testing.T) {
	var log strings.Builder
	options := stream.Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	story(t, options, func(t *testing.T, hub *stream.Hub, cam *camera) {
		open(t, hub, stream.ReadOptions{})
		for _, reason := range []error{
			errors.New("unplugged"), errors.New("unplugged"),
			&stream.SourceError{Camera: "gate", Err: errors.New("stolen")},
			errors.New("burnt"),
		} {
			cam.fail(reason)
			time.Sleep(3 * time.Second)
		}
	})
	if got := log.String(); strings.Count(got, "source ended") != 2 || !strings.Contains(got, "unplugged") || !strings.Contains(got, "burnt") {
		t.Error(got)
	}
}
