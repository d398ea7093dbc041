package contract

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// The cameras of the contract show numbered pictures when the test says so,
// and go and come back.

// pictureBytes is about the size of a picture here: more than the kernel keeps
// for a viewer that does not read, within a few of them.
const pictureBytes = 60_000

// numbersCamera is a camera under the test's thumb.
type numbersCamera interface {
	source() string // as the configuration names it
	// show sends the next picture to whoever is connected, and gives its
	// number. Numbers count up from 1, without gaps but for those after
	// comeBack.
	show() int
	leave()           // the camera is off the network
	comeBack()        // and on it again
	awaitConnection() // once at the start, and once after each comeBack
	tries() int       // how often somebody tried to connect
	// taken says whether picture n may carry this capture time.
	taken(n int, wall, arrived time.Time) error
}

// sendings remembers when pictures were sent.
type sendings struct {
	mu sync.Mutex // guards what follows
	at map[int]time.Time
}

func (s *sendings) note(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = make(map[int]time.Time)
	}
	if n%1000 == 0 {
		maps.DeleteFunc(s.at, func(old int, _ time.Time) bool { return old < n-1000 }) // nobody asks for those
	}
	s.at[n] = time.Now().Truncate(time.Microsecond) // as times are sent on
}

func (s *sendings) of(n int) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at[n]
}

// between says that a capture time lies between a picture's sending and its
// arrival, which is all there is to know where the camera says nothing.
func (s *sendings) between(n int, wall, arrived time.Time) error {
	if sent := s.of(n); wall.Before(sent) || wall.After(arrived) {
		return fmt.Errorf("picture %d was sent at %v, came at %v, and says %v", n, sent, arrived, wall)
	}
	return nil
}

// jpegCamera is a camera that sends JPEGs over HTTP.
type jpegCamera struct {
	t      *testing.T
	camera *camtest.HTTPCamera
	sendings
	draw func(n int) []byte

	mu      sync.Mutex // guards what follows
	changed *sync.Cond
	away    bool
	open    map[*camtest.HTTPConn]bool
	last    int
}

func newJPEGCamera(t *testing.T) numbersCamera { return newJPEGCameraOf(t, pictureBytes) }

func newJPEGCameraOf(t *testing.T, bytes int) *jpegCamera {
	t.Helper()
	c := &jpegCamera{t: t, open: make(map[*camtest.HTTPConn]bool)}
	c.draw = func(n int) []byte { return camtest.PictureOfSize(n, rig.PictureWidth, rig.PictureHeight, bytes) }
	c.changed = sync.NewCond(&c.mu)
	camera, err := camtest.NewHTTPCamera(c.serve)
	if err != nil {
		t.Fatal(err)
	}
	c.camera = camera
	t.Cleanup(camera.Close)
	return c
}

func (c *jpegCamera) serve(conn *camtest.HTTPConn) {
	if conn.Request() == nil || !c.enter(conn) {
		return
	}
	conn.WaitClosed()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, conn)
}

func (c *jpegCamera) enter(conn *camtest.HTTPConn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away {
		conn.Send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
		return false
	}
	c.open[conn] = conn.Send(rig.MultipartHead)
	c.changed.Broadcast()
	return true
}

func (c *jpegCamera) source() string { return c.camera.URL("/") }

func (c *jpegCamera) tries() int { return c.camera.Connections() }

func (c *jpegCamera) show() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	picture := c.draw(c.last)
	head := fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(picture))
	c.note(c.last)
	for conn := range c.open {
		conn.Send(head, picture, "\r\n--b\r\n")
	}
	return c.last
}

func (c *jpegCamera) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = true
	for conn := range c.open {
		conn.Close()
		delete(c.open, conn)
	}
}

func (c *jpegCamera) comeBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = false
}

func (c *jpegCamera) awaitConnection() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), rig.Ceiling)
	defer cancel()
	defer context.AfterFunc(ctx, c.changed.Broadcast)()
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.open) == 0 {
		if ctx.Err() != nil {
			c.t.Fatal("nobody connects to the camera")
		}
		c.changed.Wait()
	}
}

func (c *jpegCamera) taken(n int, wall, arrived time.Time) error { return c.between(n, wall, arrived) }

