package delivery

import (
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// lent is a viewer that lends memory, and counts how often it was given back.
type lent struct{ written int }

func (l *lent) Message(*media.Frame) (Message, bool) { return Message{Head: []byte{1}}, true }
func (l *lent) Written()                             { l.written++ }

// partly is a connection that takes all of a message at once, or not.
type partly struct{ takes bool }

func (p *partly) Write(Message) error              { return nil }
func (p *partly) Close()                           {}
func (p *partly) Cut()                             {}
func (p *partly) bind(time.Duration, func(string)) {}
func (p *partly) awaitEnd() bool                   { return false }
func (p *partly) pumped() bool                     { return true }
func (p *partly) try(Message) bool                 { return p.takes }
func (p *partly) finish() error                    { return nil }

// TestMemoryIsGivenBackWhenAllIsWritten, by the pump or by the viewer itself, and not
// while some of it has yet to be.
func TestMemoryIsGivenBackWhenAllIsWritten(t *testing.T) {
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return nil, nil }})
	defer hub.Close()
	key := stream.Key{Camera: "front"}
	reader, err := hub.Open(key, stream.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	viewer, conn := &lent{}, &partly{takes: true}
	seat := NewCrowd(Options{Hub: hub}, time.Minute).Enter(viewer, conn, key, reader)
	defer seat.Leave()
	format := &media.Format{Codec: media.JPEG}
	for i, step := range []struct {
		takes   bool
		written int
	}{{true, 1}, {false, 1}, {true, 2}} {
		conn.takes = step.takes
		stays, err := seat.step(&media.Frame{Seq: uint64(i + 1), Key: true, Format: format})
		if stays != step.takes || err != nil || viewer.written != step.written {
			t.Errorf("step %d: it stays: %v, %v; given back %d times", i, stays, err, viewer.written)
		}
	}
	if err := seat.Write(Message{Head: []byte{1}}); err != nil || viewer.written != 3 {
		t.Errorf("%v; given back %d times in all", err, viewer.written)
	}
}
