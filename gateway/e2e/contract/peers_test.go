//go:build linux

package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"

	"github.com/gorilla/websocket"
)

// moviePeers are programs that people watch MP4 with.
var moviePeers = map[string]func(t *testing.T, s *rig.Server){
	"ffmpeg": func(t *testing.T, s *rig.Server) {
		rig.ExpectRaw(t, rig.Program(t, "ffmpeg", "-hide_banner", "-i", s.URL+"/live/front.mp4", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"), 20)
	},
	"GStreamer": func(t *testing.T, s *rig.Server) {
		rig.ExpectRaw(t, rig.Program(t, "gst-launch-1.0", "-q", "souphttpsrc", "location="+s.URL+"/live/front.mp4", "is-live=true", "!", "qtdemux", "!",
			"decodebin", "!", "videoconvert", "!", "video/x-raw,format=GRAY8", "!", "fdsink", "fd=1", "sync=false"), 20)
	},
	"ffprobe":   probesMovie,
	"curl":      curlTakesMovie,
	"VLC":       vlcPlaysMovie,
	"WebSocket": socketTakesMovie,
}

// TestPeersOfMP4: they show a camera that sends H.264, without an encoder, and
// one that sends JPEGs, with one that runs while somebody watches.
func TestPeersOfMP4(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg", "ffprobe", "gst-launch-1.0", "cvlc", "curl")
	passed, encoded := newFilmCameraOf(t, 1000, false), newJPEGCameraOf(t, 4000)
	stories := make(map[string]func(*testing.T))
	for kind, camera := range map[string]numbersCamera{"H.264": passed, "JPEG": encoded} {
		s := stage(t, camera)
		for name, peer := range moviePeers {
			stories[name+" shows "+kind] = func(t *testing.T) { peer(t, s) }
		}
		defer func() {
			if started := strings.Contains(s.Log.String(), "encoder starts"); started != (kind == "JPEG") {
				t.Errorf("a camera of %s is encoded: %v", kind, started)
			}
		}()
		play(t, camera, 50*time.Millisecond)
	}
	together(t, stories)
}

// expectMoving expects count numbers at least, each greater than the last.
func expectMoving(t *testing.T, numbers []int, count int) {
	t.Helper()
	if len(numbers) < count || !slices.IsSorted(numbers) || len(slices.Compact(slices.Clone(numbers))) < len(numbers) {
		t.Errorf("%d pictures: %v", len(numbers), numbers)
	}
}

func probesMovie(t *testing.T, s *rig.Server) {
	out, err := rig.Program(t, "ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_packets", "-read_intervals", "%+#20", s.URL+"/live/front.mp4").Output()
	if err != nil {
		t.Fatal(err)
	}
	var probed struct {
		Streams []struct {
			CodecName     string `json:"codec_name"`
			Width, Height int
		}
		Packets []struct{ PTS, DTS *int64 }
	}
	if err := json.Unmarshal(out, &probed); err != nil {
		t.Fatal(err)
	}
	if len(probed.Streams) != 1 || probed.Streams[0].CodecName != "h264" || probed.Streams[0].Width != rig.PictureWidth || probed.Streams[0].Height != rig.PictureHeight {
		t.Errorf("streams %+v", probed.Streams)
	}
	if len(probed.Packets) < 20 {
		t.Errorf("%d packets", len(probed.Packets))
	}
	for i, p := range probed.Packets {
		if p.PTS == nil || p.DTS == nil || i > 0 && *p.DTS <= *probed.Packets[i-1].DTS {
			t.Fatalf("packet %d has no time, or one that is not after the last: %s", i, out)
		}
	}
}

// whole cuts off the last segment of a file that was read for a while.
func whole(t *testing.T, movie []byte) []byte {
	t.Helper()
	last := bytes.LastIndex(movie, []byte("moof"))
	if last < 4 {
		t.Fatalf("%d bytes without a fragment", len(movie))
	}
	return movie[:last-4]
}

func curlTakesMovie(t *testing.T, s *rig.Server) {
	curl := rig.Program(t, "curl", "-sSN", s.URL+"/live/front.mp4")
	stdout, err := curl.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := curl.Start(); err != nil {
		t.Fatal(err)
	}
	var movie []byte
	for b := make([]byte, 4096); bytes.Count(movie, []byte("moof")) <= 20; {
		n, err := stdout.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		movie = append(movie, b[:n]...)
	}
	curl.Process.Kill()
	io.Copy(io.Discard, stdout)
	curl.Wait()
	expectMoving(t, decodeNumbers(t, whole(t, movie)), 20)
}

// socketTakesMovie collects bare fragments, as players do that know no more
// than them.
func socketTakesMovie(t *testing.T, s *rig.Server) {
	socket, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/live/front", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	socket.SetReadDeadline(time.Now().Add(rig.Ceiling))
	var movie []byte
	for range 21 { // and the init segment
		kind, message, err := socket.ReadMessage()
		if err != nil || kind != websocket.BinaryMessage {
			t.Fatalf("message of kind %d: %v", kind, err)
		}
		movie = append(movie, message...)
	}
	probe := rig.Program(t, "ffprobe", "-v", "error", "-of", "csv=p=0", "-count_packets", "-show_entries", "stream=codec_name,width,height,nb_read_packets", "pipe:0")
	probe.Stdin = bytes.NewReader(movie)
	out, err := probe.Output()
	if want := fmt.Sprintf("h264,%d,%d,20\n", rig.PictureWidth, rig.PictureHeight); err != nil || string(out) != want {
		t.Errorf("ffprobe says %q, %v; want %q", out, err, want)
	}
	expectMoving(t, decodeNumbers(t, movie), 20)
}

// vlcPlaysMovie has VLC decode it, and encode it to something else.
func vlcPlaysMovie(t *testing.T, s *rig.Server) {
	home := t.TempDir()
	out := filepath.Join(home, "out.ts")
	vlc := rig.Program(t, "cvlc", "--no-audio", "--play-and-exit", s.URL+"/live/front.mp4",
		"--sout", "#transcode{vcodec=mp2v,vb=2000}:std{access=file,mux=ts,dst="+out+"}")
	vlc.Env = append(os.Environ(), "HOME="+home)
	rig.AsNobody(t, vlc, home)
	if err := vlc.Start(); err != nil {
		t.Fatal(err)
	}
	defer rig.EndGroup(vlc)
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if film, err := os.ReadFile(out); err == nil && len(film) > 50_000 {
			break
		}
		if time.Since(began) > rig.Ceiling {
			t.Fatal("VLC writes nothing")
		}
	}
	rig.EndGroup(vlc)
	expectMoving(t, vlcNumbers(t, out), 10)
}

// vlcNumbers reads the numbers of the file that VLC made, which is cut off at
// its end.
func vlcNumbers(t *testing.T, name string) []int {
	t.Helper()
	remux := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", name, "-f", "mpegts", "-c", "copy", "pipe:1")
	film, err := remux.Output()
	if err != nil {
		t.Fatal(err)
	}
	return decodeNumbers(t, film)
}
