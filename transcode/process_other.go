//go:build !linux

package transcode

import (
	"os"
	"syscall"
)

// ownGroup has nothing to say where process groups are another matter.
func ownGroup() *syscall.SysProcAttr { return nil }

// signalGroup ends ffmpeg. A process that is gone already is no error.
func signalGroup(p *os.Process, kill bool) {
	if !kill && p.Signal(os.Interrupt) == nil {
		return
	}
	p.Kill()
}

// endGroup leaves that to whoever waits for ffmpeg.
func endGroup(*os.Process) {}

// lowerPriority leaves the priority as it is.
func lowerPriority(*os.Process) {}
