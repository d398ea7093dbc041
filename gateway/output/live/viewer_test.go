package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/output/live/wire"
	"framegate/gateway/stream"
)

// bare reads the binary messages of the dialect without a subprotocol.
func (p *player) bare() []byte {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(soon))
	kind, b, err := p.conn.ReadMessage()
	if err != nil || kind != websocket.BinaryMessage {
		p.t.Fatal(kind, err)
	}
	return b
}

// TestBareDialect has ffmpeg read what comes without a subprotocol, while the
// client says things that mean nothing.
func TestBareDialect(t *testing.T) {
	for name, start := range ways {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, start)
			camera := s.attach(own)
			frames := clip(t, 100, 20, 10, "")
			camera.Give(frames[0])
			p := s.dialAs("")
			p.say("whatever")
			if err := p.conn.WriteMessage(websocket.BinaryMessage, []byte("too")); err != nil {
				t.Fatal(err)
			}
			file := append(p.bare(), p.bare()...)
			for _, f := range frames[1:] {
				camera.Give(f)
				file = append(file, p.bare()...)
			}
			expectNumbers(t, file, 100, 20)
			if err := p.conn.WriteMessage(websocket.TextMessage, make([]byte, 5000)); err != nil {
				t.Fatal(err)
			}
			if code, _ := p.end(); code != websocket.CloseMessageTooBig {
				t.Errorf("closed with %d", code)
			}
		})
	}
}

// expectNumbers has ffmpeg decode a file, which must show the pictures first to
// first+n-1, each once.
func expectNumbers(t *testing.T, file []byte, first, n int) {
	t.Helper()
	got := numbersOf(t, file)
	if len(got) != n || got[0] != first || got[n-1] != first+n-1 {
		t.Errorf("pictures %v, want %d from %d on", got, n, first)
	}
}

// numbersOf has ffmpeg decode a file and reads its numbers.
func numbersOf(t *testing.T, file []byte) (numbers []int) {
	t.Helper()
	ffmpeg := exec.Command("ffmpeg", "-nostdin", "-loglevel", "error", "-i", "pipe:0", "-fps_mode", "passthrough", "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "3", "pipe:1")
	ffmpeg.Stdin = bytes.NewReader(file)
	var stderr bytes.Buffer
	ffmpeg.Stderr = &stderr
	out, err := ffmpeg.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %s", err, &stderr)
	}
	for len(out) > 0 {
		end := bytes.Index(out, []byte{0xFF, 0xD9})
		if end < 0 {
			t.Fatal("half a picture")
		}
		n, err := camtest.ReadJPEGNumber(out[:end+2])
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
		out = out[end+2:]
	}
	return numbers
}

// TestPong has pings answered while no picture comes, by a viewer that rides
// the pump, by one that waits for the camera, and by one on TLS.
func TestPong(t *testing.T) {
	for name, start := range ways {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, start)
			p := s.watch("jpeg")
			ask := func(mark string) {
				t.Helper()
				p.say(map[string]any{"type": "ping", "c": json.RawMessage(mark)})
				before := time.Now().UnixMicro()
				if m := p.text("pong"); string(m.C) != mark || m.ServerTimeUs < before-soon.Microseconds() || m.ServerTimeUs > time.Now().UnixMicro() {
					t.Errorf("%+v, want %s", m, mark)
				}
			}
			ask("1")
			camera := s.attach(own)
			camera.Give(picture(1))
			p.frame()
			for n := range 10 {
				ask(fmt.Sprintf(`"%d"`, n))
			}
			pong := make(chan string, 1)
			p.conn.SetPongHandler(func(payload string) error { pong <- payload; return nil })
			if err := p.conn.WriteMessage(websocket.PingMessage, []byte("hey")); err != nil {
				t.Fatal(err)
			}
			ask("null")
			if got := <-pong; got != "hey" {
				t.Errorf("pong %q", got)
			}
			camera.Give(picture(2))
			if m := p.frame(); m.Seq != 2 {
				t.Errorf("%+v", m)
			}
		})
	}
}

