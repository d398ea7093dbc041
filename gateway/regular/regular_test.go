//go:build unix

package regular

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFilesAndLinksToThemAreRead(t *testing.T) {
	folder := t.TempDir()
	file, link := filepath.Join(folder, "file"), filepath.Join(folder, "link")
	if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, link} {
		if b, err := Read(name, 6); err != nil || string(b) != "secret" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		if b, err := Read(name, 5); err == nil || !strings.HasSuffix(err.Error(), "is larger than 5B") {
			t.Errorf("%s of more than is allowed: %q, %v", name, b, err)
		}
	}
	if _, err := Read(filepath.Join(folder, "none"), 5); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestWhatIsNoFileIsRefusedAtOnce: a pipe without a writer would otherwise be
// waited for, without an end.
func TestWhatIsNoFileIsRefusedAtOnce(t *testing.T) {
	folder := t.TempDir()
	pipe, link, socket := filepath.Join(folder, "pipe"), filepath.Join(folder, "link"), filepath.Join(folder, "s")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.Symlink("pipe", link)); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, kind := range map[string]string{
		pipe: "a pipe", link: "a pipe", folder: "a folder", "/dev/zero": "a device", "/dev/null": "a device", socket: "a socket",
	} {
		want := name + " is " + kind + ", not a file; name a file"
		if _, err := Read(name, 10); !errors.Is(err, ErrKind) || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
