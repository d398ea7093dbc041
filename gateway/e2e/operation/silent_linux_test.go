package operation

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestFfmpegThatStopsWithoutEndingIsNoticed: what plays files and makes patterns
// may hang, and its camera is then said to be away, and tried again.
func TestFfmpegThatStopsWithoutEndingIsNoticed(t *testing.T) {
	t.Parallel()
	clip := rig.NumberedClip(t, 600)
	configuration := fmt.Sprintf("auth: 'off'\nlimits: {camera_silence: 1s}\ncameras: {film: {source: 'file://%s'}, pattern: {source: 'test:?width=64&height=64&fps=10'}}\n", clip)
	p := rig.StartProcess(t, t.TempDir(), rig.WriteConfig(t, configuration))
	for _, path := range []string{"/live/film.mp4", "/live/pattern.mjpeg"} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", p.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		go io.Copy(io.Discard, response.Body) // ends with the test's context
		defer response.Body.Close()
	}
	shown := regexp.MustCompile(`(?m)^framegate_stream_frames_total\{camera="\w+",rendition=""\} [1-9]`)
	rig.Await(t, "pictures of both", func() bool {
		return len(shown.FindAll(p.Get(t, "/metrics", rig.Credentials{}).Content, -1)) == 2
	})
	for _, pid := range rig.ChildrenOf(t, p.Cmd.Process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil && !errors.Is(err, syscall.ESRCH) { // what looked for sound may be gone
			t.Fatal(err)
		}
	}
	for _, camera := range []string{"film", "pattern"} {
		rig.Await(t, camera+" is said to be away", func() bool {
			return strings.Contains(p.Log.String(), "stream="+camera+` reason="no picture for `)
		})
	}
}
