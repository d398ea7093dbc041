package index_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"framegate/gateway/record/index"
)

// contents is what is in the files of a folder, but in the shared memory of SQLite.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	entries, err := os.ReadDir(folder)
	must(t, err)
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) == ".db-shm" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(folder, e.Name()))
		must(t, err)
		all[e.Name()] = string(b)
	}
	return all
}

// TestLookChangesNothing whatever it finds, also where a killed process left a log.
func TestLookChangesNothing(t *testing.T) {
	t.Parallel()
	written := func(change func(b []byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, change(b), 0o600))
		}
	}
	for name, c := range map[string]struct {
		damage func(*testing.T, string)
		want   error
	}{
		"good":    {func(*testing.T, string) {}, nil},
		"damaged": {written(func(b []byte) []byte { copy(b, "garbage garbage!"); return b }), index.ErrDamaged},
		"empty":   {written(func([]byte) []byte { return nil }), index.ErrDamaged},
		"gone":    {func(t *testing.T, path string) { must(t, os.Remove(path)) }, os.ErrNotExist},
		"condemned": {func(t *testing.T, path string) {
			x := openPath(t, path)
			must(t, errors.Join(x.Condemn(), x.Close()))
		}, index.ErrDamaged},
		"older": {func(t *testing.T, path string) {
			x := openPath(t, path)
			must(t, errors.Join(index.Execute(x, "PRAGMA user_version = 1"), x.Close()))
		}, index.ErrOlder},
		"with a log": {func(t *testing.T, path string) {
			x := openPath(t, path)
			add(t, x, segment(21, 1200, 1260))
			killed := contents(t, filepath.Dir(path))
			must(t, x.Close())
			for name, b := range killed {
				must(t, os.WriteFile(filepath.Join(filepath.Dir(path), name), []byte(b), 0o600))
			}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := used(t)
			c.damage(t, path)
			before := contents(t, filepath.Dir(path))
			x, err := index.Look(t.Context(), path, true)
			wants(t, err, c.want)
			if err == nil {
				verified(t, x)
				total, err := x.Total(t.Context())
				if _, logged := before["index.db-wal"]; err != nil || total.Segments < 20 || logged && total.Segments != 21 {
					t.Errorf("it has %+v, %v", total, err)
				}
				if err := x.MarkLost(t.Context(), 1); err == nil {
					t.Error("it was written to")
				}
				must(t, x.Close())
			}
			if !reflect.DeepEqual(contents(t, filepath.Dir(path)), before) {
				t.Error("something was changed")
			}
		})
	}
}

// TestLookBesideOneThatWrites sees what that has written.
func TestLookBesideOneThatWrites(t *testing.T) {
	t.Parallel()
	path := used(t)
	x := openPath(t, path)
	add(t, x, segment(21, 1200, 1260))
	look, err := index.Look(t.Context(), path, false)
	must(t, err)
	defer look.Close()
	add(t, x, segment(22, 1260, 1320))
	if total, err := look.Total(t.Context()); err != nil || total.Segments != 22 || !total.Newest.Equal(at(1320).Truncate(time.Microsecond)) {
		t.Errorf("it has %+v, %v", total, err)
	}
}
