package device

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// Parts of access units, with start codes. The parameter sets are those of
// x264 for 1280x720.
const (
	nalDelimiter = "\x00\x00\x00\x01\x09\xF0"
	nalSets      = "\x00\x00\x00\x01\x67\x64\x00\x1f\xac\xd9\x40\x50\x05\xbb\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\xc0\xf1\x83\x19\x60" +
		"\x00\x00\x00\x01\x68\xeb\xe3\xcb\x22\xc0"
	nalKey   = "\x00\x00\x01\x65\x88\x84"
	nalSlice = "\x00\x00\x01\x41\x9a\x24"
)

// The same of H.265. The pictures in front of a keyframe (RASL) are shown before
// it, and need what came before it.
const (
	nalSets265 = "\x00\x00\x00\x01\x40\x01\x0c\x01\xff\xff\x01\x60\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x5d\x95\x90\x09" +
		"\x00\x00\x00\x01\x42\x01\x01\x01\x60\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x5d\xa0\x02\x80\x80\x2d\x16\x59\x59\x12\x93\x0b\xc0\x5a\x02\x00\x00\x03\x00\x02\x00\x00\x03\x00\x32\x10" +
		"\x00\x00\x00\x01\x44\x01\xc0\x73\xc1\x89"
	nalKey265   = "\x00\x00\x01\x2a\x01\xac\x12\x34"
	nalFront265 = "\x00\x00\x01\x10\x01\xe0\x12\x34"
	nalSlice265 = "\x00\x00\x01\x02\x01\xd0\x12\x34"
)

// fakeSender writes pictures 40 ms apart into a pipe.
type fakeSender struct {
	*muxer
	conn net.Conn
	pts  uint64
}

const frameTicks = 3600

func newFakeSender() (*fakeSender, net.Conn) {
	ours, theirs := net.Pipe()
	return &fakeSender{muxer: newMuxer(), conn: ours, pts: 90_000}, theirs
}

func (s *fakeSender) picture(kind string) { s.pictureAt(s.pts, kind) }

// pictureAt sends a picture of this time; the next is to follow it.
func (s *fakeSender) pictureAt(pts uint64, kind string) {
	data := nalDelimiter + nalSlice
	if kind == "key" {
		s.tables(streamTypeH264)
		data = nalDelimiter + nalSets + nalKey
	}
	s.unit(pts, []byte(data+strings.Repeat("x", 300)))
	s.pts = (pts + frameTicks) % (1 << 33)
	s.conn.Write(s.flush()) // to a receiver that may be gone
}

// stream sends count pictures, one each interval, the first of them a keyframe.
func (s *fakeSender) stream(count int, interval time.Duration) {
	s.picture("key")
	for range count - 1 {
		time.Sleep(interval)
		s.picture("slice")
	}
}

// pipes is a listener on pipes.
type pipes struct {
	incoming chan net.Conn // closing it breaks the listener
	closed   chan struct{}
	once     sync.Once
}

func newPipes() *pipes { return &pipes{incoming: make(chan net.Conn), closed: make(chan struct{})} }

var errBroken = errors.New("too many open files")

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn, ok := <-p.incoming:
		if !ok {
			return nil, errBroken
		}
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dialled connects a sender to the listener.
func (p *pipes) dialled() *fakeSender {
	s, theirs := newFakeSender()
	p.incoming <- theirs
	return s
}

// turnedAway says whether the receiver has closed the connection.
func (s *fakeSender) turnedAway() bool {
	s.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := s.conn.Read(make([]byte, 1))
	return err != nil && !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// running is a run under test, within a bubble.
type running struct {
	began  time.Time
	cancel context.CancelFunc
	done   chan struct{}
	ended  time.Duration // after began
	err    error         // what Run gave

	mu     sync.Mutex // guards frames
	frames []media.Frame
}

func start(t *testing.T, s *TransportStream) *running {
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{began: time.Now(), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = s.Run(ctx, func(f media.Frame) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.frames = append(r.frames, f)
		})
		r.ended = time.Since(r.began)
	}()
	t.Cleanup(func() { cancel(); <-r.done })
	return r
}

