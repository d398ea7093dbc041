package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestBrowser drives Chromium, with its fake camera, through the pages. The
// stories are in browsertest/drive.mjs.
func TestBrowser(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	for _, story := range []string{"moves", "reload", "replaced", "taken", "insecure"} {
		t.Run(story, func(t *testing.T) {
			drive(t, story, startGateway(t, "").url)
		})
	}
	t.Run("fallback", func(t *testing.T) {
		drive(t, "fallback", withoutWebSockets(t, startGateway(t, "").url))
	})
}

// needBrowser is need for what drives Chromium.
func needBrowser(t *testing.T) {
	t.Helper()
	need(t, "node", "/usr/bin/chromium")
	if _, err := os.Stat("browsertest/node_modules"); err != nil {
		if os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
			t.Skip("gateway/browsertest/node_modules is not there")
		}
		t.Fatal("gateway/browsertest/node_modules is not there: npm ci --prefix gateway/browsertest")
	}
}

func drive(t *testing.T, story, url string) {
	t.Helper()
	browser := exec.CommandContext(t.Context(), "node", "drive.mjs", story, url)
	browser.Dir = "browsertest"
	if output, err := browser.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// withoutWebSockets is a proxy before a gateway that lets no WebSocket
// through, as those of some companies and hotels.
func withoutWebSockets(t *testing.T, gateway string) string {
	t.Helper()
	target, err := url.Parse(gateway)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
