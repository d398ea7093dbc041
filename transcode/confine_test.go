//go:build linux

package transcode_test

import (
	"bufio"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"framegate/transcode"
)

// trespass tries what it is told and says of each whether it could.
func trespass(attempts []string) {
	for _, attempt := range attempts {
		verb, object, _ := strings.Cut(attempt, ":")
		outcome := "yes"
		if err := try(verb, object); err != nil {
			outcome = "no: " + err.Error()
		}
		fmt.Println(attempt, outcome)
	}
	os.Exit(0)
}

func try(verb, object string) error {
	switch verb {
	case "read":
		_, err := os.ReadFile(object)
		return err
	case "list":
		_, err := os.ReadDir(object)
		return err
	case "create":
		return os.WriteFile(object, nil, 0o600)
	case "remove":
		return os.Remove(object)
	case "run":
		return exec.Command(object).Run()
	case "signal":
		pid, err := strconv.Atoi(object)
		if err != nil {
			return err
		}
		return syscall.Kill(pid, 0)
	case "control": // a pseudo terminal's number
		f, err := os.OpenFile(object, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPTN)
		return err
	case "tcp", "udp", "unix":
		conn, err := net.Dial(verb, object)
		if err != nil {
			return err
		}
		defer conn.Close()
		if verb == "udp" {
			_, err = conn.Write([]byte("x"))
		}
		return err
	case "environment":
		if os.Getenv(object) == "" {
			return fmt.Errorf("not set")
		}
		return nil
	case "limits":
		return limited()
	}
	return tryCall(verb, object)
}

// limited is no error if nothing bounds this process.
func limited() error {
	for resource, most := range map[int]uint64{
		unix.RLIMIT_NOFILE: 256, unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_DATA: 4 << 30,
		unix.RLIMIT_STACK: 8 << 20, unix.RLIMIT_NPROC: 1 << 20, unix.RLIMIT_MSGQUEUE: 0,
	} {
		var limit unix.Rlimit
		if err := unix.Getrlimit(resource, &limit); err != nil {
			panic(err)
		}
		if limit.Max > most {
			return nil
		}
	}
	return fmt.Errorf("limited")
}

// territory is what may and what must not be reached.
type territory struct{ given, beside, dir, tcp, udp, unix string }

// newTerritory makes files, and servers that take whatever comes.
func newTerritory(t *testing.T) territory {
	t.Helper()
	dir := t.TempDir()
	all := territory{given: filepath.Join(dir, "given"), beside: filepath.Join(dir, "beside"), dir: dir}
	for _, name := range []string{all.given, all.beside} {
		if err := os.WriteFile(name, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	serve := func(network, address string) string {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				conn.Close()
			}
		}()
		t.Cleanup(func() { l.Close(); <-done })
		return l.Addr().String()
	}
	all.tcp = serve("tcp", "127.0.0.1:0")
	all.unix = serve("unix", filepath.Join(dir, "s"))
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { packets.Close() })
	all.udp = packets.LocalAddr().String()
	return all
}

// attempts are all that is tried, by the outcome that a confined process has.
func (l territory) attempts() (allowed, forbiddenFiles, forbiddenElse []string) {
	allowed = []string{"read:" + l.given, "read:/dev/null", "environment:PATH", "bound:0", "nice:0", "thread:"}
	forbiddenFiles = []string{
		"read:" + l.beside, "list:" + l.dir, "list:/", "read:/etc/passwd", "read:/proc/" + strconv.Itoa(os.Getpid()) + "/environ",
		"create:" + filepath.Join(l.dir, "new"), "create:/tmp/framegate-trespass", "remove:" + l.beside,
		"run:/usr/bin/true",
	}
	if transcode.LandlockVersion() >= 5 {
		forbiddenFiles = append(forbiddenFiles, "control:/dev/ptmx")
	}
	forbiddenElse = []string{"tcp:" + l.tcp, "udp:" + l.udp, "unix:" + l.unix, "environment:FRAMEGATE_TEST_SECRET", "limits:"}
	return allowed, forbiddenFiles, append(forbiddenElse, l.attacks()...)
}

// outcomes runs attempts as ffmpeg is run.
func outcomes(t *testing.T, attempts []string, rights transcode.Confinement) map[string]string {
	t.Helper()
	cmd, err := transcode.Command(faulty(t, "trespasses"), attempts, rights)
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, err.(*exec.ExitError).Stderr)
	}
	said := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		attempt, outcome, _ := strings.Cut(strings.TrimSpace(line), " ")
		said[attempt] = outcome
	}
	return said
}

// needFileProtection skips what this kernel cannot do.
func needFileProtection(t *testing.T) {
	t.Helper()
	if how := transcode.Sandbox(); !strings.HasPrefix(how, "Landlock V") {
		t.Skip("the sandbox is " + how)
	}
}

