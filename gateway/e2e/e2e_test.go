package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/command"
)

// ceiling bounds every wait of these tests. It is generous: nothing waits for
// it but a test that is about to fail.
const ceiling = 90 * time.Second

// server is a gateway that runs in this process, as the command line would
// start it.
type server struct {
	url    string // http://127.0.0.1:port
	stderr *lockedBuffer
	stop   context.CancelFunc
	status chan int
}

// lockedBuffer collects what several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startGateway runs a gateway with a configuration, or with the defaults where
// it is empty, until the test ends.
func startGateway(t *testing.T, configuration string) *server {
	t.Helper()
	args := []string{"serve", "--listen", "127.0.0.1:0", "--log-level", "debug"}
	if configuration != "" {
		args = append(args, "--config", writeConfig(t, configuration))
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{stderr: &lockedBuffer{}, stop: cancel, status: make(chan int, 1)}
	printed, stdout := io.Pipe()
	go func() {
		s.status <- command.Run(ctx, args, []string{"FRAMEGATE_AUTH=off", "FRAMEGATE_DATA=" + t.TempDir()}, stdout, s.stderr)
		stdout.Close()
	}()
	t.Cleanup(func() {
		s.end(t)
		if t.Failed() {
			t.Logf("the gateway's log:\n%s", s.stderr)
		}
	})
	s.url = firstAddress(t, printed)
	go io.Copy(io.Discard, printed)
	return s
}

var addressPrinted = regexp.MustCompile(`https?://[^/\s]+:[0-9]+`)

func firstAddress(t *testing.T, printed io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(printed)
	for lines.Scan() {
		if url := addressPrinted.FindString(lines.Text()); url != "" {
			return url
		}
	}
	t.Fatal("the gateway printed no address")
	return ""
}

// end stops the gateway as a signal would, and expects it to end well. Ending
// it again does nothing.
func (s *server) end(t *testing.T) {
	t.Helper()
	s.stop()
	select {
	case status, running := <-s.status:
		if running && status != 0 {
			t.Errorf("exit status %d", status)
		}
		if running {
			close(s.status)
		}
	case <-time.After(ceiling):
		t.Error("the gateway does not end")
	}
}

// endsInTime ends the gateway, and expects that in the time that a signal's
// sender is promised.
func (s *server) endsInTime(t *testing.T) {
	t.Helper()
	ended := make(chan struct{})
	late := unhurried(t, 5*time.Second)
	go func() { // ends with the gateway, or after the ceiling
		defer close(ended)
		s.end(t)
	}()
	began := time.Now()
	select {
	case <-ended:
	case <-late:
		<-ended
		t.Errorf("it took %v to end", time.Since(began))
	}
}

// unhurried gives what is closed after a time, counted in naps, which are longer
// where the machine has no time for us, as whatever is waited for is.
func unhurried(t *testing.T, d time.Duration) <-chan struct{} {
	const nap = 100 * time.Millisecond
	over := make(chan struct{})
	go func() { // ends with the test at the latest
		defer close(over)
		for ; d > 0 && t.Context().Err() == nil; d -= nap {
			time.Sleep(nap)
		}
	}()
	return over
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "framegate.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// thorough leaves a test out of a quick run: it takes long, or a browser.
func thorough(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out of a quick run")
	}
}

// need skips a test that wants a program which is not there, where the run
// was told to install nothing, and fails it otherwise.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
			t.Skipf("%s is not installed", program)
		}
		t.Fatalf("%s is not installed; scripts/test installs what the tests need", program)
	}
}

// command starts a program that ends with the test. What it says shows if the
// test fails.
func program(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	need(t, name)
	ctx, cancel := context.WithTimeout(context.Background(), ceiling)
	cmd := exec.CommandContext(ctx, name, args...)
	said := &lockedBuffer{}
	cmd.Stderr = said
	cmd.WaitDelay = 5 * time.Second
	t.Cleanup(func() {
		cancel()
		if cmd.Process != nil && cmd.ProcessState == nil {
			cmd.Wait()
		}
		if t.Failed() {
			t.Logf("%s said:\n%.4000s", name, said)
		}
	})
	return cmd
}

