package attack

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestSizesBeyondAShareAreRefusedInWords, in every form, while the camera as it
// is and the sizes that are shown already are for all.
func TestSizesBeyondAShareAreRefusedInWords(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg")
	s := rig.Start(t, "limits: {encoders: 4}\ncameras: {front: {source: 'test:?width=320&height=240&fps=10', keep: always}}")
	for _, size := range []string{"width=160", "height=160"} {
		watch(t, s.URL+"/live/front.mjpeg?"+size)
	}
	rig.Await(t, "both are encoded", func() bool { return strings.Contains(page(t, s.URL+"/metrics"), "framegate_encoders_running 2\n") })
	for _, path := range []string{".mjpeg", ".sse", ".mp4", ".jpg"} {
		s.Ask(t, rig.Question{Name: path, Path: "/live/front" + path + "?quality=10", Status: http.StatusServiceUnavailable,
			Says: "2 other sizes, rates or qualities of this camera are being shown already, which is all there may be; ask for one of those again, or without width, height, fps and quality"})
	}
	// Another one: what was refused above may be there for a moment, for nobody.
	s.Ask(t, rig.Question{Name: "for a player", Path: "/live/front?quality=20", Status: http.StatusServiceUnavailable, Says: "too many encoders"})
	s.Ask(t, rig.Question{Name: "as it is", Path: "/live/front.jpg", Status: http.StatusOK})
	s.Ask(t, rig.Question{Name: "a size that is shown", Path: "/live/front.jpg?width=160", Status: http.StatusOK})
	s.Ask(t, rig.Question{Name: "one that needs no encoder", Path: "/live/front.jpg?width=640", Status: http.StatusOK})
	s.Ask(t, rig.Question{Name: "metrics", Path: "/metrics", Status: http.StatusOK, Says: `framegate_limit_hits_total{limit="encoders_per_camera"} `})
}

// watch opens a stream that does not end, and leaves it with the test.
func watch(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
}

// page gives what an address answers.
func page(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
