package transcode_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"framegate/transcode"
)

// TestMain lets the test binary, run again, be an ffmpeg that misbehaves.
func TestMain(m *testing.M) {
	if fault := filepath.Base(os.Args[0]); strings.HasPrefix(fault, "ffmpeg-") {
		misbehave(strings.TrimPrefix(fault, "ffmpeg-"))
		os.Exit(3)
	}
	become()
	goleak.VerifyTestMain(m)
}

func init() {
	if os.Args[0] == transcode.ConfinedName {
		runtime.LockOSThread() // the main goroutine keeps the first thread
	}
}

// become calls BecomeFFmpeg on another thread than the first one: where the
// scheduler may move any main to.
func become() {
	if os.Args[0] != transcode.ConfinedName {
		transcode.BecomeFFmpeg()
		return
	}
	became := make(chan struct{})
	go func() {
		defer close(became)
		transcode.BecomeFFmpeg()
	}()
	<-became
}

func misbehave(fault string) {
	switch fault {
	case "crashes":
		fmt.Fprintln(os.Stderr, "Cannot find a valid font")
	case "floods":
		for range 10_000 {
			fmt.Fprintln(os.Stderr, strings.Repeat("error ", 20))
		}
		fmt.Fprintln(os.Stderr, "the end")
	case "ignores":
		signal.Ignore(syscall.SIGTERM, syscall.SIGPIPE)
		fmt.Print(smjpegHead + chunk("x"))
		time.Sleep(time.Minute)
	case "fills":
		fmt.Print(smjpegHead)
		for {
			fmt.Print(chunk(strings.Repeat("x", 1<<20)))
		}
	case "chatters": // all the time, while it gives frames
		chat := func() { fmt.Fprintln(os.Stderr, strings.Repeat("warning ", 1000)) }
		chat()
		go func() {
			for {
				chat()
			}
		}()
		fmt.Print(smjpegHead)
		for {
			fmt.Print(chunk("x"))
		}
	case "hangs": // it takes everything and gives nothing
		io.Copy(io.Discard, os.Stdin)
	case "deaf":
		time.Sleep(time.Minute)
	case "mute": // it closes its output, lives on and does not listen
		signal.Ignore(syscall.SIGTERM)
		os.Stdout.Close()
		time.Sleep(time.Minute)
	case "unplugs": // as ffmpeg does when a device is, and calls it a success
		fmt.Print(smjpegHead + chunk("x"))
		fmt.Fprintln(os.Stderr, "/dev/video0: No such device")
		os.Exit(0)
	case "parts": // with a packet
		fmt.Print(smjpegHead + chunk("x") + "vidD\x00\x00\x00\x00\x00\x00\x10\x00half of it")
	case "parents":
		parent()
	case "oldkernel":
		oldKernel(os.Args[1:])
	case "trespasses":
		trespass(os.Args[1:])
	case "lies":
		fmt.Print(smjpegHead + "vidD\x00\x00\x00\x00\xff\xff\xff\xff")
		time.Sleep(time.Minute)
	}
}

const smjpegHead = "\x00\nSMJPEG\x00\x00\x00\x00\x00\x00\x00\x00HEND"

func chunk(body string) string {
	return "vidD\x00\x00\x00\x00" + string(binary.BigEndian.AppendUint32(nil, uint32(len(body)))) + body
}

// faulty gives a program that misbehaves in the given way: this test's own
// binary under another name.
func faulty(t *testing.T, fault string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "ffmpeg-"+fault)
	if err := os.Symlink(self, name); err != nil {
		t.Fatal(err)
	}
	return name
}

// writeProgram makes a program of a script, or of nonsense.
func writeProgram(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ffmpeg")
	rewrite(t, name, content)
	return name
}

// rewrite makes a program, or another one of it.
func rewrite(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
}

var pattern = transcode.Pattern{Width: 320, Height: 180, FPS: 30}