// heldPort gives a port for programs that have to be told one, which nobody
// else takes until the test ends.
func heldPort(t *testing.T) int {
	t.Helper()
	port, release, err := camtest.HoldPort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return port
}

// Numbered pictures of the end-to-end tests.
const (
	pictureWidth  = 96
	pictureHeight = 64
)

// numberedFile writes count numbered pictures, one after another, to a file.
func numberedFile(t *testing.T, count int) string {
	t.Helper()
	var b bytes.Buffer
	for n := range count {
		b.Write(camtest.Picture(n+1, pictureWidth, pictureHeight))
	}
	name := filepath.Join(t.TempDir(), "numbers.mjpeg")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// sendNumbers sends numbered pictures to a camera as an endless body, 20 a
// second, until the test ends.
func sendNumbers(t *testing.T, s *server, camera string) {
	t.Helper()
	body, w := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/live/"+camera+".mjpeg", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "image/jpeg")
	var wg sync.WaitGroup
	wg.Go(func() {
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
	})
	wg.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for n := 1; ; n++ {
			if _, err := w.Write(camtest.Picture(n, pictureWidth, pictureHeight)); err != nil {
				return
			}
			<-tick.C
		}
	})
	t.Cleanup(func() {
		cancel()
		body.CloseWithError(context.Canceled)
		wg.Wait()
	})
}

// expectNumbers watches a camera until it has seen count pictures that are in
// order and move.
func expectNumbers(t *testing.T, s *server, camera string, count int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), ceiling)
	defer cancel()
	v, err := camtest.Watch(ctx, s.url+"/live/"+camera+".mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for last := 0; count > 0; {
		part, err := v.Next()
		if err != nil {
			t.Fatal(err)
		}
		n, err := part.Number()
		if err != nil {
			continue // "no signal", while the camera connects
		}
		if n < last {
			t.Fatalf("picture %d after %d", n, last)
		}
		if n > last {
			count--
		}
		last = n
	}
}

// expectRaw reads pictures as rows of gray bytes from a viewer's standard
// output and expects them to be numbered, in order and moving.
func expectRaw(t *testing.T, viewer *exec.Cmd, count int) {
	t.Helper()
	stdout, err := viewer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := viewer.Start(); err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, pictureWidth, pictureHeight))
	moved := 0
	for last := -1; moved < count; {
		if _, err := io.ReadFull(stdout, img.Pix); err != nil {
			t.Fatalf("after %d pictures: %v", moved, err)
		}
		n, err := camtest.ReadNumber(img)
		if err != nil {
			t.Fatal(err)
		}
		if n < last {
			t.Fatalf("picture %d after %d", n, last)
		}
		if n > last {
			moved++
		}
		last = n
	}
	viewer.Process.Kill()
	viewer.Wait()
}

func TestFfmpegIsACamera(t *testing.T) {
	port := heldPort(t)
	camera := program(t, "ffmpeg", "-hide_banner", "-re", "-f", "mjpeg", "-framerate", "20", "-i", numberedFile(t, 2000), "-c", "copy",
		"-f", "mpjpeg", "-listen", "1", fmt.Sprintf("http://127.0.0.1:%d/", port))
	if err := camera.Start(); err != nil {
		t.Fatal(err)
	}
	s := startGateway(t, fmt.Sprintf("cameras: {front: {source: 'http://127.0.0.1:%d/'}}", port))
	expectNumbers(t, s, "front", 30)
}

func TestGStreamerIsACamera(t *testing.T) {
	port := heldPort(t)
	camera := program(t, "gst-launch-1.0", "-q", "filesrc", "location="+numberedFile(t, 2000), "!",
		"jpegparse", "!", "identity", "sleep-time=50000", "!", "multipartmux", "!",
		"tcpserversink", "host=127.0.0.1", fmt.Sprintf("port=%d", port), "sync=false")
	if err := camera.Start(); err != nil {
		t.Fatal(err)
	}
	s := startGateway(t, fmt.Sprintf("cameras: {front: {source: 'http://127.0.0.1:%d/'}}", port))
	expectNumbers(t, s, "front", 30)
}

