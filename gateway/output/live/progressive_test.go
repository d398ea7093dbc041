package live

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/stream"
)

// get asks for the endless file.
func (s *site) get() *http.Response {
	s.t.Helper()
	return s.getAs("")
}

// getAs asks for it with a query.
func (s *site) getAs(query string) *http.Response {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	s.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", s.server.URL+"/live/front.mp4"+query, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := s.server.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != 200 {
		s.t.Fatal(response.Status)
	}
	return response
}

// TestProgressive has ffmpeg and ffprobe read what comes, over all transports,
// and sees that the end is at a fragment's end.
func TestProgressive(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"TCP": overTCP, "TLS": overTLS, "HTTP/2": overHTTP2} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, start)
			response := s.get() // before the camera
			if got := response.Header; got.Get("Content-Type") != "video/mp4" || !strings.Contains(got.Get("Cache-Control"), "no-store") || response.TransferEncoding != nil {
				t.Errorf("%v, %v", got, response.TransferEncoding)
			}
			camera := s.attach(asH264)
			frames := clip(t, 300, 20, 10, "")
			camera.Give(frames[:5]...)
			body := bufio.NewReader(response.Body)
			init, _ := mp4.Init(frames[0].Format)
			file := make([]byte, len(init))
			if _, err := io.ReadFull(body, file); err != nil || !bytes.Equal(file, init) {
				t.Fatalf("%v; begins with % x", err, file[:16])
			}
			for n, f := range frames {
				if n >= 5 {
					camera.Give(f)
				}
				file = append(file, nextFragment(t, body, f.Data)...)
			}
			go s.live.Close()
			if rest, err := io.ReadAll(body); err != nil || len(rest) > 0 {
				t.Errorf("%v, %d bytes at the end", err, len(rest))
			}
			expectNumbers(t, file, 300, 20)
			if v := probed(t, file); v.CodecName != "h264" || v.Width != 160 || v.Height != 96 || v.TimeBase != "1/90000" || v.NbReadPkts != "20" || v.CodecTag != "avc1" {
				t.Errorf("%+v", v)
			}
		})
	}
}

// nextFragment reads moof and mdat, whose content must be data.
func nextFragment(t *testing.T, r io.Reader, data []byte) (fragment []byte) {
	t.Helper()
	for _, kind := range []string{"moof", "mdat"} {
		head := make([]byte, 8)
		if _, err := io.ReadFull(r, head); err != nil || string(head[4:]) != kind {
			t.Fatalf("%q, %v", head, err)
		}
		box := make([]byte, int(head[0])<<24|int(head[1])<<16|int(head[2])<<8|int(head[3]))
		copy(box, head)
		if _, err := io.ReadFull(r, box[8:]); err != nil {
			t.Fatal(err)
		}
		fragment = append(fragment, box...)
	}
	if !bytes.HasSuffix(fragment, data) {
		t.Fatal("another picture")
	}
	return fragment
}