func start(t *testing.T, s transcode.Spec) *transcode.Process {
	t.Helper()
	p, err := transcode.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// needFfmpeg skips a test where ffmpeg is missing and the run was told to
// install nothing.
func needFfmpeg(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil && os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
		t.Skip("ffmpeg is not installed")
	}
}

func TestPatternMoves(t *testing.T) {
	needFfmpeg(t)
	for _, clock := range []bool{false, true} {
		t.Run(fmt.Sprintf("clock %v", clock), func(t *testing.T) {
			pattern := pattern
			pattern.Clock = clock
			p := start(t, transcode.Spec{Pattern: pattern, Out: transcode.JPEG})
			var last []byte
			for range 10 {
				packet, err := p.Read()
				if err != nil {
					t.Fatal(err)
				}
				img, err := jpeg.Decode(bytes.NewReader(packet.Data))
				if err != nil {
					t.Fatal(err)
				}
				if b := img.Bounds(); b.Dx() != 320 || b.Dy() != 180 {
					t.Fatalf("picture of %v", b)
				}
				if bytes.Equal(packet.Data, last) {
					t.Error("the same picture twice")
				}
				last = packet.Data
			}
		})
	}
}

func TestProcessIsGoneAfterClose(t *testing.T) {
	needFfmpeg(t)
	p := start(t, transcode.Spec{Pattern: pattern, Out: transcode.JPEG})
	if _, err := p.Read(); err != nil {
		t.Fatal(err)
	}
	p.Close()
	p.Close()
	if _, err := p.Read(); err == nil {
		for range 100 { // what was buffered may still come
			if _, err = p.Read(); err != nil {
				break
			}
		}
		if err == nil {
			t.Error("frames come out of a closed process")
		}
	}
	if children := childProcesses(t); len(children) > 0 {
		t.Errorf("still there: %v", children)
	}
}

// TestBackgroundGoesLast: its ffmpeg, with all of its threads, has the lowest
// priority.
func TestBackgroundGoesLast(t *testing.T) {
	needFfmpeg(t)
	for background, nice := range map[bool]string{false: niceness("/proc/self/stat"), true: "10"} {
		p := start(t, transcode.Spec{Pattern: pattern, Out: transcode.JPEG, Background: background})
		if _, err := p.Read(); err != nil {
			t.Fatal(err)
		}
		for _, child := range childProcesses(t) {
			threads, err := filepath.Glob("/proc/" + child + "/task/*/stat")
			if err != nil || len(threads) == 0 {
				t.Fatalf("process %s has no threads: %v", child, err)
			}
			for _, name := range threads {
				if got := niceness(name); got != nice && got != "" {
					t.Errorf("background %v: a thread is as nice as %s, want %s", background, got, nice)
				}
			}
		}
		p.Close()
	}
}

// niceness reads that of a process or thread; "" where it is gone.
func niceness(stat string) string {
	b, _ := os.ReadFile(stat)
	_, behindName, _ := strings.Cut(string(b), ") ")
	if fields := strings.Fields(behindName); len(fields) > 16 {
		return fields[16]
	}
	return ""
}

func TestProcessEndsWithItsContext(t *testing.T) {
	needFfmpeg(t)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := transcode.Start(ctx, transcode.Spec{Pattern: pattern, Out: transcode.JPEG})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	cancel()
	for err == nil {
		_, err = p.Read()
	}
}

func TestCrashSaysWhatFfmpegSaid(t *testing.T) {
	for fault, want := range map[string]string{
		"crashes": "exit status 3: Cannot find a valid font",
		"floods":  "error ; the end",
		"lies":    "packet of 4294967295 bytes",
	} {
		p := start(t, transcode.Spec{FFmpeg: faulty(t, fault), Pattern: pattern, Out: transcode.JPEG})
		_, err := p.Read()
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 4096 {
			t.Errorf("%s: got %v", fault, err)
		}
	}
}

