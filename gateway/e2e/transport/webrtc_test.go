package transport

import (
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestTwoGatewaysByWebRTC: where nothing is configured the second of a machine has a port
// of its own for it, and says so.
func TestTwoGatewaysByWebRTC(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg")
	said := 0
	for range 2 {
		s := rig.Start(t, "cameras: {front: {source: 'test:?width=160&height=120&fps=10'}}")
		viewer := s.WatchWebRTC(t, "/live/front/whep", rig.Credentials{}, false, nil)
		rig.Await(t, "pictures come", func() bool { return viewer.Came.Load() > 3000 })
		if strings.Contains(s.Log.String(), `"the port of WebRTC is taken, and another is used" taken=127.0.0.1:8555`) {
			said++
		}
	}
	if said == 0 { // others of this machine may have the first, too
		t.Error("both say that they have the same")
	}
}
