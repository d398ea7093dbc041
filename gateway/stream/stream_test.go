package stream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

var front = stream.Key{Camera: "front"}

// sourceFunc is a source that is a function.
type sourceFunc func(ctx context.Context, emit func(media.Frame)) error

func (f sourceFunc) Run(ctx context.Context, emit func(media.Frame)) error { return f(ctx, emit) }

// camera is a source under the test's thumb: it emits what the test hands it,
// ends when told, and counts its runs.
type camera struct {
	t       *testing.T
	emits   chan media.Frame
	ends    chan error
	runs    atomic.Int32
	running atomic.Int32
	slowEnd time.Duration // how long it takes to stop
}

func newCamera(t *testing.T) *camera {
	return &camera{t: t, emits: make(chan media.Frame), ends: make(chan error)}
}

func (c *camera) Run(ctx context.Context, emit func(media.Frame)) error {
	if c.running.Add(1) > 1 {
		c.t.Error("the source overlaps itself")
	}
	defer c.running.Add(-1)
	c.runs.Add(1)
	for {
		select {
		case f := <-c.emits:
			emit(f)
		case err := <-c.ends:
			return err
		case <-ctx.Done():
			time.Sleep(c.slowEnd)
			return ctx.Err()
		}
	}
}

// give hands the camera frames and waits until they are through.
func (c *camera) give(frames ...media.Frame) {
	for _, f := range frames {
		c.emits <- f
	}
	synctest.Wait()
}

func (c *camera) fail(err error) {
	c.ends <- err
	synctest.Wait()
}

func (c *camera) expectRuns(runs, running int32) {
	c.t.Helper()
	synctest.Wait()
	if c.runs.Load() != runs || c.running.Load() != running {
		c.t.Fatalf("%d runs, %d running; want %d, %d", c.runs.Load(), c.running.Load(), runs, running)
	}
}

var (
	jpegFormat = &media.Format{Codec: media.JPEG, Width: 64, Height: 32}
	h264Format = &media.Format{Codec: media.H264, Width: 64, Height: 32}
)

func picture(name string) media.Frame {
	return media.Frame{Key: true, Format: jpegFormat, Data: []byte(name)}
}

func keyframe(name string) media.Frame {
	return media.Frame{Key: true, Format: h264Format, Data: []byte(name)}
}

func delta(name string) media.Frame {
	return media.Frame{Format: h264Format, Data: []byte(name)}
}

// hubOf makes a hub of the given cameras, which have no renditions.
func hubOf(t *testing.T, options stream.Options, cameras map[string]stream.Source) *stream.Hub {
	options.Resolve = func(k stream.Key) (stream.Source, error) {
		source, ok := cameras[k.Camera]
		if !ok || k.Rendition != "" {
			return nil, stream.ErrUnknown
		}
		return source, nil
	}
	hub := stream.New(options)
	t.Cleanup(hub.Close)
	return hub
}

func open(t *testing.T, hub *stream.Hub, options stream.ReadOptions) *stream.Reader {
	t.Helper()
	r, err := hub.Open(front, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func expectFrame(t *testing.T, r *stream.Reader, data string) media.Frame {
	t.Helper()
	f, err := r.Next(t.Context())
	if err != nil {
		t.Fatalf("waiting for %s: %v", data, err)
	}
	if string(f.Data) != data {
		t.Fatalf("got %s, want %s", f.Data, data)
	}
	return f
}

// expectNothing finds that no frame or error comes for a second.
func expectNothing(t *testing.T, r *stream.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if f, err := r.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %s, %v; want nothing", f.Data, err)
	}
}

func expectState(t *testing.T, r *stream.Reader, want stream.State) {
	t.Helper()
	synctest.Wait()
	if got := r.State(); got != want {
		t.Fatalf("stream is %v, want %v", got, want)
	}
}

// story runs a test in virtual time, with one camera called front.
func story(t *testing.T, options stream.Options, tell func(t *testing.T, hub *stream.Hub, cam *camera)) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		hub := hubOf(t, options, map[string]stream.Source{"front": cam})
		tell(t, hub, cam)
	})
}

func TestFirstReaderStartsLastOneStopsAfterTheLinger(t *testing.T) {
	story(t, stream.Options{Linger: 5 * time.Second}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		cam.expectRuns(0, 0)
		a, b := open(t, hub, stream.ReadOptions{}), open(t, hub, stream.ReadOptions{})
		cam.expectRuns(1, 1)
		expectState(t, a, stream.Connecting)
		cam.give(picture("1"))
		expectFrame(t, a, "1")
		expectFrame(t, b, "1")
		expectState(t, a, stream.Online)

		a.Close()
		time.Sleep(time.Minute)
		cam.expectRuns(1, 1)
		b.Close()
		time.Sleep(5*time.Second - time.Nanosecond)
		cam.expectRuns(1, 1)
		time.Sleep(time.Nanosecond)
		cam.expectRuns(1, 0)
		expectState(t, b, stream.Idle)
	})
}

