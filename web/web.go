// Package web is the user interface: plain pages and what they load, the
// player for pages of others, and demonstrations of it, embedded into the
// binary. The player's source is in TypeScript in the folder player; dist is
// what is built of it.
//
// It knows no camera and asks no one: package main decides who may see a page
// and gives what stands on it. The pages themselves use Framegate as any client
// does, by the addresses of its HTTP interface.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed pages assets dist demo
var files embed.FS

// policy is what pages may do, with what else pictures may come from and go through, twice, and
// whose pages may show them in a frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:%s; " +
	"media-src 'self' blob:; connect-src 'self'%s; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors %s"

// security is the further headers that every page and asset carries.
var security = map[string]string{
	"X-Content-Type-Options": "nosniff",
	"Referrer-Policy":        "same-origin", // with no-referrer browsers say of our own forms: Origin: null
}

// Pages serves the pages. Its methods may be called from any goroutine.
type Pages struct {
	templates [maxDepth]func() *template.Template // by the depth of the page's path
	ancestors func() []string
	origins   func() []string         // that pictures may come from besides
	assets    map[string]asset        // by path
	ahead     func() map[string]ahead // of each view, by the first part of its address
}

// maxDepth is how deep pages may be: /camera/front has the depth 1.
const maxDepth = 8

// asset is a file that is served. Its methods may be called from any goroutine.
type asset struct {
	content []byte
	etag    string
	gzipped func() []byte // the same by gzip, made when it is first wanted; nil for what is compressed already
}

// gzipped is what is sent by gzip to who takes that: what is text.
var gzipped = map[string]bool{".js": true, ".css": true, ".svg": true, ".html": true}

// New makes the pages of what is embedded. ancestors gives the origins whose
// pages may show ours in a frame, at the moment. It starts nothing.
func New(ancestors func() []string) *Pages {
	p := &Pages{ancestors: ancestors, origins: func() []string { return nil }, assets: make(map[string]asset)}
	for depth := range p.templates {
		p.templates[depth] = sync.OnceValue(func() *template.Template { return templatesAt(depth) })
	}
	for folder, address := range map[string]string{"assets": "/assets", "dist": "/assets", "demo": "/demo"} {
		p.add(folder, address)
	}
	p.ahead = sync.OnceValue(p.scriptsOfViews)
	return p
}

// ShowFrom has pages show pictures of other origins too, which are those that origins gives at the
// moment: as http://b.example.org.
func (p *Pages) ShowFrom(origins func() []string) { p.origins = origins }

// templatesAt makes the pages for a depth. Their addresses are relative, so that
// they are right under whatever path a proxy shows them.
func templatesAt(depth int) *template.Template {
	root := "./"
	if depth > 0 {
		root = strings.Repeat("../", depth)
	}
	return template.Must(template.New("").Funcs(template.FuncMap{"root": func() string { return root }}).ParseFS(files, "pages/*.html"))
}

// add serves what a folder holds under an address.
func (p *Pages) add(folder, address string) {
	err := fs.WalkDir(files, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		a := asset{content: content, etag: fmt.Sprintf("%x", sha256.Sum256(content))}
		if gzipped[path.Ext(name)] {
			a.gzipped = sync.OnceValue(func() []byte { return compress(content) })
		}
		p.assets[address+strings.TrimPrefix(name, folder)] = a
		return err
	})
	if err != nil {
		panic(err) // what is embedded can be read
	}
}

// App is the page of the app, which finds out by itself who looks at it and what
// they may see. It differs only in what it has ahead: the scripts of its address, their words, and
// answers of the API, by address, to who asks for the page; any of Answers may be among them.
func (p *Pages) App(w http.ResponseWriter, r *http.Request, answers map[string]json.RawMessage) {
	part, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	ahead := p.ahead()[part]
	if !readsGerman(r) {
		ahead.German = nil
	}
	ahead.Answers = answers
	p.show(w, r, http.StatusOK, "app.html", ahead)
}

// Refusal is what the page shows that stands where something was refused.
type Refusal struct {
	Title string // what it is about, in a word or two
	Text  string // a sentence: what is wrong, and what to do
	Login string // where to log in, relative to the root; "" offers nothing
}

// Refuse is what a person gets who went to an address and gets nothing there.
func (p *Pages) Refuse(w http.ResponseWriter, r *http.Request, status int, refusal Refusal) {
	p.show(w, r, status, "refusal.html", refusal)
}

// Assets serves what pages load under /assets/, the player among it, and pages
// that demonstrate the player under /demo/; text by gzip, to who takes that. Pages
// of other sites may load the player too: it is the same for everybody.
func (p *Pages) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := p.assets[path.Clean(r.URL.Path)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		p.secure(w.Header())
		if strings.HasPrefix(r.URL.Path, "/assets/framegate-player") {
			if w.Header().Get("Access-Control-Allow-Origin") == "" { // or it is said for one site, with credentials
				w.Header().Set("Access-Control-Allow-Origin", "*")
			}
			w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		}
		if path.Ext(r.URL.Path) == ".webmanifest" { // which systems do not know
			w.Header().Set("Content-Type", "application/manifest+json")
		}
		w.Header().Set("Cache-Control", "no-cache") // that is: ask whether it changed
		content, etag := a.content, a.etag
		if a.gzipped != nil {
			w.Header().Add("Vary", "Accept-Encoding")
			if takesGzip(r) {
				content, etag = a.gzipped(), etag+"-gzip"
				w.Header().Set("Content-Encoding", "gzip")
			}
		}
		w.Header().Set("ETag", `"`+etag+`"`)
		http.ServeContent(w, r, path.Base(r.URL.Path), time.Time{}, bytes.NewReader(content))
	})
}

// takesGzip says whether an answer may be in gzip (RFC 9110, 12.5.3).
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, weighted := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.TrimSpace(name) == "gzip" {
			return !weighted || strings.Trim(weight, " q=0.") != "" // a weight of 0 forbids it
		}
	}
	return false
}

// compress gives something by gzip, as small as that makes it.
func compress(content []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // there is such a level
	}
	_, _ = w.Write(content) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var b bytes.Buffer
	depth := min(strings.Count(r.URL.Path, "/")-1, maxDepth-1)
	if err := p.templates[max(depth, 0)]().ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "page "+strings.TrimSuffix(name, ".html")+": "+err.Error(), http.StatusInternalServerError)
		return
	}
	p.secure(w.Header())
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // whoever asked may be gone
	}
}

// secure says what the browser may do with what is answered.
func (p *Pages) secure(h http.Header) {
	for name, value := range security {
		h.Set(name, value)
	}
	ancestors := "'none'"
	if others := p.ancestors(); len(others) > 0 {
		ancestors = "'self' " + strings.Join(others, " ")
	}
	var images, connections strings.Builder
	for _, origin := range p.origins() {
		fmt.Fprintf(&images, " %s", origin)
		fmt.Fprintf(&connections, " %s ws%s", origin, strings.TrimPrefix(origin, "http"))
	}
	h.Set("Content-Security-Policy", fmt.Sprintf(policy, &images, &connections, ancestors))
}
