package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestImport prints a configuration that check takes, on the standard output alone.
func TestImport(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "go2rtc.yaml")
	write := func(name, text string) string {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	write(file, "streams:\n  door: rtsp://u:p@192.168.1.20/1\n  script: exec:x\n")
	status, out, errs := sayIn(t, nil, "import", file)
	if status != exitFine || strings.Contains(out, "script") || !strings.Contains(errs, file+":3: streams.script: ") {
		t.Fatalf("import ends with %d and says\n%s\n%s", status, out, errs)
	}
	ours := write(filepath.Join(folder, "framegate.yaml"), out)
	if status, out, errs := sayIn(t, nil, "check", ours); status != exitFine || !strings.Contains(out, "1 camera,") {
		t.Errorf("check ends with %d and says %s%s", status, out, errs)
	}
	for document, want := range map[string]string{
		"a: [":                file + ":1:4: ",
		"streams: {a: exec:}": file + ": has no camera",
		"listen: x":           file + ": has none of the keys",
	} {
		write(file, document)
		if status, out, errs := sayIn(t, nil, "import", file); status != exitMistake || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%q: import ends with %d and says %s%s, want %q", document, status, out, errs, want)
		}
	}
	if status, _, errs := sayIn(t, nil, "import", "--from", "frigate", write(file, "streams: {a: }")); status != exitMistake || !strings.Contains(errs, "no camera") {
		t.Errorf("another program's file ends with %d and says %s", status, errs)
	}
}
