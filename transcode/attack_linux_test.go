package transcode_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"framegate/transcode"
)

// attacks are what a confined process might do to the one that started it, or
// leave behind. Each does nothing bad where it succeeds.
func (l territory) attacks() (all []string) {
	parent := strconv.Itoa(os.Getpid())
	for _, verb := range []string{"bound", "nice", "pin", "schedule", "signal", "owner", "trace", "peek", "handle"} {
		all = append(all, verb+":"+parent)
	}
	for _, verb := range []string{"mode", "owns", "times", "open-mode"} {
		all = append(all, verb+":"+l.given)
	}
	for _, verb := range []string{"start", "start-oddly", "session", "outlive", "segment", "memory", "shared", "privilege"} {
		all = append(all, verb+":")
	}
	for name := range rawCalls() {
		all = append(all, "call:"+name)
	}
	slices.Sort(all)
	return all
}

// forbiddenAnyway says of an attack that a machine may forbid it by itself, as
// containers do, and the system for others than root.
func forbiddenAnyway(attack string) bool {
	return attack == "call:io_uring_setup" || attack == "trace:"+strconv.Itoa(os.Getpid()) || attack == "peek:"+strconv.Itoa(os.Getpid()) ||
		attack == "privilege:" && os.Getuid() != 0
}

// rawCall is a system call with arguments that the kernel answers with one of
// its errors, once it looks at them.
type rawCall struct {
	number, a, b, c, d, e uintptr
	answers               syscall.Errno // 0: it is done
}

func rawCalls() map[string]rawCall {
	const none = ^uintptr(0) // a descriptor, and flags
	here, empty := uintptr(unix.AT_FDCWD&(1<<32-1)), uintptr(0)
	return map[string]rawCall{
		"io_uring_setup": {number: unix.SYS_IO_URING_SETUP, a: 1, answers: unix.EFAULT},
		"unshare":        {number: unix.SYS_UNSHARE, a: unix.CLONE_FILES},
		"setns":          {number: unix.SYS_SETNS, a: none, answers: unix.EBADF},
		"keyctl":         {number: unix.SYS_KEYCTL, a: 0xFFFF, answers: unix.EOPNOTSUPP},
		"add_key":        {number: unix.SYS_ADD_KEY, answers: unix.EFAULT},
		"request_key":    {number: unix.SYS_REQUEST_KEY, answers: unix.EFAULT},
		"inotify":        {number: unix.SYS_INOTIFY_INIT1, a: 0xFFFF, answers: unix.EINVAL},
		"message-queue":  {number: unix.SYS_MSGGET, a: 0x46475454, answers: unix.ENOENT},
		"semaphores":     {number: unix.SYS_SEMGET, a: 0x46475454, answers: unix.ENOENT},
		"mq_open":        {number: unix.SYS_MQ_OPEN, answers: unix.EFAULT},
		"perf":           {number: unix.SYS_PERF_EVENT_OPEN, answers: unix.EFAULT},
		"fchmodat2":      {number: unix.SYS_FCHMODAT2, a: here, b: empty, answers: unix.EFAULT},
		"setxattr":       {number: unix.SYS_SETXATTR, answers: unix.EFAULT},
		"group":          {number: unix.SYS_SETPGID, b: none, answers: unix.EINVAL},
		"rename":         {number: unix.SYS_RENAMEAT2, a: here, c: here, answers: unix.EFAULT},
		"truncate":       {number: unix.SYS_TRUNCATE, answers: unix.EFAULT},
		"file-handle":    {number: unix.SYS_NAME_TO_HANDLE_AT, a: here, answers: unix.EFAULT},
		"priority":       {number: unix.SYS_SETPRIORITY, a: 0xFFFF, answers: unix.EINVAL},
	}
}

// tryCall makes one of the attacks.
func tryCall(verb, object string) error {
	if verb == "call" {
		return rawCalls()[object].try()
	}
	if pid, err := strconv.Atoi(object); err == nil {
		return tryOn(verb, pid)
	}
	if object != "" {
		return tryFile(verb, object)
	}
	switch verb {
	case "thread":
		done := make(chan error)
		go func() {
			runtime.LockOSThread() // and never unlocked
			done <- nil
		}()
		return <-done
	case "start":
		return exec.Command(os.Args[0], "environment:PATH").Run()
	case "start-oddly": // as a thread of no process
		return raw(unix.SYS_CLONE, uintptr(unix.CLONE_VM|unix.CLONE_SIGHAND|unix.CLONE_NEWNS|unix.CLONE_FS), 0, 0, 0, 0, unix.EINVAL)
	case "session":
		_, err := unix.Setsid()
		return err
	case "outlive":
		return unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0)
	case "segment":
		id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, unix.IPC_CREAT|0o600)
		if err == nil {
			_, err = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		}
		return err
	case "memory":
		fd, err := unix.MemfdCreate("attack", 0)
		if err == nil {
			unix.Close(fd)
		}
		return err
	case "shared":
		b, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
		if err == nil {
			unix.Munmap(b)
		}
		return err
	case "privilege":
		var has [2]unix.CapUserData
		err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &has[0])
		if err == nil && has[0].Effective|has[0].Permitted|has[1].Effective|has[1].Permitted == 0 {
			return errors.New("none")
		}
		return err
	}
	return fmt.Errorf("%q is unknown", verb)
}

