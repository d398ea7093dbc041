package attack

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/e2e/rig"
)

// TestPagesOfOtherSitesCannotWrite sends what a browser sends for a page of
// another site, with the cookie that it would have if SameSite did not exist.
func TestPagesOfOtherSitesCannotWrite(t *testing.T) {
	g, admin := rig.StartWithPicture(t, "")
	picture := rig.Picture(2)
	from := []map[string]string{
		{"Sec-Fetch-Site": "cross-site"},
		{"Sec-Fetch-Site": "same-site"}, // another port or a neighbour's subdomain
		{"Sec-Fetch-Site": "cross-site", "Origin": "null"},
		{"Sec-Fetch-Site": "cross-site", "Origin": g.URL},
		{"Origin": "https://evil.example"}, // browsers before Sec-Fetch-Site
		{"Origin": "null"},
		{"Origin": g.URL + ".evil.example"},
		{"Origin": "http://127.0.0.1:1"},
		{"Sec-Fetch-Site": "SAME-ORIGIN", "Origin": "https://evil.example"},
	}
	writes := []struct{ method, path, body, kind string }{
		{"POST", "/live/front.jpg", string(picture), "image/jpeg"},
		{"PUT", "/live/front.jpg", string(picture), "image/jpeg"},
		{"POST", "/live/front.mjpeg", string(picture), "image/jpeg"},
		{"POST", "/upload", string(picture), "image/jpeg"},
		{"POST", "/api/v1/login", `{"name": "admin", "password": "` + g.Admin.Password + `"}`, "application/json"},
		{"POST", "/api/v1/logout", "", ""},
		{"POST", "/api/v1/users", `{"name": "mallory", "password": "correct horse battery", "grants": ["admin"]}`, "application/json"},
		{"POST", "/api/v1/cameras", `{"id": "mallory", "source": "upload:"}`, "text/plain"},
		{"DELETE", "/api/v1/users/admin", "", ""},
		{"DELETE", "/api/v1/cameras/front", "", ""},
		{"PATCH", "/api/v1/cameras/front", `{"name": "Mallory"}`, "application/json"},
	}
	for _, header := range from {
		for _, w := range writes {
			r := g.Request(t, w.method, w.path, []byte(w.body), header)
			r.Header.Set("Content-Type", w.kind)
			a := g.Send(t, r, admin)
			if a.StatusCode != http.StatusForbidden || a.Header["Set-Cookie"] != nil {
				t.Errorf("%s %s from %v: status %d, cookies %q", w.method, w.path, header, a.StatusCode, a.Header["Set-Cookie"])
			}
		}
	}
	if a := g.Get(t, "/live/front.jpg?max_age=1h", admin); a.StatusCode != 200 || rig.PictureNumber(a.Content) != 1 {
		t.Errorf("afterwards: status %d, picture %d", a.StatusCode, rig.PictureNumber(a.Content))
	}
	var own = map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": g.URL, "Content-Type": "image/jpeg"}
	if a := g.Send(t, g.Request(t, "POST", "/live/front.jpg", picture, own), admin); a.StatusCode != http.StatusNoContent {
		t.Errorf("our own page: status %d", a.StatusCode)
	}
	// A form can be sent as text/plain without Origin by nobody but a tool; even
	// so a write has to be JSON.
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json;charset=utf-16", ""} {
		r := g.Request(t, "POST", "/api/v1/users", []byte(`{"name": "mallory", "password": "correct horse battery"}`), nil)
		r.Header.Set("Content-Type", kind)
		if a := g.Send(t, r, admin); a.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("a body of %q: status %d", kind, a.StatusCode)
		}
	}
}

