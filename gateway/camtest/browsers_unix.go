//go:build unix

package camtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Chromium is the program that tests see pages in: the whole of what draws, plays
// and connects, without the browser's own window, which is drawn by pages too and
// takes a third of the processor's time where nobody sees it.
const Chromium = "chromium-headless-shell"

// OpenChromium opens an address in a Chromium of its own, in which media play
// without a click, and whose processes all end with the test.
func OpenChromium(t testing.TB, url string) {
	t.Helper()
	Need(t, Chromium)
	browse(t, exec.Command(Chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required", "--remote-debugging-port=0",
		"--user-data-dir="+t.TempDir(), url))
}

// OpenFirefox opens an address in a Firefox of its own, as OpenChromium does.
func OpenFirefox(t testing.TB, url string) {
	t.Helper()
	Need(t, "firefox-esr")
	profile := t.TempDir()
	preferences := `user_pref("media.autoplay.default", 0); user_pref("datareporting.policy.firstRunURL", "");` +
		`user_pref("browser.shell.checkDefaultBrowser", false); user_pref("network.captive-portal-service.enabled", false);`
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(preferences), 0o600); err != nil {
		t.Fatal(err)
	}
	firefox := exec.Command("firefox-esr", "--headless", "--no-remote", "--profile", profile, url)
	firefox.Env = append(os.Environ(), "HOME="+profile)
	browse(t, firefox)
}

// browse starts a browser, all of whose processes end with the test.
func browse(t testing.TB, browser *exec.Cmd) {
	t.Helper()
	browser.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	browser.WaitDelay = 5 * time.Second
	if err := browser.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-browser.Process.Pid, syscall.SIGKILL)
		_ = browser.Wait()
	})
}
