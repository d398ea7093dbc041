package record_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// recordedFolder gives a folder with recordings of so long, of a server that has
// ended in order.
func recordedFolder(t *testing.T, d time.Duration) (dir string) {
	t.Helper()
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, map[string]*camera{"front": newCamera()}, nil)
		time.Sleep(d)
		g.stop()
	})
	return dir
}

// again starts a server in a folder, waits until the index was compared, ends it,
// and fails where folder and index do not agree then.
func again(t *testing.T, dir string, look func(g *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, map[string]*camera{"front": newCamera()}, nil)
		defer g.stop()
		time.Sleep(20 * time.Second)
		if look != nil {
			look(g)
		}
		g.wantAgreement()
		if t.Failed() {
			t.Log(g.log)
		}
	})
}

// unfinish makes a finished file one that was being written, as after a kill, but
// for its content.
func unfinish(t *testing.T, dir, name string) {
	t.Helper()
	path := filepath.Join(dir, "recordings", name)
	if err := os.Rename(path, path+".part"); err != nil {
		t.Fatal(err)
	}
}

// TestFilesThatNobodyFinishedAreMended at the start, whatever is behind their last
// picture.
func TestFilesThatNobodyFinishedAreMended(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 35*time.Second)
	all := files(t, dir, "*.mp4")
	last := all[len(all)-1]
	whole := opened(t, filepath.Join(dir, "recordings", last)).Summary.Frames
	f, err := os.OpenFile(filepath.Join(dir, "recordings", last), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, 100_000)); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	unfinish(t, dir, last)
	empty := filepath.Join(dir, "recordings", filepath.Dir(last), "20000101T000059.000Z-99.mp4.part")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	again(t, dir, func(g *rig) {
		if s, err := g.recorders.Index().SegmentByPath(g.t.Context(), last); err != nil || s.Lost || s.Frames != whole {
			t.Errorf("the row is %+v, %v; want %d frames", s, err, whole)
		} else if s.DataAt == 0 || s.Fragments == 0 {
			t.Errorf("the row does not say where pictures are: %+v", s)
		}
	})
	if _, err := os.Stat(empty); err == nil {
		t.Error("a file without a picture is still there")
	}
	if frames := opened(t, filepath.Join(dir, "recordings", last)).Summary.Frames; frames != whole {
		t.Errorf("%d frames are left of %d", frames, whole)
	}
}

