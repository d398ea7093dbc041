package transcode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// self is the running program, also when its file was replaced meanwhile.
const self = "/proc/self/exe"

const (
	// maxOpenFiles is far more than ffmpeg needs with a graphics card's libraries.
	maxOpenFiles = 256
	// maxMemory bounds what is allotted, in bytes. The largest pictures of all
	// (maxPixels), from JPEG to H.264, take 1.1 GB; 1280x720 takes 80 MB.
	maxMemory uint64 = 4 << 30
	// maxStack is what a thread has as a rule, and may then have at the most.
	maxStack = 8 << 20
	// moreThreads is how many more threads there may be, of all processes of
	// our user, than the machine had when ffmpeg was started. The kernel does
	// not hold root to that.
	moreThreads = 512
	// lossOrder is what ffmpeg adds to its share of the memory, in thousandths
	// of all there is, where the kernel chooses whom to end when there is none
	// left: it goes before we do.
	lossOrder = "500"
)

// bound is a resource of which there is only so much.
type bound struct {
	resource int
	most     uint64
}

// bounds are for the resources that ffmpeg may use: it leaves no memory on
// disk when it crashes, opens few files, and writes to none, pipes apart. A
// graphics card's drivers use memory that counts as files.
//
// Its address space (RLIMIT_AS) has no bound: it is made of what is counted as
// data, of stacks, of files that others share with it, and of memory that it
// would have to share, which the filter of system calls forbids.
func (c confinement) bounds() []bound {
	all := []bound{{unix.RLIMIT_CORE, 0}, {unix.RLIMIT_NOFILE, maxOpenFiles}, {unix.RLIMIT_STACK, maxStack}, {unix.RLIMIT_MSGQUEUE, 0}}
	if threads, err := threadsThere(); err == nil {
		all = append(all, bound{unix.RLIMIT_NPROC, threads + moreThreads})
	}
	if !c.Drivers {
		all = append(all, bound{unix.RLIMIT_FSIZE, 0}, bound{unix.RLIMIT_DATA, maxMemory})
	}
	return all
}

// threadsThere counts the threads of the whole machine.
func threadsThere() (count uint64, err error) {
	load, err := os.ReadFile("/proc/loadavg") // as in "0.20 0.18 0.12 1/80 11206"
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscanf(string(load), "%f %f %f %d/%d", new(float64), new(float64), new(float64), new(uint64), &count)
	return count, err
}

// What ffmpeg needs to be loaded and to draw text, wherever a distribution has
// it. What is not there is left out.
var (
	loads = []string{
		"/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64", "/nix/store",
		"/etc/ld.so.cache", "/etc/ld-musl-x86_64.path", "/etc/ld-musl-aarch64.path",
		"/etc/fonts", "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig", "/var/cache/fontconfig",
		"/etc/localtime", "/usr/share/zoneinfo",
		"/dev/urandom", "/proc/cpuinfo", "/sys/devices/system/cpu",
	}
	// loadsDrivers is what drivers of graphics cards look at.
	loadsDrivers = []string{
		"/sys/dev", "/sys/devices", "/sys/bus/pci", "/sys/class/drm", "/proc/driver", "/proc/devices", "/proc/modules", "/proc/self",
		"/usr/share/drirc.d", "/usr/share/libdrm", "/usr/share/nvidia", "/usr/share/glvnd", "/etc/drirc", "/etc/libva.conf", "/etc/nvidia",
		"/etc/OpenCL", "/etc/glvnd",
	}
)

// confines says whether ffmpeg is started confined.
func confines() bool {
	if !becomes.Load() {
		return false
	}
	_, err := os.Stat(self)
	return err == nil
}

// Sandbox says in words how ffmpeg is confined, for one line of the log.
func Sandbox() string {
	if !confines() {
		return "resource limits only: this program cannot become ffmpeg"
	}
	var how, lacks []string
	if v := landlockVersion(); v > 0 {
		how = append(how, fmt.Sprintf("Landlock V%d", v))
	} else {
		lacks = append(lacks, "files are not protected: this kernel has no Landlock")
	}
	switch _, known := auditArch[runtime.GOARCH]; {
	case !known:
		lacks = append(lacks, "system calls are not filtered: those of this processor are not known")
	case !filtersCalls():
		lacks = append(lacks, "system calls are not filtered: this kernel has no seccomp filters")
	default:
		how = append(how, "seccomp")
	}
	how = append(how, "resource limits")
	return strings.Join(append([]string{strings.Join(how, ", ")}, lacks...), "; ")
}

