package transcode

import "golang.org/x/sys/unix"

// System calls that this processor has beside their successors.
var (
	oldCalls   = []uint32{unix.SYS_RENAMEAT, unix.SYS_SEMOP, unix.SYS_MEMFD_SECRET}
	forkCalls  []uint32
	fcntlCalls = []uint32{unix.SYS_FCNTL}
	mapCalls   = []uint32{unix.SYS_MMAP}
)
