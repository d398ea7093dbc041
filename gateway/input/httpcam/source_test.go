package httpcam

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// generous is how long a test waits for what must come at once.
const generous = 30 * time.Second

var _ stream.Source = (*Source)(nil)

// newCamera starts a camera that ends with the test.
func newCamera(t *testing.T, script func(*camtest.HTTPConn)) *camtest.HTTPCamera {
	t.Helper()
	c, err := camtest.NewHTTPCamera(script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

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
	frames chan media.Frame
	done   chan error
	cancel context.CancelFunc
}

// start runs s until the test ends.
func start(t *testing.T, s *Source) *started {
	ctx, cancel := context.WithCancel(context.Background())
	r := &started{frames: make(chan media.Frame, 1000), done: make(chan error, 1), cancel: cancel}
	go func() { r.done <- s.Run(ctx, func(f media.Frame) { r.frames <- f }) }()
	t.Cleanup(func() {
		cancel()
		if r.done != nil {
			r.wait(t)
		}
	})
	return r
}

// next waits for a frame and reads its number.
func (r *started) next(t *testing.T) int {
	t.Helper()
	select {
	case f := <-r.frames:
		return number(t, f)
	case err := <-r.done:
		r.done = nil
		t.Fatalf("run ended before the frame: %v", err)
	case <-time.After(generous):
		t.Fatal("no frame")
	}
	panic("unreachable")
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

func number(t *testing.T, f media.Frame) int {
	t.Helper()
	n, err := camtest.ReadJPEGNumber(f.Data)
	if err != nil {
		t.Fatalf("frame of %d bytes: %v", len(f.Data), err)
	}
	return n
}

// TestEveryVariantWithoutDelay plays each variant in full. What follows a
// picture leaves the camera only after that picture was emitted.
func TestEveryVariantWithoutDelay(t *testing.T) {
	t.Logf("%d variants", len(variants))
	for _, v := range variants {
		for _, raw := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, raw %v", v.name, raw), func(t *testing.T) {
				t.Parallel()
				playWithoutDelay(t, v, raw)
			})
		}
	}
}

func playWithoutDelay(t *testing.T, v variant, raw bool) {
	shown := newSteps(variantFrames)
	defer shown.release()
	camera := newCamera(t, func(c *camtest.HTTPConn) {
		if c.Request() == nil || !c.Send(v.head) {
			return
		}
		for n := range variantFrames {
			picture := v.take(n)
			before, after := v.render(n, picture)
			c.Send(before, picture)
			shown.wait(n)
			c.Send(after)
		}
	})
	source := newSource(t, Options{URL: camera.URL("/video.mjpg")})
	source.raw = raw
	run := start(t, source)
	for n := range variantFrames {
		if got := run.next(t); got != n {
			t.Fatalf("got frame %d, want %d", got, n)
		}
		shown.take(n)
	}
	err := run.wait(t)
	if len(run.frames) > 0 {
		t.Errorf("emitted %d frames that the camera did not send", len(run.frames))
	}
	if fmt.Sprint(err) != "camera ended the stream" {
		t.Errorf("run ended with %v", err)
	}
}

// steps hold back a camera's script until the test has come as far.
type steps []chan struct{}

func newSteps(n int) steps {
	s := make(steps, n)
	for i := range s {
		s[i] = make(chan struct{})
	}
	return s
}

func (s steps) wait(n int) { <-s[n] }
func (s steps) take(n int) { close(s[n]) }

// release takes all steps that are left, so that no script hangs.
func (s steps) release() {
	for _, step := range s {
		select {
		case <-step:
		default:
			close(step)
		}
	}
}
