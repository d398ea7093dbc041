package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

// pages is every page, with words that try to break out of it.
func pages(p *Pages) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"app": p.App,
		"refusal": func(w http.ResponseWriter, r *http.Request) {
			p.Refuse(w, r, http.StatusOK, Refusal{Title: "Nothing", Text: `<script>alert("x")</script>`, Login: `login?next="gate"`})
		},
	}
}

func get(h http.Handler, path string, header ...string) (*http.Response, string) {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body)
	return w.Result(), string(body)
}

var (
	inline    = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script(?:\s+type="module")?\s*>`)
	elsewhere = regexp.MustCompile(`(?i)(?:src|href)="(?:https?:)?//`)
	loaded    = regexp.MustCompile(`(?:src|href)="([^":]+\.[a-z]+)"`)
	chunk     = regexp.MustCompile("(?:from *|import *\\(?|new URL\\()[\"'`](?:\\./)?([\\w.-]+\\.js)[\"'`]")
	icon      = regexp.MustCompile(`"src": "([\w-]+\.\w+)"`)
	imported  = regexp.MustCompile(`(?:from '\./|new URL\(')([^'/]+\.js)'|["'` + "`" + `](framegate-player-(?:worker|sound)\.js)`)
)

// nobody may show our pages in a frame.
func nobody() []string { return nil }

// TestPagesKeepTheirOwnPolicy: nothing inline, nothing from elsewhere, and
// names are text.
func TestPagesKeepTheirOwnPolicy(t *testing.T) {
	p := New(nobody)
	for name, page := range pages(p) {
		response, body := get(page, "/")
		if response.StatusCode != 200 || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %s", name, response.StatusCode, response.Header)
		}
		for header, want := range security {
			if got := response.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		if found := inline.FindString(body); found != "" {
			t.Errorf("%s: %q is inline", name, found)
		}
		if found := elsewhere.FindString(body); found != "" {
			t.Errorf("%s: %q is elsewhere", name, found)
		}
		if name == "app" {
			continue // which has no words of others
		}
		if !strings.Contains(body, "&lt;script&gt;") || strings.Contains(body, `"gate"`) {
			t.Errorf("%s does not show the words:\n%s", name, body)
		}
	}
}

// TestWhatPagesLoadIsThere follows pages and scripts to every asset; one that
// nothing loads should not be there.
func TestWhatPagesLoadIsThere(t *testing.T) {
	p := New(nobody)
	used := make(map[string]bool)
	var load func(path string)
	load = func(path string) {
		if used[path] {
			return
		}
		used[path] = true
		response, body := get(p.Assets(), path)
		if response.StatusCode != 200 || response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %s", path, response.StatusCode, response.Header)
		}
		for _, match := range imported.FindAllStringSubmatch(body, -1) {
			load("/assets/" + match[1] + match[2])
		}
		if strings.HasSuffix(path, ".webmanifest") {
			for _, match := range icon.FindAllStringSubmatch(body, -1) {
				load("/assets/" + match[1])
			}
		}
		for _, match := range chunk.FindAllStringSubmatch(body, -1) {
			if strings.HasPrefix(path, "/assets/app/") {
				load("/assets/app/" + match[1])
			}
		}
	}
	loadFrom := func(base, body string) {
		for _, match := range loaded.FindAllStringSubmatch(body, -1) {
			name := path.Join(base, match[1])
			if !strings.HasPrefix(name, "/live/") {
				load(name)
			}
		}
	}
	for _, page := range pages(p) {
		_, body := get(page, "/")
		loadFrom("/", body)
	}
	for _, demo := range []string{"/demo/player.html", "/demo/sse.html"} {
		load(demo)
		_, body := get(p.Assets(), demo)
		loadFrom("/demo/", body)
	}
	load("/assets/app/licences.md") // a link of the app leads there
	for path := range p.assets {
		if !used[path] {
			t.Errorf("nothing loads %s", path)
		}
	}
}

// TestOtherSitesMayLoadThePlayer, all of it: browsers ask whether they may.
func TestOtherSitesMayLoadThePlayer(t *testing.T) {
	for _, name := range []string{"framegate-player.js", "framegate-player-worker.js", "framegate-player-sound.js"} {
		response, _ := get(New(nobody).Assets(), "/assets/"+name)
		h := response.Header
		if response.StatusCode != 200 || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
			t.Errorf("%s: %d %s", name, response.StatusCode, h)
		}
	}
}

func TestAssetTypesAndCaching(t *testing.T) {
	assets := New(nobody).Assets()
	for path, contentType := range map[string]string{
		"/assets/app/app.css": "text/css", "/assets/framegate-player.js": "text/javascript", "/assets/icon.svg": "image/svg+xml",
	} {
		response, _ := get(assets, path)
		if got := response.Header.Get("Content-Type"); !strings.HasPrefix(got, contentType) {
			t.Errorf("%s is %q", path, got)
		}
		again, body := get(assets, path, "If-None-Match", response.Header.Get("ETag"))
		if again.StatusCode != 304 || body != "" {
			t.Errorf("%s: unchanged, it gives %d", path, again.StatusCode)
		}
	}
	for _, path := range []string{"/assets/", "/assets/none.js", "/assets/../web.go", "/assets/../pages/app.html"} {
		if response, _ := get(assets, path); response.StatusCode != 404 {
			t.Errorf("%s: %d, want 404", path, response.StatusCode)
		}
	}
}

// TestPagesAreRightUnderAnyPath: no address in them begins at the root of the
// host, where a proxy may have something else.
func TestPagesAreRightUnderAnyPath(t *testing.T) {
	absolute := regexp.MustCompile(`<[^>]*\s(?:src|href|action)="/[^"]*"`)
	p := New(nobody)
	for at, root := range map[string]string{"/": "./", "/login": "./", "/camera/x": "../", "/live/x/publish": "../../"} {
		for name, page := range pages(p) {
			_, body := get(page, at)
			if found := absolute.FindString(body); found != "" {
				t.Errorf("%s at %s: %s", name, at, found)
			}
			if !strings.Contains(body, `href="`+root+`assets/app/app.css"`) {
				t.Errorf("%s at %s does not find its style", name, at)
			}
		}
	}
	for name, a := range p.assets {
		if found := absolute.Find(a.content); found != nil && strings.HasSuffix(name, ".html") {
			t.Errorf("%s: %s", name, found)
		}
	}
}

// TestFrames: pages of other sites show ours in a frame where that is allowed.
func TestFrames(t *testing.T) {
	for want, ancestors := range map[string][]string{
		"frame-ancestors 'none'": nil,
		"frame-ancestors 'self' https://a.example http://b.example:8123": {"https://a.example", "http://b.example:8123"},
	} {
		p := New(func() []string { return ancestors })
		for name, page := range pages(p) {
			response, _ := get(page, "/")
			if policy := response.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "; "+want) {
				t.Errorf("%s: %s", name, policy)
			}
		}
	}
}
