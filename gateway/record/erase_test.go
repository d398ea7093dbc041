package record_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// TestErase: what has to do with a stretch of time goes, protected or not, also
// what is being written, and recording goes on as if nothing was.
func TestErase(t *testing.T) {
	story(t, nil, func(g *rig, c *camera) {
		g.expect("three files", func() bool { return g.recorders.Status("front").Segments >= 3 })
		time.Sleep(3 * time.Second)
		var first index.Segment
		err := g.recorders.Look(func(x *index.Index) (err error) {
			if first, err = x.Oldest(g.t.Context(), "front"); err != nil {
				return err
			}
			_, err = x.AddMark(g.t.Context(), index.Mark{Camera: "front", Kind: "protect", Start: first.Start, Keep: true})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		reading, err := g.recorders.Open(first)
		if err != nil {
			t.Fatal(err)
		}
		defer reading.Close()
		open, ok := g.recorders.Growing("front")
		if !ok {
			t.Fatal("nothing is being written")
		}
		from, to := first.End.Add(time.Second), time.Now()
		gone, err := g.recorders.Erase(g.t.Context(), "front", from, to.Add(time.Hour))
		if err != nil || len(gone) < 3 {
			t.Fatalf("%d files are gone, %v", len(gone), err)
		}
		if last := gone[len(gone)-1]; last.Path != open.Segment.Path || last.End.Before(to.Add(-time.Second)) {
			t.Errorf("the last that is gone is %+v", last)
		}
		for _, s := range gone {
			if _, err := os.Stat(filepath.Join(g.dir, "recordings", s.Path)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is there: %v", s.Path, err)
			}
		}
		if _, err := os.Stat(filepath.Join(g.dir, "recordings", first.Path)); err != nil {
			t.Errorf("what was before is not there: %v", err)
		}
		err = g.recorders.Look(func(x *index.Index) error {
			gaps, err := x.Gaps(g.t.Context(), "front", from, to)
			if len(gaps) != 1 || gaps[0].Reason != "deleted" || gaps[0].From.Sub(gone[0].Start).Abs() > time.Second || gaps[0].To.Before(to.Add(-time.Second)) {
				t.Errorf("the gaps are %v", gaps)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := g.recorders.Erase(g.t.Context(), "front", from, to); err != nil || len(again) != 0 {
			t.Errorf("again, %d files are gone, %v", len(again), err)
		}
		finished := g.recorders.Status("front").Segments
		g.expect("another file", func() bool { return g.recorders.Status("front").Segments > finished })
		if s := g.recorders.Status("front"); s.Gaps != 0 || s.Lost != 0 {
			t.Errorf("the recorder lost something: %+v", s)
		}
		whole, err := g.recorders.Erase(g.t.Context(), "front", first.Start, first.End) // which is being read
		if err != nil || len(whole) != 1 || whole[0].Path != first.Path {
			t.Errorf("gone is %+v, %v", whole, err)
		}
		b := make([]byte, 8)
		if _, err := reading.ReadAt(b, 0); err != nil || string(b[4:]) != "ftyp" {
			t.Errorf("who reads it has %q, %v", b, err)
		}
	})
}

// TestEraseOfAFileThatCannotBeDeleted reaches all others, and says so where it is of that camera.
func TestEraseOfAFileThatCannotBeDeleted(t *testing.T) {
	story(t, nil, func(g *rig, _ *camera) {
		time.Sleep(time.Minute)
		oldest, err := g.recorders.Index().Oldest(g.t.Context(), "front")
		if err != nil {
			g.t.Fatal(err)
		}
		name := filepath.Join(g.dir, "recordings", oldest.Path)
		if err := errors.Join(os.Remove(name), os.MkdirAll(filepath.Join(name, "what is this"), 0o700)); err != nil {
			g.t.Fatal(err)
		}
		from, to := oldest.Start, time.Now()
		gone, err := g.recorders.Erase(g.t.Context(), "front", from, to)
		if err == nil || !strings.Contains(err.Error(), oldest.Path) || len(gone) < 6 {
			g.t.Errorf("%d files are gone, %v", len(gone), err)
		}
		if segments, err := g.recorders.Index().Between(g.t.Context(), "front", from, to, 100); err != nil || len(segments) > 0 {
			g.t.Errorf("there are %v, %v", segments, err)
		}
		if gaps, err := g.recorders.Index().Gaps(g.t.Context(), "front", from, to); err != nil || len(gaps) != 1 {
			g.t.Errorf("the gaps are %v, %v", gaps, err)
		}
		if gone, err := g.recorders.Erase(g.t.Context(), "other", from, to); err != nil || len(gone) > 0 {
			g.t.Errorf("of another camera: %v, %v", gone, err)
		}
	})
}

// TestEraseOfTheFuture reaches what a clock that was wrong dated, and nothing that is recorded now.
func TestEraseOfTheFuture(t *testing.T) {
	story(t, nil, func(g *rig, _ *camera) {
		time.Sleep(time.Minute)
		future, err := g.recorders.Index().Oldest(g.t.Context(), "front")
		if err != nil {
			g.t.Fatal(err)
		}
		future.ID, future.Sequence, future.Path = 0, future.Sequence+1000, "front/2036-01-01/10/20360101T100000.000Z-1000.mp4"
		future.Start, future.End = time.Date(2036, 1, 1, 10, 0, 0, 0, time.UTC), time.Date(2036, 1, 1, 10, 0, 10, 0, time.UTC)
		if _, err := g.recorders.Index().Add(g.t.Context(), future); err != nil {
			g.t.Fatal(err)
		}
		before := g.recorders.Status("front").Segments
		gone, err := g.recorders.Erase(g.t.Context(), "front", future.Start.AddDate(0, 0, -1), future.End)
		if err != nil || len(gone) != 1 || gone[0].Path != future.Path {
			g.t.Errorf("gone is %+v, %v", gone, err)
		}
		if now := g.recorders.Status("front").Segments; now < before {
			g.t.Errorf("there were %d segments, and are %d", before, now)
		}
	})
}

// TestNothingToLookAt where nothing is recorded.
func TestNothingToLookAt(t *testing.T) {
	r := record.New(record.Options{Dir: t.TempDir()})
	if err := r.Look(func(*index.Index) error { return nil }); !errors.Is(err, record.ErrMissing) {
		t.Error(err)
	}
	if _, err := r.Erase(t.Context(), "front", time.Unix(0, 0), time.Now()); !errors.Is(err, record.ErrMissing) {
		t.Error(err)
	}
}

// TestEraseReachesWhatMemoryHolds for a disk that is full: what was sent before is
// not written afterwards.
func TestEraseReachesWhatMemoryHolds(t *testing.T) {
	faultStory(t, func(g *rig, c *camera, fail func(error, chan struct{})) {
		time.Sleep(12 * time.Second)
		fail(syscall.ENOSPC, nil)
		time.Sleep(12 * time.Second)
		to := time.Now()
		erased := make(chan error, 1)
		go func() {
			_, err := g.recorders.Erase(context.Background(), "front", to.Add(-time.Minute), to)
			erased <- err
		}()
		time.Sleep(3 * time.Second)
		fail(nil, nil)
		if err := <-erased; err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second)
		rows, err := g.recorders.Index().Between(g.t.Context(), "front", time.Time{}, time.Time{}, 0)
		if err != nil || len(rows) == 0 || rows[0].Start.Before(to) {
			t.Errorf("there is %+v, %v", rows, err)
		}
		gaps, err := g.recorders.Index().Gaps(g.t.Context(), "front", to.Add(-10*time.Second), to)
		if err != nil || len(gaps) == 0 || gaps[len(gaps)-1].Reason != "deleted" || gaps[len(gaps)-1].To.Before(to) {
			t.Errorf("the gaps are %v, %v", gaps, err)
		}
		if s := g.recorders.Status("front"); s.Lost != 0 {
			t.Errorf("what is not wanted counts as lost: %+v", s)
		}
		g.recorders.Close()
		for _, name := range files(t, g.dir, "*.mp4") {
			if s := opened(t, filepath.Join(g.dir, "recordings", name)); s.Summary.Head.Start.Before(to) {
				t.Errorf("%s begins at %v", name, s.Summary.Head.Start)
			}
		}
	})
}

// TestEraseReachesWhatTheIndexDoesNotKnow and leaves what is of other cameras and
// another time.
func TestEraseReachesWhatTheIndexDoesNotKnow(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 45*time.Second)
	root := filepath.Join(dir, "recordings")
	all := files(t, dir, "*.mp4")
	first := opened(t, filepath.Join(root, all[0])).Summary
	to := first.Head.Start.Add(first.Duration)
	content, err := os.ReadFile(filepath.Join(root, all[0]))
	if err != nil {
		t.Fatal(err)
	}
	put := func(folder, name string) string {
		path := filepath.Join(root, folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, content, 0o640)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	stamp, _, _ := strings.Cut(filepath.Base(all[0]), "-")
	hour := filepath.Dir(all[0])
	aside := "_aside/20000101T000000.000Z/"
	other := strings.Replace(hour, "front", "back", 1)
	stays := []string{put(aside+other, stamp+"-7.mp4"), put(aside+hour, "19990101T000000.000Z-7.mp4"), put("", all[len(all)-1])}
	again(t, dir, func(g *rig) {
		var goes []string
		g.expect("an index that is compared", func() bool { _, err := g.recorders.Index().SegmentByPath(g.t.Context(), all[1]); return err == nil })
		time.Sleep(10 * time.Second)
		row, err := g.recorders.Index().SegmentByPath(g.t.Context(), all[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := g.recorders.Index().MarkLost(g.t.Context(), row.ID); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(root, all[0])); err != nil {
			t.Fatal(err)
		}
		goes = append(goes, put(hour, stamp+"-900.mp4"), put(hour, stamp+"-901.mp4.part"),
			put(aside+hour, stamp+"-902.mp4.part"))
		if _, err := g.recorders.Erase(g.t.Context(), "front", first.Head.Start, to); err != nil {
			t.Error(err)
		}
		if s, err := g.recorders.Index().SegmentByPath(g.t.Context(), all[0]); !errors.Is(err, index.ErrUnknown) {
			t.Errorf("the row of a lost file is there: %+v, %v", s, err)
		}
		for _, name := range goes {
			if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is there: %v", name, err)
			}
		}
		for _, name := range stays {
			if _, err := os.Stat(name); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestEraseEndsWhatWasBegun: a file that could not be deleted then is deleted when
// that is asked for again, and until then that is an error.
func TestEraseEndsWhatWasBegun(t *testing.T) {
	var stuck atomic.Bool
	d := lateDisk{remove: func(string) error {
		if stuck.Load() {
			return syscall.EPERM
		}
		return nil
	}}
	story(t, func(o *record.Options, _ *record.Settings, _ []record.Camera) { d.on(o) }, func(g *rig, c *camera) {
		g.expect("two files", func() bool { return g.recorders.Status("front").Segments >= 2 })
		name := files(t, g.dir, "*.mp4")[0]
		row, err := g.recorders.Index().SegmentByPath(g.t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, fails := range []bool{true, true, false} {
			stuck.Store(fails)
			if _, err := g.recorders.Erase(g.t.Context(), "front", row.Start, row.End); (err != nil) != fails {
				t.Errorf("while the disk refuses %v: %v", fails, err)
			}
		}
		if _, err := os.Stat(filepath.Join(g.dir, "recordings", name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	})
}
