package interop

import (
	"context"
	"crypto/tls"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// TestWhoSendsByRTSP is a camera: ffmpeg, with sound, with H.265 and with JPEGs, and GStreamer, in each way that
// they send. A second one is refused, and so is who sends to a camera that is pulled.
func TestWhoSendsByRTSP(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg", "gst-launch-1.0")
	if exec.Command("gst-inspect-1.0", "rtspclientsink").Run() != nil {
		rig.Missing(t, "GStreamer's rtspclientsink is not installed; scripts/test installs what the tests need")
	}
	s := rig.Start(t, `
rtsp: {listen: '127.0.0.1:0', udp: '127.0.0.1:0'}
cameras:
  tcp: {source: 'upload:'}
  udp: {source: 'upload:'}
  jpegs: {source: 'upload:'}
  hevc: {source: 'upload:'}
  gtcp: {source: 'upload:'}
  gudp: {source: 'upload:'}
  pulled: {source: 'http://127.0.0.1:9/'}`)
	clip, jpegs := rig.NumberedClip(t, 400), rig.NumberedFile(t, 400)
	ffmpeg := func(transport, camera string, input ...string) []string {
		return append(append([]string{"ffmpeg", "-v", "error", "-re"}, input...), "-c:v", "copy", "-f", "rtsp", "-rtsp_transport", transport, s.RTSP(t, false, camera))
	}
	gstreamer := func(transport, camera string) []string {
		return []string{"gst-launch-1.0", "-q", "filesrc", "location=" + clip, "!", "qtdemux", "!", "h264parse", "!",
			"rtspclientsink", "protocols=" + transport, "latency=0", "location=" + s.RTSP(t, false, camera)}
	}
	for camera, sender := range map[string][]string{
		"tcp":   ffmpeg("tcp", "tcp", "-i", clip, "-re", "-f", "lavfi", "-i", "sine", "-map", "0:v", "-map", "1:a", "-c:a", "aac"),
		"udp":   ffmpeg("udp", "udp", "-i", clip),
		"hevc":  ffmpeg("tcp", "hevc", "-i", rig.NumberedH265(t, 400)),
		"jpegs": ffmpeg("tcp", "jpegs", "-f", "mjpeg", "-framerate", "20", "-i", jpegs),
		"gtcp":  gstreamer("tcp", "gtcp"),
		"gudp":  gstreamer("udp", "gudp"),
	} {
		t.Run(camera, func(t *testing.T) {
			if err := rig.Program(t, sender[0], sender[1:]...).Start(); err != nil {
				t.Fatal(err)
			}
			rig.ExpectNumbers(t, s, camera, 10)
			if camera != "tcp" {
				return
			}
			rig.Await(t, "the sound", func() bool {
				a := s.Call(t, http.MethodGet, "/api/v1/cameras/tcp/status", nil, rig.Credentials{}, http.StatusOK)
				return strings.Contains(string(a.Content), `"codec":"aac"`)
			})
			for _, taken := range []string{"tcp", "pulled"} {
				again := ffmpeg("tcp", taken, "-i", clip)
				if err := rig.Program(t, again[0], again[1:]...).Run(); err == nil {
					t.Errorf("another sends to %s", taken)
				}
			}
			rig.ExpectNumbers(t, s, camera, 10)
		})
	}
	counted := regexp.MustCompile(`(?m)^framegate_publisher_frames_total (\d+)`).FindSubmatch(s.Get(t, "/metrics", rig.Credentials{}).Content)
	if counted == nil || len(counted[1]) < 2 {
		t.Errorf("the pictures that came are counted as %q", counted)
	}
}

// TestWhoSendsInTLS, by RTSP and by RTMP, brings a token there.
func TestWhoSendsInTLS(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg")
	s := rig.StartGuarded(t, "tls: {mode: self-signed}\nrtsp: {tls_listen: '127.0.0.1:0'}\nrtmp: {tls_listen: '127.0.0.1:0'}\ncameras: {rtsp: {source: 'upload:'}, rtmp: {source: 'upload:'}}")
	token, clip := s.AddToken(t, "both", "publish:*,view:*"), rig.NumberedClip(t, 400)
	ctx, cancel := context.WithTimeout(t.Context(), rig.Ceiling)
	defer cancel()
	for camera, to := range map[string][]string{
		"rtsp": {"-f", "rtsp", "-rtsp_transport", "tcp", strings.Replace(s.RTSP(t, true, "rtsp"), "://", "://any:"+token+"@", 1)},
		"rtmp": {"-f", "flv", s.RTMP(t, true, "rtmp") + "?token=" + token},
	} {
		if err := rig.Program(t, "ffmpeg", append([]string{"-v", "error", "-re", "-i", clip, "-c", "copy"}, to...)...).Start(); err != nil {
			t.Fatal(err)
		}
		v, err := camtest.Watch(ctx, s.URL+"/live/"+camera+".mjpeg", camtest.WatchOptions{
			Header: http.Header{"Authorization": {"Bearer " + token}}, TLS: &tls.Config{InsecureSkipVerify: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		rig.ExpectMore(t, v.Next, 10)
	}
	if strings.Contains(s.Log.String(), token) {
		t.Error("the log has the token")
	}
}