func TestSuccessSaysWhatFfmpegSaid(t *testing.T) {
	p := start(t, transcode.Spec{FFmpeg: faulty(t, "unplugs"), Device: "/dev/video0", DeviceFormat: "mjpeg", Out: transcode.JPEG})
	if packet, err := p.Read(); err != nil || string(packet.Data) != "x" {
		t.Fatalf("got %q, %v", packet.Data, err)
	}
	if _, err := p.Read(); !errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "ended: /dev/video0: No such device") {
		t.Errorf("got %v", err)
	}
}

func TestStubbornProcessIsKilled(t *testing.T) {
	for _, fault := range []string{"ignores", "fills"} {
		p := start(t, transcode.Spec{FFmpeg: faulty(t, fault), Pattern: pattern, Out: transcode.JPEG})
		if _, err := p.Read(); err != nil {
			t.Fatal(fault, err)
		}
		p.Close()
		if children := childProcesses(t); len(children) > 0 {
			t.Errorf("%s: still there: %v", fault, children)
		}
	}
}

// TestProcessThatCannotBeEndedIsLeft: it may wait for a disk that does not answer.
func TestProcessThatCannotBeEndedIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if took, err := transcode.LeavesBehind(t); took > 10*time.Second || err == nil || !strings.Contains(err.Error(), "does not end") {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

func TestOutputThatEndsInTheMiddleIsNoPacket(t *testing.T) {
	p := start(t, transcode.Spec{FFmpeg: faulty(t, "parts"), Pattern: pattern, Out: transcode.JPEG})
	if packet, err := p.Read(); err != nil || string(packet.Data) != "x" {
		t.Fatalf("got %q, %v", packet.Data, err)
	}
	if packet, err := p.Read(); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %q, %v", packet.Data, err)
	}
}

// TestChatterDoesNotStopFrames has far more come on stderr than is kept.
func TestChatterDoesNotStopFrames(t *testing.T) {
	p := start(t, transcode.Spec{FFmpeg: faulty(t, "chatters"), Pattern: pattern, Out: transcode.JPEG})
	for range 1000 {
		if _, err := p.Read(); err != nil {
			t.Fatal(err)
		}
	}
	p.Close()
	if said := p.Said(); !strings.Contains(said, "warning") || len(said) > 4096 {
		t.Errorf("%d bytes are kept: %.100q", len(said), said)
	}
}

func TestClosedOutputEndsTheProcess(t *testing.T) {
	p := start(t, transcode.Spec{FFmpeg: faulty(t, "mute"), Pattern: pattern, Out: transcode.JPEG})
	if _, err := p.Read(); err == nil || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("got %v", err)
	}
	if children := childProcesses(t); len(children) > 0 {
		t.Errorf("still there: %v", children)
	}
}

// TestStalledFFmpegIsNoticed is about those that take packets and give none,
// and those that do not even take them.
func TestStalledFFmpegIsNoticed(t *testing.T) {
	for fault, want := range map[string]string{"hangs": "ffmpeg gives nothing", "deaf": "takes nothing"} {
		for _, in := range []transcode.Codec{transcode.JPEG, transcode.H264} {
			t.Run(fmt.Sprint(fault, " ", in), func(t *testing.T) {
				t.Parallel() // each takes as long as the patience
				spec := transcode.Spec{FFmpeg: faulty(t, fault), In: in, Config: []byte(transcode.AnyConfig), Out: transcode.JPEG}
				p := start(t, spec)
				read := make(chan error, 1)
				go func() {
					_, err := p.Read()
					read <- err
				}()
				var err error
				for n := 0; err == nil; n++ {
					if err = p.Write(timed(n, make([]byte, 1<<20))); in == transcode.H264 && fault == "hangs" {
						time.Sleep(time.Millisecond) // a camera's pace, more or less
					}
				}
				if !errors.Is(err, transcode.ErrStalled) || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v", err)
				}
				p.Close()
				if err := <-read; err == nil {
					t.Error("a packet comes of nothing")
				}
			})
		}
	}
}

