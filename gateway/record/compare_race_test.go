package record_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/record"
	"framegate/gateway/record/segment"
)

// lateDisk is a folder that answers late, or with an error, as a test says.
type lateDisk struct {
	record.Disk
	list, create func(name string)

	open, read, rename, remove func(name string) error
	sync                       func() error
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
	f, size, err := d.Disk.Open(name, write)
	if err != nil || d.read == nil {
		return f, size, err
	}
	return lateFile{f, func() error { return d.read(name) }}, size, nil
}

// lateFile is one that cannot be read when a test says so.
type lateFile struct {
	segment.File
	read func() error
}

func (f lateFile) ReadAt(b []byte, at int64) (int, error) {
	if err := f.read(); err != nil {
		return 0, &os.PathError{Op: "read", Path: "x", Err: err}
	}
	return f.File.ReadAt(b, at)
}

func (d lateDisk) Rename(from, to string) error {
	if d.rename != nil {
		if err := d.rename(from); err != nil {
			return &os.PathError{Op: "rename", Path: from, Err: err}
		}
	}
	return d.Disk.Rename(from, to)
}

func (d lateDisk) Remove(name string) error {
	if d.remove != nil {
		if err := d.remove(name); err != nil {
			return &os.PathError{Op: "remove", Path: name, Err: err}
		}
	}
	return d.Disk.Remove(name)
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

// TestWhatCannotBeReadIsNotMovedAside: that says nothing of what is in it. It is
// taken as what it is as soon as it can be read.
func TestWhatCannotBeReadIsNotMovedAside(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 35*time.Second)
	root := filepath.Join(dir, "recordings")
	all := files(t, dir, "*.mp4")
	hour := filepath.Dir(all[0])
	half := all[len(all)-1] // with the name of a finished one
	unfinish(t, dir, half)
	if err := os.Rename(filepath.Join(root, half+".part"), filepath.Join(root, half)); err != nil {
		t.Fatal(err)
	}
	whole, torn := camtest.Picture(1, 160, 120), camtest.Picture(2, 160, 120)[:500]
	added := map[string][]byte{"20000101T000001.000Z-801.jpg": whole, "20000101T000002.000Z-802.jpg.part": whole, "20000101T000003.000Z-803.jpg.part": torn}
	for name, content := range added {
		if err := os.WriteFile(filepath.Join(root, hour, name), content, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	var failing atomic.Bool
	failing.Store(true)
	d := lateDisk{read: func(name string) error {
		if failing.Load() && strings.HasPrefix(name, "front/") {
			return syscall.EIO
		}
		return nil
	}}
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, map[string]*camera{"front": newCamera()}, func(o *record.Options, _ *record.Settings, _ []record.Camera) { d.on(o) })
		defer g.stop()
		time.Sleep(time.Minute)
		if _, err := os.Stat(filepath.Join(root, "_aside")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("something is moved aside: %v\n%s", err, g.log)
		}
		failing.Store(false)
		time.Sleep(5 * time.Minute)
		for _, name := range []string{half, hour + "/20000101T000001.000Z-801.jpg", hour + "/20000101T000002.000Z-802.jpg"} {
			if s, err := g.recorders.Index().SegmentByPath(t.Context(), name); err != nil || s.Lost {
				t.Errorf("%s: %+v, %v\n%s", name, s, err, g.log)
			}
		}
	})
	if left := files(t, dir, "*.jpg.part"); len(left) > 0 {
		t.Errorf("there are %v", left)
	}
}
