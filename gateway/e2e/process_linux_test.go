package e2e

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"framegate/gateway/command"
)

// TestGuardedProcess is not a test, but the process that others start, with the
// arguments in FRAMEGATE_TEST_ARGS, a line each.
func TestGuardedProcess(t *testing.T) {
	args := os.Getenv("FRAMEGATE_TEST_ARGS")
	if args == "" {
		return
	}
	var variables []string
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "FRAMEGATE_") || strings.HasPrefix(v, "PATH=") {
			variables = append(variables, v)
		}
	}
	os.Exit(command.Run(context.Background(), strings.Split(args, "\n"), variables, os.Stdout, os.Stderr))
}

// process is a gateway in a process of its own.
type process struct {
	*guarded
	cmd    *exec.Cmd
	stdout *lockedBuffer
	exited chan struct{} // closed when it is gone
}

// startProcess starts a gateway in a process of its own, which the end of the
// test kills. Its url is known when it has printed it.
func startProcess(t *testing.T, data string, flags []string, variables ...string) *process {
	t.Helper()
	p := &process{
		guarded: &guarded{server: &server{stderr: &lockedBuffer{}}, data: data, flags: flags, variables: append([]string{"FRAMEGATE_DATA=" + data}, variables...)},
		stdout:  &lockedBuffer{},
		exited:  make(chan struct{}),
	}
	p.cmd = exec.Command("/proc/self/exe", "-test.run", "^TestGuardedProcess$")
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "debug"}, flags...)
	p.cmd.Env = append(append(os.Environ(), "FRAMEGATE_TEST_ARGS="+strings.Join(args, "\n")), p.variables...)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the process
		p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			log := p.stderr.String()
			t.Logf("the gateway's log ends:\n%s", log[max(0, len(log)-10_000):])
		}
	})
	waitUntil(t, "the start", func() bool {
		select {
		case <-p.exited:
			t.Fatalf("the gateway ended: %s", p.stderr)
		default:
		}
		printed := p.stdout.String()
		p.url = addressPrinted.FindString(printed)
		return strings.HasSuffix(printed, "\n\n") && strings.Count(printed, "\n\n") > 1
	})
	if found := firstPrinted.FindStringSubmatch(p.stdout.String()); found != nil {
		p.admin = firstLogin{link: found[1], name: found[2], password: found[3]}
	}
	return p
}

// kill ends the process as a failing power supply does.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.exited
}
