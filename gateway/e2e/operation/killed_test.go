//go:build linux

package operation

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
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

// exported is an export, as the API has it.
type exported struct{ ID, State, Error, URL string }

// TestKilledWhileAnExportIsMade: at the next start it has failed and says why, nothing
// half is left of it or given out, and those that waited are made.
func TestKilledWhileAnExportIsMade(t *testing.T) {
	rig.Thorough(t)
	t.Parallel()
	rig.Need(t, "ffmpeg")
	data := t.TempDir()
	config := rig.WriteConfig(t, "auth: off\ncameras: {front: {source: 'upload:', record: {mode: continuous, codec: mjpeg}}}\n")
	from := time.Now().UTC().Add(-time.Second)
	p := rig.StartProcess(t, data, config)
	stop := rig.PublishOver(t, http.DefaultClient, p.Server, "front", 0)
	rig.Await(t, "three seconds of a recording", func() bool {
		query := url.Values{"from": {from.Format(time.RFC3339Nano)}, "to": {"now"}}
		return time.Since(from) > 4*time.Second && p.Get(t, "/live/front/recording.mp4?"+query.Encode(), rig.Credentials{}).StatusCode == http.StatusOK
	})
	stop()
	for halves := 0; halves == 0; {
		for range 5 {
			p.Call(t, "POST", "/api/v1/exports", map[string]any{"camera": "front", "from": from, "to": "now", "start": "encode", "clock": true}, rig.Credentials{}, http.StatusCreated)
		}
		rig.Await(t, "an export that is being made", func() bool {
			return slices.ContainsFunc(exportsOf(t, p), func(e exported) bool { return e.State == "running" })
		})
		p.Kill()
		left, err := filepath.Glob(filepath.Join(data, "exports", "*", "work"))
		if err != nil {
			t.Fatal(err)
		}
		halves = len(left) // none where one was done just then
		p = rig.StartProcess(t, data, config)
		rig.Await(t, "the exports that waited", func() bool {
			return !slices.ContainsFunc(exportsOf(t, p), func(e exported) bool { return e.State == "waiting" || e.State == "running" })
		})
	}
	failed := 0
	for _, e := range exportsOf(t, p) {
		files := map[string]int{"done": 2, "failed": 1}[e.State]
		rig.Await(t, "nothing else in the folder of one that is "+e.State, func() bool { // which follows the list
			left, err := os.ReadDir(filepath.Join(data, "exports", e.ID))
			return err == nil && len(left) == files
		})
		switch file := p.Get(t, "/api/v1/exports/"+e.ID+"/file", rig.Credentials{}); {
		case e.State == "done" && file.StatusCode == http.StatusOK:
		case e.State == "failed" && file.StatusCode == http.StatusConflict && strings.Contains(e.Error, "restarted") && e.URL == "":
			failed++
		default:
			t.Errorf("after it there is %+v, which is answered %d", e, file.StatusCode)
		}
	}
	if failed != 1 {
		t.Errorf("%d have failed", failed)
	}
}

func exportsOf(t *testing.T, p *rig.Process) []exported {
	t.Helper()
	var list struct{ Exports []exported }
	if err := json.Unmarshal(p.Call(t, "GET", "/api/v1/exports", nil, rig.Credentials{}, http.StatusOK).Content, &list); err != nil {
		t.Fatal(err)
	}
	return list.Exports
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