// TestWhatIsNotUnderstoodIsMovedAside and not deleted, where only we write. What
// others have on the same disk is theirs.
func TestWhatIsNotUnderstoodIsMovedAside(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 25*time.Second)
	root := filepath.Join(dir, "recordings")
	hour := filepath.Dir(files(t, dir, "*.mp4")[0])
	strangers := map[string]string{
		hour + "/holiday.jpg":                       "a picture",
		hour + "/20000101T000050.000Z-77.mp4":       "not a film",
		hour + "/20000101T000051.000Z-78.mp4.part":  "not a film either, but longer than the first box",
		"front/2000-01-01/00/20000101T000055.000Z-": "no",
	}
	for name, content := range strangers {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	others := []string{"lost+found/1", "movies/holiday.mkv", "photos/2000-01-01/beach.jpg", "photos/2000-01-01/13/beach.jpg", "front/2000-01-01/notes.txt", "front/plan.txt"}
	for _, name := range others {
		name = filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte("theirs"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	again(t, dir, nil)
	aside := make(map[string]bool)
	err := filepath.WalkDir(filepath.Join(root, "_aside"), func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, _ := os.ReadFile(name)
			aside[string(b)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range strangers {
		if _, err := os.Stat(filepath.Join(root, name)); err == nil || !aside[content] {
			t.Errorf("%s: is there %v, is aside %v", name, err == nil, aside[content])
		}
	}
	for _, name := range others {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Errorf("what others have on the disk is not left alone: %v", err)
		}
	}
}

// TestNumbersThatNobodyCountedTo in names of files leave none for what is recorded.
func TestNumbersThatNobodyCountedTo(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 15*time.Second)
	first := filepath.Join(dir, "recordings", files(t, dir, "*.mp4")[0])
	b, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"9223372036854775807", "18446744073709551615"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(first), "20000101T000050.000Z-"+number+".mp4"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again(t, dir, func(g *rig) { g.expectState(record.Recording) })
	if all := rowsOf(t, dir, "front"); len(all) < 5 { // two and two, and one with another name
		t.Errorf("%d recordings are in the index: %+v", len(all), all)
	}
}

// TestFileThatIsGoneIsLost and comes back with its row.
func TestFileThatIsGoneIsLost(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 45*time.Second)
	name := files(t, dir, "*.mp4")[1]
	path, away := filepath.Join(dir, "recordings", name), filepath.Join(dir, "away.mp4")
	if err := os.Rename(path, away); err != nil {
		t.Fatal(err)
	}
	again(t, dir, func(g *rig) {
		if s, err := g.recorders.Index().SegmentByPath(g.t.Context(), name); err != nil || !s.Lost {
			t.Errorf("the row is %+v, %v", s, err)
		}
	})
	if err := os.Rename(away, path); err != nil {
		t.Fatal(err)
	}
	again(t, dir, func(g *rig) {
		if s, err := g.recorders.Index().SegmentByPath(g.t.Context(), name); err != nil || s.Lost {
			t.Errorf("the row is %+v, %v", s, err)
		}
	})
}

// TestDeletingThatWasCutShortIsFinished whether the process died before, between
// or after the files went.
func TestDeletingThatWasCutShortIsFinished(t *testing.T) {
	for name, unlinked := range map[string]int{"before any file went": 0, "between two": 1, "after both": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := recordedFolder(t, 45*time.Second)
			gone := files(t, dir, "*.mp4")[:2]
			x, err := index.Open(t.Context(), filepath.Join(dir, "recordings", "index.db"))
			if err != nil {
				t.Fatal(err)
			}
			for i, name := range gone {
				s, err := x.SegmentByPath(t.Context(), name)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := x.Delete(t.Context(), s.ID); err != nil {
					t.Fatal(err)
				}
				if i < unlinked {
					if err := os.Remove(filepath.Join(dir, "recordings", name)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			again(t, dir, func(g *rig) {
				for _, name := range gone {
					if s, err := g.recorders.Index().SegmentByPath(g.t.Context(), name); err == nil {
						t.Errorf("what was deleted is back: %+v", s)
					}
				}
			})
			for _, name := range gone {
				if _, err := os.Stat(filepath.Join(dir, "recordings", name)); err == nil {
					t.Errorf("%s is still there", name)
				}
			}
		})
	}
}

// TestIndexIsMadeAnew where there is none, or none that can be read.
func TestIndexIsMadeAnew(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"gone":    os.Remove,
		"damaged": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("x"), 5000), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := recordedFolder(t, 65*time.Second)
			want := len(files(t, dir, "*.mp4"))
			path := filepath.Join(dir, "recordings", "index.db")
			_, _ = os.Remove(path+"-wal"), os.Remove(path+"-shm")
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			again(t, dir, func(g *rig) {
				totals, err := g.recorders.Index().Totals(g.t.Context(), "front")
				if err != nil || totals.Segments < want {
					t.Errorf("the index has %+v, %v; want %d files", totals, err, want)
				}
				spans, err := g.recorders.Index().Spans(g.t.Context(), "front", time.Time{}, time.Time{})
				if err != nil || len(spans) == 0 || spans[0].To.Sub(spans[0].From) < 30*time.Second {
					t.Errorf("spans are %v, %v", spans, err)
				}
			})
		})
	}
}

// TestCheckRefusesToMendUnderAServer and looks all the same.
func TestCheckRefusesToMendUnderAServer(t *testing.T) {
	story(t, nil, func(g *rig, _ *camera) {
		time.Sleep(15 * time.Second)
		folder := filepath.Join(g.dir, "recordings")
		none := func(f record.Finding) { t.Errorf("found %+v", f) }
		if err := record.Check(g.t.Context(), folder, record.Look, none); err != nil {
			t.Errorf("looking: %v", err)
		}
		err := record.Check(g.t.Context(), folder, record.Mend, none)
		if err == nil || !strings.Contains(err.Error(), "another Framegate") {
			t.Errorf("mending: %v", err)
		}
	})
}

