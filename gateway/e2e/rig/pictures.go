package rig

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// The size of the numbered pictures of these tests.
const (
	PictureWidth  = 96
	PictureHeight = 64
)

// MultipartHead is the head of a camera's endless answer, up to the first part.
const MultipartHead = "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n--b\r\n"

// Picture draws a number as a JPEG.
func Picture(n int) []byte { return camtest.Picture(n, PictureWidth, PictureHeight) }

// PictureNumber gives the number of a picture, and -1 where it is none.
func PictureNumber(jpeg []byte) int {
	n, err := camtest.ReadJPEGNumber(jpeg)
	if err != nil {
		return -1
	}
	return n
}

// NumberedFile writes count numbered pictures, one after another, to a file.
func NumberedFile(t *testing.T, count int) string {
	t.Helper()
	var b bytes.Buffer
	for n := range count {
		b.Write(Picture(n + 1))
	}
	name := filepath.Join(t.TempDir(), "numbers.mjpeg")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// NumberedClip makes a video of numbered pictures, 20 a second, as H.264 with
// B-frames.
func NumberedClip(t *testing.T, count int) string {
	t.Helper()
	return numberedClip(t, count, "-c:v", "libx264", "-bf", "2", "-g", "40")
}

// NumberedH265 is NumberedClip of H.265, with open GOPs.
func NumberedH265(t *testing.T, count int) string {
	t.Helper()
	return numberedClip(t, count, "-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1",
		"-x265-params", "log-level=error:pools=none:bframes=2:open-gop=1:keyint=40:min-keyint=40")
}

func numberedClip(t *testing.T, count int, codec ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "numbers.mp4")
	args := append([]string{"-v", "error", "-f", "mjpeg", "-framerate", "20", "-i", NumberedFile(t, count), "-pix_fmt", "yuv420p"}, codec...)
	encode := Program(t, "ffmpeg", append(args, name)...)
	if err := encode.Run(); err != nil {
		t.Fatal(err)
	}
	return name
}

// SendNumbers sends numbered pictures to a camera as an endless body, 20 a
// second, until the test ends.
func SendNumbers(t *testing.T, s *Server, camera string) {
	t.Helper()
	PublishOver(t, http.DefaultClient, s, camera, 0)
}

// PublishOver is SendNumbers by a client, of pictures of a size in bytes, or as
// they come for 0, until stop is called at the latest.
func PublishOver(t *testing.T, c *http.Client, s *Server, camera string, size int) (stop func()) {
	t.Helper()
	body, w := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/live/"+camera+".mjpeg", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "image/jpeg")
	var wg sync.WaitGroup
	wg.Go(func() {
		if response, err := c.Do(request); err == nil {
			response.Body.Close()
		}
		body.CloseWithError(context.Canceled)
	})
	wg.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for n := 1; ; n++ {
			picture := Picture(n)
			if size > 0 {
				picture = camtest.PadTo(picture, size)
			}
			if _, err := w.Write(picture); err != nil {
				return
			}
			<-tick.C
		}
	})
	stop = sync.OnceFunc(func() {
		cancel()
		body.CloseWithError(context.Canceled)
		wg.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// ExpectNumbers watches a camera until it has seen count numbered pictures that
// are in order and move.
func ExpectNumbers(t *testing.T, s *Server, camera string, count int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Ceiling)
	defer cancel()
	v, err := camtest.Watch(ctx, s.URL+"/live/"+camera+".mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	ExpectMore(t, v.Next, count)
}

// ExpectMore expects count numbered pictures of a viewer, in order and moving.
func ExpectMore(t *testing.T, next func() (camtest.Part, error), count int) {
	t.Helper()
	for last := 0; count > 0; {
		part, err := next()
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

// TimePublisher is a camera whose pictures carry the time: Unix milliseconds,
// of which 16 bits fit. It sends 25 of them a second.
type TimePublisher struct {
	t       testing.TB
	address string
	who     Credentials

	mu            sync.Mutex // guards the size
	width, height int

	stop func() // ends the sending, and waits for that
}

// PublishTime sends pictures of 160x96 to a camera of the gateway at url, until
// the test ends.
func PublishTime(t testing.TB, url, camera string) *TimePublisher {
	return PublishTimeAs(t, url, camera, Credentials{})
}

// PublishTimeAs is PublishTime for gateways that want to know who sends.
func PublishTimeAs(t testing.TB, url, camera string, who Credentials) *TimePublisher {
	p := &TimePublisher{t: t, address: url + "/live/" + camera + ".mjpeg", who: who, width: 160, height: 96}
	p.start()
	t.Cleanup(p.Stop)
	return p
}

// Do does what a story asks for: larger, away or back.
func (p *TimePublisher) Do(word string) {
	switch word {
	case "larger":
		p.Resize(320, 240)
	case "away":
		p.Stop()
	case "back":
		p.start()
	default:
		p.t.Errorf("the story asks to do %q", word)
	}
}

// Stop ends the sending. Stopping it again does nothing.
func (p *TimePublisher) Stop() { p.stop() }

// Resize has the next pictures be of another size.
func (p *TimePublisher) Resize(width, height int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.width, p.height = width, height
}

func (p *TimePublisher) start() {
	body, w := io.Pipe()
	request, err := http.NewRequest(http.MethodPost, p.address, body)
	if err != nil {
		p.t.Error(err)
		return
	}
	request.Header.Set("Content-Type", "image/jpeg")
	p.who.Put(request)
	var sending sync.WaitGroup
	sending.Go(func() {
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
		body.Close()
	})
	sending.Go(func() { p.send(w) })
	p.stop = func() {
		w.CloseWithError(io.EOF)
		sending.Wait()
	}
}

// send writes pictures until nobody reads them.
func (p *TimePublisher) send(w *io.PipeWriter) {
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		p.mu.Lock()
		width, height := p.width, p.height
		p.mu.Unlock()
		_, err := w.Write(camtest.Picture(int(time.Now().UnixMilli()%65536), width, height))
		if err != nil {
			return
		}
		<-tick.C
	}
}
