package front

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"framegate/gateway/config"
)

func TestClientsBehindProxiesAreFound(t *testing.T) {
	c := &config.Config{}
	f := New(Options{Settings: func() *config.Config { return c }})
	for _, text := range []string{"10.0.0.0/8", "192.0.2.1/32", "fd00::/8", "::1/128"} {
		c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(text))
	}
	list := func(values ...string) []string { return values }
	for _, row := range []struct {
		from         string
		forwardedFor []string
		proto        []string
		address      string
		secure       bool
	}{
		// One proxy.
		{"10.0.0.1:1", list("203.0.113.9"), list("https"), "203.0.113.9", true},
		{"10.0.0.1:1", list("203.0.113.9"), list("HTTPS "), "203.0.113.9", true},
		{"10.0.0.1:1", list("203.0.113.9"), list("http"), "203.0.113.9", false},
		{"10.0.0.1:1", list("203.0.113.9"), nil, "203.0.113.9", false},
		{"10.0.0.1:1", nil, list("https"), "10.0.0.1", true},
		{"10.0.0.1:1", list(""), nil, "10.0.0.1", false},
		{"10.0.0.1:1", list("203.0.113.9:4711"), nil, "203.0.113.9", false},

		// Nobody else is believed.
		{"203.0.113.5:1", list("203.0.113.9"), list("https"), "203.0.113.5", false},
		{"203.0.113.5:1", list("10.0.0.1"), list("https"), "203.0.113.5", false},
		{"192.0.2.2:1", list("127.0.0.1"), list("https"), "192.0.2.2", false},

		// What a client writes itself stands before what the proxy adds.
		{"10.0.0.1:1", list("127.0.0.1, 203.0.113.9"), nil, "203.0.113.9", false},
		{"10.0.0.1:1", list("10.0.0.5, 203.0.113.9"), nil, "203.0.113.9", false},
		{"10.0.0.1:1", list("127.0.0.1", "203.0.113.9"), nil, "203.0.113.9", false},
		{"10.0.0.1:1", list(strings.Repeat("127.0.0.1,", 1000) + "203.0.113.9"), nil, "203.0.113.9", false},

		// Proxies behind proxies.
		{"10.0.0.1:1", list("203.0.113.9, 192.0.2.1"), list("https"), "203.0.113.9", true},
		{"10.0.0.1:1", list("127.0.0.1, 203.0.113.9, 192.0.2.1, 10.0.0.2"), nil, "203.0.113.9", false},
		{"10.0.0.1:1", list("127.0.0.1,203.0.113.9", "192.0.2.1", "10.0.0.2"), nil, "203.0.113.9", false},
		{"10.0.0.1:1", list("203.0.113.9, 192.0.2.1"), list("https, http"), "203.0.113.9", true},
		{"10.0.0.1:1", list("203.0.113.9, 192.0.2.1"), list("http", "https"), "203.0.113.9", false},
		{"10.0.0.1:1", list("10.0.0.7, 10.0.0.2"), nil, "10.0.0.7", false}, // a client among the proxies

		// IPv6, and IPv4 in its clothes.
		{"[::1]:1", list("2001:db8::9"), nil, "2001:db8::9", false},
		{"[fd00::1]:1", list("[2001:db8::9]:443, [fd00::2]"), nil, "2001:db8::9", false},
		{"[::ffff:10.0.0.1]:1", list("::ffff:203.0.113.9"), nil, "203.0.113.9", false},
		{"[::ffff:203.0.113.5]:1", list("203.0.113.9"), nil, "203.0.113.5", false},
		{"10.0.0.1:1", list("203.0.113.9, ::ffff:192.0.2.1"), nil, "203.0.113.9", false},
		{"[fd00::1%eth0]:1", list("fe80::9%eth0"), nil, "fe80::9", false},

		// What is no address is nobody's, so the proxy before it is all there is.
		{"10.0.0.1:1", list("unknown"), nil, "10.0.0.1", false},
		{"10.0.0.1:1", list("203.0.113.9, unknown"), nil, "10.0.0.1", false},
		{"10.0.0.1:1", list("203.0.113.9, unknown, 192.0.2.1"), nil, "192.0.2.1", false},
		{"10.0.0.1:1", list("203.0.113.9,"), nil, "10.0.0.1", false},
		{"10.0.0.1:1", list("203.0.113.999"), nil, "10.0.0.1", false},
		{"10.0.0.1:1", list("\x00\xff, ' OR 1=1"), nil, "10.0.0.1", false},
		{"10.0.0.1:1", list("for=203.0.113.9;proto=https"), nil, "10.0.0.1", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = row.from
		r.Header["X-Forwarded-For"], r.Header["X-Forwarded-Proto"] = row.forwardedFor, row.proto
		seen := f.behindProxy(r)
		if got := clientAddress(seen); got != row.address && len(row.from) < 40 && !sameUnmapped(got, row.address) || (seen.TLS != nil) != row.secure {
			t.Errorf("from %s for %.60q over %q: %s, over TLS %v; want %s, %v",
				row.from, row.forwardedFor, row.proto, got, seen.TLS != nil, row.address, row.secure)
		}
		if r.RemoteAddr != row.from || r.TLS != nil {
			t.Errorf("from %s: the request itself was changed", row.from)
		}
	}
}

