// Package interop tests a whole gateway with the cameras, publishers and viewers
// that others wrote: ffmpeg, GStreamer, OpenCV, curl, VLC and browsers.
package interop

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
