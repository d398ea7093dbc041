package server

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// TestACameraThatSaysItSendsFLV is one of FLV until it sends something else.
func TestACameraThatSaysItSendsFLV(t *testing.T) {
	clip := camtest.Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=1", "-c:v", "libx264", "-preset", "ultrafast", "-f", "flv", "-")
	changed := make(chan struct{})
	camera := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-changed:
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = w.Write(camtest.Picture(1, 64, 64))
			return
		default:
		}
		w.Header().Set("Content-Type", "video/x-flv; charset=x")
		_, _ = w.Write(clip)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(camera.Close)
	s, _ := wired(t, "cameras: {front: {source: '"+camera.URL+"/video', keep: always}}")
	key := stream.Key{Camera: "front"}
	shows := func(codec media.Codec) func() bool {
		return func() bool {
			f, ok := s.hub.Newest(key)
			return ok && f.Format.Codec == codec
		}
	}
	await(t, "H.264", shows(media.H264))
	close(changed)
	await(t, "JPEGs", shows(media.JPEG))
}
