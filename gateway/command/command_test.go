package command

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"framegate/gateway/camtest"
)

// say runs a command line and gives what came of it.
func say(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = Run(t.Context(), args, []string{"FRAMEGATE_AUTH=off", "FRAMEGATE_DATA=" + t.TempDir()}, &out, &errs)
	return status, out.String(), errs.String()
}

// writeConfig writes a configuration.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "framegate.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestMistakesEndWithStatusTwoAndALine(t *testing.T) {
	bad := writeConfig(t, "cameras:\n  front: {sorce: 'upload:'}\n")
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"serv"}, "unexpected argument serv"},
		{[]string{"serve", "--colour"}, "unknown flag --colour"},
		{[]string{"serve", "--config", "/nowhere.yaml"}, "/nowhere.yaml"},
		{[]string{"serve", "--config", bad}, "framegate.yaml:2:11: cameras.front.sorce: unknown key; did you mean source?"},
		{[]string{"check", "--config", bad}, "did you mean source?"},
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
		status <- Run(ctx, []string{"--listen", "0.0.0.0:0", "--allow-open"}, []string{"FRAMEGATE_AUTH=off", "FRAMEGATE_DATA=" + t.TempDir()}, stdout, io.Discard)
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

func TestCheckPraisesAGoodConfiguration(t *testing.T) {
	good := writeConfig(t, "auth: off\ncameras: {front: {source: 'http://192.168.1.20/mjpeg'}}\n")
	if status, stdout, stderr := say(t, "check", "--config", good); status != exitFine || stdout != "good: 1 camera, listening on 127.0.0.1:8080\n" {
		t.Errorf("status %d, says %q, %q", status, stdout, stderr)
	}
}

func TestHealthcheckAsksNobodyElse(t *testing.T) {
	well := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer well.Close()
	elsewhere := httptest.NewServer(http.RedirectHandler(well.URL+"/healthz", http.StatusTemporaryRedirect))
	defer elsewhere.Close()
	if status, _, stderr := say(t, "healthcheck", "--listen", elsewhere.Listener.Addr().String()); status != exitFailed || stderr == "" {
		t.Errorf("status %d, says %q", status, stderr)
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"--help"}, exitFine, "healthcheck"},
		{[]string{"help"}, exitFine, "healthcheck"},
		{[]string{"help", "user"}, exitFine, "user passwd <name>"},
		{[]string{"help", "user", "passwd"}, exitFine, "Usage: framegate user passwd <name>"},
		{[]string{"version"}, exitFine, "framegate "},
		{[]string{"--version"}, exitFine, "framegate "},
		{[]string{"help", "usr"}, exitMistake, ""},
	} {
		status, stdout, stderr := say(t, c.args...)
		if status != c.status || !strings.Contains(stdout, c.says) || (stderr != "") != (c.status != exitFine) {
			t.Errorf("%v: status %d, says %q, %q", c.args, status, stdout, stderr)
		}
	}
}

func TestWordsAreCompleted(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"us"}, "user"},
		{[]string{"user", ""}, "add passwd list grant revoke remove"},
		{[]string{"token", "re"}, "revoke"},
		{[]string{"--con"}, "--config"},
		{[]string{"user", "add", "--gr"}, "--grant"},
		{[]string{"user", "add", "--config", "f.yaml", "--p"}, "--password-file"},
		{[]string{"check", "--config", ""}, ""}, // a file, which shells offer themselves
		{[]string{"check", "f"}, ""},
		{[]string{"completion", ""}, "bash zsh fish"},
		{[]string{"completion", "z"}, "zsh"},
		{[]string{"nonsense", "x"}, ""},
	} {
		status, stdout, stderr := say(t, append([]string{"complete", "--"}, c.words...)...)
		if got := strings.Join(strings.Fields(stdout), " "); status != exitFine || got != c.want {
			t.Errorf("%q: status %d, %q, want %q; says %q", c.words, status, got, c.want, stderr)
		}
	}
}

// TestShellsComplete has shells read what completion prints, and complete.
func TestShellsComplete(t *testing.T) {
	folder := t.TempDir()
	_, words, _ := say(t, "complete", "--", "user", "re")
	program := filepath.Join(folder, "framegate") // prints what it was asked behind the words, for "user re"
	asked := filepath.Join(folder, "asked")
	text := "#!/bin/sh\necho \"$*\" > " + asked + "\nprintf '" + strings.ReplaceAll(words, "\n", "\\n") + "'\n"
	if err := os.WriteFile(program, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	for shell, completes := range map[string]string{
		"bash": `COMP_WORDS=(framegate user re); COMP_CWORD=2; _framegate framegate; printf '%s\n' "${COMPREPLY[@]}"`,
		"zsh":  `compadd() { shift; printf '%s\n' "$@"; }; words=(framegate user re); CURRENT=3; _framegate`,
		"fish": `complete -C 'framegate user re'`,
	} {
		t.Run(shell, func(t *testing.T) {
			camtest.Need(t, shell)
			_, script, _ := say(t, "completion", shell)
			if shell == "zsh" {
				script = "autoload -Uz compinit; compinit -D\n" + script
			}
			cmd := exec.CommandContext(t.Context(), shell, "-c", script+"\n"+completes)
			cmd.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			if got := slices.Sorted(strings.Lines(string(out))); err != nil || !slices.Equal(got, slices.Sorted(strings.Lines(words))) {
				t.Errorf("completes to %q, %v; want %q", out, err, words)
			}
			if was, err := os.ReadFile(asked); err != nil || string(was) != "complete -- user re\n" {
				t.Errorf("asks %q, %v", was, err)
			}
		})
	}
}