// TestForeignNamesAreMisdirected is what stops DNS rebinding: a page of
// evil.example whose name has come to mean our address sends its own name.
func TestForeignNamesAreMisdirected(t *testing.T) {
	g, admin := rig.StartWithPicture(t, "hosts: [cams.example.org]")
	port := g.URL[strings.LastIndex(g.URL, ":"):]
	for host, ours := range map[string]bool{
		"localhost": true, "localhost" + port: true, "LocalHost.": true, "127.0.0.1" + port: true, "[::1]" + port: true,
		"cams.example.org": true, "CAMS.example.org:443": true, "192.168.7.7": true,
		"evil.example": false, "evil.example" + port: false, "127.0.0.1.evil.example": false, "localhost.evil.example": false,
		"cams.example.org.evil.example": false, "evilcams.example.org": false, "127.0.0.1.nip.io": false,
		"0x7f000001": false, "2130706433": false, "127.1": false, "0177.0.0.1": false,
	} {
		for _, path := range []string{"/", "/live/front.jpg?max_age=1h", "/healthz", "/login", "/api/v1/cameras", "/absent"} {
			a := g.Send(t, g.Request(t, "GET", path, nil, map[string]string{"Host": host}), admin)
			if ours == (a.StatusCode == http.StatusMisdirectedRequest) {
				t.Errorf("%s of %q: status %d", path, host, a.StatusCode)
			}
			if !ours && len(a.Content) > 200 {
				t.Errorf("%s of %q says %q", path, host, a.Content)
			}
		}
	}
	for name, request := range map[string]string{
		"two of them":         "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
		"none in HTTP/1.1":    "GET /healthz HTTP/1.1\r\n\r\n",
		"in the request line": "GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"as a user's":         "GET /healthz HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n",
		"with a space":        "GET /healthz HTTP/1.1\r\nHost: localhost evil.example\r\n\r\n",
		"on a line of spaces": "GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
		"as a forwarded host": "GET /healthz HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n\r\n",
	} {
		if status := g.Raw(t, request)[0]; status != 400 && status != 421 {
			t.Errorf("%s: status %d", name, status)
		}
	}
}

// TestWebSocketsOfOtherSites: a browser sends cookies along with every
// WebSocket, of whatever site's page.
func TestWebSocketsOfOtherSites(t *testing.T) {
	const friend = "https://friend.example"
	g, admin := rig.StartWithPicture(t, "cors: {origins: ['"+friend+"']}")
	host := strings.TrimPrefix(g.URL, "http://")
	long := strings.Repeat("a", 4000)
	for name, origins := range map[string][]string{
		"foreign":                {"https://evil.example"},
		"null":                   {"null"},
		"empty":                  {""},
		"of another port":        {"http://127.0.0.1:1"},
		"that begins like ours":  {g.URL + ".evil.example"},
		"with ours as the user":  {"http://" + host + "@evil.example"},
		"oversized":              {"https://" + long + ".example"},
		"ours and oversized":     {g.URL + "/" + long},
		"ours and a path":        {g.URL + "/x"},
		"of another scheme":      {"file://" + host},
		"ours, then a foreign":   {g.URL, "https://evil.example"},
		"foreign, then ours":     {"https://evil.example", g.URL},
		"a friend, then foreign": {friend, "https://evil.example"},
		"two in one":             {g.URL + ", https://evil.example"},
		"two with a space":       {g.URL + " " + g.URL},
		"like a friend's":        {"https://friend.example.evil.example"},
		"a friend without TLS":   {"http://friend.example"},
	} {
		for _, path := range []string{"/live/front", "/live/front/publish"} {
			if status := handshake(t, g, path, admin, origins...); status != http.StatusForbidden {
				t.Errorf("%s, %s: status %d", path, name, status)
			}
		}
	}
	for name, origins := range map[string][]string{"our own page": {g.URL}, "a tool": nil, "a friend": {friend}} {
		for _, path := range []string{"/live/front", "/live/front/publish"} {
			rig.Await(t, name+" on "+path, func() bool { // the last publisher may not be gone yet
				status := handshake(t, g, path, admin, origins...)
				if status != http.StatusSwitchingProtocols && status != http.StatusConflict {
					t.Fatalf("%s, %s: status %d", path, name, status)
				}
				return status == http.StatusSwitchingProtocols
			})
		}
	}
	if status := handshake(t, g, "/live/front", rig.Credentials{}, g.URL); status != http.StatusUnauthorized {
		t.Errorf("nobody: status %d", status)
	}
}

