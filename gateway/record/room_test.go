package record_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// small is a disk of so many bytes.
type small struct {
	record.Disk
	dir   string
	total int64
}

func (d small) Free() (free, total int64, err error) {
	used := int64(0)
	err = filepath.WalkDir(d.dir, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), "index.db") {
			return nil
		}
		if info, err := e.Info(); err == nil {
			used += info.Size()
		}
		return nil
	})
	return max(d.total-used, 0), d.total, err
}

// onSmall has recordings on a disk of so many bytes.
func onSmall(o *record.Options, total int64) {
	o.OpenDisk = func(dir string) (record.Disk, error) {
		folder, err := record.OpenFolder(dir)
		return small{folder, dir, total}, err
	}
}

// sizes gives the bytes of all finished files.
func sizes(t *testing.T, dir string) (bytes int64) {
	for _, name := range files(t, dir, "*.mp4") {
		if info, err := os.Stat(filepath.Join(dir, "recordings", name)); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}

// TestNothingGoesWithoutALimit of any kind.
func TestNothingGoesWithoutALimit(t *testing.T) {
	story(t, nil, func(g *rig, c *camera) {
		time.Sleep(5 * time.Minute)
		if s := g.recorders.Status("front"); s.Removed > 0 || s.Segments < 29 {
			t.Errorf("status is %+v", s)
		}
		g.wantAllFrames(c, 1)
	})
}

// TestLimitsAreKept and what goes is what was written first, with its row and
// its empty folders.
func TestLimitsAreKept(t *testing.T) {
	const most = 2 << 20
	for name, c := range map[string]struct {
		set  func(*record.Options, *record.Settings, []record.Camera)
		want func(t *testing.T, g *rig)
	}{
		"all": {
			func(_ *record.Options, s *record.Settings, _ []record.Camera) { s.MaxBytes = most },
			func(t *testing.T, g *rig) {
				if bytes := sizes(t, g.dir); bytes > most || bytes < most/2 {
					t.Errorf("%d bytes are kept of %d", bytes, most)
				}
			},
		},
		"a camera's": {
			func(_ *record.Options, _ *record.Settings, c []record.Camera) { c[0].Keep.MaxBytes = most },
			func(t *testing.T, g *rig) {
				if bytes := sizes(t, g.dir); bytes > most || bytes < most/2 {
					t.Errorf("%d bytes are kept of %d", bytes, most)
				}
			},
		},
		"free": {
			func(o *record.Options, s *record.Settings, _ []record.Camera) { onSmall(o, 4<<20); s.MinFree = 2 << 20 },
			func(t *testing.T, g *rig) {
				if bytes := sizes(t, g.dir); bytes > 2<<20 || bytes < 1<<20 {
					t.Errorf("%d bytes are kept where 2 MiB may be used", bytes)
				}
			},
		},
		"age": {
			func(_ *record.Options, _ *record.Settings, c []record.Camera) { c[0].Keep.MaxAge = 4 * time.Minute },
			func(t *testing.T, g *rig) {
				old, err := g.recorders.Index().Oldest(g.t.Context(), "front")
				if age := time.Since(old.End); err != nil || age > 4*time.Minute+15*time.Second || age < 3*time.Minute {
					t.Errorf("the oldest recording is %v old, %v", age, err)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, c.set, func(g *rig, cam *camera) {
				time.Sleep(12 * time.Minute)
				synctest.Wait()
				if s := g.recorders.Status("front"); s.Removed == 0 || s.State != record.Recording || s.Gaps > 0 {
					t.Errorf("status is %+v", s)
				}
				c.want(t, g)
				g.wantAgreement()
			})
		})
	}
}

// TestEmptyFoldersGo of hours and days.
func TestEmptyFoldersGo(t *testing.T) {
	storyOf(t, newSlowCamera(), func(_ *record.Options, s *record.Settings, c []record.Camera) {
		s.Segment, c[0].Keep.MaxAge = 5*time.Minute, 5*time.Minute
	}, func(g *rig, c *camera) {
		c.away.Store(true) // most of the time
		for range 3 {
			c.away.Store(false)
			time.Sleep(8 * time.Minute)
			c.away.Store(true)
			time.Sleep(52 * time.Minute)
		}
		c.away.Store(false)
		time.Sleep(11 * time.Minute)
		if hours, err := os.ReadDir(filepath.Join(g.dir, "recordings", "front", "2000-01-01")); err != nil || len(hours) != 1 {
			t.Errorf("the day has the folders %v, %v", hours, err)
		}
	})
}

// wantAgreement ends the recorders, and fails where folder and index do not agree.
func (g *rig) wantAgreement() {
	g.t.Helper()
	g.stop()
	err := record.Check(g.t.Context(), filepath.Join(g.dir, "recordings"), record.Look, func(f record.Finding) { g.t.Errorf("found %+v", f) })
	if err != nil {
		g.t.Error(err)
	}
}

// TestProtectedAndReadRecordingsStay whatever the limits say, and the recorder
// says that it has no room when nothing else is left.
func TestProtectedAndReadRecordingsStay(t *testing.T) {
	story(t, func(o *record.Options, s *record.Settings, _ []record.Camera) {
		onSmall(o, 4<<20)
		s.MinFree = 1 << 20
	}, func(g *rig, c *camera) {
		ctx := g.t.Context()
		time.Sleep(65 * time.Second)
		x := g.recorders.Index()
		first, err := x.Oldest(ctx, "front")
		if err != nil {
			t.Fatal(err)
		}
		read, err := g.recorders.Open(first)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(8 * time.Minute)
		if _, err := x.Segment(ctx, first.ID); err != nil {
			t.Errorf("a recording that is being read went: %v", err)
		}
		if b := make([]byte, 8); !readsHead(read, b) {
			t.Errorf("what is read is %q", b)
		}
		if err := read.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if _, err := x.Segment(ctx, first.ID); !errors.Is(err, index.ErrUnknown) {
			t.Errorf("a recording that is not read any more stayed: %v", err)
		}
		if _, err := x.AddMark(ctx, index.Mark{Camera: "front", Kind: "bookmark", Start: time.Now().Add(-time.Hour), End: time.Now().Add(time.Hour), Keep: true, Created: time.Now()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(8 * time.Minute)
		if s := g.recorders.Status("front"); s.State != record.Full || !strings.Contains(s.Reason, "full") {
			t.Errorf("with all protected the state is %v: %s", s.State, s.Reason)
		}
		if room := g.recorders.Room(); !room.Crammed || room.Protected == 0 {
			t.Errorf("room is %+v", room)
		}
		marks, err := x.Marks(ctx, index.MarkFilter{})
		if err != nil || len(marks) != 1 {
			t.Fatal(marks, err)
		}
		if err := x.DeleteMark(ctx, marks[0].ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Recording {
			t.Errorf("5 s after the protection ended the state is %v: %s", s.State, s.Reason)
		}
	})
}

func readsHead(f *record.File, b []byte) bool {
	_, err := f.ReadAt(b, 0)
	return err == nil && string(b[4:]) == "ftyp"
}

// TestRemovedCameraAgesOut like others.
func TestRemovedCameraAgesOut(t *testing.T) {
	t.Parallel()
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var settings record.Settings
		var recorded []record.Camera
		g := start(t, dir, map[string]*camera{"back": newCamera(), "front": newCamera()}, func(_ *record.Options, s *record.Settings, c []record.Camera) {
			s.MaxBytes = 2 << 20
			settings, recorded = *s, c
		})
		defer g.stop()
		time.Sleep(time.Minute)
		g.recorders.Apply(settings, recorded[1:])
		time.Sleep(time.Second)
		if s := g.recorders.Status("back"); s.State != record.Off {
			t.Errorf("the state of a camera that was removed is %v", s.State)
		}
		time.Sleep(10 * time.Minute)
		if totals, err := g.recorders.Index().Totals(t.Context(), "back"); err != nil || totals.Segments > 0 {
			t.Errorf("a camera that was removed has %+v, %v", totals, err)
		}
		if len(files(t, dir, "*.mp4")) == 0 {
			t.Error("nothing is left")
		}
	})
}

// TestRemovedCamerasLeaveNothingBehind: no goroutine and no status, also where they
// come and go without an end; and one that comes again is recorded.
func TestRemovedCamerasLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var settings record.Settings
		var recorded []record.Camera
		g := start(t, dir, map[string]*camera{"back": newCamera()}, func(_ *record.Options, s *record.Settings, c []record.Camera) {
			settings, recorded = *s, c
		})
		defer g.stop()
		time.Sleep(10 * time.Second)
		for n := range 50 {
			one := recorded[0]
			one.ID = fmt.Sprint("passing", n)
			g.recorders.Apply(settings, append([]record.Camera{one}, recorded...))
			time.Sleep(time.Second)
		}
		g.recorders.Apply(settings, nil)
		time.Sleep(time.Second)
		if all := g.recorders.Statuses(); len(all) != 0 {
			t.Errorf("there are %d recorders: %+v", len(all), all[0])
		}
		g.recorders.Apply(settings, recorded)
		time.Sleep(10 * time.Second)
		if s := g.recorders.Status("back"); s.State != record.Recording || s.Frames == 0 {
			t.Errorf("a camera that comes again is %v: %s", s.State, s.Reason)
		}
	})
}

