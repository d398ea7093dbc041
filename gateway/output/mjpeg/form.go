package mjpeg

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// form is how the parts of a response are laid out: in the standard form, or
// with each part's headers sent in advance, together with the picture before
// it. The latter is for Chrome, which paints a picture when the next part's
// header block is complete (https://crbug.com/527446) and would always be a
// picture late. The length of a picture to come is not known, so such headers
// have none.
//
// In both forms the boundary behind a picture goes out with it: Firefox shows
// the picture then.
type form struct {
	boundary string
	advance  bool   // headers go out before their picture
	first    []byte // before the first part
	next     []byte // behind a part's picture
	end      []byte // behind the last part's picture
}

// forms are the two forms with one boundary.
type forms struct{ standard, advance form }

func makeForms(boundary string) forms {
	line := "--" + boundary + "\r\n"
	f := forms{
		standard: makeForm(boundary, line),
		advance:  makeForm(boundary, line+"Content-Type: image/jpeg\r\n\r\n"),
	}
	f.advance.advance = true
	return f
}

func makeForm(boundary, first string) form {
	return form{
		boundary: boundary,
		first:    []byte(first),
		next:     []byte("\r\n" + first),
		end:      []byte("\r\n--" + boundary + "--\r\n"),
	}
}

// choose gives the form for a request with these headers.
func (f *forms) choose(h http.Header) *form {
	if fromChromeImage(h) {
		return &f.advance
	}
	return &f.standard
}

// fromChromeImage says that a request comes from an <img> in a browser that is
// made of Chromium. Firefox and Safari also send Sec-Fetch-Dest, so User-Agent
// has to tell; and over plain HTTP nobody sends Sec-Fetch-Dest, except to
// loopback, so that Accept has to tell an image from a page.
func fromChromeImage(h http.Header) bool {
	agent := h.Get("User-Agent")
	if !strings.Contains(agent, "Chrome/") || strings.Contains(agent, "Edge/") {
		return false // Edge/ is the old Edge, not of Chromium
	}
	if dest := h.Get("Sec-Fetch-Dest"); dest != "" {
		return dest == "image"
	}
	return strings.HasPrefix(h.Get("Accept"), "image/")
}

// describe sets the headers of the response.
func (f *form) describe(h http.Header) {
	h.Set("Content-Type", "multipart/x-mixed-replace; boundary="+f.boundary)
	h.Set("Cache-Control", "no-store, no-cache, must-revalidate, max-age=0, no-transform")
	h.Set("Pragma", "no-cache")
	h.Set("X-Accel-Buffering", "no")
}

// appendHead appends the headers of a part that were not sent in advance.
func (f *form) appendHead(b []byte, wall time.Time, length int) []byte {
	if f.advance {
		return b
	}
	b = append(b, "Content-Type: image/jpeg\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(length), 10)
	b = append(b, "\r\nX-Timestamp: "...)
	b = appendTimestamp(b, wall)
	return append(b, "\r\n\r\n"...)
}

// appendTimestamp appends seconds since 1970 with six decimals.
func appendTimestamp(b []byte, t time.Time) []byte {
	micros := t.UnixMicro()
	b = strconv.AppendInt(b, micros/1e6, 10)
	fraction := strconv.AppendInt(b, 1e6+micros%1e6, 10) // its leading 1 keeps the zeros behind it
	fraction[len(b)] = '.'
	return fraction
}
