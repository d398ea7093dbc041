package main

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// guard is what every request passes before any route sees it: it must be for
// this server, and must not be a page of another site that writes.
func (g *gateway) guard(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusForbidden, "a page of another site may not do this")
	}))
	protected := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ourHost(r.Host, g.config.Hosts) {
			answer(w, http.StatusMisdirectedRequest, "this server does not answer to that name; list it under hosts in the configuration")
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		protected.ServeHTTP(w, r)
	})
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
