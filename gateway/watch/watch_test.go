package watch

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestConfigurationIsNotReadWhileItIsWritten: a slow copy rests anywhere, here
// where what is written so far is without a mistake.
func TestConfigurationIsNotReadWhileItIsWritten(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the kernel does not tell")
	}
	t.Parallel() // it waits most of the time
	file := filepath.Join(t.TempDir(), "framegate.yaml")
	if err := os.WriteFile(file, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	known, _ := contentOf(file)
	changes, stop := File(file, known, slog.New(slog.DiscardHandler))
	defer stop()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"", "cameras:\n", "  front: {source: 'upload:'}\n"} {
		if _, err := f.WriteString(part); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changes:
			t.Fatalf("it is read though %q was only just written, and more is to come", part)
		case <-time.After(2 * settle): // what must not happen has time to
		}
	}
	f.Close()
	select {
	case <-changes:
	case <-time.After(ceiling):
		t.Fatal("it is not read")
	}
	if again, patience := contentOf(file); patience != 0 || !bytes.HasSuffix(again, []byte("'}\n")) {
		t.Errorf("%q, and %v of patience, when nobody writes", again, patience)
	}
}

// TestFileThatCannotBeReadAnyMoreIsTold, and that it can again.
func TestFileThatCannotBeReadAnyMoreIsTold(t *testing.T) {
	t.Parallel() // it waits most of the time
	file := filepath.Join(t.TempDir(), "framegate.yaml")
	write := func() {
		t.Helper()
		if err := os.WriteFile(file, []byte("old\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	known, _ := contentOf(file)
	changes, stop := File(file, known, slog.New(slog.DiscardHandler))
	defer stop()
	for _, change := range []func(){
		func() { os.Remove(file); os.Mkdir(file, 0o700) },
		func() { os.Remove(file); write() },
	} {
		change()
		select {
		case <-changes:
		case <-time.After(ceiling):
			t.Fatal("nobody is told")
		}
	}
}

// ceiling is how long anything may take on a busy machine.
const ceiling = 3 * time.Minute

// TestUnwatchableFolderLeavesNothingBehind: where a file cannot be watched,
// nothing goes on watching.
func TestUnwatchableFolderLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	open := openFiles(t)
	for range 3 {
		changes, stop := File(t.TempDir()+"/gone/framegate.yaml", []byte("known"), slog.New(slog.DiscardHandler))
		if changes != nil {
			t.Fatal("it is watched")
		}
		stop()
	}
	if now := openFiles(t); now > open {
		t.Errorf("%d files are open, of %d before", now, open)
	}
}

// openFiles counts what this process has open; 0 where that is not told.
func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil && runtime.GOOS == "linux" {
		t.Fatal(err)
	}
	return len(files)
}
