package interop

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
	"framegate/gateway/output/rtspserver"
)

// TestAPhoneIsAnRTSPCamera for those who take no other: each sees the pictures of a
// browser, in order. Without TLS they log in by Digest, which all of them take where
// they are asked for it, and with TLS by Basic.
//
// VLC is not among them: Debian's is built without live555, and then takes rtsp:// for
// SAT>IP's, or Real's, and says "Failed to setup RTSP session" without having asked for one.
func TestAPhoneIsAnRTSPCamera(t *testing.T) {
	t.Parallel()
	s := rig.StartGuarded(t, "tls: {mode: self-signed}\nrtsp: {listen: '127.0.0.1:0', tls_listen: '127.0.0.1:0', udp: '127.0.0.1:0'}\ncameras: {phone: {source: 'upload:'}}")
	rig.PublishOver(t, &http.Client{Transport: bearer(s.AddToken(t, "phone", "publish:phone"))}, s.Server, "phone", 0)
	login := "://nvr:" + s.Beside(t, "token", "create", "nvr", "--sealed", "--grant", "view:phone") + "@"
	plain, secure := strings.Replace(s.RTSP(t, false, "phone"), "://", login, 1), strings.Replace(s.RTSP(t, true, "phone"), "://", login, 1)
	raw := []string{"-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"}
	ffmpeg := func(transport, address string) []string {
		return append([]string{"ffmpeg", "-v", "error", "-rtsp_transport", transport, "-i", address}, raw...)
	}
	jpegs := plain + "?codec=jpeg"
	gray := []string{"!", "videoconvert", "!", "video/x-raw,format=GRAY8", "!", "fdsink", "fd=1"}
	gstreamer := func(transport, address string, decoder ...string) []string {
		source := []string{"gst-launch-1.0", "-q", "rtspsrc", "protocols=" + transport, "latency=0", "location=" + address}
		return slices.Concat(source, decoder, gray)
	}
	h264, jpeg := []string{"!", "rtph264depay", "!", "avdec_h264"}, []string{"!", "rtpjpegdepay", "!", "jpegdec"}
	for name, viewer := range map[string][]string{
		"ffmpeg over TCP":         ffmpeg("tcp", plain),
		"ffmpeg over UDP":         ffmpeg("udp", plain),
		"ffmpeg over TLS":         ffmpeg("tcp", secure),
		"ffmpeg, JPEGs over TCP":  ffmpeg("tcp", jpegs),
		"ffmpeg, JPEGs over UDP":  ffmpeg("udp", jpegs),
		"GStreamer over TCP":      gstreamer("tcp", plain, h264...),
		"GStreamer over UDP":      gstreamer("udp", plain, h264...),
		"GStreamer, JPEGs":        gstreamer("udp", jpegs, jpeg...),
		"OpenCV":                  {"/usr/bin/python3", "-c", openCV, plain},
		"ffmpeg by way of go2rtc": ffmpeg("tcp", throughGo2rtc(t, plain)),
	} {
		t.Run(name, func(t *testing.T) {
			rig.ExpectRaw(t, rig.Program(t, viewer[0], viewer[1:]...), 10)
		})
	}
	scraper := &http.Client{Transport: bearer(s.AddToken(t, "prometheus", "metrics"))}
	a, err := scraper.Get(s.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	scraped, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{rtspserver.Form, rtspserver.FormUDP, rtspserver.FormTLS} {
		found := regexp.MustCompile(`framegate_form_frames_total\{form="` + form + `"\} (\d+)`).FindSubmatch(scraped)
		if found == nil || len(found[1]) < 2 {
			t.Errorf("of %s are counted %q", form, found)
		}
	}
	t.Run("Framegate, JPEGs", func(t *testing.T) {
		rig.ExpectNumbers(t, rig.Start(t, "cameras: {again: {source: '"+jpegs+"'}}"), "again", 10)
	})
}

// bearer sends requests with a token, to whoever the server is.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return blind.RoundTrip(r)
}

var blind = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // who it is does not matter here

// throughGo2rtc gives the address at which go2rtc gives out what it reads at another.
func throughGo2rtc(t *testing.T, address string) string {
	t.Helper()
	port := rig.HeldPort(t)
	startGo2rtc(t, fmt.Sprintf("api: {listen: ''}\nwebrtc: {listen: ''}\nsrtp: {listen: ''}\nrtsp: {listen: '127.0.0.1:%d'}\nstreams: {phone: '%s'}\n", port, address))
	return fmt.Sprintf("rtsp://127.0.0.1:%d/phone", port)
}

// startGo2rtc has it run until the test ends.
func startGo2rtc(t *testing.T, settings string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "go2rtc.yaml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := rig.Program(t, rig.PeerTool(t, "go2rtc"), "-config", file).Start(); err != nil {
		t.Fatal(err)
	}
}