// startDialled starts a run that finds a sender.
func startDialled(t *testing.T) (*running, *fakeSender) {
	sender, theirs := newFakeSender()
	t.Cleanup(func() { sender.conn.Close() })
	return start(t, NewTransportStream(TransportStreamOptions{
		Address: "camera:5000",
		Dial:    func(context.Context, string, string) (net.Conn, error) { return theirs, nil },
	})), sender
}

// startListening starts a run that senders find.
func startListening(t *testing.T) (*running, *pipes) {
	door := newPipes()
	return start(t, NewTransportStream(TransportStreamOptions{
		Address: ":5000", Listen: true,
		ListenTCP: func(context.Context, string, string) (net.Listener, error) { return door, nil },
	})), door
}

// emitted gives the frames so far.
func (r *running) emitted() []media.Frame {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frames
}

// wantEnd waits for the end of the run.
func (r *running) wantEnd(t *testing.T, want string, after time.Duration) {
	t.Helper()
	<-r.done
	if r.err == nil || r.err.Error() != want || r.ended != after {
		t.Errorf("run ended after %v: %v\nwant after %v: %s", r.ended, r.err, after, want)
	}
}

// TestPatienceIsTurned: what people say of their cameras goes for senders too, and hits
// are told of.
func TestPatienceIsTurned(t *testing.T) {
	for _, c := range []struct {
		send  func(*fakeSender)
		limit string
		after time.Duration
	}{
		{func(*fakeSender) {}, LimitCameraFirstByte, 2 * time.Second},
		{func(s *fakeSender) { s.tables(streamTypeH264); s.conn.Write(s.flush()) }, LimitCameraFirstPicture, stream.FirstPicture},
		{func(s *fakeSender) { s.stream(26, 40*time.Millisecond) }, LimitCameraSilence, 26*40*time.Millisecond + 20*time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			sender, theirs := newFakeSender()
			defer sender.conn.Close()
			hits := make(chan string, 2)
			r := start(t, NewTransportStream(TransportStreamOptions{
				Dial:     func(context.Context, string, string) (net.Conn, error) { return theirs, nil },
				Patience: Patience{FirstByte: 2 * time.Second, Silence: 20 * time.Second},
				Limited:  func(limit string) { hits <- limit },
			}))
			go c.send(sender)
			<-r.done
			if len(hits) != 1 || <-hits != c.limit {
				t.Errorf("%s is not told once", c.limit)
			}
			if off := c.after - r.ended; off < 0 || off > 40*time.Millisecond {
				t.Errorf("%s ends the run after %v, want %v", c.limit, r.ended, c.after)
			}
		})
	}
}