func TestConfinedFFmpegReachesWhatItNeedsAndNothingElse(t *testing.T) {
	needFileProtection(t)
	t.Setenv("FRAMEGATE_TEST_SECRET", "hunter2")
	land := newTerritory(t)
	allowed, files, others := land.attempts()
	said := outcomes(t, slices.Concat(allowed, files, others), transcode.Confinement{Reads: []string{land.given}})
	for _, attempt := range allowed {
		if said[attempt] != "yes" {
			t.Errorf("%s: %s", attempt, said[attempt])
		}
	}
	for _, attempt := range slices.Concat(files, others) {
		if !strings.HasPrefix(said[attempt], "no: ") {
			t.Errorf("%s: %q", attempt, said[attempt])
		}
	}
}

// TestUnconfinedFFmpegReachesIt shows that the tests around it mean something,
// and what is left where a program cannot become ffmpeg.
func TestUnconfinedFFmpegReachesIt(t *testing.T) {
	defer transcode.Unconfined()()
	t.Setenv("FRAMEGATE_TEST_SECRET", "hunter2")
	land := newTerritory(t)
	allowed, files, others := land.attempts()
	others = slices.DeleteFunc(others, func(a string) bool { return strings.HasPrefix(a, "environment") || forbiddenAnyway(a) })
	files = append(files, "remove:/tmp/framegate-trespass")
	for attempt, outcome := range outcomes(t, slices.Concat(allowed, files, others), transcode.Confinement{Reads: []string{land.given}}) {
		if outcome != "yes" {
			t.Errorf("%s: %s", attempt, outcome)
		}
	}
	if said := outcomes(t, []string{"environment:FRAMEGATE_TEST_SECRET"}, transcode.Confinement{}); said["environment:FRAMEGATE_TEST_SECRET"] == "yes" {
		t.Error("Framegate's secrets are in ffmpeg's environment")
	}
	if how := transcode.Sandbox(); !strings.HasPrefix(how, "resource limits only") {
		t.Errorf("the sandbox is said to be %q", how)
	}
	// Without a shim the bounds are set on the running process.
	cmd := exec.Command(faulty(t, "hangs"))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer stdin.Close()
	if err := transcode.LimitAll(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	for _, resource := range []int{unix.RLIMIT_CORE, unix.RLIMIT_FSIZE, unix.RLIMIT_MSGQUEUE} {
		var is unix.Rlimit
		if err := unix.Prlimit(cmd.Process.Pid, resource, nil, &is); err != nil || is.Max != 0 {
			t.Errorf("resource %d is limited to %+v, %v", resource, is, err)
		}
	}
}

// oldKernel takes Landlock from this process, as kernels before 5.13 are without
// it, says what is left of the sandbox, and makes attempts in it.
func oldKernel(attempts []string) {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the system call's number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_LANDLOCK_CREATE_RULESET, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		panic(err)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		panic(errno)
	}
	transcode.BecomeFFmpeg() // which TestMain does too late for this
	fmt.Println("sandbox:", transcode.Sandbox())
	cmd, err := transcode.Command(filepath.Join(filepath.Dir(os.Args[0]), "ffmpeg-trespasses"), attempts, transcode.Confinement{})
	if err != nil {
		panic(err)
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		panic(err)
	}
	if cmd, err = transcode.Command(filepath.Join(filepath.Dir(os.Args[0]), "writes"), nil, transcode.Confinement{}); err != nil {
		panic(err)
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Run() // it says how that went
}

// TestOldKernelSaysWhatIsMissing runs as on a kernel without Landlock: ffmpeg
// starts all the same, and what is left of the sandbox holds.
func TestOldKernelSaysWhatIsMissing(t *testing.T) {
	if !strings.Contains(transcode.Sandbox(), "seccomp") {
		t.Skip("the sandbox is " + transcode.Sandbox())
	}
	land := newTerritory(t)
	name := faulty(t, "oldkernel")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(filepath.Dir(name), "ffmpeg-trespasses")); err != nil {
		t.Fatal(err)
	}
	writes := filepath.Join(filepath.Dir(name), "writes")
	script := "#!/bin/sh\necho a cache >" + filepath.Join(land.dir, "cache") + " || echo it learns that it cannot write\n"
	if err := os.WriteFile(writes, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, "read:"+land.beside, "tcp:"+land.tcp, "unix:"+land.unix, "limits:")
	out, _ := cmd.CombinedOutput()
	for _, want := range []string{
		"sandbox: seccomp, resource limits; files are not protected: this kernel has no Landlock\n",
		"read:" + land.beside + " yes\n", "tcp:" + land.tcp + " no: ", "unix:" + land.unix + " no: ", "limits: no: limited\n",
		"it learns that it cannot write\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in %s", want, out)
		}
	}
}

// TestSocketsAreForbiddenWithoutLandlock tries the filter of system calls
// alone, which is all there is on an old kernel, on a thread that ends with it.
func TestSocketsAreForbiddenWithoutLandlock(t *testing.T) {
	if !strings.Contains(transcode.Sandbox(), "seccomp") {
		t.Skip("the sandbox is " + transcode.Sandbox())
	}
	for _, local := range []bool{false, true} {
		outcomes := make(chan [3]error)
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread is not for others
			var all [3]error
			if all[0] = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); all[0] == nil {
				all[0] = transcode.ForbidCalls(transcode.Latitude{Drivers: local})
			}
			for i, family := range []int{unix.AF_INET6, unix.AF_UNIX} {
				var fd int
				if fd, all[i+1] = unix.Socket(family, unix.SOCK_DGRAM, 0); all[i+1] == nil {
					unix.Close(fd)
				}
			}
			outcomes <- all
		}()
		all := <-outcomes
		if all[0] != nil || !errors.Is(all[1], unix.EACCES) || local != (all[2] == nil) {
			t.Errorf("local %v: %v", local, all)
		}
	}
}

