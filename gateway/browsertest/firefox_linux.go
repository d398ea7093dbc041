// Package browsertest drives browsers, for tests. Chromium is driven by
// Playwright in drive.mjs; Firefox, which Playwright has only as a build of
// its own, is driven here, as distributions ship it, over WebDriver BiDi
// (https://w3c.github.io/webdriver-bidi).
//
// Nothing that a user runs imports it.
package browsertest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startPatience is how long Firefox may take until it listens. A first start
// on a busy machine takes ten seconds.
const startPatience = 90 * time.Second

// endPatience is how long killed processes may take to be gone.
const endPatience = 10 * time.Second

// FindFirefox gives the path of the Firefox that is installed, and an error
// where there is none.
func FindFirefox() (string, error) {
	for _, name := range []string{"firefox-esr", "firefox"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("neither firefox-esr nor firefox is installed")
}

// Firefox is a browser under way, without a window, with a profile of its own
// and one page. Whatever it wants from anywhere but this machine it does not
// get. Its methods may be called from any goroutine, but for Renew.
type Firefox struct {
	home    string // all that it writes is in there
	process *exec.Cmd
	exited  chan struct{} // closed when process was waited for
	bidi    *bidi
	page    string // the browsing context
}

// StartFirefox starts a Firefox and waits until it can be driven. The caller
// closes it. ctx bounds the start alone.
func StartFirefox(ctx context.Context) (*Firefox, error) {
	path, err := FindFirefox()
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp("", "framegate-firefox-")
	if err != nil {
		return nil, err
	}
	f := &Firefox{home: home, exited: make(chan struct{})}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if err := f.start(ctx, path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *Firefox) start(ctx context.Context, path string) error {
	profile := filepath.Join(f.home, "profile")
	if err := os.Mkdir(profile, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), preferences(), 0o600); err != nil {
		return err
	}
	said := newStartLog()
	f.process = exec.Command(path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank")
	f.process.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + f.home, "TMPDIR=" + f.home, "LANG=C.UTF-8",
		"XDG_CACHE_HOME=" + f.home, "XDG_CONFIG_HOME=" + f.home, "XDG_RUNTIME_DIR=" + f.home,
		"MOZ_CRASHREPORTER_DISABLE=1",
		"MOZ_REMOTE_SETTINGS_DEVTOOLS=1", // so that services.settings.server counts
	}
	f.process.Stderr = said
	f.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	f.process.WaitDelay = endPatience // for what it started, which has its stderr
	if err := f.process.Start(); err != nil {
		f.process = nil
		return err
	}
	go func() { // ends with the process; Close waits for it
		defer close(f.exited)
		_ = f.process.Wait() // it is killed in the end
	}()
	select {
	case address := <-said.address:
		return f.connect(ctx, address)
	case <-f.exited:
		return fmt.Errorf("firefox ended at once: %s", said)
	case <-ctx.Done():
		return fmt.Errorf("firefox does not listen: %w: %s", ctx.Err(), said)
	}
}

// connect begins a session and finds the page.
func (f *Firefox) connect(ctx context.Context, address string) error {
	var err error
	if f.bidi, err = dialBidi(ctx, address+"/session"); err != nil {
		return err
	}
	if err := f.bidi.call(ctx, "session.new", object{"capabilities": object{"alwaysMatch": object{"acceptInsecureCerts": true}}}, nil); err != nil {
		return err
	}
	if err := f.bidi.call(ctx, "session.subscribe", object{"events": []string{"log.entryAdded"}}, nil); err != nil {
		return err
	}
	var tree struct{ Contexts []struct{ Context string } }
	if err := f.bidi.call(ctx, "browsingContext.getTree", object{}, &tree); err != nil {
		return err
	}
	if len(tree.Contexts) == 0 {
		return errors.New("firefox has no page")
	}
	f.page = tree.Contexts[0].Context
	return nil
}

// Renew goes on with a new page, which has the cookies of the old one. Firefox
// forgets to answer who has a page that still loads go elsewhere. No other method
// may be called meanwhile.
func (f *Firefox) Renew(ctx context.Context) error {
	var made struct{ Context string }
	if err := f.bidi.call(ctx, "browsingContext.create", object{"type": "tab"}, &made); err != nil {
		return err
	}
	old := f.page
	f.page = made.Context
	return f.bidi.call(ctx, "browsingContext.close", object{"context": old}, nil)
}

// Navigate opens an address and waits until its document is there; pictures
// and streams may go on loading.
func (f *Firefox) Navigate(ctx context.Context, url string) error {
	return f.bidi.call(ctx, "browsingContext.navigate", object{"context": f.page, "url": url, "wait": "interactive"}, nil)
}

// Evaluate gives the value of a JavaScript expression in the page, as JSON
// read into result, which may be nil. A promise is waited for. What the
// expression throws is the error.
func (f *Firefox) Evaluate(ctx context.Context, expression string, result any) error {
	var answer struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	err := f.bidi.call(ctx, "script.evaluate", object{
		"expression":     "(async () => JSON.stringify((await (" + expression + ")) ?? null))()",
		"target":         object{"context": f.page},
		"awaitPromise":   true,
		"userActivation": true, // as if somebody had clicked, so that videos may play
	}, &answer)
	switch {
	case err != nil:
		return err
	case answer.Type != "success":
		return errors.New(answer.ExceptionDetails.Text)
	case result == nil:
		return nil
	}
	return json.Unmarshal([]byte(answer.Result.Value), result)
}

// Await waits until a JavaScript expression is true, on whichever page is there
// by then. The error of one that never is says where the page is.
func (f *Firefox) Await(ctx context.Context, expression string) error {
	for {
		var is bool
		err := f.Evaluate(ctx, "Boolean("+expression+")", &is) // fails while a page goes
		if err == nil && is {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			var where string
			_ = f.Evaluate(context.WithoutCancel(ctx), "location.href + ': ' + document.body.innerText", &where)
			return fmt.Errorf("waited in vain for %s at %.500s: %w", expression, where, errors.Join(ctx.Err(), err))
		}
	}
}

// Complaints gives what pages wrote to the console as errors so far, and the
// exceptions that nobody caught.
func (f *Firefox) Complaints() []string { return f.bidi.complaints() }

// Resize gives the page a size in CSS pixels.
func (f *Firefox) Resize(ctx context.Context, width, height int) error {
	size := object{"width": width, "height": height}
	return f.bidi.call(ctx, "browsingContext.setViewport", object{"context": f.page, "viewport": size}, nil)
}

// Screenshot gives what the page shows, as a PNG.
func (f *Firefox) Screenshot(ctx context.Context) ([]byte, error) {
	var answer struct{ Data string }
	if err := f.bidi.call(ctx, "browsingContext.captureScreenshot", object{"context": f.page}, &answer); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(answer.Data)
}

// Close ends the browser, at once, and everything it started, and removes what
// it wrote. An error says what is left.
func (f *Firefox) Close() error {
	if f.bidi != nil {
		f.bidi.close()
	}
	var left error
	if f.process != nil {
		// The group stays while a process of it does, so the number is not
		// another's.
		_ = syscall.Kill(-f.process.Process.Pid, syscall.SIGKILL)
		<-f.exited
		left = awaitGroupEnd(f.process.Process.Pid)
	}
	return errors.Join(left, os.RemoveAll(f.home))
}

// awaitGroupEnd waits until no process of a group is left but those that are
// dead and that their parent, init, has not waited for yet.
func awaitGroupEnd(group int) error {
	for deadline := time.Now().Add(endPatience); ; time.Sleep(10 * time.Millisecond) {
		living := livingOf(group)
		if len(living) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes of firefox are left: %v", living)
		}
	}
}

// livingOf gives the processes of a group that are not zombies: proc(5).
func livingOf(group int) (living []int) {
	stats, _ := fs.Glob(os.DirFS("/proc"), "[0-9]*/stat") // the pattern is good
	for _, name := range stats {
		stat, err := os.ReadFile(filepath.Join("/proc", name))
		if err != nil {
			continue // it has just ended
		}
		// "pid (name) state parent group ...", and the name may be anything.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) > 2 && string(fields[2]) == strconv.Itoa(group) && fields[0][0] != 'Z' {
			pid, _ := strconv.Atoi(strings.TrimSuffix(name, "/stat"))
			living = append(living, pid)
		}
	}
	return living
}

// startLog takes what Firefox says, and finds the address in it.
type startLog struct {
	address chan string // cap 1

	mu   sync.Mutex // guards what follows
	text []byte     // the first of it, at most maxStartLog
	told bool
}

const maxStartLog = 16 << 10

func newStartLog() *startLog { return &startLog{address: make(chan string, 1)} }

func (l *startLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b[:min(len(b), maxStartLog-len(l.text))]...)
	_, rest, found := bytes.Cut(l.text, []byte("WebDriver BiDi listening on "))
	if address, _, whole := bytes.Cut(rest, []byte("\n")); found && whole && !l.told {
		l.told = true
		l.address <- string(bytes.TrimSpace(address))
	}
	return len(b), nil
}

func (l *startLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
