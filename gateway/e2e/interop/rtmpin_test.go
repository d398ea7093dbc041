package interop

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestWhoSendsByRTMP is a camera: ffmpeg with B-frames and sound, GStreamer, and go2rtc, which has its pictures from here by RTSP. A second one
// is refused, and so is who sends to a camera that is pulled, and who sends what is not taken.
func TestWhoSendsByRTMP(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg", "gst-launch-1.0")
	if exec.Command("gst-inspect-1.0", "rtmp2sink").Run() != nil {
		rig.Missing(t, "GStreamer's rtmp2sink is not installed; scripts/test installs what the tests need")
	}
	s := rig.Start(t, `
rtmp: {listen: '127.0.0.1:0'}
rtsp: {listen: '127.0.0.1:0'}
cameras:
  plain: {source: 'upload:'}
  gst: {source: 'upload:'}
  bridged: {source: 'upload:'}
  other: {source: 'upload:'}
  pulled: {source: 'http://127.0.0.1:9/'}`)
	clip := rig.NumberedClip(t, 400)
	ffmpeg := func(camera string, input ...string) []string {
		return append(append([]string{"ffmpeg", "-v", "error", "-re", "-i", clip}, input...), "-f", "flv", s.RTMP(t, false, camera))
	}
	sound := []string{"-re", "-f", "lavfi", "-i", "sine", "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac"}
	for camera, sender := range map[string][]string{
		"plain": ffmpeg("plain", sound...),
		"gst": {"gst-launch-1.0", "-q", "filesrc", "location=" + clip, "!", "qtdemux", "!", "h264parse", "!", "flvmux", "streamable=true", "!",
			"rtmp2sink", "sync=true", "location=" + s.RTMP(t, false, "gst")},
	} {
		t.Run(camera, func(t *testing.T) {
			if err := rig.Program(t, sender[0], sender[1:]...).Start(); err != nil {
				t.Fatal(err)
			}
			rig.ExpectNumbers(t, s, camera, 10)
			if camera != "plain" {
				return
			}
			bridge := fmt.Sprintf("api: {listen: ''}\nwebrtc: {listen: ''}\nsrtp: {listen: ''}\nrtsp: {listen: ''}\nstreams: {plain: '%s'}\npublish: {plain: '%s'}\n", s.RTSP(t, false, "plain"), s.RTMP(t, false, "bridged"))
			startGo2rtc(t, bridge)
			rig.ExpectNumbers(t, s, "bridged", 10)
			rig.Await(t, "the sound", func() bool {
				a := s.Call(t, http.MethodGet, "/api/v1/cameras/plain/status", nil, rig.Credentials{}, http.StatusOK)
				return strings.Contains(string(a.Content), `"codec":"aac"`)
			})
			for _, refused := range [][]string{
				ffmpeg("plain", "-c:v", "copy"), ffmpeg("pulled", "-c:v", "copy"), ffmpeg("absent", "-c:v", "copy"),
				ffmpeg("other", "-c:v", "flv1"),
			} {
				if err := rig.Program(t, refused[0], refused[1:]...).Run(); err == nil {
					t.Errorf("another sends by %q", refused)
				}
			}
			rig.ExpectNumbers(t, s, camera, 10)
		})
	}
}
