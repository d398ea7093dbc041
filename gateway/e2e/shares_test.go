package e2e

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestSizesBeyondAShareAreRefusedInWords, in every form, while the camera as it
// is and the sizes that are shown already are for all.
func TestSizesBeyondAShareAreRefusedInWords(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg")
	s := startGateway(t, "limits: {encoders: 4}\ncameras: {front: {source: 'test:?width=320&height=240&fps=10', keep: always}}")
	for _, size := range []string{"width=160", "height=160"} {
		watch(t, s.url+"/live/front.mjpeg?"+size)
	}
	await(t, "both are encoded", func() bool { return strings.Contains(page(t, s.url+"/metrics"), "framegate_encoders_running 2\n") })
	for _, path := range []string{".mjpeg", ".sse", ".mp4", ".jpg"} {
		s.ask(t, question{name: path, path: "/live/front" + path + "?quality=10", status: http.StatusServiceUnavailable,
			says: "2 other sizes, rates or qualities of this camera are being shown already, which is all there may be; ask for one of those again, or without width, height, fps and quality"})
	}
	s.ask(t, question{name: "for a player", path: "/live/front?quality=10", status: http.StatusServiceUnavailable, says: "too many encoders"})
	s.ask(t, question{name: "as it is", path: "/live/front.jpg", status: http.StatusOK})
	s.ask(t, question{name: "a size that is shown", path: "/live/front.jpg?width=160", status: http.StatusOK})
	s.ask(t, question{name: "one that needs no encoder", path: "/live/front.jpg?width=640", status: http.StatusOK})
	s.ask(t, question{name: "metrics", path: "/metrics", status: http.StatusOK, says: `framegate_limit_hits_total{limit="encoders_per_camera"} `})
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
