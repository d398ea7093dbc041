package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecordingsAreCheckedAndMended as the command line says.
func TestRecordingsAreCheckedAndMended(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	recordings := filepath.Join(folder, "recordings")
	hour := filepath.Join(recordings, "front/2026-11-20/13")
	config := filepath.Join(folder, "framegate.yaml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	say := func(want int, words string, args ...string) {
		t.Helper()
		status, stdout, stderr := sayIn(t, nil, append(args, "--config", config)...)
		if status != want || !strings.Contains(stdout+stderr, words) {
			t.Errorf("%v: %d\n%s%s\nwant %d, and %q", args, status, stdout, stderr, want, words)
		}
	}
	write(config, "auth: off\nlisten: 127.0.0.1:0\nrecordings: {dir: "+recordings+"}\ncameras: {front: {source: 'upload:'}}\n")
	say(exitFailed, "no such file", "check", "--recordings")
	if err := os.MkdirAll(hour, 0o700); err != nil {
		t.Fatal(err)
	}
	say(exitFailed, "no recordings of Framegate", "check", "--recordings")
	write(filepath.Join(recordings, "framegate-recordings.json"), `{"volume": "0123456789abcdef0123456789abcdef", "version": 1}`)
	say(exitMistake, "--recordings --repair", "check", "--repair")
	stranger := filepath.Join(hour, "20261120T130400.123Z-7.mp4")
	write(stranger, "no film")
	say(exitFailed, "index.db: is not there", "check", "--recordings")
	say(exitFine, "good: the index has", "index", "rebuild")
	if _, err := os.Stat(stranger); err == nil {
		t.Error("what is no recording is still among them")
	}
	say(exitFine, "good: the recordings", "check", "--recordings")
	write(stranger, "no film again")
	say(exitFailed, "front/2026-11-20/13/20261120T130400.123Z-7.mp4", "check", "--recordings")
	say(exitFine, "moved to _aside", "check", "--recordings", "--repair")
}
