package rig

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Process is a gateway in a process of its own, with logins unless its
// configuration or its variables say otherwise.
type Process struct {
	*Guarded
	Cmd    *exec.Cmd
	Exited chan struct{} // closed when it is gone
}

// Command is a command line of the gateway to be run in a process of its own,
// which the kernel kills with us. Main must be the TestMain. The gateway is in the
// binary of the tests, or is the program that FRAMEGATE_TEST_PROGRAM names.
func Command(variables []string, args ...string) *exec.Cmd {
	c := exec.Command("/proc/self/exe")
	if program := os.Getenv("FRAMEGATE_TEST_PROGRAM"); program != "" {
		c = exec.Command(program, args...)
	}
	c.Env = append(append(os.Environ(), besideVariable+"="+strings.Join(args, "\n")), variables...)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	c.WaitDelay = 10 * time.Second // what it leaves behind may hold what it prints to
	return c
}

// StartProcess runs a gateway in a process of its own, whose state is in the
// folder data, and which the end of the test kills. Its configuration is a file,
// or the defaults where that is empty; the variables are set besides.
func StartProcess(t *testing.T, data, config string, variables ...string) *Process {
	t.Helper()
	return startProcess(t, newServer(config, data, variables), (*exec.Cmd).Start, "127.0.0.1:0")
}

// startProcess runs a gateway that listens at an address by what start makes of its command.
func startProcess(t *testing.T, s *Server, start func(*exec.Cmd) error, listen string, flags ...string) *Process {
	t.Helper()
	p := &Process{Guarded: &Guarded{Server: s}, Exited: make(chan struct{})}
	p.Cmd = Command(p.Variables, p.serving(listen, flags...)...)
	p.Cmd.Stdout, p.Cmd.Stderr = p.Printed, p.Log
	p.stop = func() { _ = p.Cmd.Process.Signal(syscall.SIGTERM) } // it may be gone
	started := make(chan error)
	go p.live(start, started) // ends with the process
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-p.Exited:
			t.Logf("the process was gone: %v", p.Cmd.ProcessState)
		default:
		}
		p.Kill()
		p.showLog(t)
	})
	p.awaitAddress(t)
	p.readFirstLogin() // which is not there at a later start
	return p
}

// live starts the process and waits for it, on an operating system thread of its own,
// since a child that is to die with its parent dies with the thread that made it
// (prctl(2), PR_SET_PDEATHSIG).
func (p *Process) live(start func(*exec.Cmd) error, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := start(p.Cmd)
	started <- err
	if err != nil {
		return
	}
	_ = p.Cmd.Wait() // the status says it
	p.status <- p.Cmd.ProcessState.ExitCode()
	close(p.Exited)
}

// Kill ends the process as a failing power supply does, and waits for that.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill() // it may be gone
	<-p.Exited
}

// ChildrenOf lists the programs that a process started, also those that have ended while
// it does not know yet. A child that has not begun its program is none of them: it shares
// all with the process, which waits for it.
func ChildrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	names, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	program := func(pid string) string {
		link, _ := os.Readlink("/proc/" + pid + "/exe") // "" of what has ended
		return link
	}
	own := program(strconv.Itoa(pid))
	for _, name := range names {
		b, _ := os.ReadFile(name) // a thread may have ended
		for _, field := range strings.Fields(string(b)) {
			if program(field) == own {
				continue
			}
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			children = append(children, child)
		}
	}
	return children
}

// AsNobody has a command run as somebody who is not root, which VLC refuses to
// be, in a process group of its own, and lets it write to a folder of the test.
// EndGroup ends it.
func AsNobody(t *testing.T, cmd *exec.Cmd, dir string) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		return
	}
	const nobody = 65534
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	for _, dir := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
}

// EndGroup kills a command of AsNobody and what it started. Ending it again does
// nothing.
func EndGroup(cmd *exec.Cmd) {
	if cmd.ProcessState != nil {
		return
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait() // it was killed
}
