package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/command"
)

// say runs a command line and gives what came of it.
func say(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return sayIn(t, []string{"FRAMEGATE_AUTH=off", "FRAMEGATE_DATA=" + t.TempDir()}, args...)
}

// sayIn is say with nothing around the command but these variables.
func sayIn(t *testing.T, variables []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = command.Run(t.Context(), args, variables, &out, &errs)
	return status, out.String(), errs.String()
}

func TestListenThatFailsIsStatusOne(t *testing.T) {
	s := startGateway(t, "")
	status, _, stderr := say(t, "serve", "--listen", strings.TrimPrefix(s.url, "http://"))
	if status != 1 || !strings.Contains(stderr, "address already in use") {
		t.Errorf("status %d, says %q", status, stderr)
	}
}

func TestHealthcheckAsksTheGateway(t *testing.T) {
	s := startGateway(t, "")
	listen := strings.TrimPrefix(s.url, "http://")
	if status, _, stderr := say(t, "healthcheck", "--listen", listen); status != 0 {
		t.Errorf("status %d, says %q", status, stderr)
	}
	s.end(t)
	if status, _, stderr := say(t, "healthcheck", "--listen", listen); status != 1 || stderr == "" {
		t.Errorf("without a gateway: status %d, says %q", status, stderr)
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
	if status != 0 || !strings.HasPrefix(stdout, "good: 1 camera, ") {
		t.Errorf("status %d, says %q, %q", status, stdout, stderr)
	}
	if after := namesIn(t, filepath.Dir(l.config)); after != before {
		t.Errorf("it left %s, where there was %s", after, before)
	}
	if status, _, stderr := sayIn(t, nil, "check", "--config", l.config, l.config); status != 2 || !strings.Contains(stderr, "name one configuration") {
		t.Errorf("two configurations: status %d, says %q", status, stderr)
	}
}

// withoutFFmpeg is how an operator is told who has no good one.
const withoutFFmpeg = "ffmpeg does not work, so test patterns, files, capture devices, "

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
		if status != 0 || !strings.HasPrefix(stdout, "good: 2 cameras") || strings.Count(stderr, "\n") != 1 ||
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
	if status, _, stderr := sayIn(t, nil, "check", l.config); status != 0 || stderr != "" {
		t.Errorf("check: status %d, says %q", status, stderr)
	}
}
