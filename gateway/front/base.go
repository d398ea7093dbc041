package front

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// baseKey finds the base path in a request's context.
type baseKey struct{}

// BaseOf is the path under which a proxy shows this server to whoever asks: ""
// for the root, or as /cams. Pages need it not, since all their addresses are
// relative; what programs are told does, and cookies.
func BaseOf(ctx context.Context) string {
	base, _ := ctx.Value(baseKey{}).(string)
	return base
}

// underBase gives a request as it is without the base path, which the
// configuration says, or a proxy that is trusted: some proxies take it off
// themselves, some leave it.
func underBase(r *http.Request, base string) *http.Request {
	if base == "" {
		return r
	}
	r = r.WithContext(context.WithValue(r.Context(), baseKey{}, base))
	if rest, ok := strings.CutPrefix(r.URL.Path, base+"/"); ok {
		u := *r.URL
		u.Path, u.RawPath = "/"+rest, strings.TrimPrefix(u.RawPath, base)
		r.URL = &u
	}
	return r
}

// rootFrom is the way from a page's path to the root: "./" from /login, "../"
// from /camera/front.
func rootFrom(path string) string {
	if depth := strings.Count(path, "/") - 1; depth > 0 {
		return strings.Repeat("../", depth)
	}
	return "./"
}

// tidied has who asks for a path with empty parts come to the one without. The router would send
// there too, but knows of no base path.
func tidied(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.EscapedPath()
		if !strings.Contains(asked, "//") || strings.Contains(asked, "/.") { // a path that leads up is the router's affair
			next.ServeHTTP(w, r)
			return
		}
		to := path.Clean(asked)
		if strings.HasSuffix(asked, "/") && to != "/" {
			to += "/"
		}
		if r.URL.RawQuery != "" {
			to += "?" + r.URL.RawQuery
		}
		sendTo(w, r, to, http.StatusTemporaryRedirect)
	})
}

// sendTo answers that what is asked for is at another path of this server. It
// says so relative to the path that was asked for, which is right also behind a
// proxy that takes a base path off and tells nobody.
func sendTo(w http.ResponseWriter, r *http.Request, path string, status int) {
	w.Header().Set("Location", rootFrom(r.URL.EscapedPath())+strings.TrimPrefix(path, "/"))
	w.WriteHeader(status)
}

// loginPath is where to log in, and come back from to where a request goes.
func loginPath(r *http.Request) string {
	return "/login?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
}
