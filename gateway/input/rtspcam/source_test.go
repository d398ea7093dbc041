package rtspcam

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// thorough leaves a test out of a quick run, since it takes long.
func thorough(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long")
	}
}

// generous is how long a test waits for what must come soon.
const generous = 30 * time.Second

var _ stream.Source = (*Source)(nil)

// newSource makes a source that must be valid.
func newSource(t *testing.T, opt Options) *Source {
	t.Helper()
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// started is a run of a source in the background.
type started struct {
	frames chan media.Frame // pictures
	sounds chan media.Frame
	done   chan error
	cancel context.CancelFunc
}

// start runs s until the test ends.
func start(t *testing.T, s *Source) *started {
	ctx, cancel := context.WithCancel(context.Background())
	r := &started{frames: make(chan media.Frame, 1000), sounds: make(chan media.Frame, 1000), done: make(chan error, 1), cancel: cancel}
	go func() {
		r.done <- s.Run(ctx, func(f media.Frame) {
			if f.Format.Codec.Kind() == media.Audio {
				r.sounds <- f
			} else {
				r.frames <- f
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if r.done != nil {
			r.wait(t)
		}
	})
	return r
}

// next waits for a picture.
func (r *started) next(t *testing.T) media.Frame {
	t.Helper()
	return r.nextOf(t, r.frames)
}

// nextSound waits for a frame of sound.
func (r *started) nextSound(t *testing.T) media.Frame {
	t.Helper()
	return r.nextOf(t, r.sounds)
}

func (r *started) nextOf(t *testing.T, frames chan media.Frame) media.Frame {
	t.Helper()
	select {
	case f := <-frames:
		return f
	case err := <-r.done:
		r.done <- err
		if len(frames) > 0 { // they came before the end
			return <-frames
		}
		t.Fatalf("run ended before the frame: %v", err)
	case <-time.After(generous):
		t.Fatal("no frame")
	}
	panic("unreachable")
}

// take waits for n frames.
func (r *started) take(t *testing.T, n int) []media.Frame {
	t.Helper()
	frames := make([]media.Frame, n)
	for i := range frames {
		frames[i] = r.next(t)
	}
	return frames
}

// wait gives what the run gave.
func (r *started) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		r.done = nil
		return err
	case <-time.After(generous):
		t.Fatal("run does not end")
	}
	panic("unreachable")
}

func TestOptions(t *testing.T) {
	for _, opt := range []Options{
		{URL: "http://camera/"},
		{URL: "rtsp://"},
		{URL: "rtsp:///path"},
		{URL: "rtsp://user:pass%zz@camera/"},
		{URL: "rtsp://camera/", Transport: "multicast"},
	} {
		if _, err := New(opt); err == nil {
			t.Errorf("%+v is accepted", opt)
		}
	}
	for url, want := range map[string]string{
		"rtsp://Camera/a":           "camera:554",
		"rtsps://camera":            "camera:322",
		"rtsp://u:p@[fe80::1]:8554": "[fe80::1]:8554",
	} {
		if s := newSource(t, Options{URL: url}); s.address != want {
			t.Errorf("%s leads to %s, want %s", url, s.address, want)
		}
	}
}