func TestPatienceWithASender(t *testing.T) {
	const silent = "sender: has fallen silent: no whole picture any more"
	for name, c := range map[string]struct {
		send  func(*fakeSender)
		want  string
		after time.Duration
	}{
		"sends nothing": {func(s *fakeSender) {}, "sender: sends nothing for 10s", 10 * time.Second},
		"ends":          {func(s *fakeSender) { s.stream(3, time.Second); s.conn.Close() }, "sender: ended the stream", 2 * time.Second},
		"sends no keyframe": {func(s *fakeSender) {
			s.tables(streamTypeH264)
			for range 60 {
				time.Sleep(time.Second)
				s.picture("slice")
			}
		}, "sender: sends no picture to begin with for 30s", 30 * time.Second},
		"falls silent": {func(s *fakeSender) {
			s.stream(26, 40*time.Millisecond)
			for range 100 { // which is no picture
				time.Sleep(100 * time.Millisecond)
				s.tables(streamTypeH264)
				s.conn.Write(s.flush())
			}
		}, silent, 6 * time.Second},
		"is slow, then silent": {func(s *fakeSender) { s.stream(5, 2*time.Second) }, silent, 28 * time.Second},
		"sends no keyframe after a loss": {func(s *fakeSender) {
			s.stream(2, time.Second)
			s.counters[testVideo]++
			for range 60 {
				time.Sleep(time.Second)
				s.picture("slice")
			}
		}, silent, 31 * time.Second},
		"speaks HTTP":      {func(s *fakeSender) { s.conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")) }, "sender: sends an answer of HTTP, not an MPEG transport stream", 0},
		"asks for HTTP":    {func(s *fakeSender) { s.conn.Write([]byte("GE")); s.conn.Write([]byte("T / HTTP/1.1\r\n\r\n")) }, "sender: sends a request of HTTP, not an MPEG transport stream", 0},
		"sends a playlist": {func(s *fakeSender) { s.conn.Write([]byte("#EXTM3U\n")) }, "sender: sends an HLS playlist, not an MPEG transport stream", 0},
		"sends other text": {func(s *fakeSender) { s.conn.Write([]byte("hello")); s.conn.Close() }, "sender: no MPEG transport stream: no packets in what is sent", 0},
		"waits after text": {func(s *fakeSender) { s.conn.Write([]byte("hello")) }, "sender: no MPEG transport stream: no packets in what is sent", 30 * time.Second},
		"sends H.266":      {func(s *fakeSender) { s.tables(0x33); s.conn.Write(s.flush()) }, "sender: the stream has neither H.264 nor H.265 video, but H.266", 0},
		"sends bad sets": {func(s *fakeSender) {
			s.tables(streamTypeH264)
			s.unit(0, []byte("\x00\x00\x01\x67\x64\x00\x1f\x00\x00\x01\x68\x80"+nalKey))
			s.conn.Write(s.flush())
		}, "", 0},
		"sends bad sets of H.265": {func(s *fakeSender) {
			s.tables(streamTypeH265)
			s.unit(0, []byte("\x00\x00\x01\x40\x01\x0c\x00\x00\x01\x42\x01\x01\x01\x00\x00\x01\x44\x01\xc0"+nalKey265))
			s.conn.Write(s.flush())
		}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, sender := startDialled(t)
				var sending sync.WaitGroup
				sending.Go(func() { c.send(sender) }) // what it sends after the run goes nowhere
				defer sending.Wait()
				if c.want == "" {
					if <-r.done; !errors.Is(r.err, media.ErrBadParameterSets) {
						t.Errorf("error %v", r.err)
					}
					return
				}
				r.wantEnd(t, c.want, c.after)
			})
		})
	}
}

func TestDialThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewTransportStream(TransportStreamOptions{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		start(t, s).wantEnd(t, "connecting: context deadline exceeded", 5*time.Second)
	})
}

func TestCancelEndsARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialled, sender := startDialled(t)
		sender.picture("key")
		listening, _ := startListening(t)
		receiving, door := startListening(t)
		door.dialled().picture("key")
		for _, r := range []*running{dialled, listening, receiving} {
			synctest.Wait()
			r.cancel()
			r.wantEnd(t, "context canceled", 0)
		}
	})
}

func TestPicturesAfterALossWaitForAKeyframe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, sender := startDialled(t)
		sender.picture("slice")
		sender.stream(3, 40*time.Millisecond)
		sender.counters[testVideo]++ // a packet is lost
		for range 200 {              // a GOP longer than any silence
			time.Sleep(100 * time.Millisecond)
			sender.picture("slice")
		}
		if n := len(r.emitted()); n != 3 {
			t.Fatalf("%d pictures, want the 3 before the loss", n)
		}
		sender.stream(2, 40*time.Millisecond)
		frames := r.emitted()
		if len(frames) != 5 || !frames[3].Key || frames[3].Format != frames[0].Format {
			t.Fatalf("%d pictures after the keyframe, want 5", len(frames))
		}
	})
}

// sendH265 sends a picture of H.265, 40 ms after the one before.
func (s *fakeSender) sendH265(picture string) {
	s.unit(s.pts, []byte(picture+strings.Repeat("x", 300)))
	s.pts += frameTicks
	s.conn.Write(s.flush())
}

