package operation

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

func TestListenThatFailsIsStatusOne(t *testing.T) {
	s := rig.Start(t, "")
	status, _, stderr := rig.Say(t, "serve", "--listen", strings.TrimPrefix(s.URL, "http://"))
	if status != 1 || !strings.Contains(stderr, "address already in use") {
		t.Errorf("status %d, says %q", status, stderr)
	}
}

func TestHealthcheckAsksTheGateway(t *testing.T) {
	s := rig.Start(t, "")
	listen := strings.TrimPrefix(s.URL, "http://")
	if status, _, stderr := rig.Say(t, "healthcheck", "--listen", listen); status != 0 {
		t.Errorf("status %d, says %q", status, stderr)
	}
	s.End(t)
	if status, _, stderr := rig.Say(t, "healthcheck", "--listen", listen); status != 1 || stderr == "" {
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
	l := rig.Launch(t, "127.0.0.1:0", "cameras: {front: {source: 'upload:'}}")
	before := namesIn(t, filepath.Dir(l.Config))
	status, stdout, stderr := rig.SayIn(t, nil, "check", l.Config, "--listen", strings.TrimPrefix(l.URL, "http://"))
	if status != 0 || !strings.HasPrefix(stdout, "good: 1 camera, ") {
		t.Errorf("status %d, says %q, %q", status, stdout, stderr)
	}
	if after := namesIn(t, filepath.Dir(l.Config)); after != before {
		t.Errorf("it left %s, where there was %s", after, before)
	}
	if status, _, stderr := rig.SayIn(t, nil, "check", "--config", l.Config, l.Config); status != 2 || !strings.Contains(stderr, "name one configuration") {
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
		l := rig.Launch(t, "127.0.0.1:0", "ffmpeg: {path: '"+path+"'}\ncameras: {phone: {source: 'upload:'}, clip: {source: 'test:'}}")
		rig.Await(t, "the log tells it", func() bool { return strings.Contains(l.Log.String(), withoutFFmpeg) })
		said := l.Log.String()
		if !strings.Contains(said, why) || !strings.Contains(said, "cameras without pictures: clip") || strings.Contains(said, "is confined") {
			t.Errorf("%s: the log says %q", path, said)
		}
		response, err := http.Post(l.URL+"/live/phone.jpg", "image/jpeg", bytes.NewReader(camtest.Picture(1, 64, 32)))
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != http.StatusNoContent {
			t.Errorf("%s: a picture gets status %d", path, response.StatusCode)
		}
		status, stdout, stderr := rig.SayIn(t, nil, "check", l.Config)
		if status != 0 || !strings.HasPrefix(stdout, "good: 2 cameras") || strings.Count(stderr, "\n") != 1 ||
			!strings.HasPrefix(stderr, "framegate: warning: "+withoutFFmpeg) || !strings.Contains(stderr, why) {
			t.Errorf("%s: check: status %d, says %q, %q", path, status, stdout, stderr)
		}
	}
}

func TestFfmpegThatWorksIsConfined(t *testing.T) {
	rig.Need(t, "ffmpeg")
	t.Parallel()
	l := rig.Launch(t, "127.0.0.1:0", "cameras: {phone: {source: 'upload:'}}")
	rig.Await(t, "the log tells it", func() bool { return strings.Contains(l.Log.String(), "ffmpeg is confined") })
	if said := l.Log.String(); strings.Contains(said, withoutFFmpeg) {
		t.Errorf("the log says %q", said)
	}
	if status, _, stderr := rig.SayIn(t, nil, "check", l.Config); status != 0 || stderr != "" {
		t.Errorf("check: status %d, says %q", status, stderr)
	}
}