// TestRemovedCameraKeepsItsAge also after a start that does not know it.
func TestRemovedCameraKeepsItsAge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var settings record.Settings
		g := start(t, dir, map[string]*camera{"back": newCamera()}, func(_ *record.Options, s *record.Settings, c []record.Camera) {
			c[0].Keep.MaxAge = 10 * time.Minute
			settings = *s
		})
		time.Sleep(time.Minute)
		g.recorders.Apply(settings, nil)
		time.Sleep(2 * time.Second)
		g.stop()
		again := start(t, dir, map[string]*camera{"front": newSlowCamera()}, nil)
		defer again.stop()
		time.Sleep(7 * time.Minute)
		if totals, err := again.recorders.Index().Totals(t.Context(), "back"); err != nil || totals.Segments < 6 {
			t.Errorf("before its age a camera that was removed has %+v, %v", totals, err)
		}
		time.Sleep(5 * time.Minute)
		if totals, err := again.recorders.Index().Totals(t.Context(), "back"); err != nil || totals.Segments > 0 {
			t.Errorf("beyond its age a camera that was removed has %+v, %v", totals, err)
		}
	})
}

// TestCameraRemovedWhileNothingRanKeepsItsAge like others.
func TestCameraRemovedWhileNothingRanKeepsItsAge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, map[string]*camera{"back": newCamera()}, func(_ *record.Options, _ *record.Settings, c []record.Camera) {
			c[0].Keep.MaxAge = 10 * time.Minute
		})
		time.Sleep(time.Minute)
		g.stop()
		again := start(t, dir, map[string]*camera{"front": newSlowCamera()}, nil)
		defer again.stop()
		time.Sleep(7 * time.Minute)
		if totals, err := again.recorders.Index().Totals(t.Context(), "back"); err != nil || totals.Segments < 6 {
			t.Errorf("before its age a camera that was removed has %+v, %v", totals, err)
		}
		time.Sleep(5 * time.Minute)
		if totals, err := again.recorders.Index().Totals(t.Context(), "back"); err != nil || totals.Segments > 0 {
			t.Errorf("beyond its age a camera that was removed has %+v, %v", totals, err)
		}
	})
}