// sameUnmapped says that two texts are the same address. One that no proxy
// sent is left as the listener gave it.
func sameUnmapped(a, b string) bool {
	x, err := netip.ParseAddr(a)
	return err == nil && x.Unmap().String() == b
}

// TestProxiesSayTheNameAndThePath: under which clients know the server; others
// are not believed.
func TestProxiesSayTheNameAndThePath(t *testing.T) {
	const proxy, other = "10.0.0.1:1", "203.0.113.5:1"
	for _, row := range []struct {
		from, base  string // the base path is of the configuration
		path        string
		header      http.Header
		host        string
		under, rest string
	}{
		{proxy, "", "/camera/x", nil, "upstream:8080", "", "/camera/x"},
		{proxy, "", "/", http.Header{"X-Forwarded-Host": {"cams.lan"}}, "cams.lan", "", "/"},
		{proxy, "", "/", http.Header{"X-Forwarded-Host": {"cams.lan:81, inner"}}, "cams.lan:81", "", "/"},
		{other, "", "/", http.Header{"X-Forwarded-Host": {"cams.lan"}}, "upstream:8080", "", "/"},

		// A proxy that says nothing: the browser does, if the name is ours.
		{proxy, "", "/", http.Header{"Origin": {"http://cams.lan:81"}}, "cams.lan:81", "", "/"},
		{proxy, "", "/", http.Header{"Origin": {"http://CAMS.lan"}}, "CAMS.lan", "", "/"},
		{proxy, "", "/", http.Header{"Origin": {"http://evil.example"}}, "upstream:8080", "", "/"},
		{proxy, "", "/", http.Header{"Origin": {"http://cams.lan.evil.example"}}, "upstream:8080", "", "/"},
		{proxy, "", "/", http.Header{"Origin": {"null"}}, "upstream:8080", "", "/"},
		{other, "", "/", http.Header{"Origin": {"http://cams.lan:81"}}, "upstream:8080", "", "/"},

		// Some proxies take the path off, some leave it.
		{proxy, "", "/camera/x", http.Header{"X-Forwarded-Prefix": {"/cams"}}, "upstream:8080", "/cams", "/camera/x"},
		{proxy, "", "/cams/camera/x", http.Header{"X-Forwarded-Prefix": {"/cams/"}}, "upstream:8080", "/cams", "/camera/x"},
		{proxy, "/old", "/cams/camera/x", http.Header{"X-Forwarded-Prefix": {"/cams"}}, "upstream:8080", "/cams", "/camera/x"},
		{other, "", "/cams/camera/x", http.Header{"X-Forwarded-Prefix": {"/cams"}}, "upstream:8080", "", "/cams/camera/x"},
		{other, "/cams", "/cams/camera/x", nil, "upstream:8080", "/cams", "/camera/x"},
		{other, "/cams", "/camera/x", nil, "upstream:8080", "/cams", "/camera/x"},
		{other, "/cams", "/camsonly/x", nil, "upstream:8080", "/cams", "/camsonly/x"},
		{other, "/a/b", "/a/b/", nil, "upstream:8080", "/a/b", "/"},
		{other, "/a/b", "/a/b", nil, "upstream:8080", "/a/b", "/a/b"}, // which guard sends to /a/b/

		// What is no path is none.
		{proxy, "", "/", http.Header{"X-Forwarded-Prefix": {"//evil.example"}}, "upstream:8080", "", "/"},
		{proxy, "", "/", http.Header{"X-Forwarded-Prefix": {"/x\r\nSet-Cookie: y"}}, "upstream:8080", "", "/"},
		{proxy, "", "/", http.Header{"X-Forwarded-Prefix": {"/" + strings.Repeat("x", 1000)}}, "upstream:8080", "", "/"},
		{proxy, "", "/", http.Header{"X-Forwarded-Prefix": {"/.."}}, "upstream:8080", "", "/"},
		{proxy, "", "/", http.Header{"X-Forwarded-Prefix": {`/"><script>`}}, "upstream:8080", "", "/"},
	} {
		c := &config.Config{
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Hosts: []string{"cams.lan"}, BasePath: row.base,
		}
		f := New(Options{Settings: func() *config.Config { return c }})
		r := httptest.NewRequest(http.MethodGet, row.path, nil)
		r.RemoteAddr, r.Host = row.from, "upstream:8080"
		if row.header != nil {
			r.Header = row.header
		}
		seen := f.behindProxy(r)
		if under := BaseOf(seen.Context()); seen.Host != row.host || under != row.under || seen.URL.Path != row.rest {
			t.Errorf("%s from %s with %v and %q: %s, under %q, %s", row.path, row.from, row.header, row.base, seen.Host, under, seen.URL.Path)
		}
	}
}
