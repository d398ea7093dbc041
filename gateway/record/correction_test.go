package record_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// TestRecordingsOfAWrongClockAreMoved when it is set soon after the start of the
// host, and an index that is made anew of the files has them there as well.
func TestRecordingsOfAWrongClockAreMoved(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("when the host was started is not known here")
	}
	t.Parallel()
	dir := t.TempDir()
	const by = 1000 * time.Hour
	var n names
	g := start(t, dir, map[string]*camera{"front": newCamera()}, func(o *record.Options, s *record.Settings, _ []record.Camera) {
		n.on(o)
		s.Segment = time.Second
	})
	defer g.stop()
	g.expect("two files", func() bool { return g.recorders.Status("front").Segments >= 2 })
	began := time.Now()
	g.recorders.PutRight(t.Context(), by)
	finished := g.recorders.Status("front").Segments
	g.expect("a file that was being written", func() bool { return g.recorders.Status("front").Segments > finished })
	right := func(rows []index.Segment, err error) {
		t.Helper()
		if err != nil || len(rows) < 3 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for _, s := range rows {
			if off := s.Start.Sub(began.Add(by)); off.Abs() > 2*ceiling || s.End.Sub(s.Start).Abs() > ceiling {
				t.Errorf("%s is of %v to %v", s.Path, s.Start, s.End)
			}
		}
	}
	right(g.recorders.Index().Between(t.Context(), "front", time.Time{}, time.Time{}, 0))
	g.recorders.Close()
	if lost := n.lost(); len(lost) > 0 {
		t.Errorf("when the power goes there would be lost %q", lost)
	}

	root := filepath.Join(dir, "recordings")
	corrections, err := os.ReadFile(filepath.Join(root, "corrections.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	torn := append([]byte("{\"boot\": \"abc"), corrections...)
	if err := os.WriteFile(filepath.Join(root, "corrections.jsonl"), torn, 0o640); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.db", "index.db-wal", "index.db-shm"} {
		_ = os.Remove(filepath.Join(root, name)) // the last two may not be there
	}
	if err := record.Check(t.Context(), root, record.Rebuild, func(record.Finding) {}); err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(t.Context(), filepath.Join(root, "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	right(x.Between(t.Context(), "front", time.Time{}, time.Time{}, 0))
}

// TestClockThatIsSetWhileTheVolumeIsAway puts right what is on it when it is back.
func TestClockThatIsSetWhileTheVolumeIsAway(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("when the host was started is not known here")
	}
	t.Parallel()
	dir := t.TempDir()
	const by = 1000 * time.Hour
	g := start(t, dir, map[string]*camera{"front": newCamera()}, func(_ *record.Options, s *record.Settings, _ []record.Camera) { s.Segment = time.Second })
	defer g.stop()
	g.expect("two files", func() bool { return g.recorders.Status("front").Segments >= 2 })
	folder := filepath.Join(dir, "recordings")
	if err := os.Rename(folder, folder+"-away"); err != nil {
		t.Fatal(err)
	}
	g.expect("no volume", func() bool { return g.recorders.Index() == nil })
	g.recorders.PutRight(t.Context(), by)
	if err := os.Rename(folder+"-away", folder); err != nil {
		t.Fatal(err)
	}
	g.expect("rows at another time", func() bool {
		x := g.recorders.Index()
		if x == nil {
			return false
		}
		rows, err := x.Between(t.Context(), "front", time.Now().Add(by/2), time.Now().Add(2*by), 0)
		return err == nil && len(rows) >= 2
	})
}
