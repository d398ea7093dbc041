package index_test

import (
	"os"
	"path/filepath"
	"testing"

	"framegate/gateway/record/index"
)

// image copies a folder as it would be found if the process were killed now.
func image(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "image")
	must(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

// TestKillBetweenEachTwoStepsOfDeleting leaves every file with a row or as
// garbage, and no row without a file.
func TestKillBetweenEachTwoStepsOfDeleting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	x := openPath(t, filepath.Join(dir, "index.db"))
	for i := range 6 {
		s := segment(i+1, float64(60*i), float64(60*i+60))
		name := filepath.Join(dir, s.Path)
		must(t, os.MkdirAll(filepath.Dir(name), 0o700))
		must(t, os.WriteFile(name, nil, 0o600))
		add(t, x, s)
	}
	var at []string
	kill := func() { at = append(at, image(t, dir)) }
	kill()
	plan, err := x.Plan(t.Context(), index.Limits{Wanted: 3000})
	must(t, err)
	for _, s := range plan.Segments {
		_, err := x.Delete(t.Context(), s.ID)
		must(t, err)
		kill()
	}
	garbage, err := x.Garbage(t.Context(), 0)
	must(t, err)
	for _, g := range garbage {
		must(t, os.Remove(filepath.Join(dir, g.Path)))
		kill()
		must(t, x.Swept(t.Context(), g.Path))
		kill()
	}
	if len(at) != 10 {
		t.Fatalf("killed at %d places", len(at))
	}
	for i, dir := range at {
		checkImage(t, i, dir)
	}
}

// checkImage starts from what a kill left, and deletes what was to go.
func checkImage(t *testing.T, i int, dir string) {
	x := openPath(t, filepath.Join(dir, "index.db"))
	verified(t, x)
	garbage, err := x.Garbage(t.Context(), 0)
	must(t, err)
	for _, g := range garbage {
		s := segment(1, 0, 60)
		s.Path = g.Path
		_, err := x.Replace(t.Context(), s) // as the comparison with the folder might
		wants(t, err, index.ErrExists)
		if err := os.Remove(filepath.Join(dir, g.Path)); err != nil && !os.IsNotExist(err) {
			t.Error(err)
		}
		must(t, x.Swept(t.Context(), g.Path))
	}
	rows := make(map[string]bool)
	must(t, x.All(t.Context(), func(s index.Segment) error {
		rows[s.Path] = true
		if _, err := os.Stat(filepath.Join(dir, s.Path)); err != nil {
			t.Errorf("kill %d: a row without a file: %v", i, err)
		}
		return nil
	}))
	files, err := filepath.Glob(filepath.Join(dir, "front", "*.mp4"))
	must(t, err)
	for _, name := range files {
		if !rows["front/"+filepath.Base(name)] {
			t.Errorf("kill %d: %s has no row", i, name)
		}
	}
	if len(files) < 3 {
		t.Errorf("kill %d: %d files are left", i, len(files))
	}
}
