package main

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"framegate/gateway/camtest"
)

// sayIn is say with nothing around the command but these variables.
func sayIn(t *testing.T, variables []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, variables, &out, &errs)
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
		"open to everybody":    {"auth: off\nlisten: 0.0.0.0:0", nil, "--allow-open"},
		"an address elsewhere": {"listen: 192.0.2.1:0", nil, "cannot assign requested address"},
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
			if strings.Contains(c.text, "listen:") {
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

// TestCheckLeavesARunningServerAlone: the port that it listens on is its own.
func TestCheckLeavesARunningServerAlone(t *testing.T) {
	l := launch(t, "127.0.0.1:0", "cameras: {front: {source: 'upload:'}}")
	before := namesIn(t, filepath.Dir(l.config))
	status, stdout, stderr := sayIn(t, nil, "check", l.config, "--listen", strings.TrimPrefix(l.url, "http://"))
	if status != exitFine || !strings.HasPrefix(stdout, "good: 1 camera, ") {
		t.Errorf("status %d, says %q, %q", status, stdout, stderr)
	}
	if after := namesIn(t, filepath.Dir(l.config)); after != before {
		t.Errorf("it left %s, where there was %s", after, before)
	}
	if status, _, stderr := sayIn(t, nil, "check", "--config", l.config, l.config); status != exitMistake || !strings.Contains(stderr, "name one configuration") {
		t.Errorf("two configurations: status %d, says %q", status, stderr)
	}
}

// TestFfmpegThatIsOfNoUseIsTold: by serve, which relays JPEGs all the same, and
// by a check of the same configuration.
func TestFfmpegThatIsOfNoUseIsTold(t *testing.T) {
	t.Parallel()
	old := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(old, []byte("#!/bin/sh\necho 'ffmpeg version 4.4.2 Copyright (c)'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, why := range map[string]string{"/nowhere/ffmpeg": "no such file", old: "it is version 4.4.2, and takes 5.1 or newer"} {
		l := launch(t, "127.0.0.1:0", "ffmpeg: {path: '"+path+"'}\ncameras: {phone: {source: 'upload:'}, clip: {source: 'test:'}}")
		await(t, "the log tells it", func() bool { return strings.Contains(l.stderr.String(), withoutFFmpeg) })
		said := l.stderr.String()
		if !strings.Contains(said, why) || !strings.Contains(said, "cameras=[clip]") || strings.Contains(said, "is confined") {
			t.Errorf("%s: the log says %q", path, said)
		}
		response, err := http.Post(l.url+"/live/phone.jpg", "image/jpeg", bytes.NewReader(camtest.Picture(1, 64, 32)))
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != http.StatusNoContent {
			t.Errorf("%s: a picture gets status %d", path, response.StatusCode)
		}
		status, stdout, stderr := sayIn(t, nil, "check", l.config)
		if status != exitFine || !strings.HasPrefix(stdout, "good: 2 cameras") || strings.Count(stderr, "\n") != 1 ||
			!strings.HasPrefix(stderr, "framegate: warning: "+withoutFFmpeg) || !strings.Contains(stderr, why) {
			t.Errorf("%s: check: status %d, says %q, %q", path, status, stdout, stderr)
		}
	}
}

func TestFfmpegThatWorksIsConfined(t *testing.T) {
	need(t, "ffmpeg")
	t.Parallel()
	l := launch(t, "127.0.0.1:0", "cameras: {phone: {source: 'upload:'}}")
	await(t, "the log tells it", func() bool { return strings.Contains(l.stderr.String(), "ffmpeg is confined") })
	if said := l.stderr.String(); strings.Contains(said, withoutFFmpeg) {
		t.Errorf("the log says %q", said)
	}
	if status, _, stderr := sayIn(t, nil, "check", l.config); status != exitFine || stderr != "" {
		t.Errorf("check: status %d, says %q", status, stderr)
	}
}
