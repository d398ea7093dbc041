package stream_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/stream"
)

// TestInterrupt reaches a reader that waits, one that has yet to, and none
// twice; no frame is lost by it.
func TestInterrupt(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		waiting := make(chan error)
		go func() { // ends with the interruption
			_, err := r.Next(t.Context())
			waiting <- err
		}()
		synctest.Wait()
		r.Interrupt()
		if err := <-waiting; !errors.Is(err, stream.ErrInterrupted) {
			t.Errorf("waiting: %v", err)
		}
		cam.give(picture("1"))
		r.Interrupt()
		r.Interrupt()
		if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrInterrupted) {
			t.Errorf("with a frame there: %v", err)
		}
		expectFrame(t, r, "1")
		expectNothing(t, r)
		r.Close()
		r.Interrupt()
		if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

// TestPassed has a reader stand still while another gives its holder frames.
func TestPassed(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r, lead := open(t, hub, stream.ReadOptions{}), open(t, hub, stream.ReadOptions{})
		cam.give(keyframe("I1"))
		expectFrame(t, r, "I1")
		expectFrame(t, lead, "I1")
		cam.give(delta("P2"), delta("P3"))
		expectFrame(t, lead, "P2")
		r.Passed(2, 1)
		if n := r.Dropped(); n != 0 {
			t.Errorf("%d dropped", n)
		}
		expectFrame(t, r, "P3")
		r.Passed(2, 1) // it is farther already
		cam.give(delta("P4"), delta("P5"), delta("P6"))
		r.Passed(5, 1) // of two
		expectFrame(t, r, "P6")
		if n := r.Dropped(); n != 1 {
			t.Errorf("%d dropped, want 1", n)
		}
		expectNothing(t, r)
	})
}

// TestHowAStreamIs sees the state and the rate as the hub and a reader tell
// them.
func TestHowAStreamIs(t *testing.T) {
	story(t, stream.Options{Linger: time.Second}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		expect := func(want stream.State) {
			t.Helper()
			if got := hub.State(front); got != want {
				t.Errorf("%v, want %v", got, want)
			}
		}
		expect(stream.Idle)
		r := open(t, hub, stream.ReadOptions{})
		synctest.Wait()
		expect(stream.Connecting)
		cam.give(picture("1"))
		expect(stream.Online)
		if got := r.FPS(); got != 0 {
			t.Errorf("%v frames a second after the first", got)
		}
		time.Sleep(time.Second / 4)
		cam.give(picture("2"))
		if got := r.FPS(); got != 4 {
			t.Errorf("%v frames a second, want 4", got)
		}
	})
}

// TestInterruptionsDoNotPutOffIdle: who is called away again and again learns
// none the less that no frame comes.
func TestInterruptionsDoNotPutOffIdle(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Idle: time.Second})
		cam.give(picture("1"))
		expectFrame(t, r, "1")
		for round := range 2 {
			began := time.Now()
			for {
				call := time.AfterFunc(300*time.Millisecond, r.Interrupt)
				_, err := r.Next(t.Context())
				call.Stop()
				if took := time.Since(began); errors.Is(err, stream.ErrIdle) && took == time.Second {
					break
				} else if !errors.Is(err, stream.ErrInterrupted) || took > time.Second {
					t.Fatalf("round %d: after %v: %v", round, took, err)
				}
			}
		}
	})
}

// TestFailuresDoNotPutOffIdle: who is told of each failure of a camera learns
// none the less, in time, that no frame comes.
func TestFailuresDoNotPutOffIdle(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Idle: time.Second})
		began := time.Now()
		for round := range 3 {
			time.AfterFunc(300*time.Millisecond, func() { cam.ends <- errors.New("unplugged") })
			_, err := r.Next(t.Context())
			if failed := (*stream.SourceError)(nil); !errors.As(err, &failed) {
				t.Fatalf("failure %d: %v", round, err)
			}
		}
		if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrIdle) || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
