package index_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"framegate/gateway/record/index"
)

// used makes an index with something in it, and closes it.
func used(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "index.db")
	x := openPath(t, path)
	for i := range 20 {
		add(t, x, segment(i+1, float64(60*i), float64(60*i+60)))
	}
	_, err := x.AddMark(t.Context(), index.Mark{Camera: "front", Kind: "protect", Start: at(0), End: at(600), Keep: true, Data: json.RawMessage(`{"a":1}`)})
	must(t, err)
	must(t, x.AddGap(t.Context(), index.Gap{Camera: "front", From: at(-60), To: at(0), Reason: "full"}))
	must(t, x.Close())
	return path
}

// TestDamagedFilesAreMovedAside, and new ones made in their place.
func TestDamagedFilesAreMovedAside(t *testing.T) {
	t.Parallel()
	damage := func(change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, change(b), 0o600))
		}
	}
	for name, f := range map[string]func(*testing.T, string){
		"cut within the header": damage(func(b []byte) []byte { return b[:50] }),
		"cut in the middle":     damage(func(b []byte) []byte { return b[:len(b)/2] }),
		"garbage in the header": damage(func(b []byte) []byte { copy(b, "garbage garbage!"); return b }),
		"zeros in the middle":   damage(func(b []byte) []byte { clear(b[8192 : len(b)-8192]); return b }),
		"another's database": func(t *testing.T, path string) {
			x := openPath(t, path)
			must(t, index.Execute(x, "PRAGMA application_id = 7"))
			must(t, x.Close())
		},
		"gone, with its log there": func(t *testing.T, path string) { must(t, os.Rename(path, path+"-wal")) },
		"a folder": func(t *testing.T, path string) {
			must(t, os.Remove(path))
			must(t, os.Mkdir(path, 0o700))
		},
		"condemned": func(t *testing.T, path string) {
			x := openPath(t, path)
			must(t, x.Condemn())
			must(t, x.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := used(t)
			f(t, path)
			x := openPath(t, path)
			if !x.Made() || !strings.HasPrefix(x.Aside(), path+".damaged-") {
				t.Errorf("made: %v, aside: %q", x.Made(), x.Aside())
			}
			if _, err := os.Stat(x.Aside()); err != nil && !strings.HasPrefix(name, "gone") {
				t.Error(err)
			}
			add(t, x, segment(1, 0, 60))
			verified(t, x)
			must(t, x.Close())
			x = openPath(t, path)
			if x.Made() || x.Aside() != "" {
				t.Error("the new one is moved aside as well")
			}
		})
	}
}

// TestMarksOutliveDamage as far as they can be read.
func TestMarksOutliveDamage(t *testing.T) {
	t.Parallel()
	path := used(t)
	x := openPath(t, path)
	before, err := x.Marks(t.Context(), index.MarkFilter{})
	must(t, err)
	must(t, x.Condemn())
	must(t, x.Close())
	x = openPath(t, path)
	after, err := x.Marks(t.Context(), index.MarkFilter{})
	must(t, err)
	if len(after) != 1 || after[0].ID != before[0].ID || !after[0].Keep || string(after[0].Data) != `{"a":1}` {
		t.Errorf("%v became %v", before, after)
	}
	gaps, err := x.Gaps(t.Context(), "front", at(-100), at(100))
	if must(t, err); len(gaps) != 1 || gaps[0].Reason != "full" {
		t.Errorf("gaps: %v", gaps)
	}
	add(t, x, segment(1, 0, 60))
	if totals, err := x.Totals(t.Context(), "front"); err != nil || totals.Protected != 1000 {
		t.Errorf("%+v, %v", totals, err)
	}
}

// TestMarksOfAnOlderIndexOutliveDamage, and are nobody's in particular, as others are
// somebody's.
func TestMarksOfAnOlderIndexOutliveDamage(t *testing.T) {
	t.Parallel()
	for name, older := range map[string]bool{"older": true, "as now": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := open(t)
			id, err := x.AddMark(t.Context(), index.Mark{Camera: "front", Kind: "motion", Start: at(0), End: at(60), Keep: true, By: "user:ann", Owner: "user 7"})
			must(t, err)
			want := "user 7"
			if older {
				must(t, index.Execute(x, "ALTER TABLE marks DROP COLUMN owner"))
				want = ""
			}
			must(t, x.Condemn())
			must(t, x.Close())
			x = openPath(t, x.Path())
			if m, err := x.Mark(t.Context(), id); err != nil || m.By != "user:ann" || m.Owner != want {
				t.Errorf("it is %+v, %v", m, err)
			}
		})
	}
}

// TestNewerIsRefused in words that say what to do, and left as it is.
func TestNewerIsRefused(t *testing.T) {
	t.Parallel()
	path := used(t)
	x := openPath(t, path)
	must(t, index.Execute(x, "PRAGMA user_version = 1000"))
	must(t, x.Close())
	before, err := os.ReadFile(path)
	must(t, err)
	_, err = index.Open(t.Context(), path)
	wants(t, err, index.ErrNewer)
	for _, words := range []string{path, "1000", "start that Framegate, or move the file away"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%v; does not say %q", err, words)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("it was changed, %v", err)
	}
}

// TestFullDiskLeavesAllAsItWas: the file may not grow beyond its pages.
func TestFullDiskLeavesAllAsItWas(t *testing.T) {
	t.Parallel()
	x := open(t)
	for i := range 50 {
		add(t, x, segment(i+1, float64(60*i), float64(60*i+60)))
	}
	must(t, index.Limit(x, 10))
	var err error
	n := 50
	for ; err == nil && n < 5000; n++ {
		_, err = x.Add(t.Context(), segment(n+1, float64(60*n), float64(60*n+60)))
	}
	wants(t, err, index.ErrFull)
	if !strings.Contains(err.Error(), "free some space") {
		t.Error(err)
	}
	verified(t, x)
	totals, err := x.Totals(t.Context(), "front")
	if must(t, err); totals.Segments != n-1 || !totals.Newest.Equal(at(float64(60*(n-1)))) {
		t.Errorf("after %d that went well: %+v", n-1, totals)
	}
	oldest, err := x.Oldest(t.Context(), "")
	must(t, err)
	for range 40 { // what retention does then
		if _, err := x.Delete(t.Context(), oldest.ID); err != nil && !errors.Is(err, index.ErrFull) {
			t.Fatal(err)
		}
		oldest.ID++
	}
	verified(t, x)
}
