package camtest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// programCeiling bounds how long a program runs; only one that hangs takes it.
const programCeiling = 90 * time.Second

// Need ends a test that wants a program which is not there: it is skipped where the
// run was told to install nothing, and fails otherwise.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
			t.Skipf("%s is not installed", program)
		}
		t.Fatalf("%s is not installed; scripts/test installs what the tests need", program)
	}
}

// Output runs a program to its end and gives what it wrote to stdout. Anything on
// stderr is a failure: programs are told to report errors and warnings only.
func Output(t testing.TB, stdin []byte, program string, args ...string) []byte {
	t.Helper()
	Need(t, program)
	ctx, cancel := context.WithTimeout(context.Background(), programCeiling)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// PictureSums gives MD5 sums over the pixels of the pictures that ffmpeg decodes of
// films, each from its first keyframe on.
func PictureSums(t testing.TB, paths ...string) (all [][]string) {
	t.Helper()
	args, outputs, dir := []string{"-v", "quiet"}, []string{}, t.TempDir()
	for i, path := range paths {
		args = append(args, "-i", path)
		outputs = append(outputs, "-map", strconv.Itoa(i)+":v", "-fps_mode", "passthrough", "-f", "framemd5", filepath.Join(dir, strconv.Itoa(i)))
	}
	Output(t, nil, "ffmpeg", append(args, outputs...)...)
	for i := range paths {
		b, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, nil)
		for line := range strings.Lines(string(b)) {
			if fields := strings.Fields(line); !strings.HasPrefix(line, "#") {
				all[i] = append(all[i], fields[len(fields)-1])
			}
		}
	}
	return all
}
