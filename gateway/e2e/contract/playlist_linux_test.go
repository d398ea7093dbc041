package contract

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
	"framegate/gateway/playback/tape"
)

// TestPlaylistOverGapsIsReadByOthers who all show every picture, and no hole, and hear
// the sound of each.
func TestPlaylistOverGapsIsReadByOthers(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	rig.Need(t, "ffmpeg", "gst-launch-1.0", "cvlc")
	start := time.Date(2020, 11, 20, 12, 0, 0, 0, time.UTC)
	folder := filepath.Join(t.TempDir(), "recordings")
	film := tape.Film(t, start, "-bf", "2")
	tape.Sing(t, film)
	tape.Folder(t, folder, "film", film)
	s := rig.Start(t, fmt.Sprintf("recordings: {dir: %q}\ncameras: {film: {source: 'upload:', record: {mode: continuous}}}", folder))
	const path = "/live/film/recording.m3u8?from=2020-11-20T12:00:00Z&to=2020-11-20T12:10:00Z"
	rig.Await(t, "the film to be known", func() bool {
		return strings.Count(string(s.Get(t, path, rig.Credentials{}).Content), "#EXT-X-DISCONTINUITY\n") == tape.Gaps
	})
	var all []int
	for _, stretch := range film {
		for range stretch.Frames {
			all = append(all, len(all)+1)
		}
	}
	show := []string{"-vf", "scale=64:48", "-pix_fmt", "gray", "-f", "rawvideo", "-"}

	evenly := append([]string{"-v", "error", "-i", s.URL + path, "-r", "10", "-fps_mode", "cfr"}, show...) // a hole would be filled
	if got := numbersIn(t, camtest.Output(t, nil, "ffmpeg", evenly...)); !slices.Equal(got, all) {
		t.Errorf("ffmpeg shows %d pictures: %v", len(got), got)
	}

	raw := filepath.Join(t.TempDir(), "pictures")
	camtest.Output(t, nil, "gst-launch-1.0", "-q", "uridecodebin", "uri="+s.URL+path, "!", "videoconvert", "!", "videoscale", "!",
		"video/x-raw,format=GRAY8,width=64,height=48,pixel-aspect-ratio=1/1", "!", "filesink", "location="+raw)
	pictures, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := numbersIn(t, pictures); !slices.Equal(got, all) {
		t.Errorf("GStreamer shows %d pictures: %v", len(got), got)
	}

	wantBeeps(t, "ffmpeg", tape.BeepsIn(t, s.URL+path, true), 36)
	wantBeeps(t, "who counts frames", tape.BeepsIn(t, s.URL+path, false), 36)

	stream := camtest.ThroughVLC(t, t.TempDir(), camtest.Film{Path: s.URL + path})[0].Path
	each := append([]string{"-v", "error", "-i", stream, "-fps_mode", "passthrough"}, show...)
	got := numbersIn(t, camtest.Output(t, nil, "ffmpeg", each...))
	most := len(all) - 3 // of any stream VLC forgets what it has read last
	if !slices.Equal(got[:min(len(got), most)], all[:most]) {
		t.Errorf("VLC shows %d pictures: %v", len(got), got)
	}
	wantBeeps(t, "VLC", tape.BeepsIn(t, stream, true), 35)
}

// wantBeeps wants a beep each second, so many at least.
func wantBeeps(t *testing.T, who string, heard []float64, least int) {
	t.Helper()
	if len(heard) < least {
		t.Errorf("%s hears %d beeps: %.3f", who, len(heard), heard)
		return
	}
	for i, at := range heard[:least] {
		if off := at - heard[0] - float64(i); off < -0.05 || off > 0.05 {
			t.Errorf("%s hears beep %d at %.3f, the first at %.3f", who, i, at, heard[0])
		}
	}
}
