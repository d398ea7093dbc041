package interop

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

func TestFfmpegIsACamera(t *testing.T) {
	port := rig.HeldPort(t)
	camera := rig.Program(t, "ffmpeg", "-hide_banner", "-re", "-f", "mjpeg", "-framerate", "20", "-i", rig.NumberedFile(t, 2000), "-c", "copy",
		"-f", "mpjpeg", "-listen", "1", fmt.Sprintf("http://127.0.0.1:%d/", port))
	if err := camera.Start(); err != nil {
		t.Fatal(err)
	}
	s := rig.Start(t, fmt.Sprintf("cameras: {front: {source: 'http://127.0.0.1:%d/'}}", port))
	rig.ExpectNumbers(t, s, "front", 30)
}

func TestGStreamerIsACamera(t *testing.T) {
	port := rig.HeldPort(t)
	camera := rig.Program(t, "gst-launch-1.0", "-q", "filesrc", "location="+rig.NumberedFile(t, 2000), "!",
		"jpegparse", "!", "identity", "sleep-time=50000", "!", "multipartmux", "!",
		"tcpserversink", "host=127.0.0.1", fmt.Sprintf("port=%d", port), "sync=false")
	if err := camera.Start(); err != nil {
		t.Fatal(err)
	}
	s := rig.Start(t, fmt.Sprintf("cameras: {front: {source: 'http://127.0.0.1:%d/'}}", port))
	rig.ExpectNumbers(t, s, "front", 30)
}

func TestFfmpegIsAViewer(t *testing.T) {
	s := rig.Start(t, "cameras: {phone: {source: 'upload:'}}")
	rig.SendNumbers(t, s, "phone")
	rig.ExpectRaw(t, rig.Program(t, "ffmpeg", "-hide_banner", "-i", s.URL+"/live/phone.mjpeg", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"), 20)
}

func TestGStreamerIsAViewer(t *testing.T) {
	s := rig.Start(t, "cameras: {phone: {source: 'upload:'}}")
	rig.SendNumbers(t, s, "phone")
	rig.ExpectRaw(t, rig.Program(t, "gst-launch-1.0", "-q", "souphttpsrc", "location="+s.URL+"/live/phone.mjpeg", "!",
		"multipartdemux", "!", "jpegdec", "!", "videoconvert", "!", "video/x-raw,format=GRAY8", "!", "fdsink", "fd=1"), 20)
}

// openCV shows a stream as many Python scripts do.
const openCV = `
import cv2, sys
stream = cv2.VideoCapture(sys.argv[1])
while True:
    ok, picture = stream.read()
    if not ok:
        sys.exit("no picture")
    sys.stdout.buffer.write(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).tobytes())
    sys.stdout.buffer.flush()
`

func TestOpenCVIsAViewer(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3" // the one that Debian's package is for
	rig.Need(t, python)
	if err := exec.Command(python, "-c", "import cv2").Run(); err != nil {
		rig.Missing(t, "python3-opencv is not installed")
	}
	s := rig.Start(t, "cameras: {phone: {source: 'upload:'}}")
	rig.SendNumbers(t, s, "phone")
	rig.ExpectRaw(t, rig.Program(t, python, "-c", openCV, s.URL+"/live/phone.mjpeg"), 20)
}

func TestCurlPublishesAndWatches(t *testing.T) {
	s := rig.Start(t, "cameras: {phone: {source: 'upload:'}}")
	picture := filepath.Join(t.TempDir(), "picture.jpg")
	for n, how := range [][]string{
		{"--data-binary", "@" + picture, "-H", "Content-Type: image/jpeg", s.URL + "/live/phone.jpg"},
		{"-F", "picture=@" + picture, s.URL + "/live/phone.jpg"},
		{"-T", picture, s.URL + "/live/phone.jpg"},
		{"--data-binary", "@" + picture, "-H", "Content-Type: image/jpeg", s.URL + "/upload"},
	} {
		if err := os.WriteFile(picture, rig.Picture(n+1), 0o600); err != nil {
			t.Fatal(err)
		}
		status, err := rig.Program(t, "curl", append([]string{"-sS", "-o", "/dev/stderr", "-w", "%{http_code}"}, how...)...).Output()
		if err != nil || string(status) != "204" {
			t.Fatalf("%v: status %s, %v", how, status, err)
		}
		got, err := rig.Program(t, "curl", "-sS", s.URL+"/live/phone.jpg").Output()
		if err != nil {
			t.Fatal(err)
		}
		if number, err := camtest.ReadJPEGNumber(got); number != n+1 || err != nil {
			t.Fatalf("%v: snapshot shows %d, %v; want %d", how, number, err, n+1)
		}
	}
	stream := rig.Program(t, "curl", "-sN", s.URL+"/stream")
	stdout, err := stream.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Start(); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 100)
	if _, err := io.ReadFull(stdout, head); err != nil || !strings.Contains(string(head), "Content-Type: image/jpeg\r\nContent-Length: ") {
		t.Errorf("the stream begins %q, %v", head, err)
	}
}

func TestFfmpegPublishes(t *testing.T) {
	s := rig.Start(t, "cameras: {phone: {source: 'upload:'}}")
	publisher := rig.Program(t, "ffmpeg", "-hide_banner", "-re", "-f", "mjpeg", "-framerate", "20", "-i", rig.NumberedFile(t, 2000),
		"-c", "copy", "-f", "mpjpeg", s.URL+"/live/phone.mjpeg")
	if err := publisher.Start(); err != nil {
		t.Fatal(err)
	}
	rig.ExpectNumbers(t, s, "phone", 30)
}

func TestGStreamerPublishes(t *testing.T) {
	s := rig.Start(t, "cameras: {phone: {source: 'upload:'}}")
	publisher := rig.Program(t, "gst-launch-1.0", "-q", "filesrc", "location="+rig.NumberedFile(t, 2000), "!",
		"jpegparse", "!", "identity", "sleep-time=50000", "!", "multipartmux", "!",
		"curlhttpsink", "location="+s.URL+"/live/phone.mjpeg")
	if err := publisher.Start(); err != nil {
		t.Fatal(err)
	}
	rig.ExpectNumbers(t, s, "phone", 30)
}

func TestPatternShowsWithTheDefaults(t *testing.T) {
	rig.Need(t, "ffmpeg")
	s := rig.Start(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), rig.Ceiling)
	defer cancel()
	v, err := camtest.Watch(ctx, s.URL+"/live/demo.mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	seen := make(map[string]bool)
	for len(seen) < 20 { // one that is late is sent again in its place
		part, err := v.Next()
		if err != nil {
			t.Fatalf("%d different pictures, %v", len(seen), err)
		}
		seen[string(part.JPEG)] = true
	}
}
