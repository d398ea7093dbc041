package rendition_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// counted is a camera that counts its runs, and those of them that go on.
type counted struct {
	camera
	runs, running atomic.Int32
}

func newCounted() *counted {
	return &counted{camera: camera{make(chan media.Frame), make(chan error)}}
}

func (c *counted) Run(ctx context.Context, emit func(media.Frame)) error {
	c.runs.Add(1)
	c.running.Add(1)
	defer c.running.Add(-1)
	return c.camera.Run(ctx, emit)
}

// smallRig is a hub with a camera that has a sub-stream.
type smallRig struct {
	rig
	main, sub *counted
	without   atomic.Bool // it has no sub-stream any more
}

func newSmallRig(t *testing.T) *smallRig {
	r := &smallRig{rig: rig{t: t, slots: rendition.NewSlots(4, 100)}, main: newCounted(), sub: newCounted()}
	r.hub = stream.New(stream.Options{Linger: time.Millisecond, Resolve: func(k stream.Key) (stream.Source, error) {
		switch {
		case k.Rendition == "":
			return r.main, nil
		case k.Rendition == stream.Sub && !r.without.Load():
			return r.sub, nil
		}
		request, ok := rendition.ParseKey(k.Rendition)
		if !ok {
			return nil, stream.ErrUnknown
		}
		return rendition.New(rendition.Options{Hub: r.hub, Camera: k.Camera, Request: request, FFmpeg: "/nowhere/ffmpeg", Slots: r.slots}), nil
	}})
	t.Cleanup(r.hub.Close)
	return r
}

// runs says how often both were connected to, and whether they are now.
func (r *smallRig) expectRuns(main, sub int32, mainOn, subOn bool) {
	r.t.Helper()
	synctest.Wait()
	if r.main.runs.Load() != main || r.sub.runs.Load() != sub || (r.main.running.Load() == 1) != mainOn || (r.sub.running.Load() == 1) != subOn {
		r.t.Fatalf("the camera was connected to %d times (%d now), its sub-stream %d times (%d now); want %d (%v), %d (%v)",
			r.main.runs.Load(), r.main.running.Load(), r.sub.runs.Load(), r.sub.running.Load(), main, mainOn, sub, subOn)
	}
}

// give has one of both give a picture, whose number comes out.
func (r *smallRig) give(of *counted, reader *stream.Reader, n, width, height int) {
	r.t.Helper()
	f, err := media.JPEGFrame(camtest.Picture(n, width, height), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	of.emits <- f
	if reader != nil {
		r.expect(reader, n)
	}
}

// TestSmallPicturesComeOfTheSubStream alone, in its own size where that will do, and not
// longer than somebody wants them.
func TestSmallPicturesComeOfTheSubStream(t *testing.T) {
	for _, key := range []string{"own-m320-sub", "jpeg-m320-sub", "jpeg-w320-sub", "jpeg-h240-sub"} {
		synctest.Test(t, func(t *testing.T) {
			r := newSmallRig(t)
			reader := r.open(key)
			r.expectRuns(0, 1, false, true)
			for n := range 3 {
				r.give(r.sub, reader, n, 320, 240)
			}
			time.Sleep(time.Minute)
			r.expectRuns(0, 1, false, true)
			reader.Close()
			time.Sleep(time.Second)
			r.expectRuns(0, 1, false, false)
		})
	}
}

// TestSubStreamThatFails, before it gave a picture or later, is stood in for by the camera
// at once, and takes over again when it is back; readers see nothing but pictures.
func TestSubStreamThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSmallRig(t)
		reader := r.open("own-m320-sub")
		synctest.Wait()
		r.sub.ends <- errors.New("no such path")
		r.expectRuns(1, 1, true, false)
		r.give(r.main, reader, 1, 640, 480)
		time.Sleep(time.Minute) // and it is tried again
		r.expectRuns(1, 2, true, true)
		r.give(r.main, reader, 2, 640, 480)
		r.give(r.sub, reader, 3, 320, 240)
		time.Sleep(time.Second)
		r.expectRuns(1, 2, false, true)
		r.give(r.sub, reader, 4, 320, 240)

		r.sub.ends <- errors.New("gone")
		r.expectRuns(2, 2, true, false)
		r.give(r.main, reader, 5, 640, 480)
		if stats := r.hub.Stats(); stats[2].Key.Rendition != stream.Sub || stats[2].LastError == nil || stats[2].LastError.Error() != "gone" {
			t.Errorf("it is not told why: %+v", stats)
		}
		for r.sub.running.Load() == 0 {
			time.Sleep(time.Second)
		}
		r.give(r.sub, reader, 6, 320, 240)
		if got := reader.State(); got != stream.Online {
			t.Errorf("the rendition is %v", got)
		}
		if stats := r.hub.Stats(); stats[1].Runs != 1 || stats[1].Failures != 0 {
			t.Errorf("its readers saw it fail: %+v", stats[1])
		}
	})
}