func TestFfmpegIsAViewer(t *testing.T) {
	s := startGateway(t, "cameras: {phone: {source: 'upload:'}}")
	sendNumbers(t, s, "phone")
	expectRaw(t, program(t, "ffmpeg", "-hide_banner", "-i", s.url+"/live/phone.mjpeg", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"), 20)
}

func TestGStreamerIsAViewer(t *testing.T) {
	s := startGateway(t, "cameras: {phone: {source: 'upload:'}}")
	sendNumbers(t, s, "phone")
	expectRaw(t, program(t, "gst-launch-1.0", "-q", "souphttpsrc", "location="+s.url+"/live/phone.mjpeg", "!",
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
	need(t, python)
	if err := exec.Command(python, "-c", "import cv2").Run(); err != nil {
		if os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
			t.Skip("python3-opencv is not installed")
		}
		t.Fatal("python3-opencv is not installed")
	}
	s := startGateway(t, "cameras: {phone: {source: 'upload:'}}")
	sendNumbers(t, s, "phone")
	expectRaw(t, program(t, python, "-c", openCV, s.url+"/live/phone.mjpeg"), 20)
}

func TestCurlPublishesAndWatches(t *testing.T) {
	s := startGateway(t, "cameras: {phone: {source: 'upload:'}}")
	picture := filepath.Join(t.TempDir(), "picture.jpg")
	for n, how := range [][]string{
		{"--data-binary", "@" + picture, "-H", "Content-Type: image/jpeg", s.url + "/live/phone.jpg"},
		{"-F", "picture=@" + picture, s.url + "/live/phone.jpg"},
		{"-T", picture, s.url + "/live/phone.jpg"},
		{"--data-binary", "@" + picture, "-H", "Content-Type: image/jpeg", s.url + "/upload"},
	} {
		if err := os.WriteFile(picture, camtest.Picture(n+1, pictureWidth, pictureHeight), 0o600); err != nil {
			t.Fatal(err)
		}
		status, err := program(t, "curl", append([]string{"-sS", "-o", "/dev/stderr", "-w", "%{http_code}"}, how...)...).Output()
		if err != nil || string(status) != "204" {
			t.Fatalf("%v: status %s, %v", how, status, err)
		}
		got, err := program(t, "curl", "-sS", s.url+"/live/phone.jpg").Output()
		if err != nil {
			t.Fatal(err)
		}
		if number, err := camtest.ReadJPEGNumber(got); number != n+1 || err != nil {
			t.Fatalf("%v: snapshot shows %d, %v; want %d", how, number, err, n+1)
		}
	}
	stream := program(t, "curl", "-sN", s.url+"/stream")
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
	s := startGateway(t, "cameras: {phone: {source: 'upload:'}}")
	publisher := program(t, "ffmpeg", "-hide_banner", "-re", "-f", "mjpeg", "-framerate", "20", "-i", numberedFile(t, 2000),
		"-c", "copy", "-f", "mpjpeg", s.url+"/live/phone.mjpeg")
	if err := publisher.Start(); err != nil {
		t.Fatal(err)
	}
	expectNumbers(t, s, "phone", 30)
}

func TestGStreamerPublishes(t *testing.T) {
	s := startGateway(t, "cameras: {phone: {source: 'upload:'}}")
	publisher := program(t, "gst-launch-1.0", "-q", "filesrc", "location="+numberedFile(t, 2000), "!",
		"jpegparse", "!", "identity", "sleep-time=50000", "!", "multipartmux", "!",
		"curlhttpsink", "location="+s.url+"/live/phone.mjpeg")
	if err := publisher.Start(); err != nil {
		t.Fatal(err)
	}
	expectNumbers(t, s, "phone", 30)
}

func TestPatternShowsWithTheDefaults(t *testing.T) {
	need(t, "ffmpeg")
	s := startGateway(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), ceiling)
	defer cancel()
	v, err := camtest.Watch(ctx, s.url+"/live/demo.mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var last []byte
	for range 20 {
		part, err := v.Next()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(part.JPEG, last) {
			t.Error("the same picture twice")
		}
		last = part.JPEG
	}
}
