package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/config"
	"framegate/gateway/media"
	"framegate/gateway/reach"
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

// TestForbiddenSourcesLeadToWhatHelps: ranges can be allowed, our own listeners cannot.
func TestForbiddenSourcesLeadToWhatHelps(t *testing.T) {
	s, _ := wired(t, "")
	s.port = 8080
	for source, leads := range map[string]bool{"http://127.0.0.1:81/": true, "http://127.0.0.1:8080/": false} {
		err := s.checkSource(config.Source{URL: source})
		if !errors.Is(err, reach.ErrForbidden) || strings.Contains(err.Error(), "under network") != leads {
			t.Errorf("%s: %v", source, err)
		}
	}
}
