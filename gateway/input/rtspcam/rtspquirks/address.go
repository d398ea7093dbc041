package rtspquirks

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// maxURL is how long a URL of the camera's may be, in bytes.
const maxURL = 2000

// aggregate gives the URL of all that is described (RFC 2326, C.1.1): the first
// that is usable of what the camera says of it. Otherwise it is what we asked
// for.
func aggregate(asked *url.URL, said ...string) *url.URL {
	for _, text := range said {
		if u := absolute(asked, text); u != nil {
			return u
		}
	}
	return asked
}

// controlOf gives the URL of a track (C.1.1) from its "control", which may be
// relative to the aggregate's.
func controlOf(whole *url.URL, control string) *url.URL {
	control = strings.TrimSpace(control)
	if control == "" || control == "*" || len(control) > maxURL {
		return whole
	}
	if relative := strings.HasPrefix(control, "/") && !strings.HasPrefix(control, "//"); !relative {
		if u := absolute(whole, control); u != nil {
			return u
		}
	}
	if strings.Contains(control, "://") {
		return whole
	}
	// Cameras mean it to stand behind all of the URL, a query too, and not what
	// RFC 3986 makes of it.
	text := whole.String()
	switch {
	case strings.HasPrefix(control, "?"):
	case strings.HasPrefix(control, "/"):
		text = strings.TrimSuffix(text, "/")
	case !strings.HasSuffix(text, "/"):
		text += "/"
	}
	if u, err := url.Parse(text + control); err == nil {
		return bare(u)
	}
	return whole
}

// absolute reads a URL, or what was meant to be one: without its scheme, with
// nothing but a path, or with a host and port that cannot be. What it lacks is
// asked's. It is nil if it is none.
func absolute(asked *url.URL, text string) *url.URL {
	text = strings.TrimSpace(text)
	scheme, rest, ok := strings.Cut(text, "://")
	switch {
	case len(text) > maxURL:
		return nil
	case ok && (strings.EqualFold(scheme, "rtsp") || strings.EqualFold(scheme, "rtsps")):
	case ok:
		return nil
	case strings.HasPrefix(text, "//"):
		rest = text[2:]
	case strings.HasPrefix(text, "/"):
		rest = asked.Host + text
	case isHost(text, asked):
		rest = text
	default:
		return nil
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host := rest[:end]
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	if !validHost(host) {
		host = asked.Host
	}
	u, err := url.Parse(asked.Scheme + "://" + host + rest[end:])
	if err != nil {
		return nil
	}
	return bare(u)
}

// isHost says whether a text begins with a host and not with a path: with the
// one we asked, or with an address.
func isHost(text string, asked *url.URL) bool {
	host, _, _ := strings.Cut(text, "/")
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return strings.EqualFold(host, asked.Host) || strings.EqualFold(name, asked.Hostname()) || net.ParseIP(name) != nil
}

// validHost says whether a host, with or without a port, can be one.
func validHost(host string) bool {
	u, err := url.Parse("rtsp://" + host)
	if err != nil || u.Hostname() == "" {
		return false
	}
	if u.Port() == "" {
		return !strings.HasSuffix(host, ":")
	}
	port, err := strconv.Atoi(u.Port())
	return err == nil && port > 0 && port < 1<<16
}

// bare takes off what does not go into a request.
func bare(u *url.URL) *url.URL {
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	return u
}
