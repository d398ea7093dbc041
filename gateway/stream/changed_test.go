package stream_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/stream"
)

// TestChangesOfStateAreTold, at once, and pictures and further readers are none.
func TestChangesOfStateAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Int32
		door, other := newCamera(t), newCamera(t)
		cameras := map[string]stream.Source{"front": door, "phone": nil}
		hub := hubOf(t, stream.Options{Linger: 10 * time.Second, Changed: func() { told.Add(1) }}, cameras)
		seen := func() (all string) {
			synctest.Wait()
			for _, s := range hub.Stats() {
				all += fmt.Sprint(s.Key, s.State, s.Runs, " ")
			}
			return all
		}
		var first, second, third *stream.Reader
		published, leave := context.WithCancel(t.Context())
		attached := make(chan error)
		before := seen()
		for _, step := range []struct {
			name string
			do   func()
			want string
		}{
			{"somebody watches", func() { first = open(t, hub, stream.ReadOptions{}) }, "front connecting 1 "},
			{"a picture comes", func() { door.give(picture("a")) }, "front online 1 "},
			{"more come", func() { door.give(picture("b"), picture("c")) }, "front online 1 "},
			{"more watch", func() { second = open(t, hub, stream.ReadOptions{}) }, "front online 1 "},
			{"it fails", func() { door.fail(errors.New("cut")); time.Sleep(100 * time.Millisecond) }, "front connecting 2 "},
			{"it is back", func() { door.give(picture("d")) }, "front online 2 "},
			{"it has another source", func() { cameras["front"] = other; hub.Change("front") }, "front connecting 3 "},
			{"which gives pictures", func() { other.give(picture("e")) }, "front online 3 "},
			{"one watches no more", func() { first.Close() }, "front online 3 "},
			{"nor does another", func() { second.Close() }, "front online 3 "},
			{"for long", func() { time.Sleep(10 * time.Second) }, "front idle 3 "},
			{"it is gone", func() { delete(cameras, "front"); hub.Change("front") }, ""},
			{"somebody waits for a publisher", func() {
				var err error
				if third, err = hub.Open(stream.Key{Camera: "phone"}, stream.ReadOptions{}); err != nil {
					t.Fatal(err)
				}
			}, "phone offline 0 "},
			{"who comes", func() {
				go func() { attached <- hub.Attach(published, stream.Key{Camera: "phone"}, door) }() // ends by leave
			}, "phone connecting 1 "},
			{"and sends", func() { door.give(picture("f")) }, "phone online 1 "},
			{"and goes", func() { leave(); <-attached }, "phone offline 1 "},
			{"nobody waits", func() { third.Close() }, "phone idle 1 "},
		} {
			told.Store(0)
			step.do()
			now := seen()
			if now != step.want {
				t.Errorf("%s: %q, want %q", step.name, now, step.want)
			}
			if n := told.Load(); (n > 0) != (now != before) && step.name != "nor does another" {
				t.Errorf("%s: told %d times, from %q to %q", step.name, n, before, now)
			}
			before = now
		}
	})
}

// TestFailureIsToldAfterTheEnd: whoever looks at a run's end sees no camera
// that is offline yet, and is told again when it is.
func TestFailureIsToldAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Int32
		door := newCamera(t)
		hub := hubOf(t, stream.Options{Changed: func() { told.Add(1) }}, map[string]stream.Source{"front": door})
		open(t, hub, stream.ReadOptions{})
		synctest.Wait()
		told.Store(0)
		door.fail(stream.ErrDenied) // after which the pause is long
		if n, state := told.Load(), hub.State(front); n != 2 || state != stream.Offline {
			t.Errorf("told %d times, and it is %v", n, state)
		}
	})
}