// TestPicturesInFrontOfAKeyframe are shown where what came before the keyframe
// was, and not where that is missing.
func TestPicturesInFrontOfAKeyframe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, sender := startDialled(t)
		shown := func(kinds string) {
			t.Helper()
			var got []byte
			for _, f := range r.emitted() {
				switch {
				case f.Format.Codec != media.H265 || f.Format.Width != 1280:
					t.Fatalf("%+v", f.Format)
				case f.Key:
					got = append(got, 'K')
				case f.Leading:
					got = append(got, 'F')
				default:
					got = append(got, 's')
				}
			}
			if string(got) != kinds {
				t.Errorf("shown is %s, want %s", got, kinds)
			}
		}
		gop := func() {
			sender.tables(streamTypeH265)
			sender.sendH265(nalSets265 + nalKey265)
			sender.sendH265(nalFront265)
			sender.sendH265(nalSlice265)
		}
		sender.sendH265(nalSlice265)
		gop()
		shown("Ks")
		gop()
		shown("KsKFs")
		sender.counters[testVideo]++ // a packet is lost
		sender.sendH265(nalSlice265)
		gop()
		gop()
		shown("KsKFsKsKFs")
	})
}

// TestSenderThatChangesItsCodec goes on with the same run.
func TestSenderThatChangesItsCodec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, sender := startDialled(t)
		for range 2 {
			sender.stream(2, 40*time.Millisecond)
			sender.tables(streamTypeH265)
			sender.sendH265(nalSlice265)
			sender.sendH265(nalSets265 + nalKey265)
			sender.sendH265(nalSlice265)
		}
		var codecs []media.Codec
		for _, f := range r.emitted() {
			codecs = append(codecs, f.Format.Codec)
		}
		want := []media.Codec{media.H264, media.H264, media.H265, media.H265, media.H264, media.H264, media.H265, media.H265}
		if !slices.Equal(codecs, want) {
			t.Errorf("%v, want %v", codecs, want)
		}
	})
}

func TestMediaTimeFollowsTheSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, sender := startDialled(t)
		time.Sleep(2 * time.Second)
		sender.pictureAt(1<<33-2*frameTicks, "key")  // before its stamps begin at 0 again
		for _, shown := range []uint64{4, 2, 1, 3} { // in the order of decoding
			sender.pictureAt((1<<33-2*frameTicks+shown*frameTicks)%(1<<33), "slice")
		}
		sender.pictureAt(3*frameTicks, "key")
		wantTimes(t, r.emitted(), 2000, 2160, 2080, 2040, 2120, 2200)
	})
}

// TestMediaTimeNeverFallsBack has a sender that sent more than the time that
// passed, and begins anew.
func TestMediaTimeNeverFallsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, sender := startDialled(t)
		for range 5 {
			sender.picture("key")
		}
		sender.pictureAt(0, "key")
		wantTimes(t, r.emitted(), 0, 40, 80, 120, 160, 160)
		if frames := r.emitted(); frames[5].PTS <= frames[4].PTS {
			t.Errorf("a new sender's picture has the time %v, after %v", frames[5].PTS, frames[4].PTS)
		}
	})
}

func TestUnitsAreSplit(t *testing.T) {
	for in, want := range map[string]string{
		"":                                       "",
		"abc":                                    "",
		"\x00\x00\x01":                           "",
		"\x00\x00\x01a":                          "a",
		"\x00\x00\x00\x01ab\x00\x00\x01c":        "ab c",
		"\x00\x00\x01a\x00\x00\x00\x00\x01b\x00": "a b", // zero bytes belong to neither
		"x\x00\x00\x01\x00\x00\x01a":             "a",
	} {
		got := string(bytes.Join(splitUnits([]byte(in)), []byte(" ")))
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func wantTimes(t *testing.T, frames []media.Frame, milliseconds ...time.Duration) {
	t.Helper()
	for i, want := range milliseconds {
		if len(frames) <= i {
			t.Fatalf("%d pictures, want %d", len(frames), len(milliseconds))
		}
		if got := frames[i].PTS.Round(time.Millisecond); got != want*time.Millisecond {
			t.Errorf("picture %d has the time %v, want %v", i, frames[i].PTS, want*time.Millisecond)
		}
	}
}

// TestSenderThatBeginsAnew has a sender behind a relay: its connection stays.
func TestSenderThatBeginsAnew(t *testing.T) {
	for name, stamp := range map[string]uint64{"earlier": 90_000, "a little earlier": 10 * 90_000, "much later": 1 << 32} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, sender := startDialled(t)
				sender.pts = 10 * 90_000
				sender.stream(10, 40*time.Millisecond)
				time.Sleep(2 * time.Second)
				if name != "a little earlier" {
					sender.pictureAt(stamp, "slice") // of another time, and so of other pictures
				}
				sender.pictureAt(stamp, "key")
				sender.picture("slice")
				frames := r.emitted()
				wantTimes(t, frames[9:], 360, 2360, 2400)
				if len(frames) != 12 || frames[10].Format == frames[9].Format || frames[11].Format != frames[10].Format {
					t.Errorf("%d pictures, or the Format tells nothing", len(frames))
				}
			})
		})
	}
}

func TestOneSenderAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, door := startListening(t)
		time.Sleep(time.Hour) // a listener is patient
		first := door.dialled()
		first.picture("key")
		second := door.dialled()
		time.Sleep(refuseAfter)
		if synctest.Wait(); !second.turnedAway() {
			t.Error("a second sender was let in")
		}
		first.picture("slice")
		if n := len(r.emitted()); n != 2 {
			t.Errorf("%d pictures of the first sender, want 2", n)
		}
	})
}

func TestSenderThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, door := startListening(t)
		first := door.dialled()
		first.stream(3, 40*time.Millisecond)
		second := door.dialled() // before the first is seen to be gone
		second.pts = first.pts + 5*90_000
		first.conn.Close()
		second.stream(3, 40*time.Millisecond)
		second.conn.Close()
		time.Sleep(4 * time.Second)
		third := door.dialled()
		third.stream(3, 40*time.Millisecond)
		frames := r.emitted()
		wantTimes(t, frames, 0, 40, 80, 80, 120, 160, 4160, 4200, 4240)
		if frames[3].Format == frames[2].Format || frames[6].Format == frames[5].Format {
			t.Error("another sender has the same Format")
		}
		third.conn.Close()
		r.wantEnd(t, "sender: ended the stream", 4240*time.Millisecond+stream.LeastSilence)
		if _, open := <-door.closed; open {
			t.Error("the listener outlives the run")
		}
	})
}

func TestSenderThatIsSilentMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, door := startListening(t)
		door.dialled().picture("key")
		r.wantEnd(t, "sender: has fallen silent: no whole picture any more", stream.LeastSilence)
	})
}

// TestRareSenderIsLearned: one with a picture every 12 s has its second in time
// after a run or two.
func TestRareSenderIsLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var theirs net.Conn
		s := NewTransportStream(TransportStreamOptions{Dial: func(context.Context, string, string) (net.Conn, error) { return theirs, nil }})
		for run, want := range []int{1, 1, 3} {
			var sender *fakeSender
			sender, theirs = newFakeSender()
			r := start(t, s)
			for range 3 {
				sender.picture("key")
				sender.pts += 12 * 90_000
				time.Sleep(12 * time.Second)
			}
			if n := len(r.emitted()); n != want {
				t.Errorf("run %d gives %d pictures, want %d", run, n, want)
			}
			r.cancel()
			<-r.done
			sender.conn.Close()
		}
	})
}

func TestProbesDoNotEndAListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, door := startListening(t)
		for _, says := range []string{"", "", "GET / HTTP/1.1\r\nHost: gate\r\n\r\n" + strings.Repeat("x", 4096), "\x16\x03\x01", ""} {
			stranger := door.dialled()
			if says != "" {
				go stranger.conn.Write([]byte(says)) // it may be hung up on
				time.Sleep(time.Minute)
			}
			stranger.conn.Close()
			time.Sleep(time.Minute)
		}
		door.dialled().picture("key")
		if n := len(r.emitted()); n != 1 {
			t.Errorf("%d pictures after the probes, want 1", n)
		}
	})
}

func TestListenerThatFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := NewTransportStream(TransportStreamOptions{Address: taken.Addr().String(), Listen: true})
	err = s.Run(t.Context(), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "listening: ") {
		t.Errorf("error %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		r, door := startListening(t)
		synctest.Wait()
		close(door.incoming)
		r.wantEnd(t, "waiting for a sender: too many open files", 0)
		if _, open := <-door.closed; open {
			t.Error("the listener outlives the run")
		}
	})
}
