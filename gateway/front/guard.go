package front

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// unreadPatience is how long the rest of a body may take that nobody reads,
// since its request was refused.
const unreadPatience = time.Second

// guard is what every request passes before any route sees it: it must be for
// this server, and must not be a page of another site that writes.
func (f *Front) guard(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(f.refuseForeign))
	protected := f.sharing(protection, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = f.behindProxy(r)
		if r.ContentLength != 0 { // package net/http reads what is left of a body, for as long as it takes
			defer func() { _ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(unreadPatience)) }()
		}
		if !ourHost(r.Host, f.options.Identity.hosts()) {
			f.refuse(w, r, http.StatusMisdirectedRequest, "this server does not answer to that name; list it under hosts in the configuration")
			return
		}
		if base := BaseOf(r.Context()); base != "" && r.URL.Path == base {
			http.Redirect(w, r, base+"/", http.StatusPermanentRedirect) // where addresses are relative to
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		f.options.Identity.insist(w, r)
		protected.ServeHTTP(w, r)
	})
}

// refuseForeign answers a page of another site.
func (f *Front) refuseForeign(w http.ResponseWriter, r *http.Request) {
	f.refuse(w, r, http.StatusForbidden, fmt.Sprintf("a page of another site may not do this: the page is of %.100q, and this server was asked as %.100q. "+
		"Behind a proxy, list its address under trusted_proxies and the name that browsers use under hosts", r.Header.Get("Origin"), r.Host))
}

// sharing lets pages of the origins that the configuration names read what is
// answered, and write: to browsers that is what our own pages may. All others
// pass the protection.
func (f *Front) sharing(protection *http.CrossOriginProtection, next http.Handler) http.Handler {
	protected := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(f.options.Settings().CORS.Origins) > 0 {
			w.Header().Add("Vary", "Origin")
		}
		origin := r.Header.Get("Origin")
		if len(r.Header["Origin"]) != 1 || !f.allowsOrigin(origin) {
			if f.ofNode(r) {
				f.shareWithNode(w, r, next)
				return
			}
			if websocket.IsWebSocketUpgrade(r) && !ownPage(r) { // which the protection does not look at
				f.refuseForeign(w, r)
				return
			}
			protected.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Expose-Headers", exposed)
		if isPreflight(r) {
			answerPreflight(w, "GET, HEAD, POST, PUT, PATCH, DELETE", "Authorization, Content-Type, If-Match")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// exposed are the headers that pages of other origins may read.
const exposed = "ETag, Link, Location, Retry-After, X-Framegate-Next-Format, X-Framegate-Viewers, X-Timestamp"

// isPreflight says that a browser asks what a page may do (Fetch, 4.8).
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

func answerPreflight(w http.ResponseWriter, methods, headers string) {
	w.Header().Set("Access-Control-Allow-Methods", methods)
	w.Header().Set("Access-Control-Allow-Headers", headers)
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// ourHost says whether a Host header may be meant for this server. DNS
// rebinding makes a browser send a foreign name to our address, so names must
// be known. Addresses cannot be rebound, and behind a port mapping we do not
// know our own, so all of them will do; as does no Host, which only HTTP/1.0
// tools send.
func ourHost(host string, names []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return slices.Contains(names, host)
}

// allowsOrigin says that pages of this origin may do what our own may.
func (f *Front) allowsOrigin(origin string) bool {
	return slices.Contains(f.options.Settings().CORS.Origins, origin)
}
