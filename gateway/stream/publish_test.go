package stream_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// audience is a stream with readers that count what they get.
type audience struct {
	emit func(media.Frame)
	seen atomic.Int64
	end  func()
}

// gather opens readers and waits until the stream's source runs.
func gather(t testing.TB, readers int) *audience {
	a := &audience{}
	ready := make(chan struct{})
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) {
		return sourceFunc(func(ctx context.Context, emit func(media.Frame)) error {
			a.emit = emit
			close(ready)
			<-ctx.Done()
			return nil
		}), nil
	}})
	var wg sync.WaitGroup
	for range readers {
		r, err := hub.Open(front, stream.ReadOptions{Sequential: true})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for {
				if _, err := r.Next(context.Background()); err != nil {
					return
				}
				a.seen.Add(1)
			}
		})
	}
	a.end = func() { hub.Close(); wg.Wait() }
	<-ready
	return a
}

// publish emits a frame and waits until every reader has it.
func (a *audience) publish(f media.Frame, readers int) {
	want := a.seen.Load() + int64(readers)
	a.emit(f)
	for a.seen.Load() < want {
		runtime.Gosched()
	}
}

func TestPublishingAllocatesNothingPerReader(t *testing.T) {
	const readers = 200
	a := gather(t, readers)
	defer a.end()
	f := media.Frame{Key: true, Format: jpegFormat, Data: make([]byte, 1<<20)}
	for range 100 {
		a.publish(f, readers)
	}
	if allocs := testing.AllocsPerRun(1000, func() { a.publish(f, readers) }); allocs > 1 {
		t.Errorf("%v allocations a frame for %d readers", allocs, readers)
	}
}

// BenchmarkPublish measures one frame from emit to the last of its readers.
func BenchmarkPublish(b *testing.B) {
	for _, c := range []struct {
		name    string
		readers int
	}{{"1", 1}, {"200", 200}} {
		b.Run(c.name, func(b *testing.B) {
			a := gather(b, c.readers)
			defer a.end()
			f := media.Frame{Key: true, Format: jpegFormat, Data: make([]byte, 75_000)}
			b.ReportAllocs()
			for b.Loop() {
				a.publish(f, c.readers)
			}
		})
	}
}