func TestDriversMayUseLocalSocketsAndDevices(t *testing.T) {
	needFileProtection(t)
	land := newTerritory(t)
	rights := transcode.Confinement{Drivers: true, Devices: []string{"/dev/ptmx"}}
	attempts := []string{"unix:" + land.unix, "control:/dev/ptmx", "tcp:" + land.tcp, "udp:" + land.udp, "read:" + land.given}
	said := outcomes(t, attempts, rights)
	for n, attempt := range attempts {
		if mayDo := n < 2; mayDo != (said[attempt] == "yes") {
			t.Errorf("%s: %s", attempt, said[attempt])
		}
	}
}

func TestSpecSaysWhatMayBeTouched(t *testing.T) {
	for want, spec := range map[string]transcode.Spec{
		"{Reads:[] Devices:[] Drivers:false}":            {In: transcode.JPEG, Out: transcode.H264},
		"{Reads:[/a.mp4] Devices:[] Drivers:false}":      {File: "/a.mp4", Out: transcode.H264},
		"{Reads:[] Devices:[/dev/video0] Drivers:false}": {Device: "/dev/video0", Out: transcode.JPEG},
		"{Reads:[] Devices:[/dev/dri] Drivers:true}":     {In: transcode.JPEG, Out: transcode.H264, HWAccel: transcode.HWVAAPI},
	} {
		if got := fmt.Sprintf("%+v", transcode.Confined(spec)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestFileIsPlayedConfined has ffmpeg itself read a file that it was given.
func TestFileIsPlayedConfined(t *testing.T) {
	needFfmpeg(t)
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	args := []string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x96:rate=50:duration=0.5", "-c:v", "libx264", clip}
	if out, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, copied := range []bool{true, false} {
		p := start(t, transcode.Spec{File: clip, Out: transcode.H264, Copy: copied})
		if packet, err := p.Read(); err != nil || len(packet.Config) == 0 {
			t.Errorf("copied %v: %v", copied, err)
		}
	}
}

// TestBadConfinementRunsNothing calls what only Start calls.
func TestBadConfinementRunsNothing(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"arguments":      {"{}", "/usr/bin/true"},
		"invalid":        {"nonsense", "/usr/bin/true", "true"},
		"no such file":   {"{}", "/nowhere/ffmpeg", "ffmpeg"},
		"exec format er": {"{}", writeProgram(t, "\x00"), "ffmpeg"},
		"is built for":   {"{}", writeProgram(t, foreignProgram(t)), "ffmpeg"},
	} {
		cmd := exec.Command(self)
		cmd.Args = append([]string{transcode.ConfinedName}, args...)
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 126 || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, %s", args, err, out)
		}
	}
}

// foreignProgram is the head of one whose words have another size than ours.
func foreignProgram(t *testing.T) string {
	t.Helper()
	other := map[string]elf.Machine{"amd64": elf.EM_386, "arm64": elf.EM_ARM, "arm": elf.EM_AARCH64}[runtime.GOARCH]
	if other == elf.EM_NONE {
		t.Skip("none is known for " + runtime.GOARCH)
	}
	return elf.ELFMAG + "\x01\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00" + string([]byte{byte(other), byte(other >> 8)}) + strings.Repeat("\x00", 32)
}

// parent starts an ffmpeg that ignores everything, says its number, and waits.
func parent() {
	transcode.BecomeFFmpeg() // which TestMain does too late for this
	dir := filepath.Dir(os.Args[0])
	p, err := transcode.Start(context.Background(), transcode.Spec{FFmpeg: filepath.Join(dir, "ffmpeg-ignores"), Pattern: pattern, Out: transcode.JPEG})
	if err != nil {
		panic(err)
	}
	if _, err := p.Read(); err != nil {
		panic(err)
	}
	fmt.Println(p.PID())
	time.Sleep(time.Minute)
}

// TestConfinedFFmpegEndsWithItsParent kills a process that has started one.
func TestConfinedFFmpegEndsWithItsParent(t *testing.T) {
	name := faulty(t, "parents")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(filepath.Dir(name), "ffmpeg-ignores")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	pid, atoiErr := strconv.Atoi(strings.TrimSpace(line))
	status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if !strings.Contains(string(status), "NoNewPrivs:\t1") {
		t.Errorf("it is not confined: %s", status)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if err != nil || atoiErr != nil {
		t.Fatal(line, err, atoiErr)
	}
	for deadline := time.Now().Add(30 * time.Second); !ended(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("ffmpeg %d lives on", pid)
		}
	}
}

// ended says whether a process is gone, or waits for its new parent to notice.
func ended(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(b), ") ")
	return strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X")
}
