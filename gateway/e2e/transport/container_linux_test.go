package transport

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestWebRTCIntoAContainer: who knows none of the addresses that the gateway knows of
// itself gets there by the one that it asked, over UDP and over TCP.
func TestWebRTCIntoAContainer(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg")
	c := rig.StartContainer(t, "cameras: {front: {source: 'test:?width=320&height=240&fps=10'}}")
	for way, tcp := range map[string]bool{"udp": false, "tcp": true} {
		t.Run(way, func(t *testing.T) {
			only := fmt.Sprintf(" 1 %s ", way)
			viewer := c.WatchWebRTC(t, "/live/front/whep", rig.Credentials{}, tcp, func(answer string) string {
				lines := slices.DeleteFunc(strings.SplitAfter(answer, "\r\n"), func(line string) bool {
					reached := strings.Contains(line, only) && strings.Contains(line, fmt.Sprintf(" %s %d typ host", c.Outside, c.RTC))
					return strings.HasPrefix(line, "a=candidate:") && !reached
				})
				return strings.Join(lines, "")
			})
			had := viewer.Came.Load()
			rig.Await(t, "pictures go on", func() bool { return viewer.Came.Load() > had+10_000 })
		})
	}
}