// handshake asks for a WebSocket with these origins.
func handshake(t *testing.T, g *rig.Guarded, path string, who rig.Credentials, origins ...string) int {
	t.Helper()
	r := g.Request(t, "GET", path, nil, rig.Upgrade())
	if origins != nil {
		r.Header["Origin"] = origins
	}
	return g.Send(t, r, who).StatusCode
}

// cors are the headers that let pages of other sites read.
var cors = []string{
	"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
	"Access-Control-Expose-Headers", "Access-Control-Max-Age", "Access-Control-Allow-Private-Network",
}

// corsPaths is an address of every kind.
var corsPaths = []string{
	"/live/front.jpg?max_age=1h", "/live/front.mjpeg", "/live/front.sse", "/live/absent.jpg", "/", "/login", "/healthz", "/absent",
	"/api/v1/cameras", "/api/v1/absent", "/api/openapi.json", "/assets/app/app.css", "/assets/framegate-player.js",
}

func TestNobodyIsSharedWithByDefault(t *testing.T) {
	g, admin := rig.StartWithPicture(t, "")
	for _, path := range corsPaths {
		for _, method := range []string{"GET", "OPTIONS"} {
			header := map[string]string{"Origin": "https://evil.example", "Access-Control-Request-Method": "GET", "Sec-Fetch-Site": "cross-site"}
			a := g.Send(t, g.Request(t, method, path, nil, header), admin)
			for _, name := range cors {
				got := a.Header.Values(name)
				if name == cors[0] && strings.HasPrefix(path, "/assets/framegate-player") && fmt.Sprint(got) == "[*]" {
					continue // the player is the same for everybody, and for pages everywhere
				}
				if got != nil {
					t.Errorf("%s %s: %s is %q", method, path, name, got)
				}
			}
		}
	}
}

func TestOnlyNamedOriginsAreSharedWith(t *testing.T) {
	const friend = "https://friend.example"
	g, admin := rig.StartWithPicture(t, "cors: {origins: ['"+friend+"', 'http://127.0.0.1:3000']}")
	for origin, shared := range map[string]bool{
		friend: true, "http://127.0.0.1:3000": true,
		"https://evil.example": false, "null": false, "": false, "*": false, "https://friend.example.evil.example": false,
		"https://friend.example:8443": false, "http://friend.example": false, "https://FRIEND.example": false,
		"https://evil.example,https://friend.example": false, "https://friend.example https://evil.example": false,
		"https://friend.example/": false, "https://xfriend.example": false,
	} {
		for _, path := range corsPaths {
			r := g.Request(t, "GET", path, nil, nil)
			r.Header["Origin"] = []string{origin}
			checkShared(t, g, "GET "+path+" of "+origin, g.Send(t, r, admin), origin, shared)
		}
		preflight := map[string]string{"Origin": origin, "Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "content-type"}
		a := g.Send(t, g.Request(t, "OPTIONS", "/api/v1/cameras/front", nil, preflight), rig.Credentials{}) // browsers send no cookies with it
		checkShared(t, g, "the preflight of "+origin, a, origin, shared)
		if allows := strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), "DELETE"); allows != shared || shared && a.StatusCode != http.StatusNoContent {
			t.Errorf("the preflight of %s: status %d, %v", origin, a.StatusCode, a.Header)
		}
		write := g.Send(t, g.Request(t, "POST", "/live/front.jpg", rig.Picture(1),
			map[string]string{"Origin": origin, "Sec-Fetch-Site": "cross-site", "Content-Type": "image/jpeg"}), admin)
		if (write.StatusCode == http.StatusNoContent) != shared || !shared && write.StatusCode != http.StatusForbidden {
			t.Errorf("a write of %s: status %d", origin, write.StatusCode)
		}
	}
}

