package transcode

import "golang.org/x/sys/unix"

// System calls that this processor has beside their successors.
var (
	oldCalls = []uint32{
		unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN, unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT,
		unix.SYS_LINK, unix.SYS_SYMLINK, unix.SYS_UNLINK, unix.SYS_RENAME, unix.SYS_RENAMEAT, unix.SYS_MKDIR, unix.SYS_RMDIR, unix.SYS_MKNOD,
		unix.SYS_INOTIFY_INIT, unix.SYS_SEMOP, unix.SYS_MEMFD_SECRET, unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT,
	}
	forkCalls  = []uint32{unix.SYS_FORK, unix.SYS_VFORK}
	fcntlCalls = []uint32{unix.SYS_FCNTL}
	mapCalls   = []uint32{unix.SYS_MMAP}
)
