package stream_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// carriedStory runs a test in virtual time, with a camera that is ready in one hub and
// shown in the other.
func carriedStory(t *testing.T, tell func(t *testing.T, ready, shown *stream.Hub, cam *camera, carried *stream.Carried, taken *atomic.Uint64)) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		taken := new(atomic.Uint64)
		carried := stream.NewCarried(cam, taken)
		ready := hubOf(t, stream.Options{RingBytes: 1}, map[string]stream.Source{"front": carried.Ready()})
		shown := hubOf(t, stream.Options{Linger: time.Second}, map[string]stream.Source{"front": carried})
		tell(t, ready, shown, cam, carried, taken)
	})
}

func at(f media.Frame, pts time.Duration) media.Frame {
	f.PTS = pts
	return f
}

func TestRunIsCarriedToAnotherStream(t *testing.T) {
	carriedStory(t, func(t *testing.T, ready, shown *stream.Hub, cam *camera, carried *stream.Carried, taken *atomic.Uint64) {
		keeper := open(t, ready, stream.ReadOptions{Hold: true})
		synctest.Wait()
		cam.give(at(keyframe("old"), 0), at(delta("older"), ms), at(keyframe("key"), time.Second), at(delta("next"), 1010*ms))
		came := time.Now()
		time.Sleep(time.Second)

		r := open(t, shown, stream.ReadOptions{Sequential: true})
		for i, name := range []string{"key", "next"} {
			f := expectFrame(t, r, name)
			if f.PTS != time.Duration(i)*10*ms || !f.Wall.Equal(came) {
				t.Errorf("%s has the time %v of %v, and came %v", name, f.PTS, f.Wall, came)
			}
		}
		cam.give(at(delta("newest"), 1020*ms))
		if f := expectFrame(t, r, "newest"); f.Backlog || f.PTS != 20*ms {
			t.Errorf("the present is %+v", f)
		}
		keeper.Close()
		time.Sleep(time.Minute) // longer than any linger
		cam.expectRuns(1, 1)
		if n := ready.Stats()[0].Failures + shown.Stats()[0].Failures; n != 0 || taken.Load() != 1 {
			t.Errorf("%d failures, taken %d times", n, taken.Load())
		}
		r.Close()
		time.Sleep(time.Second)
		cam.expectRuns(1, 0)
		if carried.Running() {
			t.Error("it says that it runs")
		}
	})
}

// TestCarriedJPEGs have no media time of their own, so that it begins anew.
func TestCarriedJPEGs(t *testing.T) {
	carriedStory(t, func(t *testing.T, ready, shown *stream.Hub, cam *camera, _ *stream.Carried, _ *atomic.Uint64) {
		open(t, ready, stream.ReadOptions{Hold: true})
		synctest.Wait()
		cam.give(picture("1"), picture("2"))
		time.Sleep(time.Second)
		r := open(t, shown, stream.ReadOptions{})
		synctest.Wait()
		time.Sleep(time.Second)
		cam.give(picture("3"))
		if f := expectFrame(t, r, "3"); f.PTS != time.Second {
			t.Errorf("it is at %v", f.PTS)
		}
	})
}

func TestFailureIsTheHolders(t *testing.T) {
	carriedStory(t, func(t *testing.T, ready, shown *stream.Hub, cam *camera, _ *stream.Carried, _ *atomic.Uint64) {
		open(t, ready, stream.ReadOptions{Hold: true})
		synctest.Wait()
		r := open(t, shown, stream.ReadOptions{})
		synctest.Wait()
		cam.fail(stream.ErrDenied)
		if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrDenied) {
			t.Errorf("who has the run is told %v", err)
		}
		if n := ready.Stats()[0].Failures; n != 0 {
			t.Errorf("who had it counts %d failures", n)
		}
		cam.expectRuns(1, 0)
		time.Sleep(time.Minute)
		cam.expectRuns(2, 1) // who has it tries again
	})
}

// TestCarriedBack has a run go to another stream and back, by a change of the streams.
func TestCarriedBack(t *testing.T) {
	carriedStory(t, func(t *testing.T, ready, shown *stream.Hub, cam *camera, _ *stream.Carried, _ *atomic.Uint64) {
		keeper := open(t, ready, stream.ReadOptions{Hold: true})
		synctest.Wait()
		r := open(t, shown, stream.ReadOptions{})
		synctest.Wait()
		keeper.Close()
		for i := range 3 {
			ready.Change("front") // whose life had lost it
			open(t, ready, stream.ReadOptions{Hold: true})
			synctest.Wait()
			cam.give(keyframe("ready"))
			if _, ok, _ := r.TryNext(); ok {
				t.Fatalf("%d: who lost it has a frame", i)
			}
			shown.Change("front")
			expectFrame(t, r, "ready")
		}
		cam.expectRuns(1, 1)
	})
}

