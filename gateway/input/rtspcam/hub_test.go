package rtspcam

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// newHub makes a hub with this one camera.
func newHub(t *testing.T, s *Source) *stream.Hub {
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return s, nil }, Linger: time.Millisecond})
	t.Cleanup(hub.Close)
	return hub
}

// open opens a reader that gets every frame.
func open(t *testing.T, hub *stream.Hub) *stream.Reader {
	t.Helper()
	reader, err := hub.Open(stream.Key{Camera: "gate"}, stream.ReadOptions{Sequential: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	return reader
}

// nextOf waits for a frame, past the failures of the source.
func nextOf(t *testing.T, reader *stream.Reader) media.Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	defer cancel()
	for {
		frame, err := reader.Next(ctx)
		var failed *stream.SourceError
		if err == nil {
			return frame
		}
		if !errors.As(err, &failed) {
			t.Fatal(err)
		}
		t.Log(err)
	}
}

// TestReconnect: the stream goes on after the camera was away, with media time
// that starts anew, and leaves the camera when nobody reads.
func TestReconnect(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{Medias: offer(&format.MJPEG{})})
	hub := newHub(t, newSource(t, Options{URL: camera.URL("/")}))
	reader := open(t, hub)
	var frames []media.Frame
	for n := range 3 {
		awaitPlay(t, camera, n+1)
		send(t, camera, rtptest.JPEGPackets(t, n+1)[n])
		frames = append(frames, nextOf(t, reader))
		camera.Cut()
	}
	rtptest.WantNumbers(t, frames, rtptest.Span(0, 3))
	reader.Close()
	for deadline := time.Now().Add(generous); camera.Open() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections left", camera.Open())
		}
	}
}

// TestWrongPasswordIsTriedOnce: viewers come and go, and the camera's account
// is not locked.
func TestWrongPasswordIsTriedOnce(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{Username: "viewer", Password: "right"})
	hub := newHub(t, newSource(t, Options{URL: camera.URL("/"), Username: "viewer", Password: "wrong"}))
	for range 5 {
		reader := open(t, hub)
		ctx, cancel := context.WithTimeout(t.Context(), generous)
		if _, err := reader.Next(ctx); !errors.Is(err, stream.ErrDenied) {
			t.Errorf("reader gets %v", err)
		}
		cancel()
		reader.Close()
	}
	if got := camera.Describes(); got != 1 {
		t.Errorf("%d attempts", got)
	}
}
