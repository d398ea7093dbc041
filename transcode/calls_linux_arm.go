package transcode

import "golang.org/x/sys/unix"

// System calls that this processor has beside their successors.
var (
	oldCalls = []uint32{
		unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_CHOWN32, unix.SYS_LCHOWN, unix.SYS_LCHOWN32, unix.SYS_FCHOWN32,
		unix.SYS_UTIMES, unix.SYS_FUTIMESAT, unix.SYS_UTIMENSAT_TIME64, unix.SYS_TRUNCATE64,
		unix.SYS_LINK, unix.SYS_SYMLINK, unix.SYS_UNLINK, unix.SYS_RENAME, unix.SYS_RENAMEAT, unix.SYS_MKDIR, unix.SYS_RMDIR, unix.SYS_MKNOD,
		unix.SYS_INOTIFY_INIT, unix.SYS_SEMOP, unix.SYS_SEMTIMEDOP_TIME64, unix.SYS_CLOCK_SETTIME64, unix.SYS_CLOCK_ADJTIME64,
	}
	forkCalls  = []uint32{unix.SYS_FORK, unix.SYS_VFORK}
	fcntlCalls = []uint32{unix.SYS_FCNTL, unix.SYS_FCNTL64}
	mapCalls   = []uint32{unix.SYS_MMAP2}
)
