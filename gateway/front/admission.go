package front

import (
	"errors"
	"net/http"
	"strings"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/stream"
)

// admit lets a request in that may use the route. The context of the request it
// gives ends when the permission does; leave must be called when it is answered.
// Who is somebody but may not gets what they would get of a camera that is not
// there.
func (f *Front) admit(r *http.Request, t route, camera string) (admitted *http.Request, p auth.Principal, leave func(), err error) {
	switch t.needs {
	case api.Public:
		return r, p, func() {}, nil
	case api.Known:
		admitted, p, leave, err = f.options.Auth.AdmitLogin(r, waysOf(r, t))
	case api.Anybody:
		if admitted, p, leave, err = f.options.Auth.AdmitLogin(r, waysOf(r, t)); errors.Is(err, auth.ErrDenied) {
			return r, auth.Principal{}, func() {}, nil
		}
	default:
		admitted, p, leave, err = f.options.Auth.Admit(r, auth.Use{Action: t.needs, Camera: camera, Ways: waysOf(r, t)})
	}
	switch {
	case errors.Is(err, auth.ErrForbidden) && t.needs != api.Known && isAPI(r):
		err = errNotThere // which need not be about a camera
	case errors.Is(err, auth.ErrForbidden) && t.needs != api.Known:
		err = stream.ErrUnknown
	case err == nil && isAPI(r) && r.Method != http.MethodGet && r.Method != http.MethodHead:
		leave() // a change may end the very session it came by, and is made and answered all the same
		return r, p, func() {}, nil
	}
	return admitted, p, leave, err
}

// waysOf gives the ways by which a request may come in. The API takes no password
// of a browser with each request: a browser sends one that it was given once for
// pictures by itself, whichever page makes it ask.
func waysOf(r *http.Request, t route) auth.Ways {
	if isAPI(r) && fromBrowser(r) {
		return t.ways &^ auth.Basic
	}
	return t.ways
}

// fromBrowser says that a page makes a browser ask. To an address without TLS
// it may be silent about that where it only reads, which no other page gets to
// see.
func fromBrowser(r *http.Request) bool {
	for name := range r.Header {
		if name == "Origin" || strings.HasPrefix(name, "Sec-Fetch-") {
			return true
		}
	}
	return false
}

// challengeAPI says in a 401 of the API what it takes, and gives the words.
func challengeAPI(w http.ResponseWriter, r *http.Request, err error) string {
	w.Header().Add("WWW-Authenticate", `Bearer realm="Framegate"`)
	if fromBrowser(r) || strings.HasPrefix(r.UserAgent(), "Mozilla/") { // which would show a window of its own, and the page waits for that
		return err.Error() + "; pages take the cookie of POST /api/v1/login, or Authorization: Bearer with a token, and no name and password with each request"
	}
	w.Header().Add("WWW-Authenticate", `Basic realm="Framegate", charset="UTF-8"`)
	return err.Error() + "; send Authorization: Bearer with a token, or Basic with a name and password (curl -u), or the cookie of POST /api/v1/login"
}

// isPage says that a request is that of a person who goes to an address.
func isPage(r *http.Request) bool { return r.Method == http.MethodGet && takesPages(r) }

// takesPages says that a request is that of a person, who may have sent a form.
func takesPages(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }
