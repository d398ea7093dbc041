package record_test

import (
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
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