func TestReaderWithinTheLingerFindsTheSourceRunning(t *testing.T) {
	story(t, stream.Options{Linger: 5 * time.Second}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		for range 3 {
			r := open(t, hub, stream.ReadOptions{})
			cam.give(picture("1"))
			r.Close()
			time.Sleep(4 * time.Second)
		}
		cam.expectRuns(1, 1)
		expectFrame(t, open(t, hub, stream.ReadOptions{}), "1")
	})
}

func TestReopenWhileStopping(t *testing.T) {
	story(t, stream.Options{Linger: time.Second}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		cam.slowEnd = 500 * time.Millisecond
		r := open(t, hub, stream.ReadOptions{})
		cam.give(picture("old"))
		r.Close()
		time.Sleep(1200 * time.Millisecond) // the source is told to stop, and takes its time

		r = open(t, hub, stream.ReadOptions{})
		time.Sleep(300 * time.Millisecond)
		cam.expectRuns(2, 1)
		cam.give(picture("new"))
		expectFrame(t, r, "new")
	})
}

func TestChainOfTwoLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		var hub *stream.Hub
		transcode := sourceFunc(func(ctx context.Context, emit func(media.Frame)) error {
			r, err := hub.Open(front, stream.ReadOptions{})
			if err != nil {
				return err
			}
			defer r.Close()
			for {
				f, err := r.Next(ctx)
				if err != nil {
					return err
				}
				f.Data = []byte("small " + string(f.Data))
				emit(f)
			}
		})
		hub = stream.New(stream.Options{Linger: time.Second, Resolve: func(k stream.Key) (stream.Source, error) {
			if k.Rendition == "" {
				return cam, nil
			}
			return transcode, nil
		}})
		defer hub.Close()

		small, err := hub.Open(stream.Key{Camera: "front", Rendition: "small"}, stream.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		cam.expectRuns(1, 1)
		cam.give(picture("1"))
		expectFrame(t, small, "small 1")
		small.Close()
		time.Sleep(1500 * time.Millisecond)
		cam.expectRuns(1, 1)
		time.Sleep(time.Second)
		cam.expectRuns(1, 0)
		if n := len(hub.Stats()); n != 1 {
			t.Errorf("%d streams are kept, want the camera's alone", n)
		}
	})
}

func TestErrorBeforeTheFirstFrameIsToldAtOnce(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		unplugged := errors.New("unplugged")
		r := open(t, hub, stream.ReadOptions{})
		cam.expectRuns(1, 1)
		cam.ends <- unplugged
		_, err := r.Next(t.Context())
		var failed *stream.SourceError
		if !errors.As(err, &failed) || !errors.Is(err, unplugged) || failed.Camera != "front" {
			t.Fatalf("got %v", err)
		}
		// Once for each failure, and the reader is as good as before.
		expectNothing(t, r)
		cam.expectRuns(2, 1)
		cam.give(picture("1"))
		expectFrame(t, r, "1")
	})
}

func TestReaderWhoComesDuringThePauseHearsWhatIsWrong(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		denied := fmt.Errorf("status 401: %w", stream.ErrDenied)
		open(t, hub, stream.ReadOptions{})
		cam.expectRuns(1, 1)
		cam.fail(denied)
		r := open(t, hub, stream.ReadOptions{})
		expectState(t, r, stream.Offline)
		if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrDenied) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestReaderWithFramesRidesThroughAReconnect(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		cam.give(picture("1"))
		expectFrame(t, r, "1")
		cam.fail(errors.New("reset by peer"))
		expectState(t, r, stream.Offline)
		expectNothing(t, r)
		cam.expectRuns(2, 1)
		cam.give(picture("2"))
		if f := expectFrame(t, r, "2"); f.Seq != 2 {
			t.Errorf("sequence number %d, want 2: the numbering goes on", f.Seq)
		}
	})
}

func TestNobodyJoinsAtAPictureOfAnEndedRun(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		open(t, hub, stream.ReadOptions{})
		cam.give(picture("old"))
		cam.fail(nil)
		time.Sleep(3 * time.Second)
		cam.expectRuns(2, 1)
		r := open(t, hub, stream.ReadOptions{})
		expectNothing(t, r)
		if f, ok := hub.Newest(front); !ok || string(f.Data) != "old" {
			t.Errorf("newest picture is %s, %v; want old", f.Data, ok)
		}
		cam.give(picture("new"))
		expectFrame(t, r, "new")
	})
}