// TestFFmpegThatDoesNotEndIsNoticed, with which nobody but who reads has to do any more.
func TestFFmpegThatDoesNotEndIsNoticed(t *testing.T) {
	p := start(t, transcode.Spec{FFmpeg: writeProgram(t, "#!/bin/sh\nexec sleep 600\n"), In: transcode.JPEG, Out: transcode.JPEG})
	p.SetFlushPatience(100 * time.Millisecond)
	if err := p.Write(timed(0, []byte("x"))); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() {
		_, err := p.Read()
		read <- err
	}()
	p.CloseWrite()
	for range 2 { // who waits, and who comes later
		select {
		case err := <-read:
			if !errors.Is(err, transcode.ErrStalled) {
				t.Errorf("got %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatal("it is waited for")
		}
		_, err := p.Read()
		read <- err
	}
}

// childProcesses lists the processes this test has started and not waited for.
func childProcesses(t *testing.T) []string {
	t.Helper()
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(tasks) == 0 {
		t.Fatal("this kernel tells of no children: ", err)
	}
	var children []string
	for _, name := range tasks {
		b, _ := os.ReadFile(name)
		children = append(children, strings.Fields(string(b))...)
	}
	return children
}

func TestMissingFfmpegIsSaid(t *testing.T) {
	_, err := transcode.Start(t.Context(), transcode.Spec{FFmpeg: "/nowhere/ffmpeg", Pattern: pattern, Out: transcode.JPEG})
	if err == nil || !strings.Contains(err.Error(), "starting ffmpeg") || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

func TestSpecsOutOfRangeAreRefused(t *testing.T) {
	for _, s := range []transcode.Spec{
		{Out: transcode.JPEG, Pattern: transcode.Pattern{Width: 8, Height: 180, FPS: 30}},
		{Out: transcode.JPEG, Pattern: transcode.Pattern{Width: 320, Height: 5000, FPS: 30}},
		{Out: transcode.JPEG, Pattern: transcode.Pattern{Width: 321, Height: 180, FPS: 30}},
		{Out: transcode.JPEG, Pattern: transcode.Pattern{Width: 320, Height: 180, FPS: 0}},
		{Out: transcode.JPEG, Pattern: transcode.Pattern{Width: 320, Height: 180, FPS: 61}},
		{Pattern: pattern},
		{In: transcode.JPEG, Out: transcode.JPEG, Width: 640},
		{In: transcode.JPEG, Out: transcode.JPEG, Width: 9000, Height: 10},
		{In: transcode.JPEG, Out: transcode.H264, MaxFPS: -1},
		{In: transcode.H264, Out: transcode.JPEG},
		{In: transcode.H265, Out: transcode.JPEG},
		{In: transcode.H265, Config: []byte(transcode.AnyConfig), Out: transcode.JPEG},
		{In: transcode.JPEG, Out: transcode.H265},
		{In: transcode.JPEG, Out: transcode.H264, Skip: time.Second},
		{In: transcode.JPEG, Out: transcode.JPEG, Lasting: true},
		{Pattern: pattern, Out: transcode.JPEG, Clock: time.Now()},
		{Pattern: pattern, Out: transcode.JPEG, Quality: 101},
		{Device: "video0", Out: transcode.JPEG},
		{Device: "/dev/video0", File: "/clip.mp4", Out: transcode.JPEG},
		{Device: "/dev/video0", DeviceFormat: "yuyv422", Out: transcode.JPEG},
		{Device: "/dev/video0", DeviceWidth: 640, Out: transcode.JPEG},
		{Device: "/dev/video0", DeviceFPS: 241, Out: transcode.JPEG},
	} {
		if _, err := transcode.Start(t.Context(), s); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}