// checkShared finds that an answer may be read by an origin that is named, by
// its name alone, and by no other; and that no cache takes one for another's.
func checkShared(t *testing.T, g *rig.Guarded, about string, a rig.Answer, origin string, shared bool) {
	t.Helper()
	if !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Origin") {
		t.Errorf("%s: Vary is %q", about, a.Header["Vary"])
	}
	allowed, withCredentials := a.Header["Access-Control-Allow-Origin"], a.Header["Access-Control-Allow-Credentials"]
	switch {
	case withCredentials != nil && fmt.Sprint(allowed) != "["+origin+"]":
		t.Errorf("%s: %q with credentials", about, allowed)
	case shared && (fmt.Sprint(allowed) != "["+origin+"]" || fmt.Sprint(withCredentials) != "[true]"):
		t.Errorf("%s: %q, credentials %q", about, allowed, withCredentials)
	case !shared && withCredentials != nil, !shared && allowed != nil && fmt.Sprint(allowed) != "[*]":
		t.Errorf("%s: %q, credentials %q", about, allowed, withCredentials)
	}
}

// TestSmuggledPaths asks for cameras by paths that one reader takes for
// another's: nobody gets past the check, and nobody is sent elsewhere.
func TestSmuggledPaths(t *testing.T) {
	g, admin := rig.StartWithPicture(t, "")
	host := strings.TrimPrefix(g.URL, "http://")
	viewer := "Bearer " + g.AddToken(t, "other", "view:other")
	for _, path := range []string{
		"/live/..%2fapi%2fv1%2fusers", "/live/%2e%2e/api/v1/users", "/live/../api/v1/users", "//api/v1/users", "/api//v1/users", "/API/v1/users",
		"/api/v1/users/", "/api/v1/./users", "/api/v1/%75sers", "/api%2fv1%2fusers", "/api/v1/users%00", "/api/v1/users;x=1", "/api/v1/users%20",
		"/live//front.jpg", "/live/front.mjpeg/../front.jpg", "/live/front.jpg%2f..%2ffront.jpg", "/live/other%2f..%2ffront.jpg", "/live/front%2ejpg",
		"/live/front.jpg%00", "/live/front%00.jpg", "/live/%66ront.jpg", "/live/front.jpg/", "/live/front.jpg;.css", "/live/other/../front.jpg",
		"/live/./front.jpg", "/live/other%00front.jpg", "/live/front%0d%0aX-Evil:1.jpg", "/live/%c0%ae%c0%ae/front.jpg", "/live/other%c0%affront.jpg",
		"/live/FRONT.jpg", "/live/front.jpg.jpg", "/live/.jpg", "/live/*.jpg", "/live/other.jpg%3fx/front", "/live/%252e%252e%252ffront.jpg",
		"/assets/../live/front.jpg", "/assets/..%2flive%2ffront.jpg", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets//etc/passwd", "/demo/..%5c..%5cetc",
		"/login/../live/front.jpg", "/healthz/../live/front.jpg", "/live/front/publish/..", "/live/" + strings.Repeat("a", 8000) + ".jpg",
		"//evil.example/..", "//evil.example/%2e%2e", "///evil.example", "/\\evil.example", "/%5cevil.example", "//evil.example//live/front.jpg",
		"http://" + host + "/live/front.jpg", "/live/other.jpg#/front.jpg", "/camera/../live/front.jpg", "/stream/../live/front.jpg",
	} {
		for _, who := range []string{"", "Authorization: " + viewer + "\r\n"} {
			response, body := rawGet(t, g, path, who)
			if response == nil {
				continue // not worth an answer
			}
			at := fmt.Sprintf("%.60q as %.20q", path, who)
			if strings.Contains(string(body), "\xff\xd8") || strings.Contains(string(body), g.Admin.Name+`"`) || strings.Contains(string(body), "root:") {
				t.Errorf("%s: status %d, gives %.200q", at, response.StatusCode, body)
			}
			if response.StatusCode == http.StatusOK && !strings.HasPrefix(path, "/login") && !strings.HasPrefix(path, "/healthz") {
				t.Errorf("%s: status 200, gives %.200q", at, body)
			}
			if to := response.Header.Get("Location"); to != "" && !staysHere(to) {
				t.Errorf("%s: goes to %q", at, to)
			}
			if response.Header.Get("X-Evil") != "" || response.StatusCode >= 500 {
				t.Errorf("%s: status %d, %v", at, response.StatusCode, response.Header)
			}
		}
	}
	if a := g.Get(t, "/live/%66ront.jpg?max_age=1h", admin); rig.PictureNumber(a.Content) != 1 {
		t.Errorf("another spelling of what may be seen: status %d", a.StatusCode)
	}
}

