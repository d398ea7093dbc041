package record_test

import (
	"errors"
	"os"
	"path/filepath"
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