// TestFullDiskMakesRoom as far as there is something to delete.
func TestFullDiskMakesRoom(t *testing.T) {
	var mu sync.Mutex
	left := int64(1 << 40)
	story(t, func(o *record.Options, s *record.Settings, _ []record.Camera) {
		o.OpenDisk = func(dir string) (record.Disk, error) {
			folder, err := record.OpenFolder(dir)
			return claims{folder, func() int64 { mu.Lock(); defer mu.Unlock(); return left }}, err
		}
		s.MinFree = 1 << 20
	}, func(g *rig, c *camera) {
		time.Sleep(5 * time.Minute)
		if s := g.recorders.Status("front"); s.Removed > 0 {
			t.Fatalf("status is %+v", s)
		}
		mu.Lock()
		left = 0 // somebody else filled it
		mu.Unlock()
		time.Sleep(time.Minute)
		if s := g.recorders.Status("front"); s.Removed == 0 || s.Removed > 15 { // what was deleted may show late
			t.Errorf("status is %+v", s)
		}
		mu.Lock()
		left = 1 << 40
		mu.Unlock()
		time.Sleep(5 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Recording {
			t.Errorf("status is %+v", s)
		}
	})
}

// claims is a disk that says how much is free.
type claims struct {
	record.Disk
	free func() int64
}

func (d claims) Free() (free, total int64, err error) { return d.free(), 1 << 40, nil }

// TestRoomIsMadeForWhatTheIndexKeeps once that was given up, so that it is there the
// next time.
func TestRoomIsMadeForWhatTheIndexKeeps(t *testing.T) {
	var left atomic.Int64
	left.Store(1 << 40)
	story(t, func(o *record.Options, _ *record.Settings, _ []record.Camera) {
		o.OpenDisk = func(dir string) (record.Disk, error) {
			folder, err := record.OpenFolder(dir)
			return claims{folder, left.Load}, err
		}
	}, func(g *rig, c *camera) {
		time.Sleep(5 * time.Minute)
		kept := g.recorders.Index().Reserved()
		if kept < 1<<20 {
			t.Fatalf("%d bytes are kept", kept)
		}
		left.Store(kept / 2) // more than the next files take
		time.Sleep(15 * time.Second)
		if err := os.Remove(filepath.Join(g.dir, "recordings", "index.db-reserve")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		if s := g.recorders.Status("front"); s.Removed == 0 || s.State != record.Recording {
			t.Errorf("status is %+v", s)
		}
		left.Store(1 << 40)
		time.Sleep(10 * time.Second)
		if again := g.recorders.Index().Reserved(); again != kept {
			t.Errorf("%d bytes are kept, and %d before", again, kept)
		}
	})
}

// TestOnlyRecordingsAreUnlinked whatever the index has among its garbage, and
// that is not gone through for ever.
func TestOnlyRecordingsAreUnlinked(t *testing.T) {
	story(t, nil, func(g *rig, _ *camera) {
		ctx := g.t.Context()
		time.Sleep(25 * time.Second)
		x := g.recorders.Index()
		row, err := x.Oldest(ctx, "front")
		if err != nil {
			t.Fatal(err)
		}
		row.Path, row.Sequence = "diary.txt", row.Sequence+1000
		if err := os.WriteFile(filepath.Join(g.dir, "recordings", row.Path), []byte("dear"), 0o600); err != nil {
			t.Fatal(err)
		}
		id, err := x.Add(ctx, row)
		if err == nil {
			_, err = x.Delete(ctx, id)
		}
		if err != nil {
			t.Fatal(err)
		}
		g.expect("an end of the garbage", func() bool {
			garbage, err := x.Garbage(ctx, 10)
			return err == nil && len(garbage) == 0
		})
		if _, err := os.Stat(filepath.Join(g.dir, "recordings", row.Path)); err != nil {
			t.Error(err)
		}
	})
}

// TestMarksGoWithWhatTheyReached so that the index does not grow for ever; one
// that protects stays.
func TestMarksGoWithWhatTheyReached(t *testing.T) {
	slow := newCamera()
	slow.apart, slow.stamped = time.Second, time.Second
	storyOf(t, slow, func(_ *record.Options, s *record.Settings, c []record.Camera) {
		s.Segment, c[0].Keep = time.Minute, record.Keep{MaxAge: 5 * time.Minute}
	}, func(g *rig, _ *camera) {
		ctx := g.t.Context()
		time.Sleep(time.Minute)
		x := g.recorders.Index()
		for _, keep := range []bool{false, true} {
			at := time.Now().Add(-time.Hour)
			if _, err := x.AddMark(ctx, index.Mark{Camera: "front", Kind: "motion", Start: at, End: at.Add(time.Second), Keep: keep}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(61 * time.Minute)
		synctest.Wait()
		marks, err := x.Marks(ctx, index.MarkFilter{})
		if err != nil || len(marks) != 1 || !marks[0].Keep {
			t.Errorf("marks are %+v, %v", marks, err)
		}
	})
}

// late is a disk that shows what was deleted 20 seconds later, as file systems do
// that free space in the background.
type late struct {
	small
	mu    *sync.Mutex
	shown *[]roomSeen
}

// roomSeen is how much room there was at a time.
type roomSeen struct {
	at   time.Time
	free int64
}

func (d late) Free() (free, total int64, err error) {
	free, total, err = d.small.Free()
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	*d.shown = append(*d.shown, roomSeen{now, free})
	for _, s := range *d.shown {
		if now.Sub(s.at) < 20*time.Second {
			free = min(free, s.free)
		}
	}
	return free, total, err
}

// TestSpaceThatShowsLateIsNotFreedAgain and again, until nothing is left.
func TestSpaceThatShowsLateIsNotFreedAgain(t *testing.T) {
	const total, least = 4 << 20, 2 << 20
	story(t, func(o *record.Options, s *record.Settings, _ []record.Camera) {
		s.MinFree = least
		o.OpenDisk = func(dir string) (record.Disk, error) {
			folder, err := record.OpenFolder(dir)
			return late{small{folder, dir, total}, new(sync.Mutex), new([]roomSeen)}, err
		}
	}, func(g *rig, _ *camera) {
		time.Sleep(10 * time.Minute)
		for range 30 {
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if bytes := sizes(t, g.dir); bytes < (total-least)/2 || bytes > total-least {
				t.Fatalf("%d bytes are kept where %d may be", bytes, total-least)
			}
		}
		if s := g.recorders.Status("front"); s.State != record.Recording || s.Gaps > 0 {
			t.Errorf("status is %+v", s)
		}
	})
}

// TestFileThatCannotBeDeletedHoldsUpNothing neither other files nor recording.
func TestFileThatCannotBeDeletedHoldsUpNothing(t *testing.T) {
	story(t, func(_ *record.Options, _ *record.Settings, c []record.Camera) { c[0].Keep.MaxAge = 2 * time.Minute }, func(g *rig, _ *camera) {
		time.Sleep(time.Minute)
		oldest, err := g.recorders.Index().Oldest(g.t.Context(), "front")
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(g.dir, "recordings", oldest.Path)
		if err := errors.Join(os.Remove(name), os.MkdirAll(filepath.Join(name, "what is this"), 0o700)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		s := g.recorders.Status("front")
		if s.State != record.Recording || s.Gaps > 0 || s.Removed < 15 {
			t.Errorf("status is %+v", s)
		}
		if n := strings.Count(g.log.String(), "cannot be deleted"); n != 1 {
			t.Errorf("it is said %d times", n)
		}
	})
}
