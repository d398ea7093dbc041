package rtmpin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/httplimit"
	"framegate/gateway/input/rtmpcam/rtmp"
	"framegate/gateway/input/rtmpcam/rtmptest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is what anything that a test waits for may take.
const soon = 30 * time.Second

// site is a server, of which one camera is taken from others.
type site struct {
	t       *testing.T
	address string
	hub     *stream.Hub
	hits    chan string
	ended   chan error              // how each who was let in ended
	revoke  context.CancelCauseFunc // ends what everybody may
}

// newSite makes a server that lets in who says "good".
func newSite(t *testing.T, change func(*Options)) *site {
	s := &site{t: t, hits: make(chan string, 100), ended: make(chan error, 100)}
	s.hub = stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return nil, nil }})
	t.Cleanup(s.hub.Close)
	ctx, revoke := context.WithCancelCause(context.Background())
	s.revoke = revoke
	t.Cleanup(func() { revoke(nil) })
	o := Options{
		Room:     func() httplimit.Room { return httplimit.Room{All: 100, PerAddress: 100} },
		HeadTime: soon,
		Limited:  func(limit string) { s.hits <- limit },
		Log:      slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
		Admit: func(_ context.Context, ask Ask) (*Visit, error) {
			if !ask.Query.Has("good") {
				return nil, &Refusal{Code: rtmp.Denied, Words: "no"}
			}
			return &Visit{
				Context: ctx,
				Leave:   func() {},
				Publish: func(ctx context.Context, source stream.Source) error {
					err := s.hub.Attach(ctx, stream.Key{Camera: ask.Camera}, source)
					s.ended <- err
					return err
				},
				Lets:          func(*media.Frame) bool { return true },
				MaxFrameBytes: 100_000,
			}, nil
		},
	}
	if change != nil {
		change(&o)
	}
	server := New(o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	served := make(chan struct{})
	go func() { // ends with Close
		defer close(served)
		server.Serve(l, nil)
	}()
	t.Cleanup(func() {
		server.Close()
		<-served
	})
	return s
}

// hit waits for a limit.
func (s *site) hit(want string) {
	s.t.Helper()
	select {
	case got := <-s.hits:
		if got != want {
			s.t.Errorf("limit %s, not %s", got, want)
		}
	case <-time.After(soon):
		s.t.Fatalf("limit %s is not hit", want)
	}
}

// end waits for the end of who was let in.
func (s *site) end() error {
	s.t.Helper()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(soon):
		s.t.Fatal("it does not end")
		return nil
	}
}

