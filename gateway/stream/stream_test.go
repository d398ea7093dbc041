package stream_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

func TestSlowReaderGetsTheNewestPicture(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		slow, quick := open(t, hub, stream.ReadOptions{}), open(t, hub, stream.ReadOptions{})
		cam.give(picture("1"))
		expectFrame(t, slow, "1")
		for i := 1; i <= 10; i++ {
			if i > 1 {
				cam.give(picture(fmt.Sprint(i)))
			}
			expectFrame(t, quick, fmt.Sprint(i))
		}
		if f := expectFrame(t, slow, "10"); f.Seq != 10 {
			t.Errorf("sequence number %d, want 10", f.Seq)
		}
		if slow.Dropped() != 8 || quick.Dropped() != 0 {
			t.Errorf("slow dropped %d, quick %d; want 8, 0", slow.Dropped(), quick.Dropped())
		}
		expectNothing(t, slow)
	})
}

func TestReaderJoinsAtTheNewestKeyframe(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		first := open(t, hub, stream.ReadOptions{})
		cam.give(keyframe("I1"), delta("P2"), keyframe("I3"), delta("P4"), delta("P5"))
		late := open(t, hub, stream.ReadOptions{})
		for _, want := range []struct {
			data    string
			backlog bool
		}{{"I3", true}, {"P4", true}, {"P5", false}} {
			if f := expectFrame(t, late, want.data); f.Backlog != want.backlog {
				t.Errorf("%s: backlog %v", want.data, f.Backlog)
			}
		}
		cam.give(delta("P6"))
		expectFrame(t, late, "P6")
		expectFrame(t, first, "I3") // it joined only now, when it asked
	})
}

func TestSlightlyLateReaderKeepsTheTailOfItsGOP(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		cam.give(keyframe("I1"))
		expectFrame(t, r, "I1")
		cam.give(delta("P2"), delta("P3"), keyframe("I4"), delta("P5"))
		for _, want := range []string{"P2", "P3", "I4", "P5"} {
			expectFrame(t, r, want)
		}
	})
}

func TestSlowReaderSkipsToTheNewestKeyframe(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		cam.give(keyframe("I1"))
		expectFrame(t, r, "I1")
		for range 20 {
			cam.give(delta("P"))
		}
		cam.give(keyframe("I22"), delta("P23"))
		expectFrame(t, r, "I22")
		expectFrame(t, r, "P23")
		if r.Dropped() != 20 {
			t.Errorf("dropped %d, want 20", r.Dropped())
		}
	})
}

func TestRecorderGetsEveryFrame(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Sequential: true})
		cam.give(picture("0"))
		expectFrame(t, r, "0")
		for i := 1; i <= 500; i++ {
			cam.give(picture(fmt.Sprint(i)))
		}
		for i := 1; i <= 500; i++ {
			expectFrame(t, r, fmt.Sprint(i))
		}
	})
}

func TestOverwrittenRecorderGoesOnAtTheOldestKeyframe(t *testing.T) {
	story(t, stream.Options{RingBytes: 40}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Sequential: true})
		cam.give(keyframe("I-----0001"))
		expectFrame(t, r, "I-----0001")
		cam.give(delta("P-----0002"), delta("P-----0003"), delta("P-----0004"),
			keyframe("I-----0005"), delta("P-----0006"), delta("P-----0007"))
		if f := expectFrame(t, r, "I-----0005"); f.Seq != 5 || r.Dropped() != 3 {
			t.Errorf("sequence number %d, dropped %d; want 5, 3", f.Seq, r.Dropped())
		}
		expectFrame(t, r, "P-----0006")
	})
}

func TestGOPBeyondTheRingIsNoPlaceToJoin(t *testing.T) {
	story(t, stream.Options{RingBytes: 20}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		cam.give(keyframe("I---------"))
		expectFrame(t, r, "I---------")
		cam.give(delta("P2--------"), delta("P3--------"))
		expectFrame(t, r, "P2--------") // who is in the GOP already goes on
		late := open(t, hub, stream.ReadOptions{})
		expectNothing(t, late)
		cam.give(keyframe("I4--------"))
		expectFrame(t, late, "I4--------")
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

func TestReconnectsQuicklyAndForEver(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		open(t, hub, stream.ReadOptions{})
		for i := range int32(50) {
			cam.expectRuns(i+1, 1)
			cam.fail(errors.New("unreachable"))
			cam.expectRuns(i+1, 0)
			time.Sleep(2 * time.Second)
		}
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

func TestStreamFillsInTheTimes(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		cam.expectRuns(1, 1)
		began := time.Now()
		time.Sleep(time.Second)
		cam.give(picture("1"))
		one := expectFrame(t, r, "1")
		cam.give(picture("2"))
		two := expectFrame(t, r, "2")
		if !one.Wall.Equal(began.Add(time.Second)) || one.PTS != time.Second {
			t.Errorf("taken at %v, media time %v", one.Wall.Sub(began), one.PTS)
		}
		if two.PTS <= one.PTS {
			t.Errorf("media time went from %v to %v", one.PTS, two.PTS)
		}
	})
}

func TestMediaTimesOfTheSourceAreKept(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		want := []time.Duration{0, 120 * time.Millisecond, 40 * time.Millisecond, 80 * time.Millisecond} // I P B B
		for i, pts := range want {
			f := delta(fmt.Sprint(i))
			f.Key, f.PTS = i == 0, pts
			cam.give(f)
			if got := expectFrame(t, r, fmt.Sprint(i)); got.PTS != pts {
				t.Errorf("frame %d: media time %v, want %v", i, got.PTS, pts)
			}
		}
	})
}

