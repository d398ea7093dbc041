package segment

import (
	"path/filepath"
	"slices"
	"testing"

	"framegate/gateway/camtest"
)

// TestVLCOpensAllForms has VLC put what it reads into another container: of each
// form as much comes out as of a file that ffmpeg wrote.
func TestVLCOpensAllForms(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	camtest.Need(t, "cvlc")
	home := t.TempDir()
	all := forms(t, reordered(t), heard(t)...)
	ordinary := filepath.Join(home, "ordinary.mp4")
	camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", file(t, "finished.mp4", all["finished"]), "-c", "copy", ordinary)
	want := sumsOf(t, home, ordinary)
	if len(want) < clipFrames*9/10 {
		t.Fatalf("%d of %d pictures of an ordinary file", len(want), clipFrames)
	}
	eachForm(t, all, func(t *testing.T, name, path string) {
		if got := sumsOf(t, home, path); !slices.Equal(got, want) {
			t.Errorf("%d pictures, not the %d of an ordinary file", len(got), len(want))
		}
	})
}

// sumsOf gives sums of the pictures that VLC has put into a stream.
func sumsOf(t *testing.T, home, path string) []string {
	t.Helper()
	sums, _ := pictures(t, camtest.ThroughVLC(t, home, path))
	return sums
}
