// Package ranges serves what can be read from any place on, as RFC 9110 has it where
// package http has not: a unit that nobody knows, and a Range of what is no GET, are
// not heeded (14.2), and the last no bytes are of nothing (14.1.1).
//
// It does not say what is served: whoever calls it has set the headers for that.
package ranges

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// Serve answers a request with content, or the ranges of it that are asked for. It
// may change the request's Range.
func Serve(w http.ResponseWriter, r *http.Request, content io.ReadSeeker) {
	if asked := r.Header.Get("Range"); asked != "" {
		if heeded := heed(r.Method, asked); heeded != "" {
			r.Header.Set("Range", heeded)
		} else {
			r.Header.Del("Range")
		}
	}
	http.ServeContent(w, r, "", time.Time{}, content)
}

// beyond is a range that begins behind whatever there is.
const beyond = "9223372036854775807-"

// heed gives a Range as package http is to see it; "" where it is not to.
func heed(method, asked string) string {
	unit, specs, ok := strings.Cut(asked, "=")
	if !ok || method != http.MethodGet || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return ""
	}
	all := strings.Split(specs, ",")
	for i, spec := range all {
		if suffix, ok := strings.CutPrefix(strings.TrimSpace(spec), "-"); ok && suffix != "" && strings.Trim(suffix, "0") == "" {
			all[i] = beyond
		}
	}
	return "bytes=" + strings.Join(all, ",")
}
