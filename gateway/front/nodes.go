package front

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ofNode says that a page of another node of the cluster asks to be shown pictures, as
// players do whose own node is gone.
func (f *Front) ofNode(r *http.Request) bool {
	origins := r.Header["Origin"]
	if len(origins) != 1 || ownPage(r) || !shows(r) {
		return false
	}
	return slices.ContainsFunc(f.options.Nodes(), func(public string) bool { return originOf(public) == origins[0] })
}

// shows says that a request is for what shows pictures: of what is below /live/ all that reads, but
// for what takes pictures in, and sessions of WebRTC.
func shows(r *http.Request) bool {
	_, form, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/live/"), "/")
	form, _, _ = strings.Cut(form, "/")
	switch {
	case !strings.HasPrefix(r.URL.Path, "/live/"):
		return false
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return form != "publish" && form != "whip"
	}
	return form == "whep" && r.Method != http.MethodPut
}

// shareWithNode answers a page of another node as if nobody were logged in here: what lets
// it in stands in the address that its own node gave it.
func (f *Front) shareWithNode(w http.ResponseWriter, r *http.Request, next http.Handler) {
	r.Header.Del("Cookie")
	r.Header.Del("Authorization")
	w.Header().Add("Vary", "Origin")
	w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	w.Header().Set("Access-Control-Expose-Headers", exposed)
	if isPreflight(r) {
		answerPreflight(w, "GET, HEAD, POST, PATCH, DELETE", "Content-Type, If-Match")
		return
	}
	next.ServeHTTP(w, r)
}

// Origins gives those of nodes' URLs, each once.
func Origins(publics []string) (origins []string) {
	for _, public := range publics {
		if origin := originOf(public); origin != "" && !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins
}

// originOf gives the origin of a node's URL (RFC 6454, 6.2), as browsers send it.
func originOf(public string) string {
	u, err := url.Parse(public)
	if err != nil {
		return ""
	}
	if port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; strings.HasSuffix(u.Host, port) {
		return u.Scheme + "://" + strings.TrimSuffix(u.Host, port)
	}
	return u.Scheme + "://" + u.Host
}
