package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/output/live/wire"
	"framegate/gateway/stream"
)

// openGOP is parameters of libx265 by which pictures follow most keyframes that
// need what was before them: here those of the frames 10, 20 and so on.
const openGOP = "bframes=4:b-adapt=0:open-gop=1:scenecut=0"

// clipH265 is clip for H.265, with parameters of x265 besides. Its frames come in
// the order of decoding.
func clipH265(t testing.TB, first, frames, gop int, params string) []media.Frame {
	t.Helper()
	clipsMu.Lock()
	defer clipsMu.Unlock()
	name := "h265 " + strings.Join([]string{strconv.Itoa(first), strconv.Itoa(frames), strconv.Itoa(gop), params}, " ")
	if clips[name] == nil {
		clips[name] = encodeH265(t, first, frames, gop, params)
	}
	return clips[name]
}

func encodeH265(t testing.TB, first, frames, gop int, params string) (clip []media.Frame) {
	t.Helper()
	var in bytes.Buffer
	for n := range frames {
		in.Write(camtest.Picture(first+n, 160, 96))
	}
	g := strconv.Itoa(gop)
	file := camtest.Output(t, in.Bytes(), "ffmpeg", "-nostdin", "-loglevel", "error", "-f", "image2pipe", "-framerate", strconv.Itoa(clipFPS), "-c:v", "mjpeg", "-i", "pipe:0",
		"-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1",
		"-x265-params", "log-level=error:pools=none:qp=20:keyint="+g+":min-keyint="+g+":"+params,
		"-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "pipe:1")
	format, timescale, err := mp4.ReadInit(file)
	if err != nil {
		t.Fatal(err)
	}
	var framer media.H265Framer
	framer.AnnounceHVCC(format.Config)
	for file = file[bytes.Index(file, []byte("moof"))-4:]; ; {
		fragment, n, err := mp4.ReadFragment(file)
		if errors.Is(err, io.EOF) {
			return clip
		}
		if err != nil {
			t.Fatal(err)
		}
		frame, ok, err := framer.Frame(units(fragment.Data))
		if err != nil || !ok {
			t.Fatalf("frame %d: %v", len(clip), err)
		}
		frame.PTS = time.Duration(int64(fragment.DecodeTime)+int64(fragment.Offset)) * time.Second / time.Duration(timescale)
		clip = append(clip, frame)
		file = file[n:]
	}
}

// units cuts an access unit apart.
func units(data []byte) (nalus [][]byte) {
	for len(data) > 4 {
		n := binary.BigEndian.Uint32(data)
		nalus = append(nalus, data[4:4+n])
		data = data[4+n:]
	}
	return nalus
}

// TestH265IsUntouched has a viewer who can show it join where pictures follow that
// need what was before.
func TestH265IsUntouched(t *testing.T) {
	for name, start := range ways {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, start)
			camera := s.attach(own)
			frames := clipH265(t, 0, 30, 10, openGOP)
			from := 1 + slices.IndexFunc(frames[1:], func(f media.Frame) bool { return f.Key })
			camera.Give(frames[:from+2]...)
			p := s.watch("h265", "h264", "jpeg")
			if m := p.text("hello"); m.Codec != "h265" || m.MIME != `video/mp4; codecs="hvc1.1.6.L30.90"` || m.Timescale != 90000 || m.Width != 160 || m.Height != 96 {
				t.Errorf("%+v", m)
			}
			init, _ := mp4.Init(frames[0].Format)
			if m := p.payload(); m.Kind != wire.KindInit || !bytes.Equal(m.Data, init) {
				t.Errorf("%+v", m)
			}
			file, withheld, readOn := init, 0, false
			for i, f := range frames[from:] {
				if i >= 2 {
					camera.Give(f)
				}
				if readOn = readOn || f.Key && i > 0; f.Leading && !readOn {
					withheld++
					continue
				}
				m := p.frame()
				if !bytes.Equal(m.AU, f.Data) || m.Flags&wire.FlagDiscontinuity > 0 || m.Flags&wire.FlagKey > 0 != f.Key {
					t.Fatalf("frame %d: number %d, flags %d", from+i, m.Seq, m.Flags)
				}
				file = append(file, m.Data...)
			}
			for _, m := range p.texts {
				if m.Type == "drop" {
					t.Errorf("%+v", m)
				}
			}
			if withheld == 0 {
				t.Error("no picture needs what was before")
			}
			expectNumbers(t, file, 10, 20)
		})
	}
}

