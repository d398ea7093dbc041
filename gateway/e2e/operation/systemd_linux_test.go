package operation

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// activated is a gateway without logins that systemd's own tool starts as soon as
// somebody comes to a socket, and whose state goes to notify.
func activated(t *testing.T, listen, notify string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	gateway := rig.Command([]string{"FRAMEGATE_AUTH=off", "FRAMEGATE_DATA=" + t.TempDir(), "NOTIFY_SOCKET=" + notify}, "serve")
	args := []string{"-l", listen}
	for _, variable := range gateway.Env {
		args = append(args, "-E", variable)
	}
	cmd := rig.Program(t, "systemd-socket-activate", append(args, program)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// TestSystemdStartsItBehindASocket: it serves the first who comes, and tells systemd
// when it is ready, when it reads its configuration anew, and when it ends.
func TestSystemdStartsItBehindASocket(t *testing.T) {
	t.Parallel()
	notify := filepath.Join(t.TempDir(), "notify")
	states, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer states.Close()
	expect := func(want string) {
		t.Helper()
		var said [256]byte
		states.SetReadDeadline(time.Now().Add(rig.Ceiling))
		if n, err := states.Read(said[:]); err != nil || string(said[:n]) != want {
			t.Fatalf("systemd is told %q (%v), want %s", said[:n], err, want)
		}
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(rig.HeldPort(t)))
	cmd := activated(t, address, notify)
	rig.Await(t, "it answers", func() bool {
		response, err := http.Get("http://" + address + "/healthz")
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
	expect("READY=1")
	for _, step := range []struct {
		signal syscall.Signal
		states []string
	}{{syscall.SIGHUP, []string{"RELOADING=1", "READY=1"}}, {syscall.SIGTERM, []string{"STOPPING=1"}}} {
		if err := cmd.Process.Signal(step.signal); err != nil {
			t.Fatal(err)
		}
		for _, state := range step.states {
			expect(state)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestSocketOfSystemdIsNoWayAroundLogins: where it is open to the network it counts as
// an address of the configuration does.
func TestSocketOfSystemdIsNoWayAroundLogins(t *testing.T) {
	t.Parallel()
	port := strconv.Itoa(rig.HeldPort(t))
	cmd := activated(t, "0.0.0.0:"+port, "")
	rig.Await(t, "somebody comes", func() bool {
		connection, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			connection.Close()
		}
		return err == nil
	})
	cmd.Wait() // the status says it
	if status := cmd.ProcessState.ExitCode(); status != 2 {
		t.Errorf("status %d, want 2: %s", status, cmd.Stderr)
	}
}

// TestUnitIsConfined is what systemd says of the unit: no mistakes in it, and how much
// it leaves open.
func TestUnitIsConfined(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"framegate.service", "framegate.socket"} {
		here := strings.Replace(contentOf(t, scripts+name), "/usr/bin/framegate", "/bin/true", 1) // it is not installed
		if err := os.WriteFile(filepath.Join(folder, name), []byte(here), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	service := filepath.Join(folder, "framegate.service")
	for _, args := range [][]string{
		{"verify", service, filepath.Join(folder, "framegate.socket")},
		{"security", "--offline=true", "--threshold=20", "--no-pager", service},
	} {
		said, err := rig.Program(t, "systemd-analyze", args...).Output()
		if err != nil {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, said)
		}
	}
}
