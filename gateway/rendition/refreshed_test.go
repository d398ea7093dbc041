package rendition_test

import (
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// TestStreamsWithoutIDRAreEncoded: browsers begin with IDR pictures alone, so
// for players those of a camera that sends none are made.
func TestStreamsWithoutIDRAreEncoded(t *testing.T) {
	const count = 6
	frames := h264s(t, 0, count, 320, 176)
	refreshed := *frames[0].Format
	refreshed.Refreshed = true
	r := newRig(t, "")
	h264, jpeg := r.open("h264"), r.open("jpeg")
	for n, f := range frames {
		f.Format = &refreshed
		r.camera.emits <- f
		got := r.next(h264)
		if got.Format.Refreshed || got.Format.Codec != media.H264 || got.Key != (n == 0) || &got.Data[0] == &f.Data[0] {
			t.Errorf("frame %d: key %v, %+v", n, got.Key, got.Format)
		}
		picture := r.next(jpeg)
		if number, err := camtest.ReadJPEGNumber(picture.Data); err != nil || number != n {
			t.Errorf("picture %d reads %d, %v", n, number, err)
		}
	}
}