func TestViewers(t *testing.T) {
	s := newSite(t, overTCP)
	s.attach(own).Give(picture(1))
	before := time.Now()
	p := s.dial("")
	waitFor(t, "a viewer", func() bool { return len(s.hub.Watchers()) == 1 })
	want := stream.Watcher{Client: stream.Client{Address: "192.0.2.1", Principal: "somebody", Form: "framegate.v1"}, Key: own}
	expectInfo(t, s, want, before)
	p.say(map[string]any{"type": "hello", "codecs": []string{"jpeg"}})
	p.frame()
	want.Codec = media.JPEG
	expectInfo(t, s, want, before)
	p.say(map[string]any{"type": "stats", "shown": 12, "dropped": 3, "bufferMs": 40.5, "latencyMs": 99})
	waitFor(t, "what it says", func() bool { return s.hub.Watchers()[0].Report != nil })
	want.Report = &stream.Report{Shown: 12, Dropped: 3, Buffer: 40500 * time.Microsecond, Delay: 99 * time.Millisecond}
	expectInfo(t, s, want, before)
}

func expectInfo(t *testing.T, s *site, want stream.Watcher, after time.Time) {
	t.Helper()
	got := s.hub.Watchers()[0]
	if got.Since.Before(after) || got.Since.After(time.Now()) {
		t.Errorf("since %v", got.Since)
	}
	if got.ID == 0 {
		t.Error("it has no number")
	}
	got.ID, got.Since = want.ID, want.Since
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestSlowViewer lets a viewer sleep while many GOPs go by. It is told what it
// missed, and goes on at a keyframe; another gets every frame meanwhile.
func TestSlowViewer(t *testing.T) {
	for name, start := range ways {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, start)
			s.live = New(delivery.Options{Hub: s.hub, Patience: time.Hour})
			camera := s.attach(own)
			frames := large(clip(t, 0, 20, 10, ""), 100_000)
			camera.Give(frames[0])
			slow, quick := s.watch("h264"), s.watch("h264")
			slow.frame()
			quick.frame()
			const gops = 30
			for n := 1; n < 10*gops+5; n++ {
				camera.Give(frames[n%20])
				if m := quick.frame(); m.Seq != uint64(n+1) {
					t.Fatalf("%+v", m)
				}
			}
			seq, skipped := uint64(1), uint64(0)
			for seq < 10*gops+5 {
				m := slow.payload()
				for ; len(slow.texts) > 0; slow.texts = slow.texts[1:] {
					if drop := slow.texts[0]; drop.Type == "drop" && drop.Reason == "slow" {
						skipped += drop.Frames
						seq += drop.Frames
						if m.Flags&wire.FlagKey == 0 || m.Flags&wire.FlagDiscontinuity == 0 {
							t.Errorf("after a drop: %+v", m)
						}
					}
				}
				if m.Kind != wire.KindFrame {
					continue
				}
				if seq++; m.Seq != seq {
					t.Fatalf("frame %d, want %d", m.Seq, seq)
				}
			}
			if skipped == 0 || skipped > 10*gops {
				t.Errorf("%d skipped", skipped)
			}
			if v := s.hub.Watchers(); v[0].Dropped+v[1].Dropped != skipped || min(v[0].Dropped, v[1].Dropped) != 0 {
				t.Errorf("%d and %d skipped, one was told of %d", v[0].Dropped, v[1].Dropped, skipped)
			}
		})
	}
}

// large fills frames up with filler data (H.264, 7.3.2.7).
func large(frames []media.Frame, size int) []media.Frame {
	frames = append([]media.Frame(nil), frames...)
	for i, f := range frames {
		filler := append([]byte{0, 0, 0, 0, 12}, bytes.Repeat([]byte{0xFF}, size)...)
		filler[1], filler[2], filler[3] = byte((size+1)>>16), byte((size+1)>>8), byte(size+1)
		frames[i].Data = append(bytes.Clone(f.Data), filler...)
	}
	return frames
}

