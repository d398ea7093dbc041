package record_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/segment"
)

// few is a disk that has place for so many files only, and does not say so.
type few struct {
	record.Disk
	dir  string
	most int
	err  error
}

func (d few) Create(name string) (segment.File, error) {
	recordings := 0
	err := filepath.WalkDir(d.dir, func(name string, _ fs.DirEntry, err error) error {
		if strings.Contains(name, ".mp4") {
			recordings++
		}
		return nil // what went meanwhile counts for nothing
	})
	if err != nil || recordings >= d.most && strings.Contains(name, ".mp4") {
		return nil, &os.PathError{Op: "open", Path: name, Err: d.err}
	}
	return d.Disk.Create(name)
}

// TestDiskThatRefusesWhatItHasRoomFor loses what was written first, a little at a
// time, and recording goes on without a loss.
func TestDiskThatRefusesWhatItHasRoomFor(t *testing.T) {
	for name, refused := range map[string]error{"quota": syscall.EDQUOT, "number of files": syscall.ENOSPC} {
		t.Run(name, func(t *testing.T) {
			const most = 10
			story(t, func(o *record.Options, _ *record.Settings, _ []record.Camera) {
				o.OpenDisk = func(dir string) (record.Disk, error) {
					folder, err := record.OpenFolder(dir)
					return few{folder, dir, most, refused}, err
				}
			}, func(g *rig, _ *camera) {
				time.Sleep(most * 10 * time.Second)
				g.expectState(record.Full)
				time.Sleep(10*time.Minute + 5*time.Second)
				s := g.recorders.Status("front")
				if s.State != record.Recording || s.Lost > 0 || s.Gaps > 0 || time.Since(s.Newest) > 3*time.Second {
					t.Errorf("the status is %+v", s)
				}
				if left := len(files(t, g.dir, "*.mp4")); left < most-3 {
					t.Errorf("%d files are left, of %d that fit", left, most)
				}
			})
		})
	}
}
