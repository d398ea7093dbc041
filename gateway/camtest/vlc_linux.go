package camtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// ThroughVLC has VLC put a file, or what is at an address, into a stream, in a folder
// that is all its own and may be everybody's, and gives the path of that.
func ThroughVLC(t testing.TB, home, path string) string {
	t.Helper()
	Need(t, "cvlc")
	out := filepath.Join(home, "out.ts") // no comma in it, which VLC takes for its own
	_ = os.Remove(out)                   // it may not be there
	ctx, cancel := context.WithTimeout(context.Background(), programCeiling)
	defer cancel()
	vlc := exec.CommandContext(ctx, "cvlc", "--no-audio", "--play-and-exit", path, "--sout", "#std{access=file,mux=ts,dst="+out+"}")
	vlc.Env = append(os.Environ(), "HOME="+home)
	if os.Getuid() == 0 { // VLC refuses to be root
		const nobody = 65534
		vlc.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		names := []string{home, filepath.Dir(home)}
		if !strings.Contains(path, "://") {
			names = append(names, filepath.Dir(path), filepath.Dir(filepath.Dir(path)), path)
		}
		for _, name := range names {
			if err := os.Chmod(name, 0o777); err != nil {
				t.Fatal(err)
			}
		}
	}
	if said, err := vlc.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return out
}
