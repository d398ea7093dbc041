//go:build linux

package live

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// TestVLC has VLC play the endless file into another one.
func TestVLC(t *testing.T) {
	const n = 60
	t.Run("H.264", func(t *testing.T) { seenByVLC(t, "", Choice{H264: asH264}, asH264, clip(t, 700, n, 10, ""), nil) })
	t.Run("H.265", func(t *testing.T) {
		seenByVLC(t, "?codec=h265", Choice{Own: own, H264: asH264}, own, clipH265(t, 700, n, 10, "bframes=0"), nil)
	})
	t.Run("sound", func(t *testing.T) {
		choice := Choice{Own: own, H264: asH264, AAC: asAAC, Opus: asOpus}
		seenByVLC(t, "", choice, own, clip(t, 700, n, 10, ""), camtest.AAC(t, "sine=440:d=3", 48000, 2))
	})
}

// seenByVLC has VLC see a camera that sends such frames, and such sound.
func seenByVLC(t *testing.T, query string, choice Choice, key stream.Key, frames, sound []media.Frame) {
	camtest.Need(t, "cvlc")
	s := newSiteOf(t, overTCP, choice)
	home := t.TempDir()
	out := filepath.Join(home, "out.ts")
	vlc := exec.Command("cvlc", "--play-and-exit", s.server.URL+"/live/front.mp4"+query, "--sout", "#std{access=file,mux=ts,dst="+out+"}")
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
	if len(sound) > 0 {
		camera.Give(media.Frame{Format: sound[0].Format})
	}
	heard := 0
	for i, f := range frames {
		for ; heard < len(sound) && sound[heard].PTS <= f.PTS; heard++ {
			camera.Give(sound[heard])
		}
		camera.Give(f)
		if i > 0 {
			time.Sleep(time.Second / clipFPS) // the camera's pace
		}
	}
	s.live.Close()
	var err error
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
	if got, want := tracks(t, file), tracksOf(frames, sound); got != want {
		t.Errorf("ffprobe finds %q, want %q", got, want)
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

// tracksOf names the codecs of both as ffprobe does.
func tracksOf(pictures, sound []media.Frame) string {
	names := map[media.Codec]string{media.H264: "h264", media.H265: "hevc", media.AAC: "aac"}
	all := names[pictures[0].Format.Codec]
	if len(sound) > 0 {
		all += " " + names[sound[0].Format.Codec]
	}
	return all
}
