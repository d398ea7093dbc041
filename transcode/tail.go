package transcode

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// tail keeps the last bytes that ffmpeg printed, as one line.
type tail struct {
	mu  sync.Mutex // guards what follows
	b   []byte
	cut bool // something was before b
}

const maxTail = 2 << 10

// Write takes what ffmpeg prints and never fails, so that ffmpeg never waits.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cut = t.cut || len(t.b)+len(b) > maxTail
	t.b = append(t.b, b[max(0, len(b)-maxTail):]...)
	if extra := len(t.b) - maxTail; extra > 0 {
		t.b = append(t.b[:0], t.b[extra:]...)
	}
	return len(b), nil
}

// String gives what was printed last, without secrets. A word whose beginning
// is lost is left out: it may be the end of a password.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.b
	if t.cut {
		b = b[max(0, bytes.IndexFunc(b, unicode.IsSpace)):]
		if !unicode.IsSpace(rune(b[0])) {
			b = nil
		}
	}
	lines := strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' || r == '\r' })
	return mask(strings.Join(lines, "; "))
}

// Where addresses hold secrets: before the host, and in parameters that are
// called so. Users are masked with their passwords.
var (
	userinfo = regexp.MustCompile(`(://)[^\s'"<>]*@`)
	secret   = regexp.MustCompile(`(?i)([?&;](?:[a-z0-9_.-]*(?:pass|pwd|secret|token|auth|key|credential|sig)[a-z0-9_.-]*|user(?:name)?|exp)=)[^&;\s'"<>]*`)
)

const masked = "<redacted>"

// mask takes secrets out of what is shown to people. ffmpeg is told none, but
// it repeats what it reads, and a stream may say anything.
func mask(s string) string {
	s = userinfo.ReplaceAllString(s, "${1}"+masked+"@")
	return secret.ReplaceAllString(s, "${1}"+masked)
}