// TestNoH265 has it asked for, and nothing else, of who has none.
func TestNoH265(t *testing.T) {
	sized := Choice{H264: stream.Key{Camera: "front", Rendition: "h264-w320"}, JPEG: stream.Key{Camera: "front", Rendition: "jpeg-w320"}}
	s := newSite(t, overTCP)
	ended := func(p *player) {
		t.Helper()
		if code, why := p.end(); code != websocket.ClosePolicyViolation || why.Code != 406 || why.Message != faultNoH265.Message {
			t.Errorf("closed with %d, %+v", code, why)
		}
	}
	before := []*player{s.dial("?codec=h265"), s.watch("h265")} // it is not known what the camera sends
	s.attach(own).Give(clip(t, 0, 20, 10, "")[0])
	for _, p := range before {
		ended(p)
	}
	ended(s.watch("h265"))
	other := newSite(t, overTCP)
	other.choice = sized
	ended(other.watch("h265"))
	for name, c := range map[string]struct {
		query    string
		dialect  []string
		choice   Choice
		mentions string
	}{
		"of a camera that sends H.264": {"?codec=h265", []string{Subprotocol}, choice, "the camera sends h264"},
		"of a size":                    {"?codec=h265", []string{Subprotocol}, sized, "no other size"},
		"bare":                         {"?codec=h265", nil, choice, "the camera sends h264"},
	} {
		err := s.live.ServeWebSocket(httptest.NewRecorder(), handshake(c.query, c.dialect...), c.choice, stream.Client{})
		if !errors.Is(err, ErrBadCodec) || !strings.Contains(err.Error(), c.mentions) {
			t.Errorf("%s: %v", name, err)
		}
		r := httptest.NewRequest("GET", "/live/front.mp4"+c.query, nil)
		if err := s.live.ServeMP4(httptest.NewRecorder(), r, c.choice, stream.Client{}); !errors.Is(err, ErrBadCodec) || !strings.Contains(err.Error(), c.mentions) {
			t.Errorf("%s, as a file: %v", name, err)
		}
	}
	waitFor(t, "all leave", func() bool { return s.hub.Viewers("front") == 0 })
}

// TestH265WithoutASubprotocol is there for who asks for it by name.
func TestH265WithoutASubprotocol(t *testing.T) {
	s := newSite(t, overTCP)
	frames := clipH265(t, 0, 30, 10, openGOP)
	s.attach(own).Give(frames[0])
	made := clip(t, 0, 20, 10, "")[0]
	s.attach(asH264).Give(made)
	for query, frame := range map[string]media.Frame{"?codec=h265": frames[0], "?codec=h264": made, "": made} {
		p := s.dialAs(query)
		init, _ := mp4.Init(frame.Format)
		for _, want := range [][]byte{init, frame.Data} {
			if _, b, err := p.conn.ReadMessage(); err != nil || !bytes.HasSuffix(b, want) {
				t.Errorf("%q: %d bytes, %v", query, len(b), err)
			}
		}
	}
}

// TestProgressiveH265 is what who asks for it gets, and who does not gets H.264,
// of the same camera.
func TestProgressiveH265(t *testing.T) {
	s := newSiteOf(t, overTCP, Choice{Own: own, H264: asH264})
	camera := s.attach(own)
	plain, asked := s.get(), s.getAs("?codec=h265")
	before, after := clipH265(t, 0, 30, 10, openGOP), clipH265(t, 500, 10, 10, "bframes=0:no-sao=1:ref=1")
	file := beginFile(t, camera, asked.Body, before[0])
	for _, f := range append(before[1:30:30], after...) {
		camera.Give(f)
		file = append(file, nextFragment(t, asked.Body, f.Data)...)
	}
	got := numbersOf(t, file)
	if len(got) != 40 || got[0] != 0 || got[29] != 29 || got[30] != 500 || got[39] != 509 {
		t.Errorf("pictures %v", got)
	}
	if v := probed(t, file); v.CodecName != "hevc" || v.CodecTag != "hvc1" || v.Width != 160 || v.NbReadPkts != "40" || v.HasBFrames != 2 {
		t.Errorf("%+v", v)
	}
	made := s.attach(asH264)
	frames := clip(t, 300, 20, 10, "")
	file = beginFile(t, made, plain.Body, frames[0])
	for _, f := range frames[1:] {
		made.Give(f)
		file = append(file, nextFragment(t, plain.Body, f.Data)...)
	}
	expectNumbers(t, file, 300, 20)
	camera.Give(picture(7)) // of which no H.265 is made
	if rest, err := io.ReadAll(asked.Body); err != nil || len(rest) > 0 {
		t.Errorf("%v, %d bytes behind the end", err, len(rest))
	}
}

// TestGStreamerTakesH265 has GStreamer decode the endless file.
func TestGStreamerTakesH265(t *testing.T) {
	camtest.Need(t, "gst-launch-1.0")
	s := newSiteOf(t, overTCP, Choice{Own: own, H264: asH264})
	out := filepath.Join(t.TempDir(), "out.mjpeg")
	gst := exec.Command("gst-launch-1.0", "-q", "souphttpsrc", "location="+s.server.URL+"/live/front.mp4?codec=h265", "is-live=true", "!",
		"qtdemux", "!", "h265parse", "!", "avdec_h265", "!", "videoconvert", "!", "jpegenc", "!", "filesink", "location="+out)
	var words bytes.Buffer
	gst.Stdout, gst.Stderr = &words, &words
	if err := gst.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- gst.Wait() }() // ends with GStreamer
	waitFor(t, "GStreamer asks", func() bool { return len(s.hub.Watchers()) == 1 })
	camera := s.attach(own)
	for _, f := range clipH265(t, 0, 30, 100, openGOP) { // with one keyframe: nobody skips
		camera.Give(f)
		time.Sleep(time.Second / clipFPS) // the camera's pace
	}
	s.live.Close()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("%v: %s", err, &words)
		}
	case <-time.After(soon):
		_ = gst.Process.Kill()
		t.Fatal("GStreamer does not end: ", <-ended)
	}
	pictures, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(pictures, []byte{0xFF, 0xD9}); n != 30 {
		t.Errorf("%d pictures of 30: %s", n, &words)
	}
}
