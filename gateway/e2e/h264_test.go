package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// numberedClip makes a video of numbered pictures, 20 a second, as H.264 with
// B-frames.
func numberedClip(t *testing.T, count int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "numbers.mp4")
	encode := program(t, "ffmpeg", "-v", "error", "-f", "mjpeg", "-framerate", "20", "-i", numberedFile(t, count),
		"-c:v", "libx264", "-bf", "2", "-g", "40", "-pix_fmt", "yuv420p", name)
	if err := encode.Run(); err != nil {
		t.Fatal(err)
	}
	return name
}

// rtspServer has GStreamer serve a clip, and gives the address.
func rtspServer(t *testing.T, clip string) string {
	t.Helper()
	const python = "/usr/bin/python3" // the system's own, which has the bindings
	if exec.Command(python, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')").Run() != nil {
		if os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
			t.Skip("GStreamer's RTSP server is not installed")
		}
		t.Fatal("GStreamer's RTSP server is not installed; scripts/test installs what the tests need")
	}
	server := program(t, python, "../input/rtspcam/testdata/gstserver.py",
		"( filesrc location="+clip+" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 )", "none")
	if _, err := server.StdinPipe(); err != nil { // it ends with its input
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "rtsp://127.0.0.1:" + strings.TrimSpace(port) + "/cam"
}

// TestCamerasOfH264AreShown watches cameras that send H.264 as JPEGs, as sent
// and smaller, with nothing else configured.
func TestCamerasOfH264AreShown(t *testing.T) {
	t.Parallel()
	clip := numberedClip(t, 600)
	port := heldPort(t)
	for name, source := range map[string]string{
		"RTSP":    rtspServer(t, clip),
		"a file":  "file://" + clip,
		"MPEG-TS": fmt.Sprintf("tcp-listen://127.0.0.1:%d", port),
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(t, fmt.Sprintf("cameras: {front: {source: '%s', keep: always}}", source))
			if name == "MPEG-TS" {
				sender := program(t, "sh", "-c", fmt.Sprintf(
					"until ffmpeg -v error -re -i '%s' -c copy -f mpegts tcp://127.0.0.1:%d; do sleep 0.1; done", clip, port))
				if err := sender.Start(); err != nil {
					t.Fatal(err)
				}
			}
			expectNumbers(t, s, "front", 20)
			s.ask(t, question{name: "snapshot", path: "/live/front.jpg", status: http.StatusOK})
			s.ask(t, question{name: "smaller snapshot", path: "/live/front.jpg?width=160", status: http.StatusOK})
		})
	}
}

// TestEncoderConnectsBeforeViewers: a camera that dials us is taken while nobody
// watches, and without an ffmpeg of ours.
func TestEncoderConnectsBeforeViewers(t *testing.T) {
	t.Parallel()
	port := heldPort(t)
	s := startGateway(t, fmt.Sprintf("cameras: {front: {source: 'tcp-listen://127.0.0.1:%d'}}", port))
	var sent net.Conn
	await(t, "the encoder is let in", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		sent = conn
		return err == nil
	})
	sent.Close()
	sender := program(t, "ffmpeg", "-v", "error", "-re", "-i", numberedClip(t, 600), "-c", "copy", "-f", "mpegts", fmt.Sprintf("tcp://127.0.0.1:%d", port))
	if err := sender.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "its pictures come", func() bool {
		response, err := http.Get(s.url + "/api/v1/cameras/front/status")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		var said struct{ State string }
		text, _ := io.ReadAll(response.Body)
		return json.Unmarshal(text, &said) == nil && said.State == "online"
	})
	expectNumbers(t, s, "front", 5)
}
