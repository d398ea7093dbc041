package rtspcam

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
)

// vlc has VLC send a film, over and over, and gives its URL. VLC refuses to run
// as root.
func vlc(t *testing.T, path string) string {
	t.Helper()
	program := rtptest.Tool(t, "cvlc")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	home := filepath.Dir(path)
	c := exec.Command(program, "--no-audio", "--play-and-exit", path, "--sout", "#rtp{sdp=rtsp://"+address+"/cam}")
	c.Env = append(os.Environ(), "HOME="+home)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		const nobody = 65534
		c.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		for dir := home; dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) {
			os.Chmod(dir, 0o755) // for nobody to read
		}
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		c.Wait()
	})
	return "rtsp://" + address + "/cam"
}

// TestVLC joins VLC's streams in the middle. VLC refuses TCP, so this is the
// automatic way to UDP too; and it is not there at once, so this is
// reconnecting too.
func TestVLC(t *testing.T) {
	thorough(t)
	const n = 50
	for _, f := range []struct {
		name, file string
		args       []string
	}{
		{"x264 with B-frames", "f.mp4", []string{"-c:v", "libx264", "-bf", "2", "-g", "15", "-pix_fmt", "yuv420p"}},
		{"x265 with B-frames", "f.mp4", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=2:keyint=15:min-keyint=15:open-gop=0:repeat-headers=1", "-pix_fmt", "yuv420p", "-tag:v", "hvc1"}},
		{"mjpeg of ffmpeg", "f.mov", []string{"-c:v", "mjpeg", "-huffman", "default", "-q:v", "3", "-pix_fmt", "yuvj420p"}},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := newSource(t, Options{URL: vlc(t, rtptest.Film(t, 240, 160, 120, f.file, f.args...))})
			reader := open(t, newHub(t, s))
			var frames []media.Frame
			for len(frames) < n || !frames[len(frames)-1].Key {
				frames = append(frames, nextOf(t, reader))
			}
			reader.Close()
			got := rtptest.Numbers(t, frames[:len(frames)-1])
			slices.Sort(got)
			if want := rtptest.Span(got[0], got[0]+len(got)); !slices.Equal(got, want) {
				t.Errorf("pictures %v, want %v", got, want)
			}
		})
	}
}
