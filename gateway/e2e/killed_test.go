//go:build linux

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/command"
)

// TestGatewayProcess is not a test, but the process that TestKilledGatewayLeavesNoFfmpeg starts.
func TestGatewayProcess(t *testing.T) {
	if os.Getenv("FRAMEGATE_TEST_PROCESS") == "" {
		return // only TestKilledGatewayLeavesNoFfmpeg means it
	}
	os.Exit(command.Run(context.Background(), []string{"--listen", "127.0.0.1:0"}, os.Environ(), os.Stdout, os.Stderr))
}

func TestKilledGatewayLeavesNoFfmpeg(t *testing.T) {
	need(t, "ffmpeg")
	gateway := program(t, os.Args[0], "-test.run", "^TestGatewayProcess$")
	gateway.Env = append(os.Environ(), "FRAMEGATE_TEST_PROCESS=1", "FRAMEGATE_AUTH=off", "FRAMEGATE_DATA="+t.TempDir())
	stdout, err := gateway.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := gateway.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), ceiling)
	defer cancel()
	v, err := camtest.Watch(ctx, firstAddress(t, stdout)+"/live/demo.mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Next(); err != nil {
		t.Fatal(err)
	}
	ffmpeg := childrenOf(t, gateway.Process.Pid)
	for len(ffmpeg) == 0 && ctx.Err() == nil { // what came first may have said that the camera connects
		if _, err := v.Next(); err != nil {
			t.Fatal(err)
		}
		ffmpeg = childrenOf(t, gateway.Process.Pid)
	}
	if err := gateway.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	gateway.Wait()
	for _, pid := range ffmpeg {
		for !ended(pid) {
			if ctx.Err() != nil {
				t.Fatalf("ffmpeg %d lives on", pid)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// childrenOf lists the processes that a process started.
func childrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	names, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, _ := os.ReadFile(name) // a thread may have ended
		for _, field := range strings.Fields(string(b)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			children = append(children, child)
		}
	}
	return children
}

// ended says that a process is gone, or is a zombie that init will take.
func ended(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, after, _ := strings.Cut(string(b), ") ")
	return strings.HasPrefix(after, "Z")
}