// videoTrack is what ffprobe says of the only track of a file.
type videoTrack struct {
	CodecName  string `json:"codec_name"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	TimeBase   string `json:"time_base"`
	NbReadPkts string `json:"nb_read_packets"`
	CodecTag   string `json:"codec_tag_string"`
	HasBFrames int    `json:"has_b_frames"`
}

func probed(t *testing.T, file []byte) videoTrack {
	t.Helper()
	probe := exec.Command("ffprobe", "-loglevel", "error", "-show_streams", "-count_packets", "-of", "json", "pipe:0")
	probe.Stdin = bytes.NewReader(file)
	probe.Stderr = os.Stderr
	out, err := probe.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Streams []videoTrack }
	if err := json.Unmarshal(out, &got); err != nil || len(got.Streams) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	return got.Streams[0]
}

func TestProgressiveHead(t *testing.T) {
	s := newSite(t, overTCP)
	response, err := http.Head(s.server.URL + "/live/front.mp4")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "video/mp4" || response.ContentLength > 0 {
		t.Errorf("%s, %v", response.Status, response.Header)
	}
	if n := s.hub.Viewers("front"); n != 0 {
		t.Errorf("%d viewers", n)
	}
}

// TestProgressiveClientLeaves while the camera is away, so that nothing is
// written that could tell.
func TestProgressiveClientLeaves(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"TCP": overTCP, "TLS": overTLS, "HTTP/2": overHTTP2} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, start)
			response := s.get()
			if n := s.hub.Viewers("front"); n != 1 {
				t.Fatalf("%d viewers", n)
			}
			response.Body.Close()
			waitFor(t, "the viewer leaves", func() bool { return s.hub.Viewers("front") == 0 })
		})
	}
}

// TestProgressiveClientSaysTooMuch: nobody asked it.
func TestProgressiveClientSaysTooMuch(t *testing.T) {
	s := newSite(t, overTCP)
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /live/front.mp4 HTTP/1.1\r\nHost: x\r\n\r\n")
	_ = conn.SetDeadline(time.Now().Add(soon))
	for err == nil {
		_, err = conn.Write(make([]byte, 32<<10))
	}
	if err, ok := err.(net.Error); ok && err.Timeout() {
		t.Error("it is listened to")
	}
	waitFor(t, "the viewer leaves", func() bool { return s.hub.Viewers("front") == 0 })
}

// beginFile has a camera give its first frame, and reads the init segment and the
// fragment that come of it.
func beginFile(t *testing.T, camera *camtest.Source, body io.Reader, first media.Frame) (file []byte) {
	t.Helper()
	init, _ := mp4.Init(first.Format)
	file = make([]byte, len(init))
	camera.Give(first)
	if _, err := io.ReadFull(body, file); err != nil {
		t.Fatal(err)
	}
	return append(file, nextFragment(t, body, first.Data)...)
}

// TestProgressiveNewParameterSets has the camera come back with others: a file
// has one init segment, so they go into the stream.
func TestProgressiveNewParameterSets(t *testing.T) {
	s := newSite(t, overTCP)
	camera := s.attach(asH264)
	response := s.get()
	before, after := clip(t, 0, 20, 10, ""), clip(t, 500, 10, 10, "ref=1:cabac=0")
	file := beginFile(t, camera, response.Body, before[0])
	for _, f := range append(before[1:10:10], after...) {
		camera.Give(f)
		file = append(file, nextFragment(t, response.Body, f.Data)...)
	}
	got := numbersOf(t, file)
	if len(got) != 20 || got[9] != 9 || got[10] != 500 || got[19] != 509 {
		t.Errorf("pictures %v", got)
	}
}

// TestProgressiveOfTheCamerasOwn: a camera's H.264 is shown as it comes, and no
// other stream runs; once it sends something else that is shown which is made of
// it, in the same file.
func TestProgressiveOfTheCamerasOwn(t *testing.T) {
	s := newSite(t, overTCP)
	s.file = Choice{Own: own, H264: asH264}
	camera := s.attach(own)
	response := s.get()
	before, after := clip(t, 0, 10, 10, ""), clip(t, 500, 10, 10, "ref=1:cabac=0")
	file := beginFile(t, camera, response.Body, before[0])
	for _, f := range before[1:] {
		camera.Give(f)
		file = append(file, nextFragment(t, response.Body, f.Data)...)
	}
	if streams := s.hub.Stats(); len(streams) != 1 {
		t.Errorf("%d streams run", len(streams))
	}
	camera.Give(picture(7))
	waitFor(t, "what is made of it is read", func() bool { return len(s.hub.Stats()) == 2 })
	made := s.attach(asH264)
	for _, f := range after {
		made.Give(f)
		file = append(file, nextFragment(t, response.Body, f.Data)...)
	}
	got := numbersOf(t, file)
	if len(got) != 20 || got[9] != 9 || got[10] != 500 || got[19] != 509 {
		t.Errorf("pictures %v", got)
	}
	if viewers := s.hub.Viewers(own.Camera); viewers != 1 {
		t.Errorf("counts as %d viewers", viewers)
	}
}

func TestProgressiveUnknownCamera(t *testing.T) {
	s := newSite(t, overTCP)
	w := httptest.NewRecorder()
	err := s.live.ServeMP4(w, httptest.NewRequest("GET", "/", nil), Choice{H264: stream.Key{Camera: "back"}}, stream.Client{})
	if err == nil || len(w.Header()) > 0 {
		t.Errorf("%v, %v", err, w.Header())
	}
}

// TestPlayers has real players play the endless file.
func TestPlayers(t *testing.T) {
	for name, args := range map[string][]string{
		"curl":   {"curl", "-sS", "-o", "/dev/null", "URL"},
		"ffmpeg": {"ffmpeg", "-nostdin", "-loglevel", "error", "-i", "URL", "-frames:v", "15", "-f", "null", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, overTCP)
			camera := s.attach(asH264)
			frames := clip(t, 0, 20, 10, "")
			command := exec.Command(args[0], args[1:]...)
			for i, a := range command.Args {
				if a == "URL" {
					command.Args[i] = s.server.URL + "/live/front.mp4"
				}
			}
			var out bytes.Buffer
			command.Stdout, command.Stderr = &out, &out
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- command.Wait() }() // ends with the player
			playing := true
			for n := 0; playing && n < 1000; n++ {
				f := frames[n%20]
				f.PTS = time.Duration(n) * time.Second / clipFPS
				camera.Give(f)
				select {
				case err := <-done:
					playing = false
					if err != nil || out.Len() > 0 {
						t.Errorf("%v: %s", err, &out)
					}
				case <-time.After(time.Second / 50):
				}
				if name == "curl" && n == 50 {
					go s.live.Close()
				}
			}
			if playing {
				_ = command.Process.Kill()
				<-done
				t.Error("it did not end")
			}
		})
	}
}
