package record_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/record"
)

// inFolder expects recordings to be kept in a folder.
func (g *rig) inFolder(folder string) {
	g.t.Helper()
	g.expect("recordings in "+folder, func() bool { return g.recorders.Room().Folder == folder })
}

// TestRecordingsMoveWhileCamerasAreRecorded to another folder and back, without the
// loss of a picture.
func TestRecordingsMoveWhileCamerasAreRecorded(t *testing.T) {
	story(t, nil, func(g *rig, c *camera) {
		first, second := filepath.Join(g.dir, "recordings"), filepath.Join(g.dir, "second")
		time.Sleep(25 * time.Second)
		g.recorders.Move(second)
		g.inFolder(second)
		time.Sleep(25 * time.Second)
		spans, err := g.recorders.Index().Spans(g.t.Context(), "front", time.Time{}, time.Time{})
		if err != nil || len(spans) != 1 || time.Since(spans[0].From) > 27*time.Second {
			t.Errorf("in the other folder there are %v, %v", spans, err)
		}
		g.recorders.Move(first)
		g.inFolder(first)
		time.Sleep(25 * time.Second)
		spans, err = g.recorders.Index().Spans(g.t.Context(), "front", time.Time{}, time.Time{})
		if err != nil || len(spans) != 2 {
			t.Errorf("back in the first folder there are %v, %v", spans, err)
		}
		if s := g.recorders.Status("front"); s.State != record.Recording || s.Gaps+s.Lost > 0 {
			t.Errorf("status is %+v, last gap %+v", s, s.LastGap)
		}
		rows, err := g.recorders.Index().Between(g.t.Context(), "front", time.Time{}, time.Time{}, 0)
		for i := 1; i < len(rows); i++ {
			if rows[i].Sequence <= rows[i-1].Sequence {
				t.Errorf("%s is behind %s", rows[i].Path, rows[i-1].Path)
			}
		}
		if err != nil {
			t.Error(err)
		}
		time.Sleep(c.apart / 2) // between two pictures
		g.stop()
		frames := 0
		for _, folder := range []string{first, second} {
			names, _ := filepath.Glob(filepath.Join(folder, "front/*/*/*.mp4"))
			for _, name := range names {
				frames += len(opened(g.t, name).Table.Entries[0])
			}
			if parts, _ := filepath.Glob(filepath.Join(folder, "front/*/*/*.part")); len(parts) > 0 {
				t.Errorf("%v is not finished", parts)
			}
		}
		if sent := int(c.sent.Load()); frames != sent {
			t.Errorf("%d frames are on the disk, %d were sent", frames, sent)
		}
	})
}

// TestFolderThatCannotBeUsedIsMovedToLater when it can, and recordings go on where
// they are until then.
func TestFolderThatCannotBeUsedIsMovedToLater(t *testing.T) {
	story(t, nil, func(g *rig, c *camera) {
		first := filepath.Join(g.dir, "recordings")
		second := filepath.Join(g.dir, "mount", "second")
		time.Sleep(5 * time.Second)
		g.recorders.Move(second)
		g.expect("it is told", func() bool { return g.recorders.Room().Why != "" })
		time.Sleep(30 * time.Second)
		if s := g.recorders.Status("front"); s.State != record.Recording || time.Since(s.Newest) > 3*time.Second || g.recorders.Room().Folder != first {
			t.Errorf("status is %+v, in %+v", s, g.recorders.Room())
		}
		if n := strings.Count(g.log.String(), "recordings cannot be moved"); n != 1 {
			t.Errorf("the log says it %d times", n)
		}
		g.recorders.Move(first)
		g.expect("it is no trouble any more", func() bool { return g.recorders.Room().Why == "" })
		g.recorders.Move(second)
		if err := os.Mkdir(filepath.Dir(second), 0o750); err != nil {
			t.Fatal(err)
		}
		g.inFolder(second)
		if room := g.recorders.Room(); room.Why != "" {
			t.Errorf("moved, it is %+v", room)
		}
	})
}

// TestFolderOfBeforeWithoutItsDiskIsNotMovedTo though another one was used since.
func TestFolderOfBeforeWithoutItsDiskIsNotMovedTo(t *testing.T) {
	story(t, nil, func(g *rig, c *camera) {
		first, second := filepath.Join(g.dir, "recordings"), filepath.Join(g.dir, "second")
		time.Sleep(5 * time.Second)
		g.recorders.Move(second)
		g.inFolder(second)
		time.Sleep(15 * time.Second) // until the first is closed
		if err := os.Rename(first, first+"-away"); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(first, 0o750); err != nil { // where it is mounted
			t.Fatal(err)
		}
		g.recorders.Move(first)
		g.expect("it is told", func() bool { return strings.Contains(g.recorders.Room().Why, "empty of recordings") })
		time.Sleep(15 * time.Second)
		if room := g.recorders.Room(); room.Folder != second {
			t.Errorf("recordings are in %+v", room)
		}
		if entries, err := os.ReadDir(first); err != nil || len(entries) > 0 {
			t.Errorf("without its disk the folder has %v, %v", entries, err)
		}
	})
}

// TestRecordingsMoveToOlderOnes go on behind these, and nothing is missing in between
// that is elsewhere.
func TestRecordingsMoveToOlderOnes(t *testing.T) {
	story(t, nil, func(g *rig, c *camera) {
		began := time.Now()
		time.Sleep(2 * time.Minute)
		g.stop()
		time.Sleep(10 * time.Minute)
		var settings record.Settings
		next := start(g.t, g.dir, map[string]*camera{"front": c}, func(o *record.Options, s *record.Settings, _ []record.Camera) {
			o.Dir, settings = filepath.Join(g.dir, "second"), *s
		})
		defer next.stop()
		time.Sleep(30 * time.Second)
		next.recorders.Apply(settings, []record.Camera{{ID: "front", Mode: record.ModeOff}})
		next.recorders.Move(filepath.Join(g.dir, "recordings"))
		next.inFolder(filepath.Join(g.dir, "recordings"))
		next.recorders.Apply(settings, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		time.Sleep(30 * time.Second)
		next.wantGaps(began, "")
		rows, err := next.recorders.Index().Between(g.t.Context(), "front", time.Time{}, time.Time{}, 0)
		if err != nil || time.Since(rows[len(rows)-1].End) > 15*time.Second {
			t.Errorf("back in the first folder the last file is %+v, %v", rows[len(rows)-1], err)
		}
		for i := 1; i < len(rows); i++ {
			if rows[i].Sequence <= rows[i-1].Sequence {
				t.Errorf("%s comes after %s", rows[i].Path, rows[i-1].Path)
			}
		}
	})
}
