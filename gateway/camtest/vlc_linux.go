package camtest

import (
	"context"
	_ "embed" // for vlc.lua
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Film is what VLC is to put into a stream: a file, or what is at an address, from a
// time on.
type Film struct {
	Path string
	From time.Duration
}

// Streamed is what VLC made of a film.
type Streamed struct {
	Path   string        // of the stream
	Length time.Duration // that it takes the film for
}

//go:embed vlc.lua
var lengths []byte

// most is how many films one VLC plays; behind the fourteenth it hangs.
const most = 8

// ThroughVLC has VLC put films into streams, one after another, in a folder that is
// all its own and may be everybody's.
func ThroughVLC(t testing.TB, home string, films ...Film) (all []Streamed) {
	t.Helper()
	Need(t, "cvlc")
	scripts := filepath.Join(home, "vlc", "lua", "intf")
	if err := os.MkdirAll(scripts, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(scripts, "lengths.lua"), lengths, 0o644); err != nil {
		t.Fatal(err)
	}
	for some := range slices.Chunk(films, most) {
		all = append(all, throughVLC(t, home, len(all), some)...)
	}
	return all
}

// throughVLC has one VLC do so, and numbers the streams from one on.
func throughVLC(t testing.TB, home string, from int, films []Film) (all []Streamed) {
	t.Helper()
	said := filepath.Join(home, "lengths")
	args := []string{"-I", "luaintf", "--lua-intf", "lengths", "--lua-config", fmt.Sprintf("lengths={out=%q}", said), "--no-audio", "--play-and-exit"}
	names := []string{home, filepath.Dir(home)}
	for i, f := range films {
		out := filepath.Join(home, fmt.Sprintf("out%d.ts", from+i)) // no comma in it, which VLC takes for its own
		_ = os.Remove(out)                                          // it may not be there
		all = append(all, Streamed{Path: out})
		args = append(args, f.Path, fmt.Sprintf(":start-time=%.3f", f.From.Seconds()), ":sout=#std{access=file,mux=ts,dst="+out+"}")
		if !strings.Contains(f.Path, "://") {
			names = append(names, filepath.Dir(f.Path), filepath.Dir(filepath.Dir(f.Path)), f.Path)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), programCeiling)
	defer cancel()
	vlc := exec.CommandContext(ctx, "cvlc", args...)
	vlc.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME="+home)
	if os.Getuid() == 0 { // VLC refuses to be root
		const nobody = 65534
		vlc.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		for _, name := range names {
			if err := os.Chmod(name, 0o777); err != nil {
				t.Fatal(err)
			}
		}
	}
	if said, err := vlc.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	b, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Fields(string(b)) {
		if seconds, err := strconv.ParseFloat(line, 64); err == nil && i < len(all) {
			all[i].Length = time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
		}
	}
	return all
}
