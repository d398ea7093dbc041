// Package web is the user interface: two plain pages and what they load,
// embedded into the binary.
//
// It knows no camera and asks no one: package main decides who may see a page
// and gives what stands on it. The pages themselves use Framegate as any client
// does, by the addresses of its HTTP interface.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed pages assets
var files embed.FS

// security is the headers that every page and asset carries.
var security = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
		"media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
	"X-Content-Type-Options": "nosniff",
	"Referrer-Policy":        "no-referrer",
}

// Camera is what a page says of a camera.
type Camera struct {
	ID     string
	Name   string // as people call it; the ID where it has none
	Source string // what it is: "upload", "http", "test"
	State  string // of its stream: "online", "idle"
}

// Title gives what to call the camera.
func (c Camera) Title() string {
	if c.Name == "" {
		return c.ID
	}
	return c.Name
}

// Broadcasts says whether the camera's pictures come from the broadcaster
// page or the like.
func (c Camera) Broadcasts() bool { return c.Source == "upload" }

// Pages serves the pages. Its methods may be called from any goroutine.
type Pages struct {
	templates *template.Template
	assets    map[string]asset // by path
}

type asset struct {
	content []byte
	etag    string
}

// New makes the pages of what is embedded. It starts nothing.
func New() *Pages {
	p := &Pages{
		templates: template.Must(template.ParseFS(files, "pages/*.html")),
		assets:    make(map[string]asset),
	}
	err := fs.WalkDir(files, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		p.assets["/"+name] = asset{content, fmt.Sprintf(`"%x"`, sha256.Sum256(content))}
		return err
	})
	if err != nil {
		panic(err) // what is embedded can be read
	}
	return p
}

// Viewer shows all cameras.
func (p *Pages) Viewer(w http.ResponseWriter, r *http.Request, cameras []Camera) {
	p.show(w, r, "viewer.html", cameras)
}

// Camera shows one camera.
func (p *Pages) Camera(w http.ResponseWriter, r *http.Request, camera Camera) {
	p.show(w, r, "camera.html", camera)
}

// Broadcaster is the page that makes a camera of the device it is open on.
func (p *Pages) Broadcaster(w http.ResponseWriter, r *http.Request, camera Camera) {
	p.show(w, r, "broadcast.html", camera)
}

// Assets serves what the pages load, under /assets/.
func (p *Pages) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := p.assets[path.Clean(r.URL.Path)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		secure(w.Header())
		w.Header().Set("Cache-Control", "no-cache") // that is: ask whether it changed
		w.Header().Set("ETag", a.etag)
		http.ServeContent(w, r, path.Base(r.URL.Path), time.Time{}, bytes.NewReader(a.content))
	})
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request, name string, data any) {
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "page "+strings.TrimSuffix(name, ".html")+": "+err.Error(), http.StatusInternalServerError)
		return
	}
	secure(w.Header())
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b.Bytes()))
}

func secure(h http.Header) {
	for name, value := range security {
		h.Set(name, value)
	}
}