// rawGet asks for a path as it stands there, and gives nil where nothing is
// answered.
func rawGet(t *testing.T, g *rig.Guarded, path, header string) (*http.Response, []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(rig.Ceiling))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n", path, header)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return response, body
}

// staysHere says whether every browser takes a Location for an address of this
// server (https://url.spec.whatwg.org/#concept-basic-url-parser: tabs and line
// ends are left out, a backslash is a slash).
//
// What begins with a dot is relative to the path that was asked for, and cannot
// name a host.
func staysHere(location string) bool {
	if strings.HasPrefix(location, "./") || strings.HasPrefix(location, "../") {
		return !strings.ContainsAny(location, "\t\r\n\\")
	}
	cleaned := strings.NewReplacer("\t", "", "\r", "", "\n", "", "\\", "/").Replace(strings.TrimSpace(location))
	return strings.HasPrefix(cleaned, "/") && !strings.HasPrefix(cleaned, "//") && cleaned == location
}

// TestSmuggledRequests sends what two readers of HTTP may take for one request
// or for two (RFC 9112 section 11.2): the second must not be answered.
func TestSmuggledRequests(t *testing.T) {
	g, _ := rig.StartWithPicture(t, "")
	const second = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, head := range map[string]string{
		"two lengths":               "Content-Length: 0\r\nContent-Length: 47\r\n\r\n",
		"two lengths in one":        "Content-Length: 0, 47\r\n\r\n",
		"a length with a sign":      "Content-Length: +0\r\n\r\n",
		"a negative length":         "Content-Length: -1\r\n\r\n",
		"an unknown coding":         "Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n",
		"two codings":               "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"a coding behind a space":   "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"a bare line end in a head": "X: y\nContent-Length : 0\r\n\r\n",
		"a chunk with a sign":       "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
		"a long chunk size":         "Transfer-Encoding: chunked\r\n\r\n00000000000000000000000000000000\r\n\r\n",
	} {
		statuses := g.Raw(t, "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+head+second)
		for i, status := range statuses {
			if status == http.StatusOK {
				t.Errorf("%s: answer %d of %v is to what was smuggled", name, i+1, statuses)
			}
		}
	}
}

// TestLoginIsHere goes to addresses without a login, and is led to no other server.
func TestLoginIsHere(t *testing.T) {
	g, _ := rig.StartWithPicture(t, "")
	for _, path := range []string{"/camera/front", "//evil.example/", "/?next=//evil.example", "/%5cevil.example"} {
		r := g.Request(t, "GET", "/", nil, rig.AsPage)
		r.URL.Opaque = path
		if to := g.Send(t, r, rig.Credentials{}).Header.Get("Location"); to != "" && !staysHere(to) {
			t.Errorf("%q without a login: goes to %q", path, to)
		}
	}
}

// TestCookiesAreHardToTake looks at how the session's cookie is set, and that a
// login takes no session over that somebody else chose.
func TestCookiesAreHardToTake(t *testing.T) {
	g, _ := rig.StartWithPicture(t, "trusted_proxies: [127.0.0.1/32]")
	login := fmt.Appendf(nil, `{"name": %q, "password": %q}`, g.Admin.Name, g.Admin.Password)
	logIn := func(header map[string]string, who rig.Credentials) *http.Cookie {
		r := g.Request(t, "POST", "/api/v1/login", login, rig.AsJSON)
		for name, value := range header {
			r.Header.Set(name, value)
		}
		a := g.Send(t, r, who)
		if a.StatusCode != http.StatusOK || len(a.Cookies()) != 1 {
			t.Fatalf("status %d, cookies %v", a.StatusCode, a.Cookies())
		}
		return a.Cookies()[0]
	}
	clear := logIn(nil, rig.Credentials{})
	if !clear.HttpOnly || clear.SameSite != http.SameSiteLaxMode || clear.Domain != "" || clear.Secure {
		t.Errorf("the cookie is %v", clear)
	}
	secure := logIn(map[string]string{"X-Forwarded-Proto": "https"}, rig.Credentials{})
	if !secure.HttpOnly || !secure.Secure || secure.SameSite != http.SameSiteLaxMode || secure.Name != "__Host-framegate" || secure.Path != "/" || secure.Domain != "" {
		t.Errorf("over TLS the cookie is %v", secure)
	}
	chosen := &http.Cookie{Name: "framegate", Value: strings.Repeat("A", len(clear.Value))}
	if got := logIn(nil, rig.Credentials{Cookie: chosen}); got.Value == chosen.Value {
		t.Error("a login takes the session that came along")
	}
	if a := g.Get(t, "/live/front.jpg?max_age=1h", rig.Credentials{Cookie: chosen}); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("the session that came along: status %d", a.StatusCode)
	}
	again := logIn(nil, rig.Credentials{Cookie: clear})
	for _, c := range []struct {
		cookie *http.Cookie
		status int
	}{{clear, http.StatusUnauthorized}, {again, http.StatusOK}} {
		if a := g.Get(t, "/live/front.jpg?max_age=1h", rig.Credentials{Cookie: &http.Cookie{Name: c.cookie.Name, Value: c.cookie.Value}}); a.StatusCode != c.status {
			t.Errorf("status %d, want %d", a.StatusCode, c.status)
		}
	}
}