// The film that H.264 cameras show: pictures that are numbered from 1 and
// decoded by their numbers, and carry them as text beside, so that it is known
// without a decoder which one came.
const (
	filmLength = 1200 // pictures; then it begins again
	filmGOP    = 10
)

// film gives the NAL units of each picture, from number 1 on, without
// parameter sets; and those.
var film = sync.OnceValues(func() (f struct {
	sps, pps []byte
	pictures [][][]byte
}, err error) {
	var numbered bytes.Buffer
	for n := range filmLength {
		numbered.Write(rig.Picture(n + 1))
	}
	encode := exec.Command("ffmpeg", "-v", "error", "-f", "mjpeg", "-framerate", "20", "-i", "pipe:0", "-c:v", "libx264",
		"-preset", "veryfast", "-tune", "zerolatency", "-bf", "0", "-pix_fmt", "yuv420p",
		"-x264-params", fmt.Sprintf("aud=1:scenecut=0:keyint=%d:min-keyint=%[1]d:sliced-threads=0", filmGOP), "-f", "h264", "pipe:1")
	encode.Stdin = &numbered
	video, err := encode.Output()
	if err != nil {
		return f, err
	}
	for _, picture := range bytes.Split(video, []byte{0, 0, 0, 1, 9})[1:] {
		var units [][]byte
		for _, unit := range bytes.Split(picture, []byte{0, 0, 1})[1:] {
			unit = bytes.TrimRight(unit, "\x00")
			switch unit[0] & 0x1F {
			case 7:
				f.sps = unit
			case 8:
				f.pps = unit
			case 1, 5:
				units = append(units, unit)
			}
		}
		f.pictures = append(f.pictures, units)
	}
	if len(f.pictures) != filmLength {
		return f, fmt.Errorf("%d pictures", len(f.pictures))
	}
	return f, nil
})

// Text in a message that decoders skip (H.264, D.1.7): 16 bytes that say whose
// it is, the number, and what makes it large.
const labelOwner = "framegatepicture"

func label(n, size int) []byte {
	text := append([]byte(labelOwner), fmt.Sprintf("%08d", n)...)
	text = append(text, bytes.Repeat([]byte{0xA5}, max(0, size-len(text)))...)
	message := []byte{6, 5}
	for rest := len(text); ; rest -= 255 {
		if rest < 255 {
			message = append(message, byte(rest))
			break
		}
		message = append(message, 255)
	}
	return append(append(message, text...), 0x80)
}

// readLabel gives the number that an access unit carries as text.
func readLabel(unit []byte) (int, error) {
	_, after, found := bytes.Cut(unit, []byte(labelOwner))
	if !found || len(after) < 8 {
		return 0, fmt.Errorf("%d bytes without a number", len(unit))
	}
	return strconv.Atoi(string(after[:8]))
}

// filmCamera is a camera that sends the film over RTSP. Its sender reports
// say that pictures are older than they are, which is how it is known whether
// they are believed.
type filmCamera struct {
	t       *testing.T
	camera  *camtest.RTSPCamera
	encoder *rtph264.Encoder
	bytes   int // of a picture
	sound   int // frames of sound that there were; speak's
	began   time.Time
	sendings

	mu    sync.Mutex // guards what follows
	away  bool
	asked int // how often its description was asked for
	last  int
	since int // the first picture of this connection
	plays int // connections that came
}

// filmAge is how old the pictures of a filmCamera are when they are sent.
const filmAge = 2 * time.Second

func newFilmCameraOf(t *testing.T, bytes int, heard bool) *filmCamera {
	t.Helper()
	rig.Need(t, "ffmpeg")
	f, err := film()
	if err != nil {
		t.Fatal(err)
	}
	c := &filmCamera{t: t, bytes: bytes, began: time.Now(), since: 1}
	offered := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: f.sps, PPS: f.pps}
	if c.encoder, err = offered.CreateEncoder(); err != nil {
		t.Fatal(err)
	}
	medias := []*description.Media{{Type: description.MediaTypeVideo, Formats: []format.Format{offered}}}
	if heard {
		medias = append(medias, &description.Media{Type: description.MediaTypeAudio, Formats: []format.Format{&format.MPEG4Audio{
			PayloadTyp: 97, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3,
			Config: &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: filmRate, ChannelConfig: 1},
		}}})
	}
	c.camera, err = camtest.NewRTSPCamera(camtest.RTSPOptions{Medias: medias, Answer: c.answer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.camera.Close)
	if heard {
		ctx, cancel := context.WithCancel(context.Background())
		var speaks sync.WaitGroup
		speaks.Go(func() { c.speak(ctx) })
		t.Cleanup(speaks.Wait)
		t.Cleanup(cancel)
	}
	return c
}

