package record_test

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// TestRecordsFilesThatPlay of ten seconds, one after the other without a hole,
// and all of them in the index.
func TestRecordsFilesThatPlay(t *testing.T) {
	dir := ""
	story(t, nil, func(g *rig, c *camera) {
		dir = g.dir
		time.Sleep(45 * time.Second)
		synctest.Wait()
		if s := g.recorders.Status("front"); s.State != record.Recording || s.Segments < 3 {
			t.Errorf("status is %+v", s)
		}
		spans, err := g.recorders.Index().Spans(g.t.Context(), "front", time.Time{}, time.Time{})
		if err != nil || len(spans) != 1 {
			t.Errorf("spans are %v, %v; want one", spans, err)
		}
		g.stop()
		frames := 0
		for _, name := range files(t, dir, "*.mp4") {
			frames += len(opened(t, filepath.Join(dir, "recordings", name)).Table.Entries[0])
		}
		if sent := int(c.sent.Load()); frames != sent {
			t.Errorf("%d frames are on the disk, %d were sent", frames, sent)
		}
	})
	if parts := files(t, dir, "*.part"); len(parts) > 0 {
		t.Errorf("%v is not finished", parts)
	}
	for _, name := range files(t, dir, "*.mp4") {
		played(t, filepath.Join(dir, "recordings", name))
	}
}

// TestCutsAreAtOtherTimesForEachCamera and the same ones of each minute, or whatever
// a segment lasts, so that a disk has not all of them to do at once. The first
// segment ends at such a time too, or at the one after it where that comes soon.
func TestCutsAreAtOtherTimesForEachCamera(t *testing.T) {
	t.Parallel()
	if _, err := footage(); err != nil { // in real time
		t.Fatal(err)
	}
	const length, keyframe = 10 * time.Second, time.Second
	dir, cameras := t.TempDir(), make(map[string]*camera)
	for _, id := range []string{"back", "barn", "front", "shed"} {
		cameras[id] = newCamera()
	}
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, cameras, nil)
		time.Sleep(45 * time.Second)
		g.stop()
		var offsets []time.Duration
		longer := 0
		for id := range cameras {
			var all []time.Time
			var first time.Duration
			for _, s := range rowsOf(t, dir, id) {
				all = append(all, s.Start)
				first = cmp.Or(first, s.End.Sub(s.Start))
			}
			if len(all) < 4 || first < length/4 || first > length*5/4+keyframe {
				t.Fatalf("%s has files of %v, the first of %v", id, all, first)
			}
			if first > length {
				longer++
			}
			offset := all[1].Sub(all[1].Truncate(length))
			for _, at := range all[2:] {
				if since := at.Sub(at.Truncate(length)); since != offset {
					t.Errorf("%s is cut %v after ten seconds, and %v", id, offset, since)
				}
			}
			offsets = append(offsets, offset)
		}
		slices.Sort(offsets)
		if len(slices.Compact(offsets)) < 3 {
			t.Errorf("cameras are cut at the same time: %v", offsets)
		}
		if longer != 1 {
			t.Errorf("the first file of %d cameras is longer than others; want one", longer) // barn's
		}
	})
}

// rowsOf gives the rows of a camera, by time, while no server records there.
func rowsOf(t *testing.T, dir, camera string) (all []index.Segment) {
	t.Helper()
	x, err := index.Look(t.Context(), filepath.Join(dir, "recordings", "index.db"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	err = x.All(t.Context(), func(s index.Segment) error {
		if s.Camera == camera {
			all = append(all, s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b index.Segment) int { return a.Start.Compare(b.Start) })
	return all
}

// TestFolderSaysWhatItIs to who finds it, whose own README stays as it is.
func TestFolderSaysWhatItIs(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 5*time.Second)
	readme := filepath.Join(dir, "recordings", "README.txt")
	b, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"UTC", "MP4", ".part", ".thumbs", "_aside"} {
		if !strings.Contains(string(b), word) {
			t.Errorf("it says nothing of %s:\n%s", word, b)
		}
	}
	other := t.TempDir()
	theirs := filepath.Join(other, "recordings", "README.txt")
	if err := errors.Join(os.Mkdir(filepath.Dir(theirs), 0o700), os.WriteFile(theirs, []byte("the disk of Ann"), 0o600)); err != nil {
		t.Fatal(err)
	}
	again(t, other, func(g *rig) { g.expectState(record.Recording) })
	if b, err := os.ReadFile(theirs); err != nil || string(b) != "the disk of Ann" {
		t.Errorf("it is %q now, %v", b, err)
	}
}