// tryOn does something to a process; 0 is this one.
func tryOn(verb string, pid int) error {
	switch verb {
	case "bound":
		var files unix.Rlimit
		if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &files); err != nil {
			return err
		}
		return unix.Prlimit(pid, unix.RLIMIT_NOFILE, &files, nil)
	case "nice":
		is, err := unix.Getpriority(unix.PRIO_PROCESS, pid)
		if err != nil {
			return err
		}
		return unix.Setpriority(unix.PRIO_PROCESS, pid, 20-is) // as the kernel counts, and C does not
	case "pin":
		var cores unix.CPUSet
		if err := unix.SchedGetaffinity(pid, &cores); err != nil {
			return err
		}
		return unix.SchedSetaffinity(pid, &cores)
	case "schedule":
		return raw(unix.SYS_SCHED_SETPARAM, uintptr(pid), 0, 0, 0, 0, unix.EINVAL)
	case "signal":
		return unix.Kill(pid, 0)
	case "owner": // of what is written to our input
		if _, err := unix.FcntlInt(0, unix.F_SETOWN, pid); err != nil {
			return err
		}
		_, err := unix.FcntlInt(0, unix.F_SETOWN, 0)
		return err
	case "trace":
		return raw(unix.SYS_PTRACE, unix.PTRACE_PEEKDATA, uintptr(pid), 0, 0, 0, unix.ESRCH)
	case "peek":
		var b [1]byte
		local := []unix.Iovec{{Base: &b[0], Len: 1}}
		_, err := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: 0, Len: 1}}, 0)
		if err == unix.EFAULT {
			return nil // it looked there
		}
		return err
	case "handle":
		fd, err := unix.PidfdOpen(pid, 0)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}
	return fmt.Errorf("%q is unknown", verb)
}

// tryFile changes what is written about a file.
func tryFile(verb, name string) error {
	switch verb {
	case "mode":
		return os.Chmod(name, 0o600)
	case "open-mode":
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		return f.Chmod(0o600)
	case "owns":
		return os.Chown(name, -1, -1)
	case "times":
		return os.Chtimes(name, time.Now(), time.Now())
	}
	return fmt.Errorf("%q is unknown", verb)
}

// try makes the call on a thread that ends with it: what a thread has no longer in common
// with others, as its descriptors, others would miss.
func (c rawCall) try() error {
	tried := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		tried <- raw(c.number, c.a, c.b, c.c, c.d, c.e, c.answers)
	}()
	return <-tried
}

// raw makes a system call. That the kernel looked at its arguments will do.
func raw(number, a, b, c, d, e uintptr, answers syscall.Errno) error {
	_, _, errno := unix.Syscall6(number, a, b, c, d, e, 0)
	if errno == answers {
		return nil
	}
	return errno
}

// TestScriptMayStartProcessesInItsGroup is about wrappers of ffmpeg: they may
// start it, but neither in a session nor in namespaces of its own.
func TestScriptMayStartProcessesInItsGroup(t *testing.T) {
	if !strings.Contains(transcode.Sandbox(), "seccomp") {
		t.Skip("the sandbox is " + transcode.Sandbox())
	}
	script := writeProgram(t, "#!/bin/sh\n/bin/echo started\nsetsid /bin/echo away || unshare -U /bin/echo away || exit 0\n")
	cmd, err := transcode.Command(script, nil, transcode.Confinement{})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.Output(); err != nil || string(out) != "started\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// TestNothingIsLeftOfWhatFFmpegStarted has a script leave a process that
// listens to no signal that can be ignored, holds no pipe, and tells its number.
func TestNothingIsLeftOfWhatFFmpegStarted(t *testing.T) {
	leaves := "#!/bin/sh\ntrap '' TERM HUP PIPE\nsleep 1000 </dev/null >/dev/null 2>&1 &\n" +
		`printf '\000\nSMJPEG\000\000\000\000\000\000\000\000HENDvidD\000\000\000\000\000\000\000\010%8d' $!` + "\n"
	for how, rest := range map[string]string{"by itself": "exit 0\n", "when it is asked": "exec cat\n"} {
		p := start(t, transcode.Spec{FFmpeg: writeProgram(t, leaves+rest), In: transcode.JPEG, Out: transcode.JPEG})
		packet, err := p.Read()
		if err != nil {
			t.Fatal(how, err)
		}
		left, err := strconv.Atoi(strings.TrimSpace(string(packet.Data)))
		if err != nil {
			t.Fatal(how, err)
		}
		p.Close()
		for deadline := time.Now().Add(30 * time.Second); !ended(left); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				syscall.Kill(left, syscall.SIGKILL)
				t.Fatalf("%s: process %d lives on", how, left)
			}
		}
	}
}

// TestWeGoLastWhenMemoryEnds reads what the kernel goes by.
func TestWeGoLastWhenMemoryEnds(t *testing.T) {
	p := start(t, transcode.Spec{FFmpeg: faulty(t, "ignores"), Pattern: pattern, Out: transcode.JPEG})
	if _, err := p.Read(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("/proc", strconv.Itoa(p.PID()), "oom_score_adj")
	if b, err := os.ReadFile(name); err != nil || strings.TrimSpace(string(b)) != "500" {
		t.Errorf("%q, %v", b, err)
	}
}

// TestWhoConfinesIsNotDumpable is about the process that starts ffmpeg.
func TestWhoConfinesIsNotDumpable(t *testing.T) {
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 0 {
		t.Errorf("got %d, %v", dumpable, err)
	}
	if _, err := os.ReadDir("/proc/self/fd"); err != nil {
		t.Errorf("it cannot look at itself: %v", err)
	}
}