// TestDamagedIndexIsMadeAnew while cameras are recorded, and nothing is lost but
// what nobody knows any more.
func TestDamagedIndexIsMadeAnew(t *testing.T) {
	story(t, nil, func(g *rig, c *camera) {
		time.Sleep(65 * time.Second)
		old := g.recorders.Index()
		spoil(g.t, filepath.Join(g.dir, "recordings", "index.db"))
		g.expect("another index", func() bool { x := g.recorders.Index(); return x != nil && x != old })
		g.expectState(record.Recording)
		time.Sleep(30 * time.Second)
		g.wantAllFrames(c, 1)
		g.wantAgreement()
		if s := g.recorders.Status("front"); s.Lost > 0 || s.Gaps > 0 {
			t.Errorf("status is %+v", s)
		}
		if aside, err := filepath.Glob(filepath.Join(g.dir, "recordings", "index.db.damaged-*")); err != nil || len(aside) == 0 {
			t.Errorf("put aside: %q, %v", aside, err)
		}
	})
}

// TestDamagedIndexIsMadeAnewWhileSomebodyReads a recording, who reads on.
func TestDamagedIndexIsMadeAnewWhileSomebodyReads(t *testing.T) {
	story(t, nil, func(g *rig, c *camera) {
		g.expect("a segment", func() bool { return g.recorders.Status("front").Segments == 2 })
		old := g.recorders.Index()
		first, err := old.Oldest(g.t.Context(), "front")
		if err != nil {
			t.Fatal(err)
		}
		read, err := g.recorders.Open(first)
		if err != nil {
			t.Fatal(err)
		}
		defer read.Close()
		spoil(g.t, filepath.Join(g.dir, "recordings", "index.db"))
		g.expect("another index", func() bool { x := g.recorders.Index(); return x != nil && x != old })
		g.expectState(record.Recording)
		if !readsHead(read, make([]byte, 8)) {
			t.Error("what is read has ended")
		}
		time.Sleep(10 * time.Second)
		g.wantAllFrames(c, 1)
	})
}

// slowCount is a disk that takes its time to say how much is free, once.
type slowCount struct {
	record.Disk
	next *atomic.Int64 // how long, the next time
}

func (d slowCount) Free() (free, total int64, err error) {
	time.Sleep(time.Duration(d.next.Swap(0)))
	return d.Disk.Free()
}

// TestIndexIsFoundDamagedWhileTheDiskIsLookedAt and is made anew as at any other
// time.
func TestIndexIsFoundDamagedWhileTheDiskIsLookedAt(t *testing.T) {
	var next atomic.Int64
	story(t, func(o *record.Options, _ *record.Settings, _ []record.Camera) {
		o.OpenDisk = func(dir string) (record.Disk, error) {
			folder, err := record.OpenFolder(dir)
			return slowCount{folder, &next}, err
		}
	}, func(g *rig, c *camera) {
		g.expect("a segment", func() bool { return g.recorders.Status("front").Segments == 2 })
		old := g.recorders.Index()
		next.Store(int64(15 * time.Second)) // a segment ends meanwhile
		g.expect("a look at the disk", func() bool { return next.Load() == 0 })
		spoil(g.t, filepath.Join(g.dir, "recordings", "index.db"))
		g.expect("another index", func() bool { x := g.recorders.Index(); return x != nil && x != old })
		g.expectState(record.Recording)
		time.Sleep(10 * time.Second)
		g.wantAllFrames(c, 1)
	})
}

// spoil writes nonsense over all of a database that is open elsewhere.
func spoil(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(bytes.Repeat([]byte("nonsense"), int(info.Size()-4096)/8), 4096); err != nil {
		t.Fatal(err)
	}
}
