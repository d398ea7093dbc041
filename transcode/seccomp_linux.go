package transcode

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Landlock is about files and TCP. It knows neither UDP nor sockets in the
// file system, such as those of container engines, nor what one process of a
// user may do to another: bound it, slow it down, change the modes of its
// files. So the system calls for that are forbidden (seccomp(2)); calls_linux.go
// lists them.

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
	callArgSize   = 8

	x32Calls = 0x40000000 // a second set of system calls on amd64
)

// latitude is what the filter leaves of what it forbids.
type latitude struct {
	drivers bool // local sockets, and memory that is shared
	starts  bool // other processes
}

// rule forbids system calls, except with arguments of which all is true that
// one of its exceptions says.
type rule struct {
	calls  []uint32
	unless [][]condition
	answer unix.Errno // 0 is EACCES
}

// condition is about the low half of an argument, counted from 0: under the
// mask (0 is all of it) it has the value, or has not.
type condition struct {
	arg         int
	mask, value uint32
	not         bool
}

// otherWord is the processor whose programs run here as well, with system calls of
// their own, by which no filter of ours goes.
var otherWord = map[string]elf.Machine{"amd64": elf.EM_386, "386": elf.EM_X86_64, "arm64": elf.EM_ARM, "arm": elf.EM_AARCH64}

// filtersCalls says whether the kernel filters system calls, which it tells by
// looking for the filter where there is none (prctl(2), PR_SET_SECCOMP).
func filtersCalls() bool {
	return errors.Is(unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, 0, 0, 0), unix.EFAULT)
}

func seccompWorks() bool {
	_, known := auditArch[runtime.GOARCH]
	return known && filtersCalls()
}

// fits says why a program cannot run behind the filter: it would die at its first
// system call, and nobody would know of what.
func fits(program string) error {
	other, known := otherWord[runtime.GOARCH]
	if !known || !seccompWorks() {
		return nil
	}
	f, err := os.Open(program)
	if err != nil {
		return nil // it says so itself
	}
	defer f.Close()
	var head [20]byte
	if _, err := io.ReadFull(f, head[:]); err != nil || string(head[:4]) != elf.ELFMAG {
		return nil
	}
	if machine := elf.Machine(binary.LittleEndian.Uint16(head[18:])); machine == other { // all of these are little-endian
		return fmt.Errorf("%s is built for %v: install one that is built for %s, as Framegate is", program, machine, runtime.GOARCH)
	}
	return nil
}

// forbidCalls keeps the calling thread, and what it becomes, from making
// system calls that ffmpeg has no use for. No new privileges must have been set
// before.
func forbidCalls(l latitude) error {
	if !seccompWorks() {
		return nil
	}
	filter := filterOf(auditArch[runtime.GOARCH], forbidden(l, uint32(os.Getpid())))
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return fmt.Errorf("setting the filter: %w", err)
	}
	return nil
}

// filterOf makes the kernel's program of rules. System calls of another set are
// refused; what no rule is about is allowed.
func filterOf(arch uint32, rules []rule) []unix.SockFilter {
	refuse := answer(unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES))
	filter := []unix.SockFilter{
		load(callArch), skipUnless(arch, 2),
		load(callNumber), {Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: x32Calls, Jf: 1},
		refuse,
	}
	for _, r := range rules {
		verdict := r.verdict()
		for _, call := range r.calls {
			filter = append(append(filter, skipUnless(call, len(verdict))), verdict...)
		}
	}
	return append(filter, answer(unix.SECCOMP_RET_ALLOW))
}

// verdict looks at the arguments of a call that the rule is about.
func (r rule) verdict() (program []unix.SockFilter) {
	for _, all := range r.unless {
		allowed := []unix.SockFilter{answer(unix.SECCOMP_RET_ALLOW)}
		for _, c := range slices.Backward(all) {
			allowed = slices.Concat(c.program(len(allowed)), allowed)
		}
		program = append(program, allowed...)
	}
	errno := unix.EACCES
	if r.answer != 0 {
		errno = r.answer
	}
	return append(program, answer(unix.SECCOMP_RET_ERRNO|uint32(errno)))
}

// program goes on where the condition is met, and else behind that.
func (c condition) program(behind int) []unix.SockFilter {
	program := []unix.SockFilter{load(callFirstArgs + callArgSize*uint32(c.arg))}
	if c.mask != 0 {
		program = append(program, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: c.mask})
	}
	jump := skipUnless(c.value, behind)
	if c.not {
		jump.Jt, jump.Jf = jump.Jf, jump.Jt
	}
	return append(program, jump)
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

// skipUnless leaves out so many instructions where what was loaded is another.
func skipUnless(value uint32, instructions int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value, Jf: uint8(instructions)}
}

func answer(value uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
}
