package transcode

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Families of system calls that are no business of ffmpeg's, wherever they
// need no file that it could not open.
var (
	// callsOfModes change what is written about files, or directories. Landlock
	// forbids the latter too, but is not in every kernel, and none of the former.
	callsOfModes = []uint32{
		unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT,
		unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR, unix.SYS_SETXATTRAT,
		unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR, unix.SYS_REMOVEXATTRAT, unix.SYS_FILE_SETATTR,
		unix.SYS_TRUNCATE, unix.SYS_LINKAT, unix.SYS_SYMLINKAT, unix.SYS_UNLINKAT, unix.SYS_RENAMEAT2, unix.SYS_MKDIRAT, unix.SYS_MKNODAT,
		unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT,
	}
	// callsOnOthers look into other processes, or reach them past all that
	// bounds signals.
	callsOnOthers = []uint32{
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_PROCESS_MRELEASE,
		unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_KCMP, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES,
		unix.SYS_TKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO,
	}
	// callsThatLeave take a process out of the group that is ended with it, or
	// out of the namespaces that it is in.
	callsThatLeave = []uint32{unix.SYS_SETPGID, unix.SYS_SETSID, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_CHROOT, unix.SYS_PIVOT_ROOT}
	// callsThatLast make what the kernel keeps for a user, when the process is
	// gone too or in place of another's.
	callsThatLast = []uint32{
		unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL, unix.SYS_MSGGET, unix.SYS_MSGSND, unix.SYS_MSGRCV, unix.SYS_MSGCTL,
		unix.SYS_SEMGET, unix.SYS_SEMCTL, unix.SYS_SEMTIMEDOP, unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK, unix.SYS_MQ_NOTIFY,
		unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL, unix.SYS_INOTIFY_INIT1, unix.SYS_FANOTIFY_INIT,
	}
	// callsOfKernel have been the way to many of its faults.
	callsOfKernel = []uint32{
		unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
		unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN, unix.SYS_FSPICK, unix.SYS_FSMOUNT, unix.SYS_MOUNT_SETATTR,
		unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_REBOOT, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD,
		unix.SYS_SYSLOG, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
		unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME,
	}
)

// namespaces are the flags of clone(2) that make new ones, and the one that
// gives the new process to the caller's own parent.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET |
	unix.CLONE_NEWCGROUP | unix.CLONE_PARENT

// forbidden are the rules for the process of that number. Some calls are for a
// process itself and for others: they are left for itself.
func forbidden(l latitude, pid uint32) []rule {
	is := func(arg int, value uint32) condition { return condition{arg: arg, value: value} }
	isNot := func(arg int, value uint32) condition { return condition{arg: arg, value: value, not: true} }
	const ioprioWhoProcess = 1
	rules := []rule{
		{calls: slices.Concat(callsOfModes, callsOnOthers, callsThatLeave, callsThatLast, callsOfKernel, oldCalls)},
		{calls: []uint32{unix.SYS_CLONE3}, answer: unix.ENOSYS}, // it is asked with memory, so clone has to do
		{calls: []uint32{unix.SYS_PRLIMIT64, unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_SETSCHEDULER, unix.SYS_SCHED_SETPARAM, unix.SYS_SCHED_SETATTR},
			unless: [][]condition{{is(0, 0)}, {is(0, pid)}}},
		{calls: []uint32{unix.SYS_SETPRIORITY}, unless: [][]condition{{is(0, unix.PRIO_PROCESS), is(1, 0)}}},
		{calls: []uint32{unix.SYS_IOPRIO_SET}, unless: [][]condition{{is(0, ioprioWhoProcess), is(1, 0)}}},
		{calls: []uint32{unix.SYS_KILL, unix.SYS_TGKILL}, unless: [][]condition{{is(0, pid)}}},
		// Signals come of files as well, to whoever is said to own them.
		{calls: fcntlCalls, unless: [][]condition{{isNot(1, unix.F_SETOWN), isNot(1, unix.F_SETOWN_EX), isNot(1, unix.F_SETSIG)}}},
		// Not to end with its parent is among the others.
		{calls: []uint32{unix.SYS_PRCTL}, unless: [][]condition{
			{is(0, unix.PR_SET_NAME)}, {is(0, unix.PR_GET_NAME)}, {is(0, unix.PR_SET_VMA)}, {is(0, unix.PR_CAPBSET_READ)},
			{is(0, unix.PR_GET_DUMPABLE)}, {is(0, unix.PR_GET_SECCOMP)}, {is(0, unix.PR_GET_NO_NEW_PRIVS)},
		}},
	}
	return append(append(rules, l.ofProcesses()...), l.ofMemory()...)
}

// ofProcesses are the rules on making processes, of which threads are none.
func (l latitude) ofProcesses() []rule {
	if l.starts {
		return []rule{{calls: []uint32{unix.SYS_CLONE}, unless: [][]condition{{{mask: namespaces}}}}}
	}
	return []rule{
		{calls: []uint32{unix.SYS_CLONE}, unless: [][]condition{{{mask: unix.CLONE_THREAD | namespaces, value: unix.CLONE_THREAD}}}},
		{calls: forkCalls},
	}
}

// ofMemory are the rules on sockets, and on memory that no resource limit
// counts: what may be shared.
func (l latitude) ofMemory() []rule {
	if l.drivers {
		return []rule{{calls: []uint32{unix.SYS_SOCKET}, unless: [][]condition{{{value: unix.AF_UNIX}}}}}
	}
	const unnamed = unix.MAP_SHARED | unix.MAP_ANONYMOUS
	return []rule{
		{calls: []uint32{unix.SYS_SOCKET, unix.SYS_MEMFD_CREATE}},
		{calls: mapCalls, unless: [][]condition{{{arg: 3, mask: unnamed, value: unnamed, not: true}}}},
	}
}
