package stream_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// dozer is a source that rests for an hour, if it may, before each look for a
// frame.
type dozer struct {
	frames chan media.Frame
	looks  atomic.Int32
	ended  atomic.Bool
}

func (d *dozer) Run(ctx context.Context, emit func(media.Frame)) error {
	defer d.ended.Store(true)
	for ctx.Err() == nil {
		stream.LifeOf(ctx).Rest(ctx, time.Hour)
		d.looks.Add(1)
		select {
		case f := <-d.frames:
			emit(f)
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func (d *dozer) expectLooks(t *testing.T, want int32) {
	t.Helper()
	synctest.Wait()
	if got := d.looks.Load(); got != want {
		t.Fatalf("looked for a frame %d times, want %d", got, want)
	}
}

func TestSourceRestsWhileNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dozer{frames: make(chan media.Frame)}
		hub := hubOf(t, stream.Options{}, map[string]stream.Source{"front": d})
		keeper := open(t, hub, stream.ReadOptions{Hold: true})
		time.Sleep(59 * time.Minute)
		d.expectLooks(t, 0)

		viewer := open(t, hub, stream.ReadOptions{})
		d.expectLooks(t, 1) // at once
		d.frames <- picture("seen")
		expectFrame(t, viewer, "seen")
		d.expectLooks(t, 2) // without rest
		second := open(t, hub, stream.ReadOptions{})
		expectFrame(t, second, "seen")
		viewer.Close()
		d.frames <- picture("seen by another")
		expectFrame(t, second, "seen by another")
		d.expectLooks(t, 3)
		second.Close()
		second.Close()

		d.frames <- picture("unseen")
		time.Sleep(59 * time.Minute)
		d.expectLooks(t, 3)
		time.Sleep(time.Minute)
		d.expectLooks(t, 4) // of its own accord
		d.frames <- picture("unseen")
		time.Sleep(time.Minute)
		late := open(t, hub, stream.ReadOptions{})
		expectFrame(t, late, "unseen") // which is still the present
		d.expectLooks(t, 5)
		late.Close()
		d.frames <- picture("unseen")

		keeper.Close()
		time.Sleep(9 * time.Second)
		d.expectLooks(t, 5) // it lingers, at rest
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !d.ended.Load() {
			t.Error("the source does not end its rest when it is to end")
		}
	})
}

func TestRestOutsideAStreamIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		stream.LifeOf(t.Context()).Rest(t.Context(), time.Hour)
		if time.Since(began) > 0 {
			t.Error("rested")
		}
	})
}

// TestPaceOfFramesInGroups: three frames every tenth of a second are thirty a
// second, at every moment.
func TestPaceOfFramesInGroups(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Hold: true})
		for n := range 100 {
			cam.give(picture("1"), picture("2"), picture("3"))
			time.Sleep(100 * time.Millisecond)
			if fps := r.FPS(); n > 0 && (fps < 29.9 || fps > 30.1) {
				t.Fatalf("%v frames a second after %d groups", fps, n+1)
			}
		}
		for range 100 { // now one by one, at ten a second
			cam.give(picture("1"))
			time.Sleep(100 * time.Millisecond)
		}
		if fps := r.FPS(); fps < 9.9 || fps > 10.1 {
			t.Errorf("%v frames a second", fps)
		}
		time.Sleep(4 * time.Second) // nothing comes
		if fps := r.FPS(); fps > 0.25 {
			t.Errorf("%v frames a second while nothing comes", fps)
		}
		cam.fail(nil)
		time.Sleep(5 * time.Second)
		for range 2 { // what was before does not count
			cam.give(picture("1"))
			time.Sleep(40 * time.Millisecond)
		}
		if fps := r.FPS(); fps < 24.9 || fps > 25.1 {
			t.Errorf("%v frames a second in the next run", fps)
		}
	})
}

// TestPaceOfABurst: what comes at once at first, as of a new rendition, is as fast as it is to be
// shown; and a leap of a camera's clock is no pace.
func TestPaceOfABurst(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Hold: true})
		for n := range 100 {
			cam.give(shown(time.Duration(n+1) * 50 * time.Millisecond))
			if fps := r.FPS(); n > 0 && (fps < 19 || fps > 25) {
				t.Fatalf("%v frames a second after %d frames", fps, n+1)
			}
			if n < 30 {
				time.Sleep(5 * time.Millisecond)
			} else {
				time.Sleep(50 * time.Millisecond)
			}
		}
		for n := range 30 {
			cam.give(shown(time.Hour + time.Duration(n)*50*time.Millisecond))
			time.Sleep(50 * time.Millisecond)
		}
		if fps := r.FPS(); fps < 19 || fps > 21 {
			t.Errorf("%v frames a second after the clock leapt", fps)
		}
	})
}