func TestRefusedLoginIsNotTriedAgainSoon(t *testing.T) {
	story(t, stream.Options{Linger: time.Second}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		denied := fmt.Errorf("status 401: %w", stream.ErrDenied)
		r := open(t, hub, stream.ReadOptions{})
		cam.expectRuns(1, 1)
		cam.fail(denied)
		r.Close()
		// Viewers come and go: the camera must not hear of it.
		for range 9 {
			r := open(t, hub, stream.ReadOptions{})
			if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrDenied) {
				t.Fatalf("got %v", err)
			}
			r.Close()
			time.Sleep(3 * time.Second)
		}
		cam.expectRuns(1, 0)
		open(t, hub, stream.ReadOptions{})
		time.Sleep(time.Minute)
		cam.expectRuns(2, 1)

		// From refusal to refusal it waits longer, up to a quarter of an hour.
		for range 20 {
			cam.fail(denied)
			time.Sleep(15 * time.Minute)
		}
		if runs := cam.runs.Load(); runs != 22 {
			t.Errorf("%d runs in 20 quarters of an hour", runs)
		}
	})
}

func TestPanicEndsTheRunAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		hub := hubOf(t, stream.Options{}, map[string]stream.Source{
			"front": sourceFunc(func(ctx context.Context, emit func(media.Frame)) error {
				if runs++; runs == 1 {
					panic("index out of range")
				}
				emit(picture("alive"))
				<-ctx.Done()
				return ctx.Err()
			}),
		})
		r := open(t, hub, stream.ReadOptions{})
		var failed *stream.SourceError
		if _, err := r.Next(t.Context()); !errors.As(err, &failed) {
			t.Fatalf("got %v", err)
		}
		expectFrame(t, r, "alive")
	})
}

func TestFramesOfAnEndedRunAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stray func(media.Frame)
		hub := hubOf(t, stream.Options{}, map[string]stream.Source{
			"front": sourceFunc(func(ctx context.Context, emit func(media.Frame)) error {
				if stray == nil {
					stray = emit
					return nil
				}
				<-ctx.Done()
				return ctx.Err()
			}),
		})
		r := open(t, hub, stream.ReadOptions{})
		if _, err := r.Next(t.Context()); err == nil {
			t.Fatal("a run without a frame is an error")
		}
		time.Sleep(time.Second)
		stray(picture("late"))
		expectNothing(t, r)
	})
}

func TestRunStartsAtItsFirstKeyframe(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		cam.give(delta("P"), delta("P"), keyframe("I"), delta("P"))
		expectFrame(t, r, "I")
		if s := hub.Stats()[0]; s.Refused != 2 || s.Frames != 2 {
			t.Errorf("refused %d, took %d; want 2, 2", s.Refused, s.Frames)
		}
	})
}

func TestPublisherAttaches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := hubOf(t, stream.Options{}, map[string]stream.Source{"front": nil, "pulled": newCamera(t)})
		r := open(t, hub, stream.ReadOptions{}) // a viewer may come first
		expectState(t, r, stream.Offline)

		phone := newCamera(t)
		ctx, hangUp := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := hub.Attach(ctx, front, phone); !errors.Is(err, context.Canceled) {
				t.Errorf("publisher ended with %v", err)
			}
		})
		phone.give(picture("1"))
		expectFrame(t, r, "1")
		expectState(t, r, stream.Online)

		for camera, want := range map[string]error{"front": stream.ErrBusy, "pulled": stream.ErrPulled, "nobody": stream.ErrUnknown} {
			if err := hub.Attach(t.Context(), stream.Key{Camera: camera}, phone); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", camera, err, want)
			}
		}
		hangUp()
		wg.Wait()
		expectState(t, r, stream.Offline)
		expectNothing(t, r)

		wg.Go(func() { hub.Attach(t.Context(), front, phone) })
		phone.give(picture("2"))
		expectFrame(t, r, "2")
		phone.ends <- nil
		wg.Wait()
	})
}

