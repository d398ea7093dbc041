package transcode

import (
	"os"
	"syscall"
)

// ownGroup puts ffmpeg into a process group of its own, so that a terminal's
// Ctrl-C does not reach it before us, and has the kernel end it with us.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// signalGroup asks ffmpeg, and whatever it started, to end, or makes it. A
// process that is gone already is no error.
func signalGroup(p *os.Process, kill bool) {
	signal := syscall.SIGTERM
	if kill {
		signal = syscall.SIGKILL
	}
	syscall.Kill(-p.Pid, signal)
}
