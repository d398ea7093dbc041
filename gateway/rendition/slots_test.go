package rendition

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/stream"
)

// begun takes a slot and starts an encoder, as run.begin does.
func (j *job) begun(ctx context.Context) error {
	if err := j.take(ctx); err != nil {
		return err
	}
	return j.awaitStart(ctx)
}

// TestSlotsAreBounded: who comes when all are taken waits, and is counted.
func TestSlotsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots := NewSlots(2, 100)
		jobs := make([]*job, 4)
		for i := range jobs {
			jobs[i] = &job{slots: slots, stream: stream.Key{Camera: string(rune('a' + i))}}
		}
		for _, j := range jobs[:2] {
			if err := j.begun(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if s := slots.Stats(); s.Running != 2 || s.Queued != 0 || s.Waiting != 0 || s.Starts != 2 || len(s.Encoders) != 2 {
			t.Errorf("two of two: %+v", s)
		}
		began := make(chan error, 1)
		go func() { began <- jobs[2].begun(t.Context()) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := jobs[3].begun(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a fourth: %v", err)
		}
		jobs[3].end()
		if s := slots.Stats(); s.Running != 2 || s.Queued != 2 || s.Waiting != 1 || s.Starts != 2 {
			t.Errorf("two wait, one gave up: %+v", s)
		}
		if err := jobs[0].begun(t.Context()); err != nil {
			t.Errorf("one that has a slot: %v", err)
		}
		jobs[0].end()
		if err := <-began; err != nil {
			t.Error(err)
		}
		jobs[1].end()
		jobs[2].end()
		if s := slots.Stats(); s.Running != 0 || s.Waiting != 0 || s.Queued != 2 || s.Starts != 4 || s.Delayed != 0 || len(s.Encoders) != 0 {
			t.Errorf("in the end: %+v", s)
		}
	})
}

// TestStartsAreBounded: in a burst, those beyond the rate wait, and are counted.
func TestStartsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots := NewSlots(100, 4)
		began := time.Now()
		for range 10 {
			j := &job{slots: slots}
			if err := j.begun(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer j.end()
		}
		if took := time.Since(began); took != 6*time.Second/4 {
			t.Errorf("ten starts took %v", took)
		}
		if s := slots.Stats(); s.Starts != 10 || s.Delayed != 6 || s.Queued != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestSpareSlotIsWaitedFor until there is one, or nobody wants it any more.
func TestSpareSlotIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots := NewSlots(2, 100)
		give, err := slots.Spare(t.Context(), func() {})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		got := make(chan error, 2)
		go func() { _, err := slots.Spare(ctx, func() {}); got <- err }()
		time.Sleep(sparePatience / 2)
		gone := errors.New("nobody wants it any more")
		cancel(gone)
		if err := <-got; !errors.Is(err, gone) {
			t.Error(err)
		}
		go func() { _, err := slots.Spare(t.Context(), func() {}); got <- err }()
		time.Sleep(sparePatience / 2)
		if len(got) > 0 {
			t.Error("the last one is spare")
		}
		give()
		if err := <-got; err != nil || slots.Stats().Running != 1 {
			t.Errorf("%v; %+v", err, slots.Stats())
		}
	})
}

// TestWhatIsForLaterGoesOn, one at a time, where all slots are taken for good.
func TestWhatIsForLaterGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots := NewSlots(1, 100)
		viewer := &job{slots: slots, stream: stream.Key{Camera: "a"}}
		if err := viewer.begun(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer viewer.end()
		gives := make(chan func(), 2)
		for range 2 {
			go func() {
				give, err := slots.Spare(t.Context(), func() { t.Error("it is to give way") })
				if err != nil {
					t.Error(err)
				}
				gives <- give
			}()
		}
		began := time.Now()
		first := <-gives
		if took := time.Since(began); took != sparePatience || slots.Stats().Running != 1 {
			t.Errorf("after %v; %+v", took, slots.Stats())
		}
		time.Sleep(time.Hour)
		if len(gives) != 0 {
			t.Error("two work beside the slots")
		}
		first()
		(<-gives)()
	})
}

// TestSpareSlotsAreGivenBackForViewers, and never taken from them.
func TestSpareSlotsAreGivenBackForViewers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots := NewSlots(2, 100)
		yielded := make(chan struct{}, 9)
		give, ok := slots.spare(func() { yielded <- struct{}{} })
		if !ok || slots.Stats().Running != 1 {
			t.Fatalf("none is spare of two: %+v", slots.Stats())
		}
		if _, ok := slots.spare(func() {}); ok {
			t.Error("the last one is spare")
		}
		first := &job{slots: slots, stream: stream.Key{Camera: "a"}}
		if err := first.begun(t.Context()); err != nil || len(yielded) != 0 {
			t.Fatal(err, len(yielded))
		}
		began := make(chan error, 1)
		second := &job{slots: slots, stream: stream.Key{Camera: "b"}}
		go func() { began <- second.begun(t.Context()) }()
		synctest.Wait()
		if len(yielded) == 0 || len(began) != 0 {
			t.Fatalf("nobody was asked to give one back, %d began", len(began))
		}
		give()
		if err := <-began; err != nil {
			t.Fatal(err)
		}
		first.end()
		if _, ok := slots.spare(func() {}); ok {
			t.Error("one is spare beside a viewer's, of two")
		}
		second.end()
		if s := slots.Stats(); s.Running != 0 || s.Waiting != 0 {
			t.Errorf("in the end: %+v", s)
		}
	})
}

// TestSoundOfRecordingsLeavesThatOfCameras: however many look back, and one user or
// address has a part of their share.
func TestSoundOfRecordingsLeavesThatOfCameras(t *testing.T) {
	s := NewSlots(1, 1)
	ask := func(principal, address string) (n int, release func()) {
		for {
			one, err := s.sound(false, []stream.Client{{Principal: principal, Address: address}})
			if err != nil {
				return n, release
			}
			n, release = n+1, one
		}
	}
	if n, _ := ask("user:ann", "192.0.2.1"); n != mostSoundsEach {
		t.Errorf("a user has %d", n)
	}
	n, release := ask("user:bob", "192.0.2.2")
	if n != mostSoundsEach {
		t.Errorf("another has %d", n)
	}
	release()
	if n, _ := ask("user:bob", "192.0.2.2"); n != 1 {
		t.Errorf("where one ended there are %d", n)
	}
	if n, _ := ask("user:eve", "192.0.2.2"); n != mostSoundsEach {
		t.Errorf("a second user of an address has %d", n)
	}
	if n, _ := ask("user:fay", "192.0.2.2"); n != 0 {
		t.Errorf("a third user of an address has %d", n)
	}
	if n, _ := ask("", ""); n != mostOwnSounds-3*mostSoundsEach {
		t.Errorf("all others have %d", n)
	}
	for n := range mostSounds - mostOwnSounds {
		if _, err := s.sound(true, nil); err != nil {
			t.Fatalf("sound %d of a camera: %v", n, err)
		}
	}
}

// TestEncodersOfSoundAreCountedApart: there are so many and no more, and slots of
// pictures are not among them.
func TestEncodersOfSoundAreCountedApart(t *testing.T) {
	s := NewSlots(1, 1)
	var last func()
	for n := range mostSounds {
		release, err := s.sound(true, nil)
		if err != nil {
			t.Fatalf("encoder %d: %v", n, err)
		}
		last = release
	}
	if _, err := s.sound(true, nil); !errors.Is(err, stream.ErrFull) {
		t.Errorf("one more: %v, want ErrFull", err)
	}
	last()
	if _, err := s.sound(true, nil); err != nil {
		t.Errorf("where one has ended: %v", err)
	}
	if stats := s.Stats(); stats.Sounds != mostSounds || stats.Running != 0 {
		t.Errorf("%d of sound and %d of pictures run, want %d and none", stats.Sounds, stats.Running, mostSounds)
	}
}
