package transport

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// tlsProxy is a reverse proxy that speaks TLS to its clients and adds what
// they are to the request, as nginx, Caddy and Traefik do.
func tlsProxy(t *testing.T, gateway string) *httptest.Server {
	t.Helper()
	target, err := url.Parse(gateway)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
		r.SetXForwarded()
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	server := httptest.NewTLSServer(proxy)
	t.Cleanup(server.Close)
	return server
}

func TestCookiesAreSecureBehindAProxyWithTLS(t *testing.T) {
	for name, trusted := range map[string]bool{"trusted": true, "not trusted": false} {
		t.Run(name, func(t *testing.T) {
			configuration := ""
			if trusted {
				configuration = "trusted_proxies: [127.0.0.1]"
			}
			l := rig.Launch(t, "127.0.0.1:0", configuration, "FRAMEGATE_AUTH=required")
			proxy := tlsProxy(t, l.URL)
			_, secret, _ := strings.Cut(l.Printed.String(), "/login#")
			secret, _, _ = strings.Cut(secret, " ")
			c := proxy.Client()
			c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			response, err := c.Post(proxy.URL+"/api/v1/login", "application/json", strings.NewReader(fmt.Sprintf(`{"link": %q}`, secret)))
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			cookies := response.Cookies()
			if response.StatusCode != http.StatusOK || len(cookies) != 1 {
				t.Fatalf("%s, %v", response.Status, cookies)
			}
			if secure := cookies[0].Secure && strings.HasPrefix(cookies[0].Name, "__Host-"); secure != trusted {
				t.Errorf("the cookie is %v", cookies[0])
			}
			request, _ := http.NewRequest(http.MethodGet, proxy.URL+"/", nil)
			request.AddCookie(cookies[0])
			if response, err = c.Do(request); err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			_, about := rig.Fetch(t, c, proxy.URL+"/api/v1/server")
			if strings.Contains(about, `"scheme":"https"`) != trusted || strings.Contains(about, "version") {
				t.Errorf("who comes over TLS without a login is told %s", about)
			}
			if response.StatusCode != http.StatusOK {
				t.Errorf("the cookie opens nothing: %s", response.Status)
			}
		})
	}
}

// TestLoginsAreLimitedForTheClientBehindAProxy: one who guesses passwords does
// not lock out all who come through the same proxy, and cannot begin anew with
// an address of his own invention.
func TestLoginsAreLimitedForTheClientBehindAProxy(t *testing.T) {
	l := rig.Launch(t, "127.0.0.1:0", "trusted_proxies: [127.0.0.1]", "FRAMEGATE_AUTH=required")
	try := func(user, forwardedFor string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URL+"/api/v1/login",
			strings.NewReader(fmt.Sprintf(`{"name": %q, "password": "wrong"}`, user)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Forwarded-For", forwardedFor)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	guesser := 0
	for i := range 12 { // more than may be tried in a minute
		if status := try("someone"+string(rune('a'+i)), "198.51.100."+string(rune('1'+i%9))+", 203.0.113.9"); status == http.StatusTooManyRequests {
			guesser++
		}
	}
	if guesser == 0 {
		t.Error("a client that names another address each time is never too fast")
	}
	if status := try("neighbour", "203.0.113.10"); status != http.StatusUnauthorized {
		t.Errorf("another client of the same proxy: %d", status)
	}
	again := 0
	for i := range 12 { // sooner than it may try as often, and each time another, as the same again counts for nothing
		if try("zoe"+string(rune('a'+i)), "203.0.113.9") == http.StatusTooManyRequests {
			again++
		}
	}
	if again == 0 {
		t.Error("the first client is not too fast any more")
	}
}