// reader reads a camera.
func (s *site) reader(camera string) *stream.Reader {
	s.t.Helper()
	r, err := s.hub.Open(stream.Key{Camera: camera}, stream.ReadOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(r.Close)
	return r
}

// next gives the next picture.
func next(t *testing.T, r *stream.Reader) media.Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	f, err := r.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sender is somebody who sends a camera's pictures, which do for a format.
type sender struct {
	*rtmptest.Client
	format *media.Format
	stamp  uint32
}

// sender connects somebody who may send.
func (s *site) sender(camera string) *sender {
	s.t.Helper()
	c := &sender{Client: rtmptest.Dial(s.t, s.address, false)}
	if code := c.Ask("publish", "live", camera+"?good"); code != "NetStream.Publish.Start" {
		s.t.Fatalf("it is answered %s", code)
	}
	c.SetChunk(4096)
	format, err := media.H264Format(sps, pps)
	if err != nil {
		s.t.Fatal(err)
	}
	c.format = format
	c.Send(rtmptest.Pictures, 0, rtmptest.Config(format))
	return c
}

var (
	sps = []byte("\x67\x42\xC0\x1E\xD9\x00\xA0\x47\xFE\xC8\x00\x00\x03\x00\x08\x00\x00\x03\x01\x94\x78\xB1\x72\x40")
	pps = []byte("\x68\xCB\x83\xCB\x20")
	idr = []byte("\x00\x00\x00\x08\x65\x88\x84\x00\x33\xFF\xFE\xF6")
	p   = []byte("\x00\x00\x00\x08\x41\x9A\x21\x6C\x42\xBF\xFE\x38")
)

// picture sends one, 40 ms after the last, of so many bytes more.
func (c *sender) picture(key bool, more int) {
	data := p
	if key {
		data = idr
	}
	if more > 0 {
		data = append(append([]byte{}, data...), 0, byte(more>>16), byte(more>>8), byte(more), 6)
		data = append(data, make([]byte, more-1)...)
	}
	c.Send(rtmptest.Pictures, c.stamp, rtmptest.Picture(media.Frame{Key: key, Data: data}))
	c.stamp += 40
}

// TestWhoIsGone leaves the camera to others: who says so, whose connection ends, and
// whose connection breaks in the middle of a picture.
func TestWhoIsGone(t *testing.T) {
	s := newSite(t, nil)
	r := s.reader("front")
	for name, leave := range map[string]func(c *sender){
		"says so": func(c *sender) {
			c.Send(rtmptest.Command, 0, rtmptest.Values("deleteStream", 4.0, nil, 1.0))
			c.Ends()
		},
		"ends": func(c *sender) { c.Close() },
		"breaks": func(c *sender) {
			b := c.Message(rtmptest.Pictures, c.stamp, make([]byte, 5000))
			_, _ = c.Write(b[:4500])
			_ = c.Conn.(*net.TCPConn).SetLinger(0)
			c.Close()
		},
	} {
		c := s.sender("front")
		c.picture(true, 0)
		c.picture(false, 0)
		if f := next(t, r); !f.Key || f.Format.Codec != media.H264 {
			t.Errorf("%s: what comes is %+v", name, f)
		}
		next(t, r)
		other := rtmptest.Dial(t, s.address, false)
		if code := other.Ask("publish", "live", "front?good"); code != rtmp.BadName {
			t.Errorf("%s: while it sends another is answered %s", name, code)
		}
		if err := s.end(); !errors.Is(err, stream.ErrBusy) {
			t.Errorf("%s: %v", name, err)
		}
		leave(c)
		if err := s.end(); name != "breaks" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhoIsSlowOrStops is cut: before it says what it wants, and while it sends, also
// where bytes come all the time, and never a picture. Others are not hurt.
func TestWhoIsSlowOrStops(t *testing.T) {
	s := newSite(t, func(o *Options) { o.HeadTime = time.Second })
	dripping := rtmptest.Connect(t, s.address, false)
	silent, greeted := rtmptest.Connect(t, s.address, false), rtmptest.Dial(t, s.address, false)
	var dripped error
	for cut := 0; dripped == nil || cut < 3; {
		time.Sleep(10 * time.Millisecond)
		if dripped == nil {
			_, dripped = dripping.Write([]byte{3})
		}
		select {
		case <-s.hits:
			if cut++; cut == 2 && dripped != nil {
				t.Error("who drips is cut before who says nothing")
			}
		default:
		}
	}
	if _, err := io.Copy(io.Discard, silent); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	greeted.Ends()
	s = newSite(t, func(o *Options) { o.Silence = 500 * time.Millisecond })
	for name, goOn := range map[string]func(c *sender) error{
		"stops": func(c *sender) error { return errors.New("no more") },
		"drips": func(c *sender) error { time.Sleep(time.Millisecond); _, err := c.Write([]byte{0}); return err },
		"has sound alone": func(c *sender) error {
			time.Sleep(time.Millisecond)
			_, err := c.Write(c.Message(rtmptest.Sound, c.stamp, []byte("\xAF\x01abc")))
			return err
		},
		"goes on with nothing": func(c *sender) error {
			time.Sleep(time.Millisecond)
			_, err := c.Write(c.Message(rtmptest.Pictures, c.stamp, []byte("\x57")))
			return err
		},
	} {
		c := s.sender("front")
		c.picture(true, 0)
		c.picture(false, 0)
		if name == "drips" {
			b := c.Message(rtmptest.Pictures, c.stamp, make([]byte, 90_000))
			if _, err := c.Write(b[:100]); err != nil {
				t.Fatal(err)
			}
		}
		for err := error(nil); err == nil && len(s.ended) == 0; {
			err = goOn(c)
		}
		if err := s.end(); !errors.Is(err, errSilent) {
			t.Errorf("who %s ends by %v", name, err)
		}
		s.hit(LimitPublisherSilence)
	}
}

// TestWhoLies is ended, or loses its pictures up to the next keyframe; others are not hurt.
func TestWhoLies(t *testing.T) {
	s := newSite(t, nil)
	good, r := s.sender("good"), s.reader("good")
	good.picture(true, 0)
	next(t, r)
	for name, lie := range map[string]func(c *sender){
		"chunks of nothing":     func(c *sender) { c.Send(rtmptest.ChunkSize, 0, []byte{0, 0, 0, 0}) },
		"a command without end": func(c *sender) { c.Send(rtmptest.Command, 0, make([]byte, 20_000)) },
		"values within values": func(c *sender) {
			c.Send(rtmptest.Command, 0, []byte(strings.Repeat("\x0A\x00\x00\x00\x01", 3000)))
			c.Close()
		},
		"another codec":           func(c *sender) { c.Send(rtmptest.Pictures, 0, []byte("\x90av01")) },
		"parameter sets of noise": func(c *sender) { c.Send(rtmptest.Pictures, 0, []byte("\x1C\x00\x00\x00\x00noise")); c.Close() },
	} {
		c := s.sender("front")
		lie(c)
		said := ""
		if name != "values within values" && name != "parameter sets of noise" { // which hurt nobody
			if said = string(c.Ends()); said == "" {
				t.Errorf("%s: it is not told why it ends", name)
			}
		}
		_ = s.end()
		if strings.Contains(said, rtmp.Rejected) != (said != "") {
			t.Errorf("%s: it is told %q", name, said)
		}
	}
	c, front := s.sender("front"), s.reader("front")
	c.picture(true, 0)
	first := next(t, front)
	c.picture(false, 100_000) // too large
	c.picture(false, 0)
	c.picture(true, 0)
	s.hit(LimitFrameBytes)
	if second := next(t, front); second.PTS-first.PTS != 120*time.Millisecond || !second.Key {
		t.Errorf("behind the one that is too large comes one %v after the first", second.PTS-first.PTS)
	}
	for _, hello := range []string{"GET / HTTP/1.1\r\n\r\n", "\x06" + strings.Repeat("x", 2000), "\x16\x03\x01"} {
		other := rtmptest.Connect(t, s.address, false)
		if _, err := other.Write([]byte(hello)); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(other); len(b) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%.8q is answered %q, %v", hello, b, err)
		}
	}
	good.picture(false, 0)
	next(t, r)
}

// TestWhoIsNotLetIn is told why, and so is who plays or is somewhere else.
func TestWhoIsNotLetIn(t *testing.T) {
	var room atomic.Int32
	room.Store(100)
	s := newSite(t, func(o *Options) {
		o.Room = func() httplimit.Room { return httplimit.Room{All: 100, PerAddress: int(room.Load())} }
	})
	for _, c := range []struct{ what, app, key, code string }{
		{"publish", "live", "front", rtmp.Denied},
		{"publish", "app", "front?good", rtmp.BadName},
		{"publish", "live", "front?good&token=%zz", rtmp.BadName},
		{"play", "live", "front?good", rtmp.Failed},
	} {
		client := rtmptest.Dial(t, s.address, false)
		if code := client.Ask(c.what, c.app, c.key); code != c.code {
			t.Errorf("%v: it is told %s", c, code)
		}
		client.Close()
	}
	c := s.sender("front")
	room.Store(1)
	if second, err := net.Dial("tcp", s.address); err == nil { // it may be closed already
		defer second.Close()
		_ = second.SetDeadline(time.Now().Add(soon)) // of a connection that is open it cannot fail
		if _, err := io.ReadAll(second); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("a second connection is left open")
		}
	}
	s.hit(httplimit.LimitConnectionsPerAddress)
	revoked := errors.New("not any more")
	s.revoke(revoked)
	if said := c.Ends(); !strings.Contains(string(said), "not any more") {
		t.Errorf("who may no longer is told %q", said)
	}
	if err := s.end(); !errors.Is(err, revoked) {
		t.Errorf("who may no longer ended for %v", err)
	}
}