func TestIdleReaderIsToldAndStaysGood(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Idle: time.Second})
		for range 3 {
			began := time.Now()
			if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrIdle) || time.Since(began) != time.Second {
				t.Fatalf("got %v after %v", err, time.Since(began))
			}
		}
		cam.give(picture("1"))
		expectFrame(t, r, "1")
	})
}

func TestTryNextGivesWhatIsThere(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		if _, ok, err := r.TryNext(); ok || err != nil {
			t.Errorf("before any frame: %v, %v", ok, err)
		}
		cam.give(picture("1"))
		if f, ok, err := r.TryNext(); !ok || err != nil || string(f.Data) != "1" {
			t.Errorf("got %s, %v, %v", f.Data, ok, err)
		}
		if _, ok, err := r.TryNext(); ok || err != nil {
			t.Errorf("the same frame twice: %v, %v", ok, err)
		}
		r.Close()
		if _, ok, err := r.TryNext(); ok || !errors.Is(err, stream.ErrClosed) {
			t.Errorf("closed: %v, %v", ok, err)
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

func TestCloseWhileWaiting(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r, other := open(t, hub, stream.ReadOptions{}), open(t, hub, stream.ReadOptions{})
		ends := make(chan error, 2)
		for _, r := range []*stream.Reader{r, other} {
			go func() {
				_, err := r.Next(t.Context())
				ends <- err
			}()
		}
		synctest.Wait()
		r.Close()
		r.Close()
		if err := <-ends; !errors.Is(err, stream.ErrClosed) {
			t.Errorf("closed reader got %v", err)
		}
		hub.Close()
		if err := <-ends; !errors.Is(err, stream.ErrClosed) {
			t.Errorf("reader of a closed hub got %v", err)
		}
		cam.expectRuns(1, 0)
		if _, err := hub.Open(front, stream.ReadOptions{}); !errors.Is(err, stream.ErrClosed) {
			t.Errorf("a closed hub opens: %v", err)
		}
		if err := hub.Attach(t.Context(), front, cam); !errors.Is(err, stream.ErrClosed) {
			t.Errorf("a closed hub attaches: %v", err)
		}
	})
}

func TestCancelledNextGivesTheContextsError(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		expectNothing(t, r)
		cam.give(picture("1"))
		expectFrame(t, r, "1")
	})
}

func TestViewersBeyondALimitAreRefused(t *testing.T) {
	limits := stream.Limits{Viewers: 4, ViewersPerCamera: 3, ViewersPerPrincipal: 2, ViewersPerAddress: 2}
	synctest.Test(t, func(t *testing.T) {
		hub := hubOf(t, stream.Options{Limits: limits}, map[string]stream.Source{"front": nil, "gate": nil})
		view := func(camera, address, principal string) (*stream.Reader, error) {
			return hub.Open(stream.Key{Camera: camera}, stream.ReadOptions{Viewer: &stream.Viewer{Address: address, Principal: principal}})
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
	})
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

// TestReadersComeAndGo is for the race detector: forty readers of every kind
// at a camera that fails now and then, in real time.
func TestReadersComeAndGo(t *testing.T) {
	var running atomic.Int32
	flaky := sourceFunc(func(ctx context.Context, emit func(media.Frame)) error {
		if running.Add(1) > 1 {
			t.Error("the source overlaps itself")
		}
		defer running.Add(-1)
		for i := range rand.N(200) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if i%10 == 0 {
				emit(keyframe("I"))
			}
			emit(delta("P"))
			time.Sleep(50 * time.Microsecond)
		}
		return errors.New("flaky")
	})
	hub := hubOf(t, stream.Options{Linger: time.Millisecond, RingBytes: 64}, map[string]stream.Source{"front": flaky})
	var wg sync.WaitGroup
	var frames atomic.Int64
	for i := range 40 {
		wg.Go(func() {
			for range 50 {
				options := stream.ReadOptions{Sequential: i%4 == 0, Idle: time.Duration(i%3) * time.Millisecond}
				if i%2 == 0 {
					options.Viewer = &stream.Viewer{Address: fmt.Sprint(i)}
				}
				frames.Add(readAWhile(t, hub, options))
			}
		})
	}
	wg.Wait()
	hub.Close()
	if running.Load() != 0 || hub.Viewers("front") != 0 {
		t.Errorf("%d sources run on, %d viewers stay", running.Load(), hub.Viewers("front"))
	}
	if frames.Load() == 0 {
		t.Error("nobody saw a frame")
	}
}

func readAWhile(t *testing.T, hub *stream.Hub, options stream.ReadOptions) (frames int64) {
	r, err := hub.Open(front, options)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), rand.N(20*time.Millisecond))
	defer cancel()
	if rand.N(4) == 0 {
		defer context.AfterFunc(ctx, r.Close)() // from elsewhere, while Next waits
	}
	last := uint64(0)
	for ctx.Err() == nil {
		f, err := r.Next(ctx)
		if errors.Is(err, stream.ErrClosed) {
			return frames
		}
		if err == nil {
			if f.Seq <= last {
				t.Errorf("frame %d after %d", f.Seq, last)
			}
			last = f.Seq
			frames++
		}
	}
	return frames
}
