package rig

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"framegate/gateway/camtest"
)

// BrowserTests is the folder of package browsertest, seen from that of any
// package of these tests.
const BrowserTests = "../../browsertest"

// NeedBrowser is Need for what drives Chromium, and Thorough.
func NeedBrowser(t *testing.T) {
	t.Helper()
	Thorough(t)
	Need(t, "node", "chromium", camtest.Chromium)
	if _, err := os.Stat(BrowserTests + "/node_modules"); err != nil {
		Missing(t, "gateway/browsertest/node_modules is not there: npm ci --prefix gateway/browsertest")
	}
}

// Node is a script of package browsertest, to be started.
func Node(ctx context.Context, script string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	cmd.Dir = BrowserTests
	return cmd
}

// Drive has a script of package browsertest drive Chromium to its end, and
// expects it to find nothing wrong.
func Drive(t *testing.T, script string, args ...string) {
	t.Helper()
	if output, err := Node(t.Context(), script, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// Story has Chromium do one of the stories of browsertest/access.mjs, as a user.
// What extra is depends on the story; the flags are Chromium's.
func (s *Server) Story(t *testing.T, name, user, password, extra string, flags ...string) {
	t.Helper()
	Drive(t, "access.mjs", append([]string{name, s.URL, user, password, extra}, flags...)...)
}
