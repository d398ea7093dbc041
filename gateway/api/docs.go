package api

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/api/problem"
)

//go:embed docs
var docFiles embed.FS

// docSecurity is what the browser may do with the documentation page.
const docSecurity = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// introduction begins the document.
var introduction = "Framegate takes cameras in and gives them out to browsers and tools; this is how it is told what to do.\n\n" +
	"Whoever asks is known by the cookie of POST /api/v1/login, or by a token in Authorization: Bearer; " +
	"programs also by a name and password in Authorization: Basic. " +
	"What you may not see is answered like what is not there, with 404. Errors are problem documents (RFC 9457), whose code stays what it is when words change. " +
	"Bodies are JSON of at most 64 KiB, before a login 8 KiB; what is not known in one is refused. Times are in UTC.\n\n" +
	"Pictures are at addresses of their own, under /live/; the status of a camera names them.\n\n" +
	"The codes of errors: " + strings.Join(problem.Codes(), "; ") + "."

// tags are the groups of the document, in its order.
var tags = []*huma.Tag{
	{Name: "cameras", Description: "Which cameras there are"},
	{Name: "status", Description: "What they are doing"},
	{Name: "login", Description: "Who you are"},
	{Name: "users", Description: "Who else there is, and what they may do"},
	{Name: "tokens", Description: "Logins for programs"},
	{Name: "links", Description: "Addresses of pictures that need no login"},
	{Name: "recordings", Description: "What was recorded, and what is marked of it"},
	{Name: "exports", Description: "Files that are made of what was recorded"},
	{Name: "settings", Description: "How the server is set up"},
	{Name: "notifications", Description: "Who is told of what happens, without asking"},
	{Name: "server", Description: "What it is, and how it is"},
}

// registerDocs serves the document, and a page that shows it without anything
// from elsewhere. They are in none of their own operations.
func (a *API) registerDocs(r registrar) {
	plain := func(address, contentType string, content []byte) {
		tag := fmt.Sprintf(`"%x"`, sha256.Sum256(content))
		route := Route{http.MethodGet, address, Public}
		r.set.Handle(route.Method, route.Path, func(w http.ResponseWriter, q *http.Request) {
			serveDocFile(w, q, contentType, tag, content)
		})
		r.note(route)
	}
	plain("/api/openapi.json", "application/openapi+json;charset=utf-8", a.document)
	for _, file := range []struct{ address, name, contentType string }{
		{"/api/docs", "docs.html", "text/html;charset=utf-8"},
		{"/api/docs/docs.js", "docs.js", "text/javascript;charset=utf-8"},
		{"/api/docs/docs.css", "docs.css", "text/css;charset=utf-8"},
	} {
		content, err := docFiles.ReadFile("docs/" + file.name)
		if err != nil {
			panic(err) // it is embedded
		}
		plain(file.address, file.contentType, content)
	}
}

func serveDocFile(w http.ResponseWriter, r *http.Request, contentType, tag string, content []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", docSecurity)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(content) // the peer is gone if it fails
}