func (c *filmCamera) answer() *base.Response {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.away {
		return &base.Response{StatusCode: base.StatusServiceUnavailable}
	}
	return nil
}

func (c *filmCamera) source() string { return c.camera.URL("/film") }

func (c *filmCamera) tries() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// ticks is a moment in the camera's counting.
func (c *filmCamera) ticks(at time.Time) uint32 {
	return uint32(at.Sub(c.began) * 90 / time.Millisecond)
}

func (c *filmCamera) show() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	n := (c.last-1)%filmLength + 1
	f, _ := film()
	c.note(n)
	var units [][]byte
	if n%filmGOP == 1 {
		units = append(units, f.sps, f.pps)
	}
	units = append(append(units, label(n, c.bytes)), f.pictures[n-1]...)
	packets, err := c.encoder.Encode(units)
	if err != nil {
		c.t.Error(err)
		return n
	}
	at := c.of(n)
	for _, p := range packets {
		p.Timestamp = c.ticks(at)
		if err := c.camera.Send(p); err != nil {
			c.t.Error(err)
		}
	}
	if n%filmGOP == 1 {
		const ntp1970 = 2208988800 // seconds since 1900
		nanos := at.Add(-filmAge).UnixNano()
		seconds, rest := uint64(nanos/1e9), uint64(nanos%1e9)
		if err := c.camera.Report((seconds+ntp1970)<<32|rest<<32/1e9, c.ticks(at)); err != nil {
			c.t.Error(err)
		}
	}
	return n
}

// filmRate is that of the camera's sound, in samples a second.
const filmRate = 48000

// speak sends sound to whoever is connected, until ctx is done.
func (c *filmCamera) speak(ctx context.Context) {
	const often = 20 * time.Millisecond
	for tick := time.NewTicker(often); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			c.say(time.Now())
		}
	}
}

// say sends the sound that there was up to a moment.
func (c *filmCamera) say(until time.Time) {
	const samples = 1024
	for ended := int(until.Sub(c.began)*filmRate/time.Second) / samples; c.sound < ended; c.sound++ {
		unit := fmt.Appendf(nil, "sound %08d", c.sound)
		p := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, PayloadType: 97, SequenceNumber: uint16(c.sound), Timestamp: uint32(c.sound * samples), SSRC: 9}}
		p.Payload = append([]byte{0, 16, byte(len(unit) >> 5), byte(len(unit) << 3)}, unit...)
		_ = c.camera.SendSound(p) // fails while the camera ends
	}
}

func (c *filmCamera) leave() {
	c.mu.Lock()
	c.away = true
	c.mu.Unlock()
	c.camera.Cut()
}

// comeBack goes on with the next keyframe.
func (c *filmCamera) comeBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = false
	c.last += (filmGOP - c.last%filmGOP) % filmGOP
	c.since = c.last + 1
}

func (c *filmCamera) awaitConnection() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), rig.Ceiling)
	defer cancel()
	c.mu.Lock()
	c.plays++
	plays := c.plays
	c.mu.Unlock()
	if err := c.camera.AwaitPlay(ctx, plays); err != nil {
		c.t.Fatal("nobody connects to the camera")
	}
}

// taken expects what the camera reports, but for the pictures of a connection
// that may have been before the first report.
func (c *filmCamera) taken(n int, wall, arrived time.Time) error {
	c.mu.Lock()
	since := c.since
	c.mu.Unlock()
	if off := wall.Sub(c.of(n).Add(-filmAge)); off.Abs() < 2*time.Millisecond {
		return nil
	} else if n >= since+filmGOP {
		return fmt.Errorf("picture %d says a time that is off by %v", n, off)
	}
	return c.between(n, wall, arrived)
}

// play has a camera show pictures until the test ends.
func play(t *testing.T, c numbersCamera, interval time.Duration) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for ctx.Err() == nil {
			c.show()
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
}
