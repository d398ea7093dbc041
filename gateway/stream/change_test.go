package stream_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// changingHub has one camera, front, whose source is what the test puts there.
func changingHub(t *testing.T) (*stream.Hub, *atomic.Pointer[stream.Source]) {
	source := new(atomic.Pointer[stream.Source])
	hub := stream.New(stream.Options{
		Linger: time.Second,
		Resolve: func(k stream.Key) (stream.Source, error) {
			s := source.Load()
			if s == nil || k.Camera != front.Camera {
				return nil, stream.ErrUnknown
			}
			return *s, nil
		},
	})
	t.Cleanup(hub.Close)
	return hub, source
}

func put(p *atomic.Pointer[stream.Source], s stream.Source) { p.Store(&s) }

func TestAnotherSourceTakesOverAndReadersRideThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, source := changingHub(t)
		old, next := newCamera(t), newCamera(t)
		old.slowEnd = 500 * time.Millisecond
		put(source, old)
		r := open(t, hub, stream.ReadOptions{})
		old.give(picture("old"))
		expectFrame(t, r, "old")

		put(source, next)
		hub.Change("front")
		synctest.Wait()
		if _, kept := hub.Newest(front); kept {
			t.Error("the picture of the old source is given as the camera's newest")
		}
		next.expectRuns(0, 0) // not before the old one has ended
		time.Sleep(time.Second)
		old.expectRuns(1, 0)
		next.expectRuns(1, 1)
		next.give(picture("new"))
		expectFrame(t, r, "new")
	})
}

func TestSourceThatWasRefusedItsLoginIsReplacedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, source := changingHub(t)
		old, next := newCamera(t), newCamera(t)
		put(source, old)
		r := open(t, hub, stream.ReadOptions{})
		synctest.Wait()
		old.fail(stream.ErrDenied)
		if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrDenied) {
			t.Fatal(err)
		}

		put(source, next) // with the right password, say
		hub.Change("front")
		next.expectRuns(1, 1)
	})
}

func TestRemovedCameraEndsItsReadersAndComesBackAsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, source := changingHub(t)
		old, next := newCamera(t), newCamera(t)
		put(source, old)
		r := open(t, hub, stream.ReadOptions{})
		old.give(picture("old"))
		expectFrame(t, r, "old")

		source.Store(nil)
		hub.Change("front")
		if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrClosed) {
			t.Fatalf("the reader of a removed camera gets %v", err)
		}
		old.expectRuns(1, 0)
		if _, err := hub.Open(front, stream.ReadOptions{}); !errors.Is(err, stream.ErrUnknown) {
			t.Fatalf("opening a removed camera gives %v", err)
		}

		put(source, next)
		again := open(t, hub, stream.ReadOptions{})
		next.give(picture("new"))
		expectFrame(t, again, "new")
	})
}

func TestCameraThatTakesPublishersNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, source := changingHub(t)
		pulled := newCamera(t)
		put(source, pulled)
		r := open(t, hub, stream.ReadOptions{})
		pulled.give(picture("pulled"))
		expectFrame(t, r, "pulled")

		put(source, nil)
		hub.Change("front")
		if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrClosed) {
			t.Fatalf("the reader gets %v", err)
		}
		pulled.expectRuns(1, 0)

		publisher := newCamera(t)
		ended := make(chan error, 1)
		go func() { ended <- hub.Attach(t.Context(), front, publisher) }()
		publisher.give(picture("published"))
		again := open(t, hub, stream.ReadOptions{})
		expectFrame(t, again, "published")

		hub.Change("front") // nothing is different
		publisher.expectRuns(1, 1)
		source.Store(nil)
		hub.Change("front")
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatalf("the publisher's run gives %v", err)
		}
	})
}

