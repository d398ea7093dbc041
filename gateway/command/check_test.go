package command

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"framegate/gateway/store"
)

// sayIn is say with nothing around the command but these variables.
func sayIn(t *testing.T, variables []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = Run(t.Context(), args, variables, &out, &errs)
	return status, out.String(), errs.String()
}

// TestCheckFindsWhatServeRefuses has both look at the same configurations, and
// sees that a check makes nothing.
func TestCheckFindsWhatServeRefuses(t *testing.T) {
	t.Parallel()
	write := func(t *testing.T, name, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		text    string
		prepare func(t *testing.T, folder string)
		says    string
	}{
		"no certificate": {"tls: {mode: files, cert: cert.pem, key: key.pem}", nil, "cert.pem: no such file or directory"},
		"a certificate that is none": {"tls: {mode: files, cert: cert.pem, key: key.pem}", func(t *testing.T, folder string) {
			write(t, filepath.Join(folder, "cert.pem"), "nothing")
			write(t, filepath.Join(folder, "key.pem"), "nothing")
		}, "failed to find any PEM data"},
		"a pipe for a key": {"tls: {mode: files, cert: cert.pem, key: key.pem}", func(t *testing.T, folder string) {
			write(t, filepath.Join(folder, "cert.pem"), "nothing")
			if err := syscall.Mkfifo(filepath.Join(folder, "key.pem"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "key.pem is a pipe, not a file"},
		"a pipe for a password": {"cameras: {a: {source: 'http://cam/', username: u, password_file: secret}}", func(t *testing.T, folder string) {
			if err := syscall.Mkfifo(filepath.Join(folder, "secret"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "secret is a pipe, not a file"},
		"a cluster without a token": {"cluster: {name: yard, listen: '127.0.0.1:0', relay_listen: '127.0.0.1:0'}", nil, "framegate cluster join"},
		"open to everybody":         {"auth: off\nlisten: 0.0.0.0:0", nil, "--allow-open"},
		"an address elsewhere":      {"listen: 192.0.2.1:0", nil, "cannot assign requested address"},
		"no authority of a broker":  {"notify: {mqtt: {url: 'mqtts://broker.lan', ca: ca.pem}}", nil, "ca.pem: no such file or directory"},
		"one that is none": {"notify: {mqtt: {url: 'mqtts://broker.lan', ca: ca.pem}}", func(t *testing.T, folder string) {
			write(t, filepath.Join(folder, "ca.pem"), "nothing")
		}, "ca.pem: has no certificate in PEM"},
		"an authority that is broken": {"tls: {mode: self-signed}", func(t *testing.T, folder string) {
			write(t, filepath.Join(folder, "data/tls/ca.key"), "nothing")
			write(t, filepath.Join(folder, "data/tls/ca.crt"), "nothing")
		}, "certificate authority in"},
		"a database that is none": {"", func(t *testing.T, folder string) {
			write(t, filepath.Join(folder, "data/state.db"), strings.Repeat("nothing ", 512))
			write(t, filepath.Join(folder, "data/key"), strings.Repeat("00", 32))
		}, "state.db is damaged"},
		"a key that is none": {"", func(t *testing.T, folder string) { write(t, filepath.Join(folder, "data/key"), "nothing") }, "key is damaged"},
		"a file for data":    {"data: framegate.yaml", nil, "is a file; name another one"},
		"a folder open to others": {"", func(t *testing.T, folder string) {
			if err := errors.Join(os.Mkdir(filepath.Join(folder, "data"), 0o700), os.Chmod(filepath.Join(folder, "data"), 0o777)); err != nil {
				t.Fatal(err)
			}
		}, "is open to other users"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			file := filepath.Join(folder, "framegate.yaml")
			listen := "listen: 127.0.0.1:0\n"
			if strings.Contains("\n"+c.text, "\nlisten:") {
				listen = ""
			}
			write(t, file, listen+c.text+"\n")
			if c.prepare != nil {
				c.prepare(t, folder)
			}
			before := namesIn(t, folder)
			status, _, stderr := sayIn(t, nil, "check", file)
			if status != exitMistake || !strings.Contains(stderr, c.says) {
				t.Errorf("check: status %d, says %q", status, stderr)
			}
			if after := namesIn(t, folder); after != before {
				t.Errorf("a check left %s, where there was %s", after, before)
			}
			if status, _, stderr := sayIn(t, nil, "serve", "--config", file); status == exitFine || !strings.Contains(stderr, c.says) {
				t.Errorf("serve: status %d, says %q", status, stderr)
			}
		})
	}
}

func namesIn(t *testing.T, folder string) string {
	t.Helper()
	var names []string
	err := filepath.Walk(folder, func(name string, _ os.FileInfo, err error) error {
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

// TestCheckLooksAtWhatTheAppGave: what fits counts, and what does not is warned of.
func TestCheckLooksAtWhatTheAppGave(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s, err := store.Open(t.Context(), data)
	if err == nil {
		err = errors.Join(s.SetSettings(t.Context(), nil, map[string]string{"rtsp.udp": `[":8000"]`, "rtmp.listen": `["192.0.2.1:1935"]`}), s.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	status, _, stderr := sayIn(t, []string{"FRAMEGATE_DATA=" + data}, "check")
	if status != exitFine || !strings.Contains(stderr, "warning: rtsp.udp, as given in the app, is left out: is for who asks at rtsp.listen") || !strings.Contains(stderr, "warning: rtmp.listen, as given in the app, is left out: listen tcp 192.0.2.1:1935") {
		t.Errorf("%d: %s", status, stderr)
	}
}
