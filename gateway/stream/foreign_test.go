package stream_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// passing is a rendition of the camera front that passes all on.
type passing struct{ hub **stream.Hub }

func (p passing) Run(ctx context.Context, emit func(media.Frame)) error {
	reader, err := (*p.hub).Open(front, stream.ReadOptions{RunEnds: true})
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		f, err := reader.Next(ctx)
		if err != nil {
			return reader.Because(err)
		}
		emit(f)
	}
}

// TestRenditionKeepsNoPictureOfAnotherCamera: once a camera has another source, nobody
// is given what the one before showed, of no rendition.
func TestRenditionKeepsNoPictureOfAnotherCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := new(atomic.Pointer[stream.Source])
		var hub *stream.Hub
		hub = stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
			if k == front {
				return *source.Load(), nil
			}
			return passing{&hub}, nil
		}})
		defer hub.Close()
		old, next := newCamera(t), newCamera(t)
		put(source, old)
		small := stream.Key{Camera: front.Camera, Rendition: "jpeg"}
		r, err := hub.Open(small, stream.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		synctest.Wait()
		old.give(picture("old"))
		if _, err := r.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		put(source, next) // which gives nothing yet
		hub.Change(front.Camera)
		time.Sleep(time.Minute)
		if f, kept := hub.Newest(small); kept {
			t.Errorf("the rendition gives %q, of the camera before", f.Data)
		}
		next.give(picture("new"))
		if f, err := r.Next(t.Context()); err != nil || string(f.Data) != "new" {
			t.Fatalf("%q, %v", f.Data, err)
		}
		if f, kept := hub.Newest(small); !kept || string(f.Data) != "new" {
			t.Errorf("the newest is %q", f.Data)
		}
	})
}

// TestViewersOfANetworkAreCountedTogether: a client of IPv6 has a /64 of addresses.
func TestViewersOfANetworkAreCountedTogether(t *testing.T) {
	for address, most := range map[string]int{"2001:db8::%d": 2, "2001:db8:0:%d::1": 5, "192.0.2.%d": 5, "::ffff:192.0.2.%d": 5, "fe80::%d%%eth0": 2} {
		synctest.Test(t, func(t *testing.T) {
			camera := newCamera(t)
			hub := stream.New(stream.Options{Limits: stream.Limits{ViewersPerAddress: 2}, Resolve: func(stream.Key) (stream.Source, error) { return camera, nil }})
			defer hub.Close()
			n := 0
			for i := range 5 {
				r, err := hub.Open(front, stream.ReadOptions{Client: &stream.Client{Address: fmt.Sprintf(address, i+1)}})
				if err == nil {
					defer r.Close()
					n++
				}
			}
			if n != most {
				t.Errorf("of %s there are %d viewers", address, n)
			}
		})
	}
}
