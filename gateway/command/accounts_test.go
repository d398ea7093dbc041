package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

func TestGrantsAreChangedFromTheCommandLine(t *testing.T) {
	variables := []string{"FRAMEGATE_DATA=" + t.TempDir()}
	must := func(args ...string) string {
		t.Helper()
		status, stdout, stderr := sayIn(t, variables, args...)
		if status != exitFine {
			t.Fatalf("%v: status %d, says %q", args, status, stderr)
		}
		return stdout
	}
	lists := func(what, want string) {
		t.Helper()
		if got := strings.Join(strings.Fields(must(what, "list")), " "); got != want {
			t.Errorf("%ss are %q, want %q", what, got, want)
		}
	}
	must("user", "add", "anna", "--create", "--grant", "view:front")
	must("token", "create", "short", "--expires-in", "1d12h")
	if list := must("token", "list"); !strings.Contains(list, "until "+time.Now().Add(36*time.Hour).Format(time.DateOnly)) {
		t.Errorf("a token for a day and a half is listed as %q", list)
	}
	must("token", "revoke", "short")
	must("token", "create", "recorder", "--sealed")
	lists("token", "2 recorder for ever, sealed")
	must("token", "revoke", "recorder")
	must("token", "create", "nvr", "--grant", "view:*")
	must("user", "grant", "anna", "publish:phone", "view:front", "admin")
	must("token", "grant", "nvr", "publish:phone")
	lists("user", "anna admin view:front publish:phone")
	lists("token", "3 nvr for ever view:* publish:phone")
	must("user", "revoke", "Anna", "view:front", "publish:phone")
	must("token", "revoke", "nvr", "view:*")
	lists("user", "anna admin")
	lists("token", "3 nvr for ever publish:phone")
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"user", "revoke", "anna", "view:gate"}, exitFailed, "user anna: view:gate is not granted, but admin"},
		{[]string{"user", "revoke", "anna", "admin"}, exitFailed, "this is the last one"},
		{[]string{"user", "grant", "anna", "see:front"}, exitMistake, "write admin, metrics, add, or view, publish"},
		{[]string{"user", "grant", "anna"}, exitMistake, "expected"},
		{[]string{"user", "grant", "berta", "view:*"}, exitFailed, "user berta: reading the user: unknown"},
		{[]string{"token", "create", "other", "--expires-in", "0s"}, exitMistake, "must be a second or more"},
		{[]string{"token", "create", "other", "--expires-in", "soon"}, exitMistake, "such as"},
		{[]string{"token", "grant", "other", "view:*"}, exitFailed, "token other: unknown"},
		{[]string{"token", "revoke", "nvr", "view:*"}, exitFailed, "view:* is not granted, but publish:phone"},
	} {
		if status, _, stderr := sayIn(t, variables, c.args...); status != c.status || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: status %d, says %q", c.args, status, stderr)
		}
	}
	lists("user", "anna admin")
	must("token", "revoke", "nvr")
	lists("token", "")
}

// TestGrantsForAbsentCamerasAreTold: they may be mistyped, or for cameras to come.
func TestGrantsForAbsentCamerasAreTold(t *testing.T) {
	variables := []string{"FRAMEGATE_DATA=" + t.TempDir()} // with the cameras demo and phone
	const want = "framegate: warning: view:dmeo is permitted, but there is no camera dmeo at the moment\n"
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"user", "add", "anna", "--create", "--grant", "view:dmeo", "--grant", "view:demo", "--grant", "publish:*"}, want},
		{[]string{"user", "add", "berta", "--grant", "view:demo", "--grant", "admin"}, ""},
		{[]string{"token", "create", "nvr", "--grant", "view:dmeo"}, want},
		{[]string{"token", "create", "prometheus", "--grant", "metrics"}, ""},
		{[]string{"user", "grant", "berta", "view:dmeo"}, want},
		{[]string{"token", "grant", "prometheus", "view:dmeo"}, want},
		{[]string{"user", "revoke", "berta", "view:dmeo"}, ""},
	} {
		if status, _, stderr := sayIn(t, variables, c.args...); status != exitFine || stderr != c.says {
			t.Errorf("%v: status %d, says %q", c.args, status, stderr)
		}
	}
}