// TestSilentSubStream holds nobody up for long, nor does one whose camera is there already
// where that costs nothing.
func TestSilentSubStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSmallRig(t)
		reader := r.open("jpeg-m320-sub")
		time.Sleep(3900 * time.Millisecond)
		r.expectRuns(0, 1, false, true)
		time.Sleep(200 * time.Millisecond)
		r.expectRuns(1, 1, true, true)
		r.give(r.main, reader, 1, 320, 240)

		own, asked := r.open("own-m320-sub"), time.Now()
		r.expect(own, 1)
		if waited := time.Since(asked); waited > 0 {
			t.Errorf("a picture that was there came after %v", waited)
		}
		r.give(r.sub, own, 2, 320, 240)
		r.expect(reader, 2)
		time.Sleep(time.Second)
		r.expectRuns(1, 1, false, true)
	})
}

// TestSubStreamThatIsTooSmall is left, and not connected to again soon; its owner may
// make it larger.
func TestSubStreamThatIsTooSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSmallRig(t)
		reader := r.open("own-m640-sub")
		synctest.Wait()
		r.give(r.sub, nil, 1, 320, 240)
		r.expectRuns(1, 1, true, true)
		r.give(r.main, reader, 2, 640, 480)
		time.Sleep(time.Second)
		r.expectRuns(1, 1, true, false)
		reader.Close()
		time.Sleep(time.Minute)

		reader = r.open("own-m640-sub")
		r.expectRuns(2, 1, true, false)
		reader.Close()
		small := r.open("own-m320-sub") // for which it is large enough
		r.expectRuns(2, 2, true, true)
		small.Close()

		time.Sleep(time.Hour)
		reader = r.open("own-m640-sub")
		synctest.Wait()
		r.give(r.sub, reader, 3, 640, 480)
		r.expectRuns(2, 3, false, true)
	})
}

// TestOnePictureOfACameraThatIsThere does not take a connection to its sub-stream, which
// whoever watches has.
func TestOnePictureOfACameraThatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSmallRig(t)
		own := r.open("")
		r.give(r.main, own, 1, 320, 240)
		once, err := r.hub.Open(stream.Key{Camera: "front", Rendition: "jpeg-m320-sub"}, stream.ReadOptions{Once: true})
		if err != nil {
			t.Fatal(err)
		}
		defer once.Close()
		r.expect(once, 1)
		r.expectRuns(1, 0, true, false)

		reader := r.open("jpeg-m320-sub")
		r.expect(reader, 1)
		r.give(r.main, reader, 2, 320, 240)
		r.expectRuns(1, 1, true, true)
		r.give(r.sub, reader, 3, 320, 240)
	})
}

// TestSubStreamThatIsTakenAway, or put elsewhere, ends nobody, and nothing of the camera's
// own.
func TestSubStreamThatIsTakenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSmallRig(t)
		own, reader := r.open(""), r.open("own-m320-sub")
		synctest.Wait()
		r.give(r.main, own, 1, 640, 480)
		r.give(r.sub, reader, 2, 320, 240)

		moved := r.sub
		r.sub = newCounted()
		r.hub.ChangeSub("front")
		r.expectRuns(1, 1, true, true)
		if moved.running.Load() != 0 {
			t.Error("the sub-stream goes on where it was")
		}
		r.expect(reader, 1)
		r.give(r.sub, reader, 3, 320, 240)

		r.without.Store(true)
		r.hub.ChangeSub("front")
		r.expectRuns(1, 1, true, false)
		r.expect(reader, 1)
		r.give(r.main, reader, 4, 640, 480)
		r.expect(own, 4)
	})
}
