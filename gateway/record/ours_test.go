package record_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
)

// TestStrangersFoldersAreLeftAlone, and copies of our own, though they are named like cameras, days and
// hours, and so is what people put beside recordings.
func TestStrangersFoldersAreLeftAlone(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 25*time.Second)
	root := filepath.Join(dir, "recordings")
	ours := files(t, dir, "*.mp4")[0]
	copied, err := os.ReadFile(filepath.Join(root, ours))
	if err != nil {
		t.Fatal(err)
	}
	strangers := map[string]string{
		"movies/holiday.mkv":            "a film",
		"photos/2024-05-01/1.jpg":       "a picture of a day",
		"photos/2024-05-01/12/1.jpg":    "a picture of an hour",
		"photos/2024-05-01/12.thumbs":   "pictures of an hour",
		"tls/ca.key":                    "a key",
		"exports/front.mp4":             "a clip",
		"front/plan.txt":                "a plan",
		"front/my-clips/best.mp4":       "the best",
		"front/2024-05-01/notes.txt":    "notes",
		"front/2024-05-01/12/notes.txt": "more notes",
		"old" + ours[len("front"):]:     string(copied),
	}
	for name, content := range strangers {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again(t, dir, nil)
	for name, content := range strangers {
		if b, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(b) != content {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
	if err := record.Check(t.Context(), root, record.Rebuild, func(f record.Finding) { t.Errorf("found %+v", f) }); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(root, "_aside")); err == nil {
		t.Error("something was moved aside")
	}
}

// TestFolderOfACameraThatNobodyKnows is found by what it holds, when the index is
// lost and the configuration has forgotten it.
func TestFolderOfACameraThatNobodyKnows(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 25*time.Second)
	for _, name := range []string{"recordings.json", "recordings/index.db", "recordings/index.db-wal", "recordings/index.db-shm"} {
		_ = os.Remove(filepath.Join(dir, name)) // some of them are there
	}
	want := len(files(t, dir, "*.mp4"))
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, map[string]*camera{"back": newSlowCamera()}, nil)
		defer g.stop()
		g.expect("the recordings of front", func() bool {
			x := g.recorders.Index()
			if x == nil {
				return false
			}
			totals, err := x.Totals(t.Context(), "front")
			return err == nil && totals.Segments == want
		})
	})
}
