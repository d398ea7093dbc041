package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

// say runs a command line and gives what came of it.
func say(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, []string{"FRAMEGATE_AUTH=off", "FRAMEGATE_DATA=" + t.TempDir()}, &out, &errs)
	return status, out.String(), errs.String()
}

func TestMistakesEndWithStatusTwoAndALine(t *testing.T) {
	bad := writeConfig(t, "cameras:\n  front: {sorce: 'upload:'}\n")
	later := writeConfig(t, "recordings: {dir: /tmp}\n")
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"serv"}, "unexpected argument serv"},
		{[]string{"serve", "--colour"}, "unknown flag --colour"},
		{[]string{"serve", "--config", "/nowhere.yaml"}, "/nowhere.yaml"},
		{[]string{"serve", "--config", bad}, "framegate.yaml:2:11: cameras.front.sorce: unknown key; did you mean source?"},
		{[]string{"check", "--config", bad}, "did you mean source?"},
		{[]string{"check", "--config", later}, "not part of this version yet"},
		{[]string{"serve", "--listen", "8080"}, "--listen"},
		{[]string{"serve", "--listen", "0.0.0.0:0"}, "--allow-open"},
		{[]string{"serve", "--listen", ":0"}, "auth: off would open every camera"},
		{[]string{"serve", "--listen", "192.168.1.2:80"}, "--allow-open"},
	} {
		status, _, stderr := say(t, c.args...)
		if status != exitMistake || !strings.Contains(stderr, c.says) || strings.Contains(stderr, "goroutine") {
			t.Errorf("%v: status %d, says %q; want %q", c.args, status, stderr, c.says)
		}
	}
}

func TestAllowOpenListensEverywhere(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	printed, stdout := io.Pipe()
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"--listen", "0.0.0.0:0", "--allow-open"}, []string{"FRAMEGATE_AUTH=off", "FRAMEGATE_DATA=" + t.TempDir()}, stdout, io.Discard)
		stdout.Close()
	}()
	if line, err := bufio.NewReader(printed).ReadString('\n'); err != nil || line != "Framegate is running.\n" {
		t.Errorf("printed %q, %v", line, err)
	}
	go io.Copy(io.Discard, printed)
	cancel()
	if s := <-status; s != exitFine {
		t.Errorf("status %d", s)
	}
}

func TestListenThatFailsIsStatusOne(t *testing.T) {
	s := startGateway(t, "")
	status, _, stderr := say(t, "serve", "--listen", strings.TrimPrefix(s.url, "http://"))
	if status != exitFailed || !strings.Contains(stderr, "address already in use") {
		t.Errorf("status %d, says %q", status, stderr)
	}
}

func TestCheckPraisesAGoodConfiguration(t *testing.T) {
	good := writeConfig(t, "auth: off\ncameras: {front: {source: 'http://192.168.1.20/mjpeg'}}\n")
	if status, stdout, stderr := say(t, "check", "--config", good); status != exitFine || stdout != "good: 1 camera, listening on 127.0.0.1:8080\n" {
		t.Errorf("status %d, says %q, %q", status, stdout, stderr)
	}
}

func TestHealthcheckAsksTheGateway(t *testing.T) {
	s := startGateway(t, "")
	listen := strings.TrimPrefix(s.url, "http://")
	if status, _, stderr := say(t, "healthcheck", "--listen", listen); status != exitFine {
		t.Errorf("status %d, says %q", status, stderr)
	}
	s.end(t)
	if status, _, stderr := say(t, "healthcheck", "--listen", listen); status != exitFailed || stderr == "" {
		t.Errorf("without a gateway: status %d, says %q", status, stderr)
	}
}

func TestHelpAndVersion(t *testing.T) {
	if status, stdout, _ := say(t, "--help"); status != exitFine || !strings.Contains(stdout, "healthcheck") {
		t.Errorf("status %d, says %q", status, stdout)
	}
	if status, stdout, _ := say(t, "version"); status != exitFine || !strings.HasPrefix(stdout, "framegate ") {
		t.Errorf("status %d, says %q", status, stdout)
	}
}
