package web

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// broken is an answer that tries to break out of the page that carries it.
var broken = map[string]json.RawMessage{"/api/v1/me": json.RawMessage(`{"name":"</script><script>alert(\"x\")</script><!--"}`)}

// pages is every page, with words that try to break out of it.
func pages(p *Pages) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"app": func(w http.ResponseWriter, r *http.Request) { p.App(w, r, broken) },
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
	words     = regexp.MustCompile("[\"'`]\\./([\\w-]+\\.de\\.js)[\"'`]")
	icon      = regexp.MustCompile(`"src": "([\w-]+\.\w+)"`)
	imported  = regexp.MustCompile(`(?:from '\./|new URL\(')([^'/]+\.js)'|["'` + "`" + `](framegate-player-(?:worker|sound|speakers|aside|nodes)\.js)`)
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
		for _, match := range append(chunk.FindAllStringSubmatch(body, -1), words.FindAllStringSubmatch(body, -1)...) {
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
	for _, name := range []string{"framegate-player.js", "framegate-player-worker.js", "framegate-player-speakers.js", "framegate-player-sound.js", "framegate-player-aside.js", "framegate-player-nodes.js"} {
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

// TestTextIsSentByGzip to who takes it, and is the same.
func TestTextIsSentByGzip(t *testing.T) {
	assets := New(nobody).Assets()
	for _, name := range []string{"/assets/framegate-player.js", "/assets/app/app.css", "/assets/icon.svg", "/demo/player.html"} {
		plain, want := get(assets, name)
		for accepted, coding := range map[string]string{
			"gzip": "gzip", "deflate, gzip;q=0.5, br": "gzip", "gzip; q=1": "gzip", "": "", "br": "", "gzip;q=0": "", "br, gzip; q=0.0": "", "xgzip": "",
		} {
			response, got := get(assets, name, "Accept-Encoding", accepted)
			h := response.Header
			if h.Get("Content-Encoding") != coding || h.Get("Vary") != "Accept-Encoding" || h.Get("Content-Type") != plain.Header.Get("Content-Type") {
				t.Fatalf("%s for %q: %s", name, accepted, h)
			}
			if coding == "" {
				continue
			}
			if unpacked := unzip(t, got); unpacked != want || len(got) >= len(want) {
				t.Errorf("%s for %q: %d bytes are %d, of %d", name, accepted, len(got), len(unpacked), len(want))
			}
			if h.Get("ETag") == plain.Header.Get("ETag") {
				t.Errorf("%s has one tag for two contents", name)
			}
			if again, _ := get(assets, name, "Accept-Encoding", accepted, "If-None-Match", h.Get("ETag")); again.StatusCode != 304 {
				t.Errorf("%s for %q: unchanged, it gives %d", name, accepted, again.StatusCode)
			}
		}
	}
	if response, _ := get(assets, "/assets/icon-192.png", "Accept-Encoding", "gzip"); response.Header.Get("Content-Encoding") != "" {
		t.Error("a picture is compressed once more")
	}
}

func unzip(t *testing.T, packed string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(unpacked)
}

// What scripts may cost, in bytes as they are sent, by gzip.
const (
	maxPlayer  = 20_000  // what a page of others loads; its worker and what plays its sound are files of their own
	maxAddress = 117_500 // of the app, when it is the first that somebody opens, the player included
	maxScripts = 252_000 // all there are but for German, such as words that come when something is wrong
	maxGerman  = 28_000  // what who reads German loads besides, of all addresses
)

// apart are parts of the settings that are loaded by those who go there.
var apart = []string{"Nodes.js", "AllSettings.js", "Limits.js", "Notifications.js"}

var dynamic = regexp.MustCompile("import\\([\"'`]\\./([\\w.-]+\\.js)")

// viewsOf gives the scripts of the app's views. The words of what is wrong are none, and those of the
// server in German: any view has them come when something is.
func viewsOf(p *Pages) (all []string) {
	for _, match := range dynamic.FindAllSubmatch(p.assets["/assets/app/app.js"].content, -1) {
		if name := string(match[1]); name != "wrong.js" && name != said {
			all = append(all, name)
		}
	}
	return all
}

// TestPicturesOfNodes: pages may show pictures of the origins that are given, and connect there; and no
// page is given more.
func TestPicturesOfNodes(t *testing.T) {
	p := New(nobody)
	p.ShowFrom(func() []string { return []string{"https://b.example.org", "http://192.0.2.7:8080"} })
	response, _ := get(pages(p)["app"], "/")
	policy := response.Header.Get("Content-Security-Policy")
	for _, want := range []string{
		"img-src 'self' blob: data: https://b.example.org http://192.0.2.7:8080;",
		"connect-src 'self' https://b.example.org wss://b.example.org http://192.0.2.7:8080 ws://192.0.2.7:8080;",
		"script-src 'self';", "frame-ancestors 'none'",
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("%q is not in %q", want, policy)
		}
	}
}

// TestScriptsAreSmall: all scripts there are, German apart, and each address by itself, with all that it loads at once or later,
// but for what plays the player's sound, for what needs no WebSocket, what knows other nodes, and for what turns a camera: they
// come when they are needed. Parts of a view that are addresses of their own are counted one at a time.
func TestScriptsAreSmall(t *testing.T) {
	const player, app = "/assets/framegate-player", "/assets/app/"
	p := New(nobody)
	check := func(what string, scripts map[string]bool, most int) {
		sum := 0
		for name, counts := range scripts {
			if !counts {
				continue
			}
			_, body := get(p.Assets(), name, "Accept-Encoding", "gzip")
			sum += len(body)
		}
		t.Logf("%s: %d bytes, of %d", what, sum, most)
		if sum > most {
			t.Errorf("%s: %d bytes, of at most %d", what, sum, most)
		}
	}
	all, german := make(map[string]bool), make(map[string]bool)
	for name := range p.assets {
		if path.Ext(name) == ".js" && strings.HasPrefix(name, "/assets/") {
			all[name], german[name] = !strings.HasSuffix(name, ".de.js"), strings.HasSuffix(name, ".de.js")
		}
	}
	check("all", all, maxScripts)
	check("German", german, maxGerman)
	check("the player", map[string]bool{player + ".js": true}, maxPlayer)

	frame := map[string]bool{player + ".js": true, player + "-worker.js": true}
	follow(p, frame, app+"app.js", needed)
	views := viewsOf(p)
	if len(views) < 7 {
		t.Fatalf("the app has %d views", len(views))
	}
	for _, view := range views {
		scripts := maps.Clone(frame)
		follow(p, scripts, app+view, chunk)
		delete(scripts, app+"Pad.js")
		if view != "settings.js" {
			check(view, scripts, maxAddress)
			continue
		}
		for _, part := range apart {
			address := maps.Clone(scripts)
			for _, other := range apart {
				if other != part {
					delete(address, app+other)
				}
			}
			check(view+" with "+part, address, maxAddress)
		}
	}
}

// TestSettingsLoadTheirPartsLater: nobody else waits for what only some admins go to, nor one of these for the other.
func TestSettingsLoadTheirPartsLater(t *testing.T) {
	p := New(nobody)
	for _, script := range append([]string{"settings.js"}, apart...) {
		at := make(map[string]bool)
		follow(p, at, "/assets/app/"+script, needed)
		for _, part := range apart {
			if part != script && at["/assets/app/"+part] {
				t.Errorf("%s cannot begin without %s", script, part)
			}
		}
	}
}

// TestViewsAreLoadedAhead: the page has the scripts of its view fetched at once, and so
// that of every view.
func TestViewsAreLoadedAhead(t *testing.T) {
	p := New(nobody)
	for _, view := range viewsOf(p) {
		if !slices.Contains(slices.Collect(maps.Values(views)), view) {
			t.Errorf("%s is no view's", view)
		}
	}
	for part, view := range views {
		_, body := get(pages(p)["app"], "/"+part)
		wanted := make(map[string]bool)
		follow(p, wanted, "/assets/app/"+view, needed)
		delete(wanted, "/assets/app/app.js")
		for name := range wanted {
			if _, ok := p.assets[name]; !ok || !strings.Contains(body, `<link rel="modulepreload" href=".`+name+`">`) {
				t.Errorf("the page at /%s does not load %s", part, name)
			}
		}
	}
}

// TestGermanIsApart: who reads English loads none of it, and who reads German has a view's words fetched with its scripts.
func TestGermanIsApart(t *testing.T) {
	p := New(nobody)
	german := regexp.MustCompile(`[a-zA-Z ]*[äöüßÄÖÜ][a-zß ]+`) // umlauts alone stand where names become ids
	for name, a := range p.assets {
		if found := german.Find(a.content); found != nil && path.Ext(name) == ".js" && !strings.HasSuffix(name, ".de.js") {
			t.Errorf("%s has German for everybody: %q", name, found)
		}
	}
	preloaded := regexp.MustCompile(`<link rel="modulepreload" href="\./assets/app/([\w-]+\.de\.js)">`)
	for accepted, want := range map[string]string{
		"": "", "en-GB,de;q=0.5": "", "fr": "", "de": "frame.de.js wall.de.js", "de-AT, en": "frame.de.js wall.de.js", "fr,de;q=0.8": "frame.de.js wall.de.js", "d,": "",
	} {
		_, body := get(pages(p)["app"], "/", "Accept-Language", accepted)
		var found []string
		for _, match := range preloaded.FindAllStringSubmatch(body, -1) {
			found = append(found, match[1])
		}
		if got := strings.Join(found, " "); got != want {
			t.Errorf("for %q the page has %q ahead, not %q", accepted, got, want)
		}
	}
}

// TestAnswersAreThere: the page carries what the API answered who is known, as it was; who is not known has
// it asked for at once.
func TestAnswersAreThere(t *testing.T) {
	p := New(nobody)
	carried := regexp.MustCompile(`<script type="application/json" data-answer="([^"]*)">(.*?)</script>`)
	for _, answers := range []map[string]json.RawMessage{nil, broken, {"/api/v1/cameras": json.RawMessage(`{"cameras":[{"id":"a&b"}]}`), "/api/v1/me": json.RawMessage(`{}`)}} {
		_, body := get(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.App(w, r, answers) }), "/")
		found := make(map[string]any)
		for _, match := range carried.FindAllStringSubmatch(body, -1) {
			var answer any
			if err := json.Unmarshal([]byte(match[2]), &answer); err != nil {
				t.Fatalf("%s: %v", match[2], err)
			}
			found[match[1]] = answer
		}
		want := make(map[string]any)
		for address, answer := range answers {
			var wanted any
			_ = json.Unmarshal(answer, &wanted) // which is above
			want[address] = wanted
		}
		if !maps.EqualFunc(found, want, reflect.DeepEqual) {
			t.Errorf("the page has %v, not %v: %s", found, want, body)
		}
		if asks := strings.Contains(body, `<link rel="preload" href="./api/v1/me" as="fetch" crossorigin>`); asks != (answers == nil) {
			t.Errorf("with %d answers the page asks who looks: %v", len(answers), asks)
		}
	}
}

// follow adds a script, and what it imports by what an expression finds.
func follow(p *Pages, scripts map[string]bool, name string, imports *regexp.Regexp) {
	if scripts[name] {
		return
	}
	scripts[name] = true
	for _, match := range imports.FindAllSubmatch(p.assets[name].content, -1) {
		follow(p, scripts, path.Join(path.Dir(name), string(match[1])), imports)
	}
}
