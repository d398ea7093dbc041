package index_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"framegate/gateway/record/index"
)

// spoiled makes an index with many marks that protect, the last of them only in
// its log, and condemns it. It gives a folder with that as a kill leaves it.
func spoiled(t *testing.T) (dir string, marks int) {
	t.Helper()
	from := t.TempDir()
	x := openPath(t, filepath.Join(from, "index.db"))
	_, err := x.AddMark(t.Context(), index.Mark{Camera: "front", Kind: "protect", Start: at(0), End: at(1), Keep: true, Note: fmt.Sprintf("%01000d", 1)})
	must(t, err)
	must(t, index.Execute(x, `WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 699)
		INSERT INTO marks SELECT NULL, camera, kind, start_us + i * 1000000, end_us + i * 1000000, before_us, after_us, from_us + i * 1000000, to_us + i * 1000000, keep, note, data, made_by, created_us, owner FROM n, marks WHERE id = 1`))
	must(t, x.AddGap(t.Context(), index.Gap{Camera: "front", From: at(-60), To: at(0), Reason: "full"}))
	must(t, x.Condemn())
	return image(t, from), 700
}

// salvaged fails unless everything is protected that was, and the next Open has
// nothing more to do.
func salvaged(t *testing.T, path string, marks int) {
	t.Helper()
	x := openPath(t, path)
	if !x.Made() || x.Aside() == "" {
		t.Errorf("made: %v, aside: %q", x.Made(), x.Aside())
	}
	all, err := x.Marks(t.Context(), index.MarkFilter{Keep: true, Limit: 2 * marks})
	must(t, err)
	if len(all) != marks || all[0].ID != int64(marks) {
		t.Fatalf("%d marks of %d protect", len(all), marks)
	}
	if gaps, err := x.Gaps(t.Context(), "front", at(-100), at(0)); err != nil || len(gaps) != 1 {
		t.Errorf("gaps: %v, %v", gaps, err)
	}
	add(t, x, segment(1, 0, 60))
	verified(t, x)
	must(t, x.Close())
	x = openPath(t, path)
	if totals, err := x.Totals(t.Context(), "front"); err != nil || x.Aside() != "" || totals.Protected != 1000 {
		t.Errorf("opened again: aside %q, %+v, %v", x.Aside(), totals, err)
	}
	must(t, x.Close())
}

// TestMarksOutliveARemakingThatIsEnded as a shutdown does.
func TestMarksOutliveARemakingThatIsEnded(t *testing.T) {
	t.Parallel()
	dir, marks := spoiled(t)
	ended, end := context.WithCancel(t.Context())
	end()
	for range 3 {
		_, err := index.Open(ended, filepath.Join(dir, "index.db"))
		wants(t, err, context.Canceled)
	}
	salvaged(t, filepath.Join(dir, "index.db"), marks)
}

// TestMarksOutliveARemakingOnAFullDisk that has room for some of them.
func TestMarksOutliveARemakingOnAFullDisk(t *testing.T) {
	t.Parallel()
	dir, marks := spoiled(t)
	path := filepath.Join(dir, "index.db")
	for _, step := range index.AsideSteps(path) {
		must(t, step())
	}
	for _, pages := range []int{0, 10, 200} {
		wants(t, index.OpenFull(t.Context(), path, pages), index.ErrFull)
	}
	salvaged(t, path, marks)
}

// TestKillBetweenEachTwoStepsOfRemaking loses no mark.
func TestKillBetweenEachTwoStepsOfRemaking(t *testing.T) {
	t.Parallel()
	dir, marks := spoiled(t)
	path := filepath.Join(dir, "index.db")
	found := []string{image(t, dir)}
	for _, step := range index.AsideSteps(path) {
		must(t, step())
		found = append(found, image(t, dir))
	}
	must(t, os.WriteFile(path, nil, 0o600)) // as the new one begins
	found = append(found, image(t, dir))
	note, err := os.ReadFile(path + ".salvage")
	must(t, err)
	must(t, openPath(t, path).Close())
	must(t, os.WriteFile(path+".salvage", note, 0o600)) // all is taken over, and nobody knows
	found = append(found, image(t, dir))
	must(t, os.WriteFile(path+".condemned", nil, 0o600)) // and the new one is damaged as well
	found = append(found, image(t, dir))
	for i, dir := range found {
		t.Run(fmt.Sprint(i), func(t *testing.T) { salvaged(t, filepath.Join(dir, "index.db"), marks) })
	}
}
