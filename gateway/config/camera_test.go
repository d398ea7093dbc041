package config

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestFilesOfPasswords hold one line, whatever its end is, and nothing of a file
// is told that is no password.
func TestFilesOfPasswords(t *testing.T) {
	const most = maxPasswordFileBytes
	for name, c := range map[string]struct {
		content  string
		password string
		says     string
	}{
		"plain":                {"s3cret", "s3cret", ""},
		"an end of line":       {"s3cret\n", "s3cret", ""},
		"that of Windows":      {"s3cret\r\n", "s3cret", ""},
		"blanks belong to it":  {" s3 cret \n", " s3 cret ", ""},
		"quotes do too":        {`"s3cret"`, `"s3cret"`, ""},
		"not in UTF-8":         {"s\xe9cret", "s\xe9cret", ""},
		"the longest":          {strings.Repeat("x", most), strings.Repeat("x", most), ""},
		"empty":                {"", "", "p is empty"},
		"an end of line alone": {"\n", "", "p is empty"},
		"two lines":            {"canary\ncanary\n", "", "p must be one line, without control characters"},
		"an empty line behind": {"canary\n\n", "", "p must be one line"},
		"UTF-16":               {"c\x00a\x00n\x00", "", "p must be one line"},
		"too long":             {strings.Repeat("x", most+1), "", "p: is larger than 4KiB"},
	} {
		inFolder(t, map[string]string{"f.yaml": "cameras: {a: {source: 'http://cam/', username: u, password_file: p}}", "p": c.content})
		got, err := Load("f.yaml", nil)
		switch {
		case c.says == "" && (err != nil || got.Cameras[0].Password.Reveal() != c.password):
			t.Errorf("%s: %v", name, err)
		case c.says != "" && (err == nil || !strings.HasPrefix(err.Error(), "f.yaml:1:66: cameras.a.password_file: reading the password: ") || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v", name, err)
		case err != nil && strings.Contains(err.Error(), "canary"):
			t.Errorf("%s: the password is told: %v", name, err)
		}
	}
	inFolder(t, map[string]string{"f.yaml": "cameras: {a: {source: 'http://cam/', username: u, password_file: p}}"})
	if err := syscall.Mkfifo("p", 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load("f.yaml", nil); err == nil || !strings.Contains(err.Error(), "is a pipe") {
		t.Errorf("a pipe that nobody writes: %v", err)
	}
	if err := os.Remove("p"); err != nil {
		t.Fatal(err)
	}
	if _, err := Load("f.yaml", nil); err == nil || !strings.Contains(err.Error(), "open p: no such file or directory") {
		t.Errorf("no file: %v", err)
	}
}

// TestOneWordOfTwo: a password and its file say the same, so the environment's
// takes the place of the file's under either name, and two in one place are one
// too many.
func TestOneWordOfTwo(t *testing.T) {
	inFolder(t, map[string]string{"p": "of the file", "q": "of the other"})
	const camera = "FRAMEGATE_CAMERAS__A__"
	for _, c := range []struct{ file, variable, want string }{
		{"password: x", "", "x"},
		{"password_file: p", "", "of the file"},
		{"password: x", "PASSWORD=y", "y"},
		{"password: x", "PASSWORD_FILE=q", "of the other"},
		{"password_file: p", "PASSWORD=y", "y"},
		{"password_file: p", "PASSWORD_FILE=q", "of the other"},
		{"password_file: nowhere", "PASSWORD=y", "y"},
		{"password: x, password_file: p", "PASSWORD=y", "y"},
		{"password: x, password_file: p", "", ""},
		{"password: x", "PASSWORD=", "x"},
	} {
		var environ []string
		if c.variable != "" {
			environ = []string{camera + c.variable}
		}
		got, err := Parse("f.yaml", []byte("cameras: {a: {source: 'http://cam/', username: u, "+c.file+"}}"), environ)
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), "give it in one place") {
				t.Errorf("%s and %s: %v", c.file, c.variable, err)
			}
		} else if err != nil || got.Cameras[0].Password.Reveal() != c.want {
			t.Errorf("%s and %s: %v", c.file, c.variable, err)
		}
	}
}
