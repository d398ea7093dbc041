package player

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// The cameras of this file send H.264 by RTSP, of numbered pictures, 20 a
// second; but for withBeeps.

const (
	clipPictures = 3100 // longer than a story may last
	clipRate     = 20
	// later is what is added to the numbers of a profileCamera's second profile.
	later = 10_000
)

// encodeNumbered encodes pictures from a number on.
func encodeNumbered(t *testing.T, from int, name string, options ...string) {
	t.Helper()
	var pictures bytes.Buffer
	for n := range clipPictures {
		pictures.Write(rig.Picture(from + n))
	}
	args := append([]string{"-v", "error", "-f", "mjpeg", "-framerate", strconv.Itoa(clipRate), "-i", "pipe:0", "-c:v", "libx264", "-preset", "veryfast", "-g", "20", "-pix_fmt", "yuv420p"}, options...)
	encode := rig.Program(t, "ffmpeg", append(args, name)...)
	encode.Stdin = &pictures
	if err := encode.Run(); err != nil {
		t.Fatal(err)
	}
}

// withBFrames has a camera, GStreamer, that sends two B-frames in each three.
func withBFrames(t *testing.T) (url string, do func(word string)) {
	clip := filepath.Join(t.TempDir(), "reordered.mp4")
	encodeNumbered(t, 1, clip, "-bf", "2", "-x264-params", "b-adapt=0:b-pyramid=none")
	s := rig.Start(t, fmt.Sprintf("cameras: {front: {source: '%s'}}", rig.RTSPServer(t, clip)))
	return s.URL, func(word string) { t.Errorf("the story asks to do %q", word) }
}

// profileCamera sends H.264 in High profile, and when it is told to in
// Baseline.
type profileCamera struct {
	camera   *camtest.RTSPCamera
	packets  func(units [][]byte) ([]*rtp.Packet, error)
	high     [][][]byte // NAL units of each picture
	baseline [][][]byte
	changed  atomic.Bool
}

// withProfiles has a profileCamera, that takes the word "baseline".
func withProfiles(t *testing.T) (url string, do func(word string)) {
	c := &profileCamera{
		high:     numberedUnits(t, 1, "high"),
		baseline: numberedUnits(t, later, "baseline"),
	}
	offered := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: c.high[0][0], PPS: c.high[0][1]}
	encoder, err := offered.CreateEncoder()
	if err != nil {
		t.Fatal(err)
	}
	c.packets = encoder.Encode
	c.camera, err = camtest.NewRTSPCamera(camtest.RTSPOptions{
		Medias: []*description.Media{{Type: description.MediaTypeVideo, Formats: []format.Format{offered}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var sending sync.WaitGroup
	sending.Go(func() {
		if err := c.send(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		sending.Wait()
		c.camera.Close()
	})
	s := rig.Start(t, fmt.Sprintf("cameras: {front: {source: '%s'}}", c.camera.URL("/stream")))
	return s.URL, func(word string) {
		if word != "baseline" {
			t.Errorf("the story asks to do %q", word)
		}
		c.changed.Store(true)
	}
}

// numberedUnits gives the NAL units of pictures from a number on, without
// the delimiters between them.
func numberedUnits(t *testing.T, from int, profile string) (pictures [][][]byte) {
	t.Helper()
	name := filepath.Join(t.TempDir(), profile+".h264")
	encodeNumbered(t, from, name, "-profile:v", profile, "-bf", "0", "-bsf:v", "h264_metadata=aud=insert")
	video, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, picture := range bytes.Split(video, []byte{0, 0, 0, 1, 9})[1:] {
		var units [][]byte
		for _, unit := range bytes.Split(picture, []byte{0, 0, 1})[1:] {
			units = append(units, bytes.TrimRight(unit, "\x00"))
		}
		pictures = append(pictures, units)
	}
	return pictures
}

// send sends pictures from when somebody plays.
func (c *profileCamera) send(ctx context.Context) error {
	if c.camera.AwaitPlay(ctx, 1) != nil {
		return nil // it was not played at all
	}
	tick := time.NewTicker(time.Second / clipRate)
	defer tick.Stop()
	left, changed := c.high, false
	for sent := uint32(0); len(left) > 0; sent++ {
		if !changed && c.changed.Load() {
			left, changed = c.baseline, true
		}
		group, err := c.packets(left[0])
		if err != nil {
			return err
		}
		for _, p := range group {
			p.Timestamp = sent * (90_000 / clipRate)
			if err := c.camera.Send(p); err != nil {
				return err
			}
		}
		left = left[1:]
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// withBeeps has a camera that flashes and beeps at the same time, twice a second. Told
// to "cut", it hangs up, and begins anew for who calls again.
func withBeeps(t *testing.T) (url string, do func(word string)) {
	t.Helper()
	return beeping(t, "", "")
}

// withRecordedBeeps has that camera recorded.
func withRecordedBeeps(t *testing.T) (url string, do func(word string)) {
	t.Helper()
	return beeping(t, ", record: {mode: continuous}", "")
}

// withBeepsOfG711 has one beside it that does so by RTSP, with G.711.
func withBeepsOfG711(t *testing.T) (url string, do func(word string)) {
	t.Helper()
	clip := filepath.Join(t.TempDir(), "beeps.mov")
	args := append(append([]string{"-v", "error"}, flashes...), "-t", "150", "-c:a", "pcm_alaw", "-ar", "8000", "-bf", "0", clip)
	if err := rig.Program(t, "ffmpeg", args...).Run(); err != nil {
		t.Fatal(err)
	}
	source := rig.ServeRTSP(t, "filesrc location="+clip+" ! qtdemux name=clip clip.video_0 ! queue ! h264parse ! rtph264pay config-interval=-1 name=pay0 pt=96 "+
		"clip.audio_0 ! queue ! rtppcmapay name=pay1 pt=8")
	return beeping(t, "", ", g711: {source: '"+source+"'}")
}

// flashes has ffmpeg make flashes and beeps, and encode the flashes.
var flashes = []string{
	"-f", "lavfi", "-i", "color=black:s=160x96:r=25,drawbox=c=white:t=fill:enable='lt(mod(t,0.5),0.2)'",
	"-f", "lavfi", "-i", "aevalsrc='if(lt(mod(t,0.5),0.1),0.8*sin(6283*t),0)':s=48000",
	"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-pix_fmt", "yuv420p",
}

// beeping has it with more keys, and beside more cameras.
func beeping(t *testing.T, keys, beside string) (url string, do func(word string)) {
	t.Helper()
	rig.Need(t, "ffmpeg")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	callers := make(chan net.Conn, 100)
	var sending sync.WaitGroup
	sending.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			callers <- conn
			sending.Go(func() { beep(t, conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		sending.Wait()
	})
	s := rig.Start(t, fmt.Sprintf("cameras: {beeps: {source: 'tcp://%s'%s}%s}", l.Addr(), keys, beside))
	return s.URL, func(string) {
		for len(callers) > 0 {
			(<-callers).Close()
		}
	}
}

// beep sends flashes and beeps until who gets them is gone.
func beep(t *testing.T, conn net.Conn) {
	defer conn.Close()
	args := append([]string{"-v", "error", "-readrate", "1"}, flashes[:4]...)
	args = append(append(args, "-readrate", "1"), flashes[4:]...)
	camera := exec.CommandContext(t.Context(), "ffmpeg", append(args, "-c:a", "aac",
		"-muxdelay", "0", "-muxpreload", "0", "-flush_packets", "1", "-f", "mpegts", "pipe:1")...)
	camera.Stdout = conn
	_ = camera.Run() // it ends when it cannot write, or the test ends
}
