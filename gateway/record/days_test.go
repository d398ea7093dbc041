package record

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestDaysBeginWithTheOldest, of which room is made while others are not known again, and go
// on with those that people look at.
func TestDaysBeginWithTheOldest(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/2026-11-01", "a/2026-11-03", "b/2026-11-02", "b/2026-11-03"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	disk, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	c := comparison{v: &volume{disk: disk}}
	if days := c.days([]string{"a", "b"}); !slices.Equal(days, []string{"2026-11-01", "2026-11-03", "2026-11-02"}) {
		t.Errorf("the days are %v", days)
	}
	if days := c.days(nil); len(days) > 0 {
		t.Errorf("without cameras they are %v", days)
	}
}