// TestWhatEndsIsNotTaken has a stream come while the run ends.
func TestWhatEndsIsNotTaken(t *testing.T) {
	carriedStory(t, func(t *testing.T, ready, shown *stream.Hub, cam *camera, _ *stream.Carried, _ *atomic.Uint64) {
		cam.slowEnd = 500 * ms
		open(t, ready, stream.ReadOptions{Hold: true})
		cam.expectRuns(1, 1)
		ready.Close()
		open(t, shown, stream.ReadOptions{})
		cam.expectRuns(2, 1) // never two at a time, which the camera sees
	})
}

func TestSoundIsCarried(t *testing.T) {
	carriedStory(t, func(t *testing.T, ready, shown *stream.Hub, cam *camera, _ *stream.Carried, _ *atomic.Uint64) {
		open(t, ready, stream.ReadOptions{Hold: true})
		synctest.Wait()
		cam.give(tone(0), at(keyframe("key"), 100*ms), tone(80*ms), tone(100*ms))
		sound := open(t, shown, stream.ReadOptions{Sound: true, Sequential: true})
		if f := expectFrame(t, sound, string(tone(100*ms).Data)); f.PTS != 0 {
			t.Errorf("it is at %v, and the picture at 0", f.PTS)
		}
		if shown.Sounds(front).Format != soundFormat {
			t.Error("that there is sound is not known")
		}
	})
}

// TestTakenSourceRestsNoMore has a source that rested for nobody have viewers.
func TestTakenSourceRestsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dozer{frames: make(chan media.Frame)}
		carried := stream.NewCarried(d, new(atomic.Uint64))
		ready := hubOf(t, stream.Options{}, map[string]stream.Source{"front": carried.Ready()})
		shown := hubOf(t, stream.Options{}, map[string]stream.Source{"front": carried})
		open(t, ready, stream.ReadOptions{Hold: true})
		d.expectLooks(t, 0)
		r := open(t, shown, stream.ReadOptions{})
		d.expectLooks(t, 1)
		d.frames <- picture("seen")
		expectFrame(t, r, "seen")
		d.expectLooks(t, 2)
	})
}

func TestLargeGOPIsNotKept(t *testing.T) {
	carriedStory(t, func(t *testing.T, ready, shown *stream.Hub, cam *camera, _ *stream.Carried, _ *atomic.Uint64) {
		open(t, ready, stream.ReadOptions{Hold: true})
		synctest.Wait()
		large := delta("")
		large.Data = make([]byte, 9<<20)
		cam.give(keyframe("key"), large, large, delta("lost"))
		r := open(t, shown, stream.ReadOptions{})
		synctest.Wait()
		cam.give(delta("useless"), at(keyframe("next"), time.Hour))
		if f := expectFrame(t, r, "next"); f.PTS != 0 {
			t.Errorf("it begins at %v", f.PTS)
		}
	})
}

func TestPanicOfACarriedSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		carried := stream.NewCarried(sourceFunc(func(context.Context, func(media.Frame)) error { panic("broken") }), new(atomic.Uint64))
		r := open(t, hubOf(t, stream.Options{}, map[string]stream.Source{"front": carried}), stream.ReadOptions{})
		if _, err := r.Next(t.Context()); err == nil || err.Error() != "camera front: internal error: broken" {
			t.Errorf("it gives %v", err)
		}
	})
}

// TestRunIsNeverWithoutAHolder has two streams come, go and take from each other at
// once, for the race detector, while frames come as fast as they are taken.
func TestRunIsNeverWithoutAHolder(t *testing.T) {
	var running, runs atomic.Int32
	carried := stream.NewCarried(sourceFunc(func(ctx context.Context, emit func(media.Frame)) error {
		if running.Add(1) > 1 {
			t.Error("it runs twice at a time")
		}
		defer running.Add(-1)
		for runs.Add(1); ctx.Err() == nil; {
			emit(picture("x"))
		}
		return ctx.Err()
	}), new(atomic.Uint64))
	var all sync.WaitGroup
	for _, source := range []stream.Source{carried, carried.Ready()} {
		hub := hubOf(t, stream.Options{Linger: time.Microsecond}, map[string]stream.Source{"front": source})
		all.Go(func() {
			for range 100 {
				r, err := hub.Open(front, stream.ReadOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				ctx, cancel := context.WithTimeout(t.Context(), rand.N(time.Millisecond))
				_, _ = r.Next(ctx)
				cancel()
				r.Close()
			}
		})
	}
	all.Wait()
	if runs.Load() == 0 {
		t.Error("it never ran")
	}
}
