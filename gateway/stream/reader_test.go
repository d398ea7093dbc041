package stream_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/stream"
)

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

// TestBufferOfARecorderIsChanged while it reads.
func TestBufferOfARecorderIsChanged(t *testing.T) {
	story(t, stream.Options{RingBytes: 20}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Sequential: true, Buffer: 100})
		cam.give(keyframe("I---------"))
		expectFrame(t, r, "I---------")
		for _, buffer := range []int{1000, 500} {
			r.SetBuffer(buffer)
			for range 200 {
				cam.give(keyframe("I---------"))
			}
			if kept := stream.RingBytes(hub, front); kept != buffer {
				t.Errorf("the ring keeps %d bytes, want %d", kept, buffer)
			}
		}
		r.Close()
		r.SetBuffer(1000)
		other := open(t, hub, stream.ReadOptions{})
		cam.give(keyframe("I---------"))
		if kept := stream.RingBytes(hub, front); kept > 20 {
			t.Errorf("the ring keeps %d bytes without a recorder", kept)
		}
		other.Close()
	})
}

// TestWhatTheRingLetGoOfIsKnownBefore the reader takes the next frame.
func TestWhatTheRingLetGoOfIsKnownBefore(t *testing.T) {
	story(t, stream.Options{RingBytes: 20}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Sequential: true, Buffer: 100})
		cam.give(keyframe("I---------"))
		if lost, _ := r.Overtaken(); lost != 0 {
			t.Errorf("%d frames are lost of a reader that took none yet", lost)
		}
		expectFrame(t, r, "I---------")
		began := time.Now()
		for i := range 15 {
			if time.Sleep(time.Second); i%2 == 0 {
				cam.give(keyframe(fmt.Sprintf("I%09d", i)))
			} else {
				cam.give(delta(fmt.Sprintf("P%09d", i)))
			}
			if lost, _ := r.Overtaken(); i < 10 != (lost == 0) {
				t.Errorf("%d frames are lost with %d behind the reader", lost, i+1)
			}
		}
		if lost, until := r.Overtaken(); lost != 6 || until.Sub(began) != 7*time.Second {
			t.Errorf("%d frames are lost, until %v", lost, until.Sub(began))
		}
		expectFrame(t, r, "I000000006")
		if lost, _ := r.Overtaken(); lost != 0 || r.Dropped() != 6 {
			t.Errorf("%d frames are to be lost yet, and %d were", lost, r.Dropped())
		}
	})
}

// TestRingKeepsWhatARecorderHasNotGotYet and nothing else for it, in as many
// bytes as it asks for.
func TestRingKeepsWhatARecorderHasNotGotYet(t *testing.T) {
	story(t, stream.Options{RingBytes: 20}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Sequential: true, Buffer: 1000})
		cam.give(keyframe("I---------"))
		expectFrame(t, r, "I---------")
		for i := range 90 {
			cam.give(keyframe(fmt.Sprintf("I%09d", i)))
		}
		if kept := stream.RingBytes(hub, front); kept != 900 {
			t.Errorf("the ring keeps %d bytes for a recorder that is behind, want 900", kept)
		}
		for i := range 90 {
			expectFrame(t, r, fmt.Sprintf("I%09d", i))
		}
		cam.give(keyframe("I---------"))
		expectFrame(t, r, "I---------")
		if kept := stream.RingBytes(hub, front); kept > 100 { // the last GOP, and the eight frames before it
			t.Errorf("the ring keeps %d bytes for a recorder that keeps up", kept)
		}
		other := open(t, hub, stream.ReadOptions{})
		r.Close()
		for range 10 {
			cam.give(delta("P---------"))
		}
		if kept := stream.RingBytes(hub, front); kept > 20 {
			t.Errorf("the ring keeps %d bytes without a recorder", kept)
		}
		other.Close()
	})
}

func TestFramesTellWhenTheyArrived(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		taken := time.Now().Add(-time.Minute)
		f := picture("1")
		f.Wall = taken
		time.Sleep(time.Second)
		cam.give(f)
		if f := expectFrame(t, r, "1"); !f.Arrived.Equal(time.Now()) || !f.Wall.Equal(taken) {
			t.Errorf("arrived %v, taken %v; want %v, %v", f.Arrived, f.Wall, time.Now(), taken)
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

func TestStreamFillsInTheTimes(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		cam.expectRuns(1, 1)
		began := time.Now()
		time.Sleep(time.Second)
		cam.give(picture("1"))
		one := expectFrame(t, r, "1")
		cam.give(picture("2")) // at the same time
		two := expectFrame(t, r, "2")
		time.Sleep(time.Second)
		cam.give(picture("3"))
		three := expectFrame(t, r, "3")
		if !one.Wall.Equal(began.Add(time.Second)) || one.PTS != 0 {
			t.Errorf("taken at %v, media time %v", one.Wall.Sub(began), one.PTS)
		}
		if two.PTS <= one.PTS || three.PTS != time.Second {
			t.Errorf("media time goes from %v to %v and %v", one.PTS, two.PTS, three.PTS)
		}
	})
}

// TestMediaTimeFromZero: a source's first media time may well be 0, and is its
// own also where the source was long in coming.
func TestMediaTimeFromZero(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		cam.expectRuns(1, 1)
		for _, pts := range []time.Duration{0, 40 * time.Millisecond, 80 * time.Millisecond, 0, 40 * time.Millisecond} {
			time.Sleep(300 * time.Millisecond)
			f := picture(fmt.Sprint(pts))
			f.PTS = pts
			cam.give(f)
			if got := expectFrame(t, r, fmt.Sprint(pts)); got.PTS != pts {
				t.Errorf("media time %v, want %v", got.PTS, pts)
			}
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
