//go:build linux && !amd64 && !arm && !arm64

package transcode

import "golang.org/x/sys/unix"

// System calls that other processors have beside their successors. Those that
// are in auditArch but not here have none.
var (
	oldCalls   = []uint32{unix.SYS_SEMOP}
	forkCalls  []uint32
	fcntlCalls = []uint32{unix.SYS_FCNTL}
	mapCalls   = []uint32{unix.SYS_MMAP}
)
