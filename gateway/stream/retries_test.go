package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

var viewer = stream.ReadOptions{Client: &stream.Client{Address: "10.0.0.1"}}

// failing is a source that fails at once with what its error is then, and
// counts that.
type failing struct {
	runs atomic.Int32
	err  func(run int32) error
}

func (f *failing) Run(context.Context, func(media.Frame)) error { return f.err(f.runs.Add(1)) }

// during counts the runs of a source within a time from now.
func (f *failing) during(d time.Duration) int32 {
	before := f.runs.Load()
	time.Sleep(d)
	synctest.Wait()
	return f.runs.Load() - before
}

// failingStory runs a test in virtual time, with a camera called front that
// fails like that.
func failingStory(t *testing.T, err func(run int32) error, tell func(t *testing.T, hub *stream.Hub, cam *failing)) {
	synctest.Test(t, func(t *testing.T) {
		cam := &failing{err: err}
		tell(t, hubOf(t, stream.Options{}, map[string]stream.Source{"front": cam}), cam)
	})
}

func TestCameraThatFailsInTheSameWayIsTriedLessAndLess(t *testing.T) {
	for name, err := range map[string]func(run int32) error{
		"always the same": func(int32) error { return errors.New("status 404 Not Found") },
		"but for our port": func(run int32) error {
			return fmt.Errorf("read tcp 10.0.0.1:%d->10.0.0.2:554: connection reset by peer", 40000+run)
		},
		"without a reason": func(int32) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			failingStory(t, err, func(t *testing.T, hub *stream.Hub, cam *failing) {
				open(t, hub, stream.ReadOptions{})
				if runs := cam.during(18 * time.Second); runs < 5 || runs > 20 {
					t.Errorf("%d runs in the first 18 s", runs)
				}
				time.Sleep(time.Minute)
				if runs := cam.during(10 * time.Minute); runs < 20 || runs > 40 {
					t.Errorf("%d runs in ten minutes, want one each 15 to 30 s", runs)
				}
			})
		})
	}
}

func TestCameraThatFailsInOtherWaysIsTriedQuickly(t *testing.T) {
	reasons := []error{errors.New("no route to host"), errors.New("connection refused")}
	err := func(run int32) error { return reasons[run%2] }
	failingStory(t, err, func(t *testing.T, hub *stream.Hub, cam *failing) {
		open(t, hub, stream.ReadOptions{})
		if runs := cam.during(time.Minute); runs < 30 || runs > 120 {
			t.Errorf("%d runs in a minute, want one each 0 to 2 s", runs)
		}
	})
}

func TestCameraThatWasThereIsTriedQuickly(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		open(t, hub, stream.ReadOptions{})
		cam.give(picture("1"))
		for i := range int32(100) {
			cam.expectRuns(i+1, 1)
			cam.fail(errors.New("unreachable"))
			cam.expectRuns(i+1, 0)
			time.Sleep(2 * time.Second)
		}
		for range 1000 { // which is half an hour
			select {
			case cam.ends <- errors.New("unreachable"):
			default:
			}
			time.Sleep(2 * time.Second)
		}
		before := cam.runs.Load()
		for range 60 {
			select {
			case cam.ends <- errors.New("unreachable"):
			default:
			}
			time.Sleep(2 * time.Second)
		}
		if runs := cam.runs.Load() - before; runs > 9 {
			t.Errorf("half an hour later it is tried %d times in two minutes", runs)
		}
	})
}

func TestViewerWhoComesHasACameraTriedAtOnce(t *testing.T) {
	err := func(int32) error { return errors.New("status 404 Not Found") }
	failingStory(t, err, func(t *testing.T, hub *stream.Hub, cam *failing) {
		open(t, hub, stream.ReadOptions{})
		time.Sleep(5 * time.Minute)
		for cam.during(time.Second) == 0 {
		}
		time.Sleep(6 * time.Second) // of 15 at least until the next
		before := cam.runs.Load()
		r := open(t, hub, viewer)
		synctest.Wait()
		if runs := cam.runs.Load() - before; runs != 1 {
			t.Fatalf("%d runs as a viewer comes", runs)
		}
		if _, err := r.Next(t.Context()); err == nil {
			t.Error("the viewer does not hear of it")
		}

		// Those who come again and again do not have it tried as often.
		before = cam.runs.Load()
		for range 60 {
			r := open(t, hub, viewer)
			if _, err := r.Next(t.Context()); err == nil {
				t.Error("a viewer does not hear at once what is wrong")
			}
			r.Close()
			time.Sleep(time.Second)
		}
		if runs := cam.runs.Load() - before; runs < 10 || runs > 12 {
			t.Errorf("%d runs in a minute, want one each 5 s", runs)
		}
	})
}

// TestCameraIsNotForgiven by nobody looking at it for a while.
func TestCameraIsNotForgivenWhenViewersGo(t *testing.T) {
	err := func(int32) error { return errors.New("status 404 Not Found") }
	failingStory(t, err, func(t *testing.T, hub *stream.Hub, cam *failing) {
		for range 20 {
			r := open(t, hub, viewer)
			time.Sleep(5 * time.Second)
			r.Close()
			time.Sleep(25 * time.Second) // its source ends
		}
		if runs := cam.during(0) + cam.runs.Load(); runs > 60 {
			t.Errorf("%d runs for 20 viewers in ten minutes", runs)
		}
	})
}

func TestChangedCameraIsTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, source := changingHub(t)
		old, next := &failing{err: func(int32) error { return errors.New("status 404 Not Found") }}, newCamera(t)
		put(source, old)
		open(t, hub, stream.ReadOptions{})
		time.Sleep(5 * time.Minute)
		put(source, next)
		hub.Change("front")
		next.expectRuns(1, 1)
	})
}

// TestRenditionWaitsForNewsOfItsCamera: it is not tried when nothing is new,
// and at once when something is; who comes meanwhile hears what is wrong.
func TestRenditionWaitsForNewsOfItsCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		small := stream.Key{Camera: "front", Rendition: "small"}
		var hub *stream.Hub
		var runs atomic.Int32
		transcode := sourceFunc(func(ctx context.Context, emit func(media.Frame)) error {
			runs.Add(1)
			r, err := hub.Open(front, stream.ReadOptions{RunEnds: true})
			if err != nil {
				return err
			}
			defer r.Close()
			for {
				f, err := r.Next(ctx)
				if err != nil {
					return err
				}
				emit(f)
			}
		})
		hub = stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
			if k.Rendition == "" {
				return cam, nil
			}
			return transcode, nil
		}})
		defer hub.Close()
		hear := func() *stream.Reader {
			t.Helper()
			r, err := hub.Open(small, viewer)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrDenied) {
				t.Fatal(err)
			}
			return r
		}
		time.AfterFunc(time.Millisecond, func() { cam.ends <- fmt.Errorf("status 401: %w", stream.ErrDenied) })
		r := hear()
		time.Sleep(10 * time.Second)
		if n := runs.Load(); n > 2 {
			t.Errorf("%d runs while the camera rests", n)
		}
		hear()
		expectState(t, r, stream.Offline)
		time.Sleep(time.Minute)
		cam.expectRuns(2, 1) // nobody stopped it
		cam.give(picture("1"))
		expectFrame(t, r, "1")
		if n := runs.Load(); n > 4 {
			t.Errorf("%d runs in all", n)
		}
	})
}

// TestSourceThatFailedIsNotTriedAgainForNobody: neither when its reader goes once
// it has heard, nor when it fails in the linger; and for who comes it is.
func TestSourceThatFailedIsNotTriedAgainForNobody(t *testing.T) {
	for name, err := range map[string]error{"a camera": errors.New("connection refused"), "a limit": stream.ErrFull} {
		t.Run(name, func(t *testing.T) {
			failingStory(t, func(int32) error { return err }, func(t *testing.T, hub *stream.Hub, cam *failing) {
				for range 20 {
					r := open(t, hub, viewer)
					if _, heard := r.Next(t.Context()); !errors.Is(heard, err) {
						t.Fatalf("it hears %v", heard)
					}
					r.Close()
					if runs := cam.during(time.Minute); runs != 0 {
						t.Fatalf("%d runs for nobody", runs)
					}
				}
				if runs := cam.runs.Load(); runs != 20 {
					t.Errorf("%d runs for 20 readers", runs)
				}
			})
		})
	}
	t.Run("in the linger", func(t *testing.T) {
		story(t, stream.Options{Linger: time.Minute}, func(t *testing.T, hub *stream.Hub, cam *camera) {
			r := open(t, hub, viewer)
			cam.give(picture("1"))
			expectFrame(t, r, "1")
			r.Close()
			cam.expectRuns(1, 1)
			cam.fail(errors.New("connection reset"))
			time.Sleep(30 * time.Second)
			cam.expectRuns(1, 0)
			r = open(t, hub, viewer)
			cam.expectRuns(2, 1)
			cam.give(picture("2"))
			expectFrame(t, r, "2")
		})
	})
}

// TestFailuresAreCountedByReason, of which there are few.
func TestFailuresAreCountedByReason(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for want, errs := range map[stream.Reason][]error{
		stream.ReasonDenied:      {fmt.Errorf("DESCRIBE: %w", stream.ErrDenied)},
		stream.ReasonUnreachable: {refused, fmt.Errorf("camera: %w", refused), &net.DNSError{IsTimeout: true}, stream.Unreachable("no way")},
		stream.ReasonSilent:      {fmt.Errorf("run: %w", stream.Silent("nothing")), &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}},
		stream.ReasonEnded:       {nil, fmt.Errorf("ffmpeg ended: %w", io.EOF), stream.Ended("bye"), &net.OpError{Op: "read", Err: syscall.ECONNRESET}},
		stream.ReasonLimit:       {fmt.Errorf("%w: 2 in all", stream.ErrFull)},
		stream.ReasonPanic:       {errPanic},
		stream.ReasonOther:       {errors.New("status 404 Not Found")},
	} {
		for _, err := range errs {
			t.Run(fmt.Sprint(want, "/", err), func(t *testing.T) {
				fails := func(int32) error {
					if err == errPanic {
						panic("a broken source")
					}
					return err
				}
				failingStory(t, fails, func(t *testing.T, hub *stream.Hub, cam *failing) {
					open(t, hub, stream.ReadOptions{})
					synctest.Wait()
					stats := hub.Stats()[0]
					if stats.Failures == 0 || stats.Failed[want] != stats.Failures {
						t.Errorf("%d failures, by reason %v; want %v", stats.Failures, stats.Failed, want)
					}
				})
			})
		}
	}
}

var errPanic = errors.New("panic")
