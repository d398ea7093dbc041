package record_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// stepped is a disk that has somebody look before and after each step that changes
// something, and in the middle of each write.
type stepped struct {
	record.Disk
	look func(step string)
}

func (d stepped) step(what string, do func() error) error {
	d.look("before " + what)
	defer d.look("after " + what)
	return do()
}

func (d stepped) Create(name string) (f segment.File, err error) {
	err = d.step("create", func() (err error) { f, err = d.Disk.Create(name); return err })
	return steppedFile{f, d}, err
}

func (d stepped) Rename(from, to string) error {
	return d.step("rename", func() error { return d.Disk.Rename(from, to) })
}

func (d stepped) Remove(name string) error {
	return d.step("remove", func() error { return d.Disk.Remove(name) })
}

func (d stepped) SyncFolder(name string) error {
	return d.step("sync of a folder", func() error { return d.Disk.SyncFolder(name) })
}

type steppedFile struct {
	segment.File
	disk stepped
}

func (f steppedFile) WriteAt(b []byte, at int64) (n int, err error) {
	what := fmt.Sprintf("write of %d bytes", len(b))
	err = f.disk.step(what, func() error {
		_, _ = f.File.WriteAt(b[:len(b)/2], at) // and again, all of it
		f.disk.look("in the middle of " + what)
		n, err = f.File.WriteAt(b, at)
		return err
	})
	return n, err
}

func (f steppedFile) Sync() error { return f.disk.step("sync", f.File.Sync) }

func (f steppedFile) Truncate(size int64) error {
	return f.disk.step("truncate", func() error { return f.File.Truncate(size) })
}

// killed is what a process leaves that is killed.
type killed struct {
	dir, step string
	at        time.Time
}

// TestKillInEachStepOfClosingAndDeleting leaves a folder of which the next start
// makes one with an index that agrees, without a hole, and up to a second before.
func TestKillInEachStepOfClosingAndDeleting(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long")
	}
	if _, err := footage(); err != nil { // in real time
		t.Fatal(err)
	}
	dir, copies := t.TempDir(), t.TempDir()
	var mu sync.Mutex // guards what follows
	var left []killed
	looking := false
	look := func(step string) {
		mu.Lock()
		defer mu.Unlock()
		if !looking {
			return
		}
		k := killed{filepath.Join(copies, fmt.Sprint(len(left))), step, time.Now()}
		if err := os.CopyFS(k.dir, os.DirFS(dir)); err != nil {
			t.Error(err)
		}
		left = append(left, k)
	}
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, map[string]*camera{"front": newCamera()}, func(o *record.Options, s *record.Settings, cameras []record.Camera) {
			s.Segment, s.Sync, cameras[0].Keep.MaxAge = 2*time.Second, time.Hour, 5*time.Second
			o.OpenDisk = func(dir string) (record.Disk, error) {
				folder, err := record.OpenFolder(dir)
				return stepped{folder, look}, err
			}
		})
		defer g.stop()
		set := func(on bool) { mu.Lock(); defer mu.Unlock(); looking = on }
		time.Sleep(20 * time.Second)
		before := g.recorders.Status("front")
		set(true)
		time.Sleep(camtest.Long(3*time.Second, 40*time.Second))
		set(false)
		if s := g.recorders.Status("front"); s.Segments == before.Segments || s.Removed == before.Removed {
			t.Errorf("nothing was closed or deleted: %+v, and then %+v", before, s)
		}
	})
	steps := make(map[string]bool)
	var films []string
	for _, k := range left {
		k.check(t)
		if t.Failed() {
			t.Fatalf("killed %s", k.step)
		}
		if step := strings.TrimRight(k.step, "0123456789 bytes"); !steps[step] { // one of each kind has to do
			steps[step] = true
			for _, name := range files(t, k.dir, "*.mp4") {
				films = append(films, filepath.Join(k.dir, "recordings", name))
				played(t, films[len(films)-1])
			}
			continue
		}
		os.RemoveAll(k.dir)
	}
	playedInChromium(t, films)
	t.Logf("killed in %d places", len(left))
}

// check mends what was left, and fails where something is wrong with it then.
func (k killed) check(t *testing.T) {
	t.Helper()
	mended(t, k.dir)
	x, err := index.Open(t.Context(), filepath.Join(k.dir, "recordings", "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	spans, err := x.Spans(t.Context(), "front", time.Time{}, time.Time{})
	if err != nil || len(spans) != 1 {
		t.Fatalf("spans are %v, %v; want one", spans, err)
	}
	if lost := k.at.Sub(spans[0].To); lost < 0 || lost > time.Second {
		t.Errorf("%v are lost", lost)
	}
	err = x.All(t.Context(), func(s index.Segment) error {
		of := opened(t, filepath.Join(k.dir, "recordings", s.Path)).Summary
		if of.Frames != s.Frames || of.Bytes != s.Bytes {
			t.Errorf("%s has %d pictures in %d bytes; its row says %d in %d", s.Path, of.Frames, of.Bytes, s.Frames, s.Bytes)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
