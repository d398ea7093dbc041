package segment

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// TestVLCOpensAllForms has VLC put what it reads into another container: of each
// form as much comes out as of a file that ffmpeg wrote.
func TestVLCOpensAllForms(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	need(t, "cvlc")
	home := t.TempDir()
	all := forms(t, reordered(t))
	ordinary := filepath.Join(home, "ordinary.mp4")
	output(t, "ffmpeg", "-v", "error", "-i", file(t, "finished.mp4", all["finished"]), "-c", "copy", ordinary)
	want := throughVLC(t, home, ordinary)
	if len(want) < clipFrames*9/10 {
		t.Fatalf("%d of %d pictures of an ordinary file", len(want), clipFrames)
	}
	eachForm(t, all, func(t *testing.T, name, path string) {
		if got := throughVLC(t, home, path); !slices.Equal(got, want) {
			t.Errorf("%d pictures, not the %d of an ordinary file", len(got), len(want))
		}
	})
}

// throughVLC gives sums of the pictures that VLC has put into a stream.
func throughVLC(t *testing.T, home, path string) []string {
	t.Helper()
	out := filepath.Join(home, "out.ts") // no comma in it, which VLC takes for its own
	_ = os.Remove(out)
	ctx, cancel := context.WithTimeout(t.Context(), ceiling)
	defer cancel()
	vlc := exec.CommandContext(ctx, "cvlc", "--no-audio", "--play-and-exit", path, "--sout", "#std{access=file,mux=ts,dst="+out+"}")
	vlc.Env = append(os.Environ(), "HOME="+home)
	if os.Getuid() == 0 { // VLC refuses to be root
		const nobody = 65534
		vlc.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		for _, path := range []string{home, filepath.Dir(home), filepath.Dir(path), filepath.Dir(filepath.Dir(path)), path} {
			if err := os.Chmod(path, 0o777); err != nil {
				t.Fatal(err)
			}
		}
	}
	if said, err := vlc.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	sums, _ := pictures(t, out)
	return sums
}
