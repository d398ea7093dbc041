package relay_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/cluster/relay"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// same says how a frame that was relayed differs from what the camera gave.
func same(t *testing.T, got, want media.Frame) {
	t.Helper()
	if !bytes.Equal(got.Data, want.Data) || got.Key != want.Key || !got.Wall.Equal(want.Wall) || got.Format.Codec != want.Format.Codec ||
		got.Format.Width != want.Format.Width || got.Format.Height != want.Format.Height {
		t.Errorf("relayed: %d bytes, key %v, taken %v, %+v\nof: %d bytes, key %v, taken %v, %+v",
			len(got.Data), got.Key, got.Wall, got.Format.Codec, len(want.Data), want.Key, want.Wall, want.Format.Codec)
	}
}

// TestPicturesArriveAsTheyAre with their bytes and times, in both kinds.
func TestPicturesArriveAsTheyAre(t *testing.T) {
	h264, err := clip()
	if err != nil {
		t.Fatal(err)
	}
	var jpegs []media.Frame
	for n := range 10 {
		jpegs = append(jpegs, picture(n))
	}
	for name, frames := range map[string][]media.Frame{"JPEG": jpegs, "H.264": h264} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			r := s.open(s.edge(s.options), front, stream.ReadOptions{Sequential: true})
			var first, got media.Frame
			for i, want := range frames {
				s.give(want)
				if got, err = s.next(r); err != nil {
					t.Fatal(err)
				}
				same(t, got, want)
				if i == 0 {
					first = got
				}
				if i > 0 && got.Format != first.Format {
					t.Errorf("frame %d has another Format", i)
				}
				if d := got.PTS - first.PTS - time.Duration(i)*40*time.Millisecond; d.Abs() > time.Millisecond {
					t.Errorf("frame %d is shown %v late", i, d)
				}
			}
			if n := s.counters.Frames.Load(); n != 10 {
				t.Errorf("%d frames are counted", n)
			}
		})
	}
}

// TestOneCopyTravels to a node, however many watch there.
func TestOneCopyTravels(t *testing.T) {
	s := newSite(t)
	hub := s.edge(s.options)
	var readers []*stream.Reader
	for range 50 {
		readers = append(readers, s.open(hub, front, stream.ReadOptions{Sequential: true}))
	}
	sent := 0
	for n := range 10 {
		f := picture(n)
		sent += len(f.Data)
		s.give(f)
		for _, r := range readers {
			got, err := s.next(r)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, f)
		}
	}
	if pulls, came := s.counters.Pulls.Load(), int(s.counters.Bytes.Load()); pulls != 1 || came < sent || came > sent+10*200+1000 {
		t.Errorf("50 viewers of %d bytes cost %d connections and %d bytes", sent, pulls, came)
	}
	if n := len(s.hub.Watchers()); n != 1 {
		t.Errorf("the owner has %d viewers", n)
	}
}

func TestSoundGoesAlong(t *testing.T) {
	frames, err := clip()
	if err != nil {
		t.Fatal(err)
	}
	aac, err := media.AACFormat([]byte{0x14, 0x08}) // 16 kHz, one channel: 64 ms a frame
	if err != nil {
		t.Fatal(err)
	}
	heard := func(ms int) media.Frame {
		return media.Frame{Format: aac, PTS: time.Duration(ms) * time.Millisecond, Data: fmt.Appendf(nil, "aac %d", ms)}
	}
	s := newSite(t)
	hub := s.edge(s.options)
	pictures := s.open(hub, front, stream.ReadOptions{Sequential: true})
	sound := s.open(hub, front, stream.ReadOptions{Sound: true, Sequential: true})
	s.give(media.Frame{Format: aac}, frames[0])
	first, err := s.next(pictures)
	if err != nil {
		t.Fatal(err)
	}
	for late := time.Now().Add(soon); s.hub.Stats()[0].Readers < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("nobody reads the sound")
		}
	}
	for i, ms := range []int{0, 64, 128} {
		s.give(heard(ms))
		s.give(frames[3*i+1 : 3*i+4]...)
		got, err := s.next(sound)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("aac %d", ms); string(got.Data) != want || got.Format.Rate != 16000 || (got.PTS-first.PTS-time.Duration(ms)*time.Millisecond).Abs() > 10*time.Millisecond {
			t.Errorf("%q at %v of %d Hz is heard for %q", got.Data, got.PTS-first.PTS, got.Format.Rate, want)
		}
	}
}

func TestRenditionsAreMadeAtTheOwner(t *testing.T) {
	s := newSite(t)
	r := s.open(s.edge(s.options), smaller, stream.ReadOptions{Sequential: true})
	if _, err := s.next(r); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, st := range s.hub.Stats() {
		found = found || st.Key == smaller && st.Frames > 0
	}
	if !found {
		t.Error("the owner has no such rendition")
	}
}

