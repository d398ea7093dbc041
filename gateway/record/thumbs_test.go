package record_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
	"framegate/gateway/record/thumbs"
)

// keeps has a picture kept of each recording that is finished, by a worker that
// ends with the test.
func keeps(g **rig) (func(*record.Options), func() int) {
	finished := make(chan index.Segment, 1000)
	keep := func() (n int) {
		for len(finished) > 0 {
			s := <-finished
			if err := (*g).recorders.KeepThumbnails((*g).t.Context(), s, thumbnailOf(s)); err == nil {
				n++
			}
		}
		return n
	}
	return func(o *record.Options) { o.Finished = func(s index.Segment) { finished <- s } }, keep
}

func thumbnailOf(s index.Segment) thumbs.Picture {
	return thumbs.Picture{Sequence: s.Sequence, Moment: s.Start.Truncate(time.Second), Data: []byte("a picture of " + s.Path)}
}

// TestThumbnailsGoWithTheirRecordings when these grow old, or somebody erases
// them: from the disk, also those of an hour of which something stays.
func TestThumbnailsGoWithTheirRecordings(t *testing.T) {
	var rig1 *rig
	hear, keep := keeps(&rig1)
	story(t, func(o *record.Options, _ *record.Settings, c []record.Camera) {
		hear(o)
		c[0].Keep.MaxAge = 4 * time.Minute
	}, func(g *rig, _ *camera) {
		rig1 = g
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if n := keep(); n < 15 {
			t.Fatalf("%d recordings were finished", n)
		}
		all := rows(g)
		first, last := all[0], all[len(all)-1]
		for _, s := range []index.Segment{first, last} {
			if p, err := g.recorders.Thumbnail(s, thumbnailOf(s).Moment); err != nil || !bytes.Equal(p.Data, thumbnailOf(s).Data) {
				t.Fatalf("%q, %v", p.Data, err)
			}
		}
		if _, err := g.recorders.Erase(g.t.Context(), "front", last.Start.Add(time.Second), last.Start.Add(2*time.Second)); err != nil {
			t.Fatal(err)
		}
		if shown(t, g.dir, last) || !shown(t, g.dir, first) {
			t.Error("what was erased is there, or all is gone")
		}
		if err := g.recorders.KeepThumbnails(g.t.Context(), last, thumbnailOf(last)); !errors.Is(err, fs.ErrNotExist) || shown(t, g.dir, last) {
			t.Errorf("of what was erased one is kept: %v", err)
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if shown(t, g.dir, first) {
			t.Error("what grew old is there")
		}
		keep()
		g.wantAgreement()
	})
}

// TestThumbnailsHoldUpNoFolder that is empty otherwise.
func TestThumbnailsHoldUpNoFolder(t *testing.T) {
	var rig1 *rig
	hear, keep := keeps(&rig1)
	story(t, func(o *record.Options, _ *record.Settings, _ []record.Camera) { hear(o) }, func(g *rig, c *camera) {
		rig1 = g
		time.Sleep(time.Minute)
		keep()
		c.away.Store(true)
		time.Sleep(time.Minute)
		keep()
		if _, err := g.recorders.Erase(g.t.Context(), "front", time.Now().Add(-time.Hour), time.Now()); err != nil {
			t.Fatal(err)
		}
		if days, err := os.ReadDir(filepath.Join(g.dir, "recordings", "front")); err != nil || len(days) != 0 {
			t.Errorf("there are %v, %v", days, err)
		}
	})
}

// TestCheckKnowsThumbnails, and takes out those that show what is gone.
func TestCheckKnowsThumbnails(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 35*time.Second)
	all := files(t, dir, "*.mp4")
	disk, err := record.OpenFolder(filepath.Join(dir, "recordings"))
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	name := thumbs.Name(all[0])
	keep := func(name string, sequence uint64) {
		t.Helper()
		if err := thumbs.Append(disk, name, thumbs.Picture{Sequence: sequence, Moment: time.Unix(10, 0), Data: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	check := func(repair record.Repair) (found []string) {
		t.Helper()
		if err := record.Check(t.Context(), filepath.Join(dir, "recordings"), repair, func(f record.Finding) {
			found = append(found, f.Path+" "+f.What+" "+f.Done)
		}); err != nil {
			t.Fatal(err)
		}
		return found
	}
	keep(name, 1)
	if found := check(record.Look); len(found) > 0 {
		t.Errorf("found %q", found)
	}
	keep(name, 999)
	nowhere := strings.Replace(name, "00.thumbs", "07.thumbs", 1)
	keep(nowhere, 1)
	foreign := strings.Replace(name, "00.thumbs", "08.thumbs", 1) // beside no recordings of ours
	if err := os.WriteFile(filepath.Join(dir, "recordings", foreign), []byte("somebody's own"), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := check(record.Look); len(found) != 2 {
		t.Errorf("found %q", found)
	}
	check(record.Mend)
	if found := check(record.Look); len(found) > 0 {
		t.Errorf("after mending, found %q", found)
	}
	if left := files(t, dir, "*.thumbs"); len(left) != 2 || left[0] != name || left[1] != foreign {
		t.Errorf("left are %v", left)
	}
	if kept, err := thumbs.Sequences(disk, name); err != nil || len(kept) != 1 || kept[0] != 1 {
		t.Errorf("kept are those of %v, %v", kept, err)
	}
}

// rows gives those of the camera front.
func rows(g *rig) (all []index.Segment) {
	g.t.Helper()
	err := g.recorders.Look(func(x *index.Index) error {
		return x.All(g.t.Context(), func(s index.Segment) error { all = append(all, s); return nil })
	})
	if err != nil || len(all) == 0 {
		g.t.Fatalf("%d rows, %v", len(all), err)
	}
	return all
}

// shown says if the picture of a recording is anywhere on the disk.
func shown(t *testing.T, dir string, s index.Segment) bool {
	t.Helper()
	for _, name := range files(t, dir, "*.thumbs") {
		b, err := os.ReadFile(filepath.Join(dir, "recordings", name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, thumbnailOf(s).Data) {
			return true
		}
	}
	return false
}
