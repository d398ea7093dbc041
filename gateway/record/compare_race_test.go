package record_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/segment"
)

// lateDisk is a folder that answers late, or with an error, as a test says.
type lateDisk struct {
	record.Disk
	list, create func(name string)
	open         func(name string) error
	sync         func() error
}

func (d lateDisk) List(folder string) ([]os.DirEntry, error) {
	if d.list != nil {
		d.list(folder)
	}
	return d.Disk.List(folder)
}

func (d lateDisk) Create(name string) (segment.File, error) {
	f, err := d.Disk.Create(name)
	if d.create != nil {
		d.create(name)
	}
	return f, err
}

func (d lateDisk) Open(name string, write bool) (segment.File, int64, error) {
	if d.open != nil {
		if err := d.open(name); err != nil {
			return nil, 0, &os.PathError{Op: "open", Path: name, Err: err}
		}
	}
	return d.Disk.Open(name, write)
}

func (d lateDisk) SyncFolder(name string) error {
	if d.sync != nil {
		if err := d.sync(); err != nil {
			return err
		}
	}
	return d.Disk.SyncFolder(name)
}

// on has recorders use such a disk.
func (d lateDisk) on(o *record.Options) {
	o.OpenDisk = func(dir string) (record.Disk, error) {
		folder, err := record.OpenFolder(dir)
		d.Disk = folder
		return d, err
	}
}

// TestComparisonLeavesFilesThatBegin alone: the folder is compared while the disk
// has made a file, and has not said so.
func TestComparisonLeavesFilesThatBegin(t *testing.T) {
	d := lateDisk{
		list: func(folder string) {
			if folder == "." {
				time.Sleep(2 * time.Second)
			}
		},
		create: func(name string) {
			if strings.HasSuffix(name, ".part") {
				time.Sleep(4 * time.Second)
			}
		},
	}
	story(t, func(o *record.Options, _ *record.Settings, _ []record.Camera) { d.on(o) }, func(g *rig, c *camera) {
		time.Sleep(25 * time.Second)
		g.wantAllFrames(c, 0)
	})
}

// TestFinishedFileIsFinishedAgain where the disk took its name, and then failed.
func TestFinishedFileIsFinishedAgain(t *testing.T) {
	var failing atomic.Bool
	d := lateDisk{sync: func() error {
		if failing.Load() {
			return &os.PathError{Op: "sync", Path: "x", Err: syscall.EIO}
		}
		return nil
	}}
	story(t, func(o *record.Options, _ *record.Settings, _ []record.Camera) { d.on(o) }, func(g *rig, c *camera) {
		g.expectState(record.Recording)
		failing.Store(true)
		g.expectState(record.Missing)
		failing.Store(false)
		g.expectState(record.Recording)
		g.wantAllFrames(c, 0)
		if log := g.log.String(); strings.Contains(log, "left as it is") {
			t.Error("a finished file was given up")
		}
	})
}

// TestOneBadFileHoldsUpNoOther: what cannot be read or finished is left, and said
// now and then, while files that are older are mended, entered and found lost.
func TestOneBadFileHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 75*time.Second)
	all := files(t, dir, "*.mp4")
	lost, left, double, bad := all[0], all[1], all[3], all[len(all)-1]
	root := filepath.Join(dir, "recordings")
	b, err := os.ReadFile(filepath.Join(root, double))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, double+".part"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	unfinish(t, dir, left)
	unfinish(t, dir, bad)
	if err := os.Remove(filepath.Join(root, lost)); err != nil {
		t.Fatal(err)
	}
	var tries atomic.Int64
	d := lateDisk{open: func(name string) error {
		if name != bad+".part" {
			return nil
		}
		tries.Add(1)
		return syscall.EIO
	}}
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, map[string]*camera{"front": newCamera()}, func(o *record.Options, _ *record.Settings, _ []record.Camera) { d.on(o) })
		defer g.stop()
		time.Sleep(10 * time.Minute)
		if n := tries.Load(); n < 3 || n > 12 {
			t.Errorf("a bad file was tried %d times in ten minutes", n)
		}
		if s, err := g.recorders.Index().SegmentByPath(t.Context(), left); err != nil || s.Lost {
			t.Errorf("what is older than a bad file is not mended: %+v, %v", s, err)
		}
		if s, err := g.recorders.Index().SegmentByPath(t.Context(), lost); err != nil || !s.Lost {
			t.Errorf("what is gone is not found lost: %+v, %v", s, err)
		}
		if t.Failed() {
			t.Log(g.log)
		}
	})
	if parts := files(t, dir, "*.part"); len(parts) != 2 || !slices.Contains(parts, bad+".part") || strings.HasPrefix(parts[1], "front") == strings.HasPrefix(parts[0], "front") {
		t.Errorf("not finished are %v", parts)
	}
}