// TestRunEndsWithTheCameras so that nobody is shown the past as the present, and
// says why.
func TestRunEndsWithTheCameras(t *testing.T) {
	s := newSite(t)
	hub := s.edge(s.options)
	r := s.open(hub, front, stream.ReadOptions{Sequential: true, RunEnds: true})
	s.give(picture(1))
	if _, err := s.next(r); err != nil {
		t.Fatal(err)
	}
	fails := errors.New("the lens fell off")
	s.wrong <- fails
	if _, err := s.next(r); !errors.Is(err, stream.ErrRunEnded) {
		t.Fatalf("the run goes on: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var failing sync.WaitGroup
	failing.Go(func() { // ends by cancel
		for {
			select {
			case s.wrong <- fails: // each time that it is run again
			case <-ctx.Done():
				return
			}
		}
	})
	defer failing.Wait()
	defer cancel()
	newcomer := s.open(hub, front, stream.ReadOptions{Client: &stream.Client{Address: "x"}})
	for {
		_, err := s.next(newcomer)
		if failed := (*stream.SourceError)(nil); !errors.As(err, &failed) {
			t.Fatalf("not a failure: %v", err)
		}
		if strings.Contains(err.Error(), fails.Error()) {
			return
		}
	}
}

func TestRefusals(t *testing.T) {
	s := newSite(t)
	for _, row := range []struct {
		name string
		say  func(*relay.Options)
		want string
	}{
		{"another epoch", func(o *relay.Options) { o.Epoch = 2 }, "does not own"},
		{"another node's name", func(o *relay.Options) { o.Self = "c" }, "asks for another"},
		{"a loop", func(o *relay.Options) { o.Self = "a,b" }, "would come back"},
		{"a long path", func(o *relay.Options) { o.Self = strings.Repeat("x,", 9) + "b" }, "not how a node asks"},
		{"who is not the owner", func(o *relay.Options) {
			o.Dial = func(ctx context.Context, _ string) (net.Conn, error) {
				return dialer(s.ids["b"], at(s.address))(ctx, "c")
			}
		}, "node a answers where c is to be"},
		{"no certificate", func(o *relay.Options) {
			o.Dial = func(ctx context.Context, _ string) (net.Conn, error) {
				return (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", s.address)
			}
		}, "node a:"},
		{"nobody", func(o *relay.Options) { o.Dial = dialer(s.ids["b"], at("127.0.0.1:1")) }, "node a:"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := s.options(front)
			row.say(&o)
			err := relay.New(o).Run(t.Context(), func(media.Frame) { t.Error("a frame came") })
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %s", err, row.want)
			}
		})
	}
	if s.door.Name.Load() != 1 || s.door.Loop.Load() != 1 || s.door.Query.Load() != 1 {
		t.Errorf("counted are %d, %d, %d", s.door.Name.Load(), s.door.Loop.Load(), s.door.Query.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	o := s.options(front)
	o.Dial = dialer(s.ids["b"], at(silentListener(t)))
	if err := relay.New(o).Run(ctx, nil); !errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "canceled") {
		t.Errorf("ended in the middle of a handshake: %v", err)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: s.ids["b"].TLS("a"), DisableKeepAlives: true}}
	answer, err := client.Get("https://" + s.address + "/relay/front?epoch=1&path=b")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode == http.StatusOK {
		t.Errorf("no WebSocket is answered %d %s", answer.StatusCode, text)
	}
}

// BenchmarkRelay moves pictures of 75 kB from the owner's hub to that of another
// node; BenchmarkTLSCopy is a bare loop that writes and reads the same over TLS.
func BenchmarkRelay(b *testing.B) {
	s := newSite(b)
	r := s.open(s.edge(s.options), front, stream.ReadOptions{Sequential: true})
	f := picture(1)
	f.Data = padded(f.Data, 75_000)
	b.SetBytes(int64(len(f.Data)))
	b.ReportAllocs()
	emit := <-s.lent // as a camera's own goroutine does it
	defer spent(b)()
	for b.Loop() {
		emit(f)
		if _, err := s.next(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTLSCopy(b *testing.B) {
	s := newSite(b)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", s.ids["a"].TLS(""))
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	came := make(chan error)
	data := padded(camtest.Picture(1, 64, 32), 75_000)
	go func() { // ends with the connection
		conn, err := tls.Dial("tcp", listener.Addr().String(), s.ids["b"].TLS("a"))
		buffer := make([]byte, len(data))
		for err == nil {
			_, err = io.ReadFull(conn, buffer)
			came <- err
		}
	}()
	conn, err := listener.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	defer spent(b)()
	for b.Loop() {
		if _, err := conn.Write(data); err != nil {
			b.Fatal(err)
		}
		if err := <-came; err != nil {
			b.Fatal(err)
		}
	}
	conn.Close()
	<-came
}

// padded gives a JPEG that has so many bytes, by comments behind its SOI.
func padded(jpeg []byte, size int) []byte {
	out := append([]byte{}, jpeg[:2]...)
	for left := size - len(jpeg); left > 4; {
		n := min(left, 65_000)
		out = append(out, 0xFF, 0xFE, byte((n-2)>>8), byte(n-2))
		out = append(out, make([]byte, n-4)...)
		left -= n
	}
	return append(out, jpeg[2:]...)
}

// spent reports the processor time of an operation, of both ends.
func spent(b *testing.B) (done func()) {
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	return func() {
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
		used := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
		b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/op")
	}
}
