package rtspcam

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
)

// TestStopWhileNothingAnswers: a run ends at once when told so, and patience
// ends it otherwise, wherever it stands.
func TestStopWhileNothingAnswers(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0") // connects, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	unreachable := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, c := range map[string]struct {
		opt   Options
		want  error
		limit string
	}{
		"mute":          {Options{URL: "rtsp://" + mute.Addr().String()}, errNoAnswer, LimitCameraFirstByte},
		"mute with TLS": {Options{URL: "rtsps://" + mute.Addr().String()}, errNoAnswer, LimitCameraFirstByte},
		"unreachable":   {Options{URL: "rtsp://camera.example", Dial: unreachable}, errUnreachable, LimitCameraConnect},
	} {
		t.Run(name, func(t *testing.T) {
			var hits []string // of one run after the other
			c.opt.Limited = func(limit string) { hits = append(hits, limit) }
			s := newSource(t, c.opt)
			run := start(t, s)
			run.cancel()
			if err := run.wait(t); !errors.Is(err, context.Canceled) {
				t.Errorf("told to stop, ended with %v", err)
			}
			s.patience = impatient
			s.patience.connect = 200 * time.Millisecond
			err := start(t, s).wait(t)
			if !errors.Is(err, c.want) && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("ended with %v, want %v", err, c.want)
			}
			if len(hits) != 1 || hits[0] != c.limit {
				t.Errorf("hits of %q, want %q", hits, c.limit)
			}
		})
	}
}

// TestStopFreesTheCamera: no connection is left, after an end of either kind.
func TestStopFreesTheCamera(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{UDP: true})
	for i, transport := range []Transport{TCP, UDP} {
		run := start(t, newSource(t, Options{URL: camera.URL("/"), Transport: transport}))
		awaitPlay(t, camera, i+1)
		run.cancel()
		if err := run.wait(t); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	}
	for deadline := time.Now().Add(generous); camera.Open() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections left", camera.Open())
		}
	}
}

// TestCameraGoesAway: the run ends when the connection does.
func TestCameraGoesAway(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{})
	run := start(t, newSource(t, Options{URL: camera.URL("/")}))
	awaitPlay(t, camera, 1)
	camera.Cut()
	if err := run.wait(t); err == nil {
		t.Error("ended without a reason")
	}
}

// TestPanicEndsTheRunAlone: gortsplib's goroutines are not ours, and a panic in
// one would be the end of the process.
func TestPanicEndsTheRunAlone(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{Medias: offer(&format.MJPEG{})})
	done := make(chan error, 1)
	s := newSource(t, Options{URL: camera.URL("/")})
	go func() { done <- s.Run(t.Context(), func(media.Frame) { panic("oops") }) }()
	awaitPlay(t, camera, 1)
	send(t, camera, rtptest.JPEGPackets(t, 1)[0])
	if err := <-done; err == nil || !strings.Contains(err.Error(), "oops") {
		t.Errorf("ended with %v", err)
	}
}

// stuckConn is a connection whose far end stops reading at some time: writes
// wait then, whatever their deadline, until it is closed.
type stuckConn struct {
	net.Conn
	stuck  atomic.Bool
	closed chan struct{}
	once   sync.Once
}

func (c *stuckConn) Write(b []byte) (int, error) {
	if c.stuck.Load() {
		<-c.closed
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

func (c *stuckConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// TestStopWhileCameraIsStuck: the goodbye to a camera that does not read is
// given up.
func TestStopWhileCameraIsStuck(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{})
	conn := &stuckConn{closed: make(chan struct{})}
	run := start(t, newSource(t, Options{URL: camera.URL("/"), Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		inner, err := new(net.Dialer).DialContext(ctx, network, address)
		conn.Conn = inner
		return conn, err
	}}))
	awaitPlay(t, camera, 1)
	send(t, camera, rtptest.Packets(t, rtptest.Encoded(t, 1, 160, 120))[0])
	run.next(t)
	conn.stuck.Store(true)
	run.cancel()
	if err := run.wait(t); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}
