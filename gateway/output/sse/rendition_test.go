package sse

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// relay makes a rendition of the camera, which waits where nobody sends.
type relay struct{ hub *stream.Hub }

func (r relay) Run(ctx context.Context, emit func(media.Frame)) error {
	reader, err := r.hub.Open(front, stream.ReadOptions{})
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		frame, err := reader.Next(ctx)
		if err != nil {
			return err
		}
		emit(frame)
	}
}

// TestRenditionOfACameraThatNobodySendsTo is away as its camera is, though what
// makes it runs.
func TestRenditionOfACameraThatNobodySendsTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{t: t, frames: make(chan media.Frame)}
		p.hub = stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
			if k == front {
				return nil, nil
			}
			return relay{p.hub}, nil
		}})
		defer p.hub.Close()
		small := stream.Key{Camera: front.Camera, Rendition: "small"}
		e := watchKey(t, New(delivery.Options{Hub: p.hub}), small)
		came := time.Now()
		told, err := e.next()
		if err == nil && told.state() == "connecting, connecting" { // what makes it has not begun
			told, err = e.next()
		}
		if d := told.arrived.Sub(came); err != nil || told.state() != "offline, away" || d > tick {
			t.Fatalf("%s, %v, told after %v", told.state(), err, d)
		}
		late := watchKey(t, New(delivery.Options{Hub: p.hub}), small)
		expectState(t, late, "offline, away")
		p.attach()
		p.picture(1)
		for _, e := range []*events{e, late} {
			expectState(t, e, "online, online")
			expectNumber(t, e, 1)
		}
		p.leave()
	})
}