// TestLinksAllowWhatTheySay takes a signed link apart.
func TestLinksAllowWhatTheySay(t *testing.T) {
	g := rig.StartGuarded(t, "cameras: {front: {source: 'upload:'}, other: {source: 'upload:'}}")
	owner := g.AddToken(t, "owner", "view:*", "publish:*")
	for _, camera := range []string{"front", "other"} {
		g.Send(t, g.Request(t, "POST", "/live/"+camera+".jpg", rig.Picture(1), rig.AsJPEG), rig.Credentials{Bearer: owner})
	}
	link := g.SignLink(t, owner, auth.View, "front")
	parts, err := url.ParseQuery(link)
	if err != nil {
		t.Fatal(err)
	}
	later := strings.Replace(link, "exp="+parts.Get("exp"), "exp=9"+parts.Get("exp"), 1)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/live/front.jpg?max_age=1h&" + link, 200},
		{"GET", "/live/other.jpg?max_age=1h&" + link, 401},
		{"POST", "/live/front.jpg?" + link, 401},
		{"GET", "/api/v1/cameras?" + link, 401},
		{"GET", "/live/front.jpg?max_age=1h&" + later, 401},
		{"GET", "/live/front.jpg?max_age=1h&" + link + "&" + link, 401},
		{"GET", "/live/front.jpg?max_age=1h&" + link + "&exp=1", 401},
		{"GET", "/live/front.jpg?max_age=1h&exp=" + parts.Get("exp"), 401},
		{"GET", "/live/front.jpg?max_age=1h&sig=" + parts.Get("sig"), 401},
		{"GET", "/live/front.jpg?max_age=1h&" + strings.ToLower(link), 401},
		{"GET", "/live/front.jpg?max_age=1h&" + link + "=", 401},
		{"GET", "/live/front.jpg?max_age=1h&exp=0" + strings.TrimPrefix(link, "exp="), 401},
	} {
		if a := g.Send(t, g.Request(t, c.method, c.path, nil, nil), rig.Credentials{}); a.StatusCode != c.status {
			t.Errorf("%s %s: status %d, want %d", c.method, c.path, a.StatusCode, c.status)
		}
	}
}
