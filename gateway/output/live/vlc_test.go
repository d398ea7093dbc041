//go:build linux

package live

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// TestVLC has VLC play the endless file into another one.
func TestVLC(t *testing.T) {
	const n = 60
	t.Run("H.264", func(t *testing.T) { seenByVLC(t, "", Choice{H264: asH264}, asH264, clip(t, 700, n, 10, "")) })
	t.Run("H.265", func(t *testing.T) {
		seenByVLC(t, "?codec=h265", Choice{Own: own, H264: asH264}, own, clipH265(t, 700, n, 10, "bframes=0"))
	})
}

func seenByVLC(t *testing.T, query string, choice Choice, key stream.Key, frames []media.Frame) {
	program, err := exec.LookPath("cvlc")
	if err != nil {
		t.Skip(err)
	}
	s := newSiteOf(t, overTCP, choice)
	home := t.TempDir()
	out := filepath.Join(home, "out.ts")
	vlc := exec.Command(program, "--no-audio", "--play-and-exit", s.server.URL+"/live/front.mp4"+query, "--sout", "#std{access=file,mux=ts,dst="+out+"}")
	vlc.Env = append(os.Environ(), "HOME="+home)
	vlc.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 { // VLC refuses to be root
		const nobody = 65534
		vlc.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		for _, dir := range []string{home, filepath.Dir(home)} {
			if err := os.Chmod(dir, 0o777); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := vlc.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- vlc.Wait() }() // ends with VLC
	waitFor(t, "VLC asks", func() bool { return len(s.hub.Watchers()) == 1 })
	camera, n := s.attach(key), len(frames)
	for i, f := range frames {
		camera.give(f)
		if i > 0 {
			time.Sleep(time.Second / clipFPS) // the camera's pace
		}
	}
	s.live.Close()
	select {
	case err = <-ended:
	case <-time.After(soon):
		_ = syscall.Kill(-vlc.Process.Pid, syscall.SIGKILL)
		t.Fatal("VLC does not end: ", <-ended)
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	numbers := numbersOf(t, file)
	if len(numbers) < n-5 {
		t.Fatalf("pictures %v", numbers)
	}
	for i, got := range numbers {
		if got != numbers[0]+i {
			t.Fatalf("pictures %v", numbers)
		}
	}
}
