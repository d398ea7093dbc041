package front

import (
	"net/http"
	"net/url"
	"strings"
)

// maxOrigin bounds an Origin header: a scheme, a name of at most 253 bytes and
// a port.
const maxOrigin = 300

// ownPage says whether a page of the very host that is asked asks, or no page at
// all: tools send no Origin, and browsers always do on a WebSocket. It fails
// closed: on "null", on several origins, on what is no origin.
func ownPage(r *http.Request) bool {
	origins, sent := r.Header["Origin"]
	if !sent {
		return true
	}
	if len(origins) != 1 || len(origins[0]) > maxOrigin {
		return false
	}
	u, err := url.Parse(origins[0])
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != origins[0] {
		return false
	}
	return strings.EqualFold(u.Host, r.Host)
}