// A rendition reads the camera by name, so a change of the camera is none of
// the rendition's.
func TestRenditionsStayWhileTheirCameraChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		camera, other := newCamera(t), newCamera(t)
		current := stream.Source(camera)
		var hub *stream.Hub
		hub = stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
			if k.Rendition == "" {
				return current, nil
			}
			return sourceFunc(func(ctx context.Context, emit func(media.Frame)) error {
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
					emit(f)
				}
			}), nil
		}})
		t.Cleanup(hub.Close)
		small, err := hub.Open(stream.Key{Camera: "front", Rendition: "small"}, stream.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer small.Close()
		camera.give(picture("old"))
		expectFrame(t, small, "old")

		current = other
		hub.Change("front")
		synctest.Wait()
		other.give(picture("new"))
		expectFrame(t, small, "new")
	})
}

// TestWhatTheOldSourceStillGivesIsNotTaken: it takes a while to end, and what
// it gives meanwhile is of somewhere else.
func TestWhatTheOldSourceStillGivesIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, source := changingHub(t)
		next := newCamera(t)
		put(source, sourceFunc(func(ctx context.Context, emit func(media.Frame)) error {
			emit(picture("old"))
			<-ctx.Done()
			emit(picture("late"))
			return ctx.Err()
		}))
		r := open(t, hub, stream.ReadOptions{})
		expectFrame(t, r, "old")

		put(source, next)
		hub.Change("front")
		next.expectRuns(1, 1)
		if f, kept := hub.Newest(front); kept {
			t.Errorf("the camera's newest picture is %q, of the old source", f.Data)
		}
		next.give(picture("new"))
		expectFrame(t, r, "new")
	})
}

// TestStreamsOfOneKeyAreToldApart: what is kept for one must not be taken for
// the other's, whose numbers begin again.
func TestStreamsOfOneKeyAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, source := changingHub(t)
		put(source, newCamera(t))
		r, beside := open(t, hub, stream.ReadOptions{}), open(t, hub, stream.ReadOptions{})
		if r.Stream() == 0 || r.Stream() != beside.Stream() {
			t.Errorf("streams %d and %d, want one", r.Stream(), beside.Stream())
		}
		source.Store(nil)
		hub.Change("front")
		put(source, newCamera(t))
		if again := open(t, hub, stream.ReadOptions{}); again.Stream() == r.Stream() {
			t.Error("the camera that is new has the stream of the old one")
		}
	})
}

// TestReadersRideThroughMoves has the frames of a camera be sent in, then pulled,
// then sent in again, and one reader see them all.
func TestReadersRideThroughMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, source := changingHub(t)
		put(source, nil)
		r := open(t, hub, stream.ReadOptions{})
		sends := func(c *camera) chan error {
			ended := make(chan error, 1)
			go func() { ended <- hub.Attach(t.Context(), front, c) }()
			synctest.Wait()
			return ended
		}
		first, pulled, last := newCamera(t), newCamera(t), newCamera(t)
		first.slowEnd = 500 * time.Millisecond
		ended := sends(first)
		first.give(picture("sent"))
		expectFrame(t, r, "sent")

		put(source, pulled)
		hub.Move("front")
		synctest.Wait()
		pulled.expectRuns(0, 0) // not before the publisher has ended
		time.Sleep(time.Second)
		<-ended
		pulled.expectRuns(1, 1)
		pulled.give(picture("pulled"))
		expectFrame(t, r, "pulled")
		if err := hub.Attach(t.Context(), front, last); !errors.Is(err, stream.ErrPulled) {
			t.Errorf("somebody may send in what is pulled: %v", err)
		}

		put(source, nil)
		hub.Move("front")
		synctest.Wait()
		pulled.expectRuns(1, 0)
		sends(last)
		last.give(picture("sent again"))
		expectFrame(t, r, "sent again")
	})
}

// TestRenditionsMoveToo has a rendition be made of another source.
func TestRenditionsMoveToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, source := changingHub(t)
		here, there := newCamera(t), newCamera(t)
		put(source, here)
		r, err := hub.Open(stream.Key{Camera: "front", Rendition: "jpeg"}, stream.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		synctest.Wait()
		here.give(picture("here"))
		expectFrame(t, r, "here")
		put(source, there)
		hub.Move("front")
		synctest.Wait()
		here.expectRuns(1, 0)
		there.give(picture("there"))
		expectFrame(t, r, "there")
	})
}
