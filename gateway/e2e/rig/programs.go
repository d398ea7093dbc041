package rig

import (
	"bufio"
	"context"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// Need skips a test that wants a program which is not there, where the run
// was told to install nothing, and fails it otherwise.
func Need(t *testing.T, programs ...string) {
	t.Helper()
	camtest.Need(t, programs...)
}

// Missing ends a test because something is not there: it is skipped where the
// run was told to install nothing, and fails otherwise.
func Missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
		t.Skip(what)
	}
	t.Fatal(what)
}

// programLife is how long a program runs at most: longer than any test has one serve
// it, or build something.
const programLife = 5 * Ceiling

// Program is a program that ends with the test, to be started. What it says on
// its standard error shows if the test fails.
func Program(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	Need(t, name)
	ctx, cancel := context.WithTimeout(context.Background(), programLife)
	cmd := exec.CommandContext(ctx, name, args...)
	said := &Buffer{}
	cmd.Stderr = said
	cmd.WaitDelay = 5 * time.Second
	t.Cleanup(func() {
		cancel()
		if cmd.Process != nil && cmd.ProcessState == nil {
			cmd.Wait()
		}
		if t.Failed() {
			t.Logf("%s said:\n%.4000s", name, said)
		}
	})
	return cmd
}

// PeerTool gives the executable of a tool of scripts/peers, which is built where that
// has not been done yet. None of them needs C.
func PeerTool(t *testing.T, name string) string {
	t.Helper()
	return goTool(t, "../../../scripts/peers/go.mod", name)
}

// NATSServer gives the program that serves NATS alone, of the version that nodes have in them.
func NATSServer(t *testing.T) string {
	t.Helper()
	return goTool(t, "../../../go.mod", "nats-server")
}

// goTool gives the executable of a tool that a go.mod names.
func goTool(t *testing.T, module, name string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*Ceiling)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "tool", "-modfile="+module, "-n", name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	said := &strings.Builder{}
	cmd.Stderr = said
	path, err := cmd.Output()
	if err == nil {
		return strings.TrimSpace(string(path))
	}
	Missing(t, fmt.Sprintf("%s cannot be built: %v\n%s", name, err, said))
	return ""
}

// HeldPort gives a port for programs that have to be told one, which nobody
// else takes until the test ends.
func HeldPort(t *testing.T) int {
	t.Helper()
	port, release, err := camtest.HoldPort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return port
}

// RTSPServer has GStreamer serve a clip of H.264 until the test ends, and gives
// the address.
func RTSPServer(t *testing.T, clip string) string {
	t.Helper()
	return RTSPServerOf(t, "h264", clip)
}

// RTSPServerOf is RTSPServer with a clip of another codec, by GStreamer's name for
// it.
func RTSPServerOf(t *testing.T, codec, clip string) string {
	t.Helper()
	return ServeRTSP(t, "filesrc location="+clip+" ! qtdemux ! "+codec+"parse ! rtp"+codec+"pay name=pay0 pt=96")
}

// ServeRTSP has GStreamer serve what goes through elements of it until the test ends,
// and gives the address.
func ServeRTSP(t *testing.T, elements string) string {
	t.Helper()
	const python = "/usr/bin/python3" // the system's own, which has the bindings
	if exec.Command(python, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')").Run() != nil {
		Missing(t, "GStreamer's RTSP server is not installed; scripts/test installs what the tests need")
	}
	server := Program(t, python, "../../input/rtspcam/testdata/gstserver.py", "( "+elements+" )", "none")
	if _, err := server.StdinPipe(); err != nil { // it ends with its input
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "rtsp://127.0.0.1:" + strings.TrimSpace(port) + "/cam"
}

// ExpectRaw starts a program, reads pictures as rows of gray bytes from its
// standard output, and expects count of them to be numbered, in order and moving.
func ExpectRaw(t *testing.T, viewer *exec.Cmd, count int) {
	t.Helper()
	stdout, err := viewer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := viewer.Start(); err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, PictureWidth, PictureHeight))
	moved := 0
	for last := -1; moved < count; {
		if _, err := io.ReadFull(stdout, img.Pix); err != nil {
			t.Fatalf("after %d pictures: %v", moved, err)
		}
		n, err := camtest.ReadNumber(img)
		if err != nil {
			t.Fatal(err)
		}
		if n < last {
			t.Fatalf("picture %d after %d", n, last)
		}
		if n > last {
			moved++
		}
		last = n
	}
	viewer.Process.Kill()
	viewer.Wait()
}