// execConfined gives up rights and becomes the program. It returns only when
// that fails. Where the kernel lacks a way to give up rights, it does without
// that one, as Sandbox says; one that is there and fails is an error.
//
// But for Landlock, which is for all threads, it concerns one thread, which is
// the one that becomes the program.
func execConfined(c confinement, path string, argv []string) error {
	runtime.LockOSThread()
	// Start asked for that of the first thread, which need not be this one.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("ending with the parent: %w", err)
	}
	for _, b := range c.bounds() {
		if err := limit(0, b); err != nil {
			return err
		}
	}
	signal.Ignore(unix.SIGXFSZ)                                    // who writes to a file is to learn that it cannot, as fontconfig does of its cache
	os.WriteFile("/proc/self/oom_score_adj", []byte(lossOrder), 0) // some containers cannot
	if err := dropCapabilities(); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	if err := fits(path); err != nil {
		return err
	}
	if err := forbidFiles(c.grants(path), c.Drivers); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	if err := forbidCalls(latitude{drivers: c.Drivers, starts: c.Drivers || isScript(path)}); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	return fmt.Errorf("%s: %w", path, syscall.Exec(path, argv, os.Environ()))
}

// dropCapabilities takes from this thread what root may do beyond others. With
// no new privileges what it becomes does not have it again.
func dropCapabilities() error {
	var none [2]unix.CapUserData
	return unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0])
}

// conceal keeps other processes of our user, of which ffmpeg is one, from
// looking into this one and from tracing it.
func conceal() {
	unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) // it has no other way to fail than to be unknown
}

// grants lists what may be touched.
func (c confinement) grants(program string) []grant {
	var all []grant
	add := func(rights landlock.AccessFSSet, paths ...string) {
		for _, path := range paths {
			all = append(all, grant{path, rights})
		}
	}
	add(mayRead|mayExecute, loads...)
	add(mayRead|mayExecute, besides(program)...)
	add(mayRead|mayExecute, filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))...)
	if isScript(program) {
		add(mayRead|mayExecute, "/bin")
		add(mayRead|mayExecute, filepath.SplitList(os.Getenv("PATH"))...)
	}
	add(mayRead, c.Reads...)
	add(mayRead|mayWrite, "/dev/null")
	if c.Drivers {
		add(mayRead|mayExecute, loadsDrivers...)
	}
	add(mayRead|mayWrite|mayControl, c.Devices...)
	return all
}

// besides gives the program and the libraries that were installed with it.
func besides(program string) []string {
	paths := []string{program}
	if real, err := filepath.EvalSymlinks(program); err == nil {
		if dir, bin := filepath.Split(filepath.Dir(real)); bin == "bin" {
			paths = append(paths, filepath.Join(dir, "lib"))
		}
	}
	return paths
}

func isScript(program string) bool {
	f, err := os.Open(program)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [2]byte
	_, err = io.ReadFull(f, head[:])
	return err == nil && bytes.Equal(head[:], []byte("#!"))
}

// limitAll bounds a process that was started unconfined.
func limitAll(pid int, c confinement) error {
	for _, b := range c.bounds() {
		if err := limit(pid, b); err != nil {
			return err
		}
	}
	return nil
}

// limit bounds a process; 0 is this one. It never raises what is bounded
// already. A process that is gone needs no bounds.
func limit(pid int, b bound) error {
	var old unix.Rlimit
	err := unix.Prlimit(pid, b.resource, nil, &old)
	if err == nil {
		most := min(b.most, old.Max)
		err = unix.Prlimit(pid, b.resource, &unix.Rlimit{Cur: most, Max: most}, nil)
	}
	if err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("resource limit %d: %w", b.resource, err)
	}
	return nil
}