func TestPicturesAreKeptWithoutViewers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := hubOf(t, stream.Options{}, map[string]stream.Source{"front": nil})
		phone := newCamera(t)
		var wg sync.WaitGroup
		wg.Go(func() { hub.Attach(t.Context(), front, phone) })
		phone.give(picture("1"), picture("2"))
		expectFrame(t, open(t, hub, stream.ReadOptions{}), "2")
		phone.ends <- nil
		wg.Wait()
		if f, ok := hub.Newest(front); !ok || string(f.Data) != "2" {
			t.Errorf("newest picture is %s, %v; want 2", f.Data, ok)
		}
	})
}

func TestViewersBeyondALimitAreRefused(t *testing.T) {
	limits := stream.Limits{Viewers: 4, ViewersPerCamera: 3, ViewersPerPrincipal: 2, ViewersPerAddress: 2}
	synctest.Test(t, func(t *testing.T) {
		var hits []string
		limited := func(limit string) { hits = append(hits, limit) }
		hub := hubOf(t, stream.Options{Limits: limits, Limited: limited}, map[string]stream.Source{"front": nil, "gate": nil})
		view := func(camera, address, principal string) (*stream.Reader, error) {
			return hub.Open(stream.Key{Camera: camera}, stream.ReadOptions{Client: &stream.Client{Address: address, Principal: principal}})
		}
		admitted := func(camera, address, principal string) *stream.Reader {
			t.Helper()
			r, err := view(camera, address, principal)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		refused := func(camera, address, principal string) {
			t.Helper()
			if _, err := view(camera, address, principal); !errors.Is(err, stream.ErrFull) {
				t.Fatalf("got %v", err)
			}
		}
		a := admitted("front", "10.0.0.1", "ann")
		admitted("front", "10.0.0.1", "")
		refused("front", "10.0.0.1", "bob") // address
		b := admitted("front", "10.0.0.2", "ann")
		refused("gate", "10.0.0.3", "ann") // principal
		refused("front", "10.0.0.3", "")   // camera
		admitted("gate", "10.0.0.3", "")
		refused("gate", "10.0.0.4", "") // all
		open(t, hub, stream.ReadOptions{})
		if n := hub.Viewers("front"); n != 3 {
			t.Errorf("%d viewers, want 3: other readers are none", n)
		}
		a.Close()
		b.Close()
		b.Close()
		if n := hub.Viewers("front"); n != 1 {
			t.Errorf("%d viewers, want 1", n)
		}
		admitted("front", "10.0.0.1", "ann")
		admitted("front", "10.0.0.4", "ann")
		refused("front", "10.0.0.4", "")
		want := []string{
			stream.LimitViewersPerAddress, stream.LimitViewersPerPrincipal, stream.LimitViewersPerCamera,
			stream.LimitViewers, stream.LimitViewers,
		}
		if !slices.Equal(hits, want) {
			t.Errorf("hits of %q, want %q", hits, want)
		}
	})
}

// TestRefusedViewersLeaveNothingBehind: what a client asks for that is not let
// in must not add up.
func TestRefusedViewersLeaveNothingBehind(t *testing.T) {
	hub := stream.New(stream.Options{
		Limits:  stream.Limits{Viewers: 1},
		Resolve: func(stream.Key) (stream.Source, error) { return sourceFunc(waits), nil },
	})
	defer hub.Close()
	open(t, hub, stream.ReadOptions{Client: &stream.Client{}})
	for n := range 100 {
		key := stream.Key{Camera: "front", Rendition: fmt.Sprint("jpeg-w", n)}
		if _, err := hub.Open(key, stream.ReadOptions{Client: &stream.Client{}}); !errors.Is(err, stream.ErrFull) {
			t.Fatal(err)
		}
	}
	if n := len(hub.Stats()); n != 1 {
		t.Errorf("%d streams are kept, want the one that is watched", n)
	}
}

// waits is a source that gives nothing.
func waits(ctx context.Context, _ func(media.Frame)) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestStatsTellHowTheStreamIs(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		open(t, hub, stream.ReadOptions{})
		cam.expectRuns(1, 1)
		cam.fail(errors.New("unplugged"))
		time.Sleep(time.Second)
		for range 50 {
			cam.give(picture("12345"))
			time.Sleep(40 * time.Millisecond)
		}
		s := hub.Stats()[0]
		if s.Key != front || s.State != stream.Online || s.Readers != 1 || s.Runs != 2 || s.Frames != 50 || s.Bytes != 250 {
			t.Errorf("got %+v", s)
		}
		if s.FPS < 24.9 || s.FPS > 25.1 || s.Format != jpegFormat || time.Since(s.Newest) != 40*time.Millisecond {
			t.Errorf("got %+v", s)
		}
		if s.Failures != 1 || s.LastError.Error() != "unplugged" {
			t.Errorf("got %+v", s)
		}
	})
}
