//go:build linux

package transcode_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"framegate/transcode"
)

// TestKillsLeaveNothingBehind kills ffmpeg again and again: while it works,
// while it waits for us to read, and while it waits for a packet.
func TestKillsLeaveNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	octal := func(s string) (printed string) {
		for _, b := range []byte(s) {
			printed += fmt.Sprintf(`\%03o`, b)
		}
		return printed
	}
	frame := octal(smjpegHead + chunk("a picture"))
	waits := writeProgram(t, "#!/bin/sh\nprintf '"+frame+"'\nexec cat\n")
	fills := writeProgram(t, "#!/bin/sh\nprintf '"+frame+"'\nexec yes\n")
	specs := []transcode.Spec{
		{FFmpeg: waits, In: transcode.JPEG, Out: transcode.JPEG},
		{FFmpeg: fills, Pattern: pattern, Out: transcode.JPEG},
	}
	descriptors, goroutines := openDescriptors(t), runtime.NumGoroutine()
	for n := range kills {
		p, err := transcode.Start(t.Context(), specs[n%len(specs)])
		if err != nil {
			t.Fatal(n, err)
		}
		if packet, err := p.Read(); err != nil || string(packet.Data) != "a picture" {
			t.Fatal(n, packet, err)
		}
		if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
			t.Fatal(n, err)
		}
		for err == nil {
			_, err = p.Read()
		}
		if !strings.Contains(err.Error(), "signal: killed") && !strings.Contains(err.Error(), "SMJPEG") {
			t.Fatal(n, err)
		}
		p.Close()
	}
	if children := childProcesses(t); len(children) > 0 {
		t.Errorf("still there: %v", children)
	}
	if after := openDescriptors(t); after > descriptors {
		t.Errorf("%d descriptors before, %d after", descriptors, after)
	}
	for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > goroutines; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d after", goroutines, runtime.NumGoroutine())
		}
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
