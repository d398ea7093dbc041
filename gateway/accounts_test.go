package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommandsFindTheServersDataOrSaySo: what is written to another folder no
// server would ever know of.
func TestCommandsFindTheServersDataOrSaySo(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "framegate.yaml")
	if err := os.WriteFile(file, []byte("listen: 127.0.0.1:0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	t.Chdir(elsewhere)
	for _, args := range [][]string{
		{"user", "list"}, {"user", "add", "anna"}, {"user", "passwd", "anna"}, {"user", "remove", "anna"},
		{"token", "list"}, {"token", "create", "nvr"}, {"token", "revoke", "nvr"},
		{"user", "list", "--config", file}, {"token", "create", "nvr", "--config", file},
	} {
		status, stdout, stderr := sayIn(t, nil, args...)
		want := "no server keeps anything in " + filepath.Join(elsewhere, "data")
		if len(args) > 2 && args[len(args)-1] == file {
			want = "no server keeps anything in " + filepath.Join(folder, "data")
		}
		if status != exitMistake || stdout != "" || !strings.Contains(stderr, want) || !strings.Contains(stderr, "--config FILE") {
			t.Errorf("%v: status %d, says %q, %q", args, status, stdout, stderr)
		}
	}
	if names := namesIn(t, elsewhere) + namesIn(t, folder); strings.Contains(names, "state.db") || strings.Contains(names, "data") {
		t.Errorf("something was made: %s", names)
	}

	if status, stdout, stderr := sayIn(t, nil, "user", "add", "anna", "--create", "--grant", "admin", "--config", file); status != exitFine || !strings.HasPrefix(stdout, "password: ") {
		t.Fatalf("asked to: status %d, says %q, %q", status, stdout, stderr)
	}
	for name, c := range map[string]struct {
		variables []string
		args      []string
	}{
		"by the configuration": {nil, []string{"user", "list", "--config", file}},
		"by a relative one":    {nil, []string{"user", "list", "--config", relative(t, elsewhere, file)}},
		"by the variable":      {[]string{"FRAMEGATE_DATA=" + filepath.Join(folder, "data")}, []string{"user", "list"}},
	} {
		if status, stdout, stderr := sayIn(t, c.variables, c.args...); status != exitFine || !strings.HasPrefix(stdout, "anna") {
			t.Errorf("%s: status %d, says %q, %q", name, status, stdout, stderr)
		}
	}
}

func relative(t *testing.T, from, to string) string {
	t.Helper()
	name, err := filepath.Rel(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return name
}
