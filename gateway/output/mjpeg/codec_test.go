package mjpeg

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

var asJPEG = stream.Key{Camera: "front", Rendition: "jpeg"}

// made stands for the rendition of a camera that sends no JPEGs: pictures from
// 100 on, each again until somebody may have seen it.
type made struct{}

func (made) Run(ctx context.Context, emit func(media.Frame)) error {
	format := &media.Format{Codec: media.JPEG, Width: 64, Height: 32}
	for n := 100; ; n++ {
		emit(media.Frame{Key: true, Data: camtest.Picture(n, 64, 32), Format: format})
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestCameraOfAnotherCodec: viewers of a camera that sends JPEGs read its own
// stream, and its rendition from where it sends something else, whether it does
// from the beginning or not. They are counted once.
func TestCameraOfAnotherCodec(t *testing.T) {
	for name, jpegs := range map[string]int{"never JPEGs": 0, "JPEGs at first": 3} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testOtherCodec(t, jpegs) })
		})
	}
}

func testOtherCodec(t *testing.T, jpegs int) {
	p := &publisher{t: t, frames: make(chan media.Frame), hub: stream.New(stream.Options{
		Resolve: func(k stream.Key) (stream.Source, error) {
			if k == asJPEG {
				return made{}, nil
			}
			return nil, nil
		},
	})}
	defer p.hub.Close()
	p.attach()
	near, far := net.Pipe()
	left := make(chan error, 1)
	go func() {
		r := httptest.NewRequest("GET", "/live/front.mjpeg", nil)
		choice := delivery.Choice{Own: front, Rendition: asJPEG}
		left <- New(delivery.Options{Hub: p.hub}).Serve(hijackable{httptest.NewRecorder(), far}, r, choice, stream.Client{})
	}()
	response, err := http.ReadResponse(bufio.NewReader(near), nil)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := camtest.ReadParts(response.Body, response.Header, false)
	if err != nil {
		t.Fatal(err)
	}
	for n := range jpegs {
		p.picture(n + 1)
		expectNumber(t, parts, n+1)
	}
	if state := p.hub.State(asJPEG); state != stream.Idle {
		t.Errorf("the rendition is %v while nobody needs it", state)
	}
	p.frames <- media.Frame{Key: true, Data: []byte{0, 0, 0, 1, 0x65}, Format: &media.Format{Codec: media.H264, Width: 64, Height: 32}}
	expectNumber(t, parts, 100)
	expectNumber(t, parts, 101)
	if n := p.hub.Viewers("front"); n != 1 {
		t.Errorf("%d viewers are counted", n)
	}
	near.Close()
	go io.Copy(io.Discard, near)
	if err := <-left; err != nil {
		t.Error(err)
	}
	if n := p.hub.Viewers("front"); n != 0 {
		t.Errorf("%d viewers are counted when it is gone", n)
	}
	p.leave()
}
