package delivery

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// TestRecallIsHeardInAnotherStream: a viewer that is called while it changes
// over to another stream is told there.
func TestRecallIsHeardInAnotherStream(t *testing.T) {
	r := newRig(t)
	open := func() *stream.Reader {
		reader, err := r.hub.Open(front, stream.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return reader
	}
	near, _ := tcpPair(t)
	before, after := open(), open()
	defer before.Close()
	s := r.crowd.Enter(&guest{}, NewConn(near), front, before)
	defer s.Leave()
	s.Recall()
	s.Change(front, after)
	if _, _, err := s.TryNext(); !errors.Is(err, stream.ErrInterrupted) {
		t.Fatalf("it gets %v", err)
	}
	if _, ok, err := s.TryNext(); ok || err != nil {
		t.Errorf("it is called again: %v", err)
	}
}

// publisher is a camera of one picture.
type publisher struct {
	data  string
	given chan struct{}
}

func (p publisher) Run(ctx context.Context, emit func(media.Frame)) error {
	emit(media.Frame{Key: true, Format: format, Data: []byte(p.data)})
	close(p.given)
	<-ctx.Done()
	return ctx.Err()
}

// TestNobodyRidesThePumpOfAnotherStream: when a camera was removed and another
// has its name, the numbers of the frames begin again. A viewer of the old one
// would wait on the new one's pump for numbers that are far away, instead of
// coming to its end; and one of the new one must not end with the old one's.
func TestNobodyRidesThePumpOfAnotherStream(t *testing.T) {
	var gone atomic.Bool
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) {
		if gone.Load() {
			return nil, stream.ErrUnknown
		}
		return nil, nil
	}})
	crowd := NewCrowd(Options{Hub: hub}, 0)
	var publishing sync.WaitGroup
	t.Cleanup(publishing.Wait)
	t.Cleanup(hub.Close)
	t.Cleanup(func() { crowd.Close(soon) })
	publish := func(data string) {
		given := make(chan struct{})
		publishing.Go(func() { _ = hub.Attach(context.Background(), front, publisher{data, given}) }) // ends with the hub
		<-given
	}
	enter := func() *Seat {
		near, _ := tcpPair(t)
		reader, err := hub.Open(front, stream.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s := crowd.Enter(&guest{}, NewConn(near), front, reader)
		t.Cleanup(s.Leave)
		if _, err := s.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s
	}
	publish("old")
	old := enter()
	gone.Store(true)
	hub.Change("front")
	gone.Store(false)
	publish("new")
	young := enter()

	if boarded, err := crowd.board(old); boarded || err != nil {
		t.Fatalf("a viewer of the removed camera boards: %v, %v", boarded, err)
	}
	if _, err := old.Next(t.Context()); !errors.Is(err, stream.ErrClosed) {
		t.Fatalf("a viewer of the removed camera gets %v", err)
	}
	if boarded, err := crowd.board(young); !boarded || err != nil {
		t.Fatalf("a viewer of the camera boards: %v, %v", boarded, err)
	}
	if boarded, err := crowd.board(old); boarded || err != nil {
		t.Fatalf("a viewer of the removed camera boards beside another: %v, %v", boarded, err)
	}
}
