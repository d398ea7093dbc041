package rtspcam

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// countedConn counts reads, of itself and of its socket.
type countedConn struct {
	*net.TCPConn
	reads *atomic.Int64
}

func (c countedConn) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.TCPConn.Read(p)
}

func (c countedConn) SyscallConn() (syscall.RawConn, error) {
	raw, err := c.TCPConn.SyscallConn()
	return countedRaw{raw, c.reads}, err
}

type countedRaw struct {
	syscall.RawConn
	reads *atomic.Int64
}

func (c countedRaw) Read(read func(fd uintptr) (done bool)) error {
	c.reads.Add(1)
	return c.RawConn.Read(read)
}

// TestRestsWhileNobodyWaits: a camera that is only kept connected is read in
// few pieces, of which none is lost; as soon as somebody watches, each frame
// comes before the camera sends the next; and when nobody does any more it is
// noticed all the same that the camera is gone.
func TestRestsWhileNobodyWaits(t *testing.T) {
	const unwatched, watched = 400, 20
	groups := rtptest.JPEGPackets(t, unwatched+watched)
	for name, secure := range map[string]bool{"TCP": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			camera := newCamera(t, camtest.RTSPOptions{Medias: offer(&format.MJPEG{}), TLS: secure})
			var reads atomic.Int64
			hub := newHub(t, newSource(t, Options{
				URL: camera.URL("/"), InsecureTLS: secure,
				Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, network, address)
					if err != nil {
						return nil, err
					}
					return countedConn{conn.(*net.TCPConn), &reads}, nil
				},
			}))
			keeper, err := hub.Open(stream.Key{Camera: "gate"}, stream.ReadOptions{Hold: true})
			if err != nil {
				t.Fatal(err)
			}
			defer keeper.Close()
			awaitPlay(t, camera, 1)
			send(t, camera, groups[0])
			awaitFrames(t, hub, 1)

			before, pace := reads.Load(), time.NewTicker(2*time.Millisecond)
			defer pace.Stop()
			for _, group := range groups[1:unwatched] {
				<-pace.C
				send(t, camera, group)
			}
			awaitFrames(t, hub, unwatched)
			if got := reads.Load() - before; got > unwatched/4 {
				t.Errorf("%d reads for %d pictures that nobody waits for", got, unwatched)
			}

			reader := open(t, hub)
			frames := []media.Frame{nextOf(t, reader)}
			for _, group := range groups[unwatched:] {
				send(t, camera, group)
				frames = append(frames, nextOf(t, reader))
			}
			rtptest.WantNumbers(t, frames, rtptest.Span(unwatched-1, unwatched+watched))

			reader.Close()
			send(t, camera, groups[0]) // what comes is read late from now on
			camera.Cut()
			awaitPlay(t, camera, 2)
		})
	}
}

// awaitFrames waits until the hub's one stream had so many frames.
func awaitFrames(t *testing.T, hub *stream.Hub, n uint64) {
	t.Helper()
	for deadline := time.Now().Add(generous); hub.Stats()[0].Frames < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d frames, want %d", hub.Stats()[0].Frames, n)
		}
	}
}

func TestRestAfter(t *testing.T) {
	for _, c := range []struct {
		bytes  int
		within time.Duration
		want   time.Duration
	}{
		{0, time.Second, longestRest},
		{1400, time.Second, longestRest},                                // a slow camera
		{37_500, 100 * time.Millisecond, 87_381 * time.Microsecond},     // 3 Mbit/s
		{250_000, 100 * time.Millisecond, 13_107_200 * time.Nanosecond}, // 20 Mbit/s
		{1400, 0, 0},
		{1400, 1<<63 - 1, longestRest}, // the first read
	} {
		if got := restAfter(c.bytes, c.within); got.Truncate(time.Microsecond) != c.want.Truncate(time.Microsecond) {
			t.Errorf("%d bytes within %v: rests for %v, want %v", c.bytes, c.within, got, c.want)
		}
	}
}

// TestNoRestWhileMoreIsThere: what a read has no room for is read at once.
func TestNoRestWhileMoreIsThere(t *testing.T) {
	var rests []time.Duration
	source := scriptedConn{Reader: iotest.DataErrReader(strings.NewReader("abcdefg"))}
	c := newResting(source, func(d time.Duration) bool {
		rests = append(rests, d)
		return true
	})
	c.last = time.Now().Add(-time.Second)
	for range 3 {
		if _, err := c.Read(make([]byte, 3)); err != nil {
			break
		}
		c.last = c.last.Add(-time.Second)
	}
	c.Read(make([]byte, 3))
	if len(rests) != 4 || rests[0] != 0 || rests[1] != 0 || rests[2] != 0 || rests[3] != longestRest {
		t.Errorf("rests for %v", rests)
	}
}