// TestStalledViewersAreCut has viewers that read nothing any more beside one
// that does.
func TestStalledViewersAreCut(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long")
	}
	s := newSite(t, overTCP)
	camera := s.attach(own)
	frames := large(clip(t, 0, 20, 10, ""), 100_000)
	camera.Give(frames[0])
	const stalled = 50
	for range stalled {
		p := s.watch("h264")
		_ = p.conn.NetConn().(*net.TCPConn).SetReadBuffer(16 << 10)
	}
	p := s.watch("h264")
	waitFor(t, "all viewers", func() bool { return s.hub.Viewers("front") == stalled+1 })
	p.frame()
	began := time.Now()
	for n := 1; s.hub.Viewers("front") > 1; n++ {
		if time.Since(began) > time.Minute {
			t.Fatalf("%d left", s.hub.Viewers("front"))
		}
		camera.Give(frames[n%20])
		if m := p.frame(); m.Seq != uint64(n+1) {
			t.Fatalf("%+v", m)
		}
		time.Sleep(time.Second / 50) // the camera's pace
	}
	t.Logf("all gone after %v", time.Since(began))
}

// TestClose ends viewers in all their states with 1001.
func TestClose(t *testing.T) {
	for name, start := range ways {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, start)
			camera := s.attach(own)
			waiting := s.watch("jpeg")
			bare := s.dialAs("")
			waiting.text("state")
			sized := s.dialAs("?codec=jpeg", Subprotocol)
			camera.Give(picture(1))
			sized.frame()
			silent := s.dial("") // the last, for who says nothing is there for a time only
			waitFor(t, "all viewers", func() bool { return len(s.hub.Watchers()) == 4 })
			done := make(chan struct{})
			go func() { s.live.Close(); close(done) }()
			for _, p := range []*player{silent, waiting, bare, sized} {
				if code, _ := p.end(); code != websocket.CloseGoingAway {
					t.Errorf("closed with %d", code)
				}
				p.conn.Close()
			}
			<-done
			// Who was still on the way to a seat leaves by themselves.
			waitFor(t, "all viewers are gone", func() bool { return s.hub.Viewers("front") == 0 })
			_, response, err := s.dialer(Subprotocol).Dial(s.url(""), nil)
			if err == nil || response == nil || response.StatusCode != http.StatusTeapot {
				t.Errorf("after that: %v, %v", response, err)
			}
		})
	}
}

// TestRequestEnds: whoever ends a request's context ends its viewer, also one
// that the pump writes to without a pause.
func TestRequestEnds(t *testing.T) {
	for name, start := range ways {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, start)
			camera, encoder := s.attach(own), s.attach(asH264)
			p, file := s.watch("jpeg"), s.get()
			flowing := make(chan struct{})
			var giving sync.WaitGroup
			giving.Go(func() { // ends with flowing
				for n := 0; ; n++ {
					select {
					case <-flowing:
						return
					default:
						camera.Give(picture(n))
						encoder.Give(clip(t, 0, 20, 10, "")[n%20])
						time.Sleep(time.Millisecond)
					}
				}
			})
			for range 20 {
				p.frame()
			}
			s.revoke()
			if code, _ := p.end(); code != websocket.CloseGoingAway {
				t.Errorf("closed with %d", code)
			}
			if _, err := io.Copy(io.Discard, file.Body); err != nil {
				t.Errorf("the file: %v", err)
			}
			waitFor(t, "the viewers leave", func() bool { return s.hub.Viewers("front") == 0 })
			close(flowing)
			giving.Wait()
		})
	}
}

// TestOthersEndIt: whoever is thrown out, or may watch no longer, is told so.
func TestOthersEndIt(t *testing.T) {
	for _, cause := range []error{stream.ErrEnded, errors.New("the permission was taken away")} {
		s := newSite(t, overTCP)
		s.attach(own).Give(picture(1))
		p := s.watch("jpeg")
		p.frame()
		s.end(cause)
		if code, why := p.end(); code != websocket.ClosePolicyViolation || why.Code != 403 || why.Message != cause.Error() {
			t.Errorf("%v: closed with %d, %+v", cause, code, why)
		}
	}
}

