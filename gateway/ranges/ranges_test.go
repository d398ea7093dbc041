package ranges

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestServe has ranges heeded as RFC 9110 has it; e2e asks for many more.
func TestServe(t *testing.T) {
	const whole = "0123456789"
	for _, test := range []struct {
		method, asked string
		status        int
		content, at   string
	}{
		{"GET", "", 200, whole, ""},
		{"GET", "bytes=2-3", 206, "23", "bytes 2-3/10"},
		{"GET", "BYTES=2-3", 206, "23", "bytes 2-3/10"},
		{"GET", "bytes=-2", 206, "89", "bytes 8-9/10"},
		{"GET", "bytes=-00, 2-3,10-", 206, "23", "bytes 2-3/10"},
		{"GET", "bytes=-0", 416, "invalid range: failed to overlap\n", "bytes */10"},
		{"GET", "bytes=-", 416, "invalid range\n", ""},
		{"GET", "items=2-3", 200, whole, ""},
		{"GET", "bytes", 200, whole, ""},
		{"HEAD", "bytes=2-3", 200, "", ""},
	} {
		r := httptest.NewRequest(test.method, "/", nil)
		if test.asked != "" {
			r.Header.Set("Range", test.asked)
		}
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "text/plain")
		Serve(w, r, strings.NewReader(whole))
		if at := w.Header().Get("Content-Range"); w.Code != test.status || w.Body.String() != test.content || at != test.at {
			t.Errorf("%s %q: %d, %q, %q", test.method, test.asked, w.Code, w.Body, at)
		}
		if test.status == http.StatusOK && w.Header().Get("Accept-Ranges") != "bytes" {
			t.Errorf("%s %q: %v", test.method, test.asked, w.Header())
		}
	}
}
