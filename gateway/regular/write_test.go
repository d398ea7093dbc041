package regular

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWrite has what was there be replaced as a whole, and leaves nothing beside it.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	for _, text := range []string{"before", "now"} {
		if err := Write(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(name)
		info, err2 := os.Stat(name)
		if string(b) != text || err != nil || err2 != nil || info.Mode() != 0o640 {
			t.Errorf("%q, %v, %v, %v", b, err, info, err2)
		}
	}
	folder := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(folder, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(folder, []byte("in place of a folder"), 0o600); err == nil {
		t.Error("a folder is replaced")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("there is %v, %v", entries, err)
	}
}