// TestHubClosesFirst: viewers are told that the server ends.
func TestHubClosesFirst(t *testing.T) {
	s := newSite(t, overTCP)
	s.attach(own).Give(picture(1))
	p := s.watch("jpeg")
	p.frame()
	go s.hub.Close()
	if code, _ := p.end(); code != websocket.CloseGoingAway {
		t.Errorf("closed with %d", code)
	}
}

// TestUnknownCamera is an answer, not a WebSocket.
func TestUnknownCamera(t *testing.T) {
	s := newSite(t, overTCP)
	s.choice.H264 = stream.Key{Camera: "back", Rendition: "h264"}
	s.choice.Own = stream.Key{}
	_, response, err := s.dialer(Subprotocol).Dial(s.url(""), nil)
	if err == nil || response == nil || response.StatusCode != 418 {
		t.Errorf("%v, %v", response, err)
	}
}

// TestMessageAllocatesNothing is what the pump does for each viewer.
func TestMessageAllocatesNothing(t *testing.T) {
	for name, frames := range map[string][]media.Frame{
		"h264": silent(t, large(clip(t, 0, 20, 10, ""), 100_000), mainSPS),
		"jpeg": {picture(1)},
	} {
		h := New(delivery.Options{})
		v := &viewer{handler: h, dialect: DialectFramegate, toldState: stateMessage{Camera: "online"}}
		if _, err := v.track.begin(&h.shapes, 1, frames[0].Format, nil); err != nil {
			t.Fatal(err)
		}
		seq := uint64(0)
		write := func() {
			f := frames[seq%uint64(len(frames))]
			seq += 1 + seq/50%2 // some are skipped
			f.Seq = seq
			f.PTS = time.Duration(seq) * time.Second / 30
			if v.track.begins(&f) {
				if _, err := v.track.begin(&h.shapes, 1, f.Format, nil); err != nil {
					t.Fatal(err)
				}
			}
			if m, ok := v.Message(&f); !ok || len(m.Body) != len(f.Data) {
				t.Fatal("no message")
			}
			v.Written()
		}
		for range 50 {
			write()
		}
		if n := testing.AllocsPerRun(500, write); n > 0 {
			t.Errorf("%s: %v allocations a frame", name, n)
		}
	}
}

// TestStreamThatCameBackIsLookedAtAnew: a rendition that nobody read for a
// while begins to count anew, though the camera sends on in the same Format.
func TestStreamThatCameBackIsLookedAtAnew(t *testing.T) {
	frames := silent(t, clip(t, 0, 21, 10, ""), mainSPS)
	var known shapes
	lowAfter := func(stream, first uint64, frames []media.Frame) bool {
		s, err := known.of(stream, frames[0].Format)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range frames {
			f.Seq = first + uint64(i)
			s.look(&f)
		}
		_, low := s.choose()
		return low
	}
	if lowAfter(1, 1000, frames[:5]) {
		t.Error("half a GOP says that no frame is reordered")
	}
	if !lowAfter(2, 1, frames) {
		t.Error("two GOPs without a B slice say nothing")
	}
}

// TestMessagesAreFramed as RFC 6455 has them.
func TestMessagesAreFramed(t *testing.T) {
	for _, n := range []int{0, 125, 126, 127, 65535, 65536, 1 << 20} {
		for _, head := range []int{0, 1, min(n, 200)} {
			if head > n {
				continue
			}
			b, at := beginMessage([]byte("before"))
			b = append(b, strings.Repeat("x", head)...)
			b = endMessage(b, at, opBinary, n-head)
			want := append(appendOpening([]byte("before"), opBinary, n), strings.Repeat("x", head)...)
			if !bytes.Equal(b, want) {
				t.Errorf("%d bytes, %d of them here: % x", n, head, b[:min(len(b), 40)])
			}
		}
	}
}
