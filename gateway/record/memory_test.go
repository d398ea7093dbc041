package record

import (
	"path/filepath"
	"testing"
	"time"
)

// TestLimitsGoAlongToAnotherFolder, of cameras that are not there any more.
func TestLimitsGoAlongToAnotherFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recordings.json")
	kept := map[string]Keep{"gone": {MaxAge: time.Hour}}
	if err := remember(file, memory{Folder: "/a", Volume: "x", Cameras: kept}); err != nil {
		t.Fatal(err)
	}
	for folder, volume := range map[string]string{"/a": "x", "/b": ""} {
		if m, err := remembered(file, folder); err != nil || m.Volume != volume || m.Cameras["gone"] != kept["gone"] {
			t.Errorf("of %s it remembers %+v, %v", folder, m, err)
		}
	}
}
