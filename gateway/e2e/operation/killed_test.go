//go:build linux

package operation

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

func TestKilledGatewayLeavesNoFfmpeg(t *testing.T) {
	rig.Need(t, "ffmpeg")
	p := rig.StartProcess(t, t.TempDir(), "", "FRAMEGATE_AUTH=off")
	ctx, cancel := context.WithTimeout(t.Context(), rig.Ceiling)
	defer cancel()
	v, err := camtest.Watch(ctx, p.URL+"/live/demo.mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Next(); err != nil {
		t.Fatal(err)
	}
	ffmpeg := rig.ChildrenOf(t, p.Cmd.Process.Pid)
	for len(ffmpeg) == 0 && ctx.Err() == nil { // what came first may have said that the camera connects
		if _, err := v.Next(); err != nil {
			t.Fatal(err)
		}
		ffmpeg = rig.ChildrenOf(t, p.Cmd.Process.Pid)
	}
	p.Kill()
	for _, pid := range ffmpeg {
		for !ended(pid) {
			if ctx.Err() != nil {
				t.Fatalf("ffmpeg %d lives on", pid)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
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
