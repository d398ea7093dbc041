package transcode

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Landlock knows TCP, but neither UDP nor sockets in the file system, such as
// those of container engines. So the system calls that make sockets are
// forbidden (seccomp(2)).

// auditArch names the processor's system calls, as seccomp does. Others have
// no filter.
var auditArch = map[string]uint32{
	"amd64":   unix.AUDIT_ARCH_X86_64,
	"arm64":   unix.AUDIT_ARCH_AARCH64,
	"arm":     unix.AUDIT_ARCH_ARM,
	"riscv64": unix.AUDIT_ARCH_RISCV64,
}

// Offsets in struct seccomp_data.
const (
	callNumber    = 0
	callArch      = 4
	callFirstArgs = 16 // the low half, where bytes are little-endian as on all of auditArch

	x32Calls = 0x40000000 // a second set of system calls on amd64
)

func seccompWorks() bool {
	_, known := auditArch[runtime.GOARCH]
	_, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	return known && err == nil
}

// forbidSockets keeps the calling thread, and what it becomes, from making
// sockets, or those of networks if local ones are allowed. No new privileges
// must have been set before.
func forbidSockets(local bool) error {
	if !seccompWorks() {
		return nil
	}
	filter := socketFilter(auditArch[runtime.GOARCH], local)
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return fmt.Errorf("setting the filter: %w", err)
	}
	return nil
}

// socketFilter is the filter's program. io_uring is forbidden too, since it
// makes sockets without any of these system calls.
func socketFilter(arch uint32, local bool) []unix.SockFilter {
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	equal := func(value uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value, Jt: yes, Jf: no}
	}
	answer := func(value uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
	}
	family := uint32(1<<32 - 1) // none
	if local {
		family = unix.AF_UNIX
	}
	return []unix.SockFilter{
		load(callArch),
		equal(arch, 0, 7), // of another set of system calls: refused
		load(callNumber),
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: x32Calls, Jt: 5},
		equal(unix.SYS_IO_URING_SETUP, 4, 0),
		equal(unix.SYS_SOCKET, 0, 2),
		load(callFirstArgs),
		equal(family, 0, 1),
		answer(unix.SECCOMP_RET_ALLOW),
		answer(unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES)),
	}
}
