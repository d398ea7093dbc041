package transcode

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
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

// endGroup waits for ffmpeg to end, and ends what it started and left. Until
// ffmpeg is waited for once more its number, which is the group's, is no other's.
func endGroup(p *os.Process) {
	for errors.Is(unix.Waitid(unix.P_PID, p.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
	}
	signalGroup(p, true)
}

// lowerPriority lets everything else go first. It does no harm where the process
// is gone already.
func lowerPriority(p *os.Process) { _ = unix.Setpriority(unix.PRIO_PGRP, p.Pid, background) }

// background is how nice(2) ffmpeg is in the background: with a tenth of what others
// have. With 19 it would have next to nothing beside a program that takes all there is.
const background = 10
