package rendition

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
)

// TestBoxHoldsTheNewest, counts what it took the place of, and gives what is in
// it when it is closed.
func TestBoxHoldsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox()
		for n := range 4 {
			b.put(media.Frame{PTS: time.Duration(n)})
		}
		if f, err := b.next(t.Context()); err != nil || f.PTS != 3 || b.dropped() != 3 {
			t.Errorf("got %d, %v; %d dropped", f.PTS, err, b.dropped())
		}
		if _, ok, err := b.try(); ok || err != nil {
			t.Errorf("the same again: %v, %v", ok, err)
		}
		time.AfterFunc(time.Second, func() { b.put(media.Frame{PTS: 4}) })
		if f, err := b.next(t.Context()); err != nil || f.PTS != 4 {
			t.Errorf("got %d, %v", f.PTS, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		b.put(media.Frame{PTS: 5})
		b.close()
		if f, err := b.next(t.Context()); err != nil || f.PTS != 5 {
			t.Errorf("got %d, %v", f.PTS, err)
		}
		if _, err := b.next(t.Context()); !errors.Is(err, errNoMore) || b.dropped() != 3 {
			t.Errorf("got %v; %d dropped", err, b.dropped())
		}
	})
}
