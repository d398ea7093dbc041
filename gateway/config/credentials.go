package config

import (
	"net/url"
	"slices"
	"strings"

	"framegate/gateway/secret"
)

// credentialNames are how cameras call what must not be told, as far as a name
// starts or ends so.
var credentialNames = []string{"password", "passwd", "pass", "pwd", "psw", "token", "secret", "auth", "key", "sid"}

// isCredential says whether a parameter of this name is a secret.
func isCredential(name string) bool {
	name = strings.ToLower(name)
	for _, known := range credentialNames {
		if strings.HasPrefix(name, known) || strings.HasSuffix(name, known) {
			return true
		}
	}
	return false
}

// span is a part of a text.
type span struct{ from, to int }

// pathCredentials finds what must not be told in the path of a URL, as it is
// written: "/user=admin_password=x_channel=1", "/user:x/stream", and the key of
// RTMP. The path may begin with more of the URL, up to start, and is of RTMP where that says so.
func pathCredentials(path string, start int) (found []span) {
	for i := start; i < len(path); i++ {
		if path[i] != '=' || !isCredential(nameBefore(path[start:i])) {
			continue
		}
		if to := i + 1 + valueLength(path[i+1:]); to > i+1 {
			found = append(found, span{i + 1, to})
			i = to - 1
		}
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path[start:], "/"), "/")
	user, password, ok := strings.Cut(first, ":")
	if ok && len(found) == 0 && user != "" && password != "" && !isContainer(user) {
		from := start + strings.Index(path[start:], first) + len(user) + 1
		found = append(found, span{from, from + len(password)})
	}
	if key, ok := streamKey(path, start); ok {
		found = append(slices.DeleteFunc(found, func(s span) bool { return s.from >= key.from }), key)
	}
	return found
}

// streamKey finds the key of RTMP, the last part of the path: who has it may often send there,
// too.
func streamKey(path string, start int) (key span, ok bool) {
	end := len(strings.TrimRight(path, "/"))
	if !strings.HasPrefix(path, "rtmp") || end <= start {
		return span{}, false
	}
	return span{strings.LastIndexByte(path[:end], '/') + 1, end}, true
}

// isContainer says that what stands before a colon in a path is no user: media
// servers have "/mp4:sample.mp4" there.
func isContainer(name string) bool {
	switch strings.ToLower(name) {
	case "mp4", "flv", "mp3", "http", "https", "rtsp", "rtmp":
		return true
	}
	return false
}

// nameBefore gives the letters and digits that a text ends with.
func nameBefore(text string) string {
	return text[len(strings.TrimRightFunc(text, isAlphanumeric)):]
}

func isAlphanumeric(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z'
}

// valueLength gives how long a value is that others may follow: behind "&",
// ";", "/", or "_" where a name with "=" is next.
func valueLength(text string) int {
	for i, c := range text {
		switch c {
		case '&', ';', '/', ',':
			return i
		case '_':
			name := strings.TrimLeftFunc(text[i+1:], isAlphanumeric)
			if strings.HasPrefix(name, "=") && len(name) < len(text[i+1:]) {
				return i
			}
		}
	}
	return len(text)
}

// pathStart gives where the path of a URL begins.
func pathStart(text string) int {
	authority := strings.Index(text, "://")
	if authority < 0 {
		return 0
	}
	slash := strings.IndexByte(text[authority+3:], '/')
	if slash < 0 {
		return len(text)
	}
	return authority + 3 + slash
}

// withoutCredentials gives a URL without query as people may see it.
func withoutCredentials(text string) string {
	var b strings.Builder
	at := 0
	for _, s := range pathCredentials(text, pathStart(text)) {
		b.WriteString(text[at:s.from])
		b.WriteString(secret.Redacted)
		at = s.to
	}
	return b.String() + text[at:]
}

// Credentials are what the URL holds that must not be told, as it is written
// and as it is meant: the values in its path and in its query that are called a
// password, a token or the like.
func (s Source) Credentials() []string {
	var all []string
	add := func(written string) {
		all = append(all, written)
		if meant, err := url.PathUnescape(written); err == nil && meant != written {
			all = append(all, meant)
		}
	}
	path, query, _ := strings.Cut(s.URL, "?")
	for _, found := range pathCredentials(path, pathStart(path)) {
		add(path[found.from:found.to])
	}
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		if name, value, ok := strings.Cut(pair, "="); ok && value != "" && isCredential(name) {
			add(value)
		}
	}
	return all
}
