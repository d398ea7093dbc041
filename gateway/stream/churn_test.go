package stream_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

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
					options.Client = &stream.Client{Address: fmt.Sprint(i)}
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
