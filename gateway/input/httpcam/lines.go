package httpcam

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// part is what is known of the current part of a multipart body. For JPEGs
// without parts around them it stays almost empty.
type part struct {
	begun   bool   // a boundary or a header came
	headers bool   // a header came
	body    bool   // the empty line behind the headers came
	foreign bool   // its type says that it holds no picture
	title   []byte // a line of text where a boundary should stand, with its end
	text    int    // bytes of text lines
	bodyPos int64  // of the first byte of its body
	length  int    // its Content-Length; 0 if that is missing or of no use
	taken   time.Time
	// given is the size of the picture that came since the last boundary, in
	// a body with part headers. Another size without a boundary between is a
	// preview that the camera appends to the picture (CIPA DC-007).
	given pixels
}

type pixels struct{ width, height int }

// boundary is what stands before parts, as the body has shown it.
type boundary struct {
	token []byte // with the dashes before it, without those that close the body
	mark  []byte // bytes to search for that no picture holds by chance; nil if there are none
}

const (
	safeMark     = 8 // bytes of a token that are enough for a mark
	shortestMark = 5 // bytes of a mark that includes the line's end
)

// foreignTypes starts the types of parts that must not be searched for a
// picture: PCM audio is full of 0xFFD8.
var foreignTypes = [][]byte{[]byte("text/"), []byte("audio/"), []byte("application/json"), []byte("application/xml")}

// takeLine consumes one line of text, or the junk before it.
func (p *parser) takeLine(b []byte) (bool, error) {
	junk := 0
	for junk < len(b) && isJunk(b[junk]) {
		p.binary = p.binary || bytes.IndexByte(blank, b[junk]) < 0
		junk++
	}
	if junk > 0 || len(b) == 0 {
		p.advance(junk)
		return junk > 0, nil
	}
	switch {
	case b[0] == '\n':
		p.takeEmptyLine()
		return true, nil
	case b[0] == startOfPicture[0]:
		return p.takeSOI(b), nil
	case b[0] == '<' && p.end == 0 && !p.part.begun && !p.binary:
		return false, errHTML
	}
	return p.takeTextLine(b)
}

// blank is what may stand before text: space, and the byte order mark.
var blank = []byte(" \t\r\xEF\xBB\xBF")

// isJunk says that a byte means nothing at the start of a line.
func isJunk(c byte) bool {
	return c <= ' ' && c != '\n' || c > '~' && c != startOfPicture[0]
}

func (p *parser) takeEmptyLine() {
	p.advance(1)
	if p.part.headers && !p.part.body {
		p.state = atBody
	}
}

// takeSOI begins a picture at b, or drops a byte that is not SOI after all.
func (p *parser) takeSOI(b []byte) bool {
	yes, known := startsPicture(b)
	switch {
	case yes:
		p.beginPicture()
	case known:
		p.advance(1)
	}
	return known
}

// takeTextLine consumes the line that b starts with. Text that no line end
// follows is junk.
func (p *parser) takeTextLine(b []byte) (bool, error) {
	n := 0
	for n < len(b) && n <= maxLine && (' ' <= b[n] && b[n] <= '~' || b[n] == '\t') {
		n++
	}
	if n > maxLine {
		p.hit(LimitPartHeaders)
		return false, p.noPicture(fmt.Errorf("a line of more than %d bytes instead of a picture", maxLine))
	}
	end := n
	for end < len(b) && b[end] == '\r' {
		end++
	}
	if end == len(b) {
		return false, nil
	}
	if b[end] != '\n' {
		p.advance(end)
		return true, nil
	}
	p.advance(end + 1)
	return true, p.takeText(b[:n], b[:end+1])
}

// takeText understands one line of text; raw is the line with its end.
func (p *parser) takeText(line, raw []byte) error {
	if bytes.HasPrefix(line, []byte("#EXTM3U")) && p.end == 0 && !p.part.begun {
		return errHLS
	}
	if n := p.boundaryAt(line); n >= 0 {
		p.part = part{begun: true}
		p.takeHeader(p.takeBoundary(line[n:], raw[n:]))
		return nil
	}
	if p.part.text += len(raw); p.part.text > maxBlock {
		p.hit(LimitPartHeaders)
		return p.noPicture(fmt.Errorf("more than %d bytes of headers before a picture", maxBlock))
	}
	if p.part.body || p.takeHeader(line) || p.part.begun {
		return nil
	}
	p.part.title = bytes.Clone(raw)
	return nil
}

// boundaryAt gives where in a line of text a boundary starts, or -1. A known
// one is found behind junk too, a new one by its dashes.
func (p *parser) boundaryAt(line []byte) int {
	token := p.boundary.token
	if len(token) > 2 && bytes.HasPrefix(token, []byte("--")) {
		if i := bytes.Index(line, token); i >= 0 {
			return i
		}
	}
	if bytes.HasPrefix(line, []byte("--")) || len(token) > 0 && bytes.Equal(bytes.TrimRight(line, "- "), token) {
		return 0
	}
	return -1
}

// takeBoundary remembers the boundary of a line. It gives what follows on the
// same line, where some cameras send the first header.
func (p *parser) takeBoundary(line, raw []byte) (header []byte) {
	if bytes.Equal(line, p.boundary.token) {
		return nil
	}
	token := line
	if i := bytes.Index(bytes.ToLower(line), []byte("content-")); i > 0 && bytes.IndexByte(line[i:], ':') > 0 {
		token, header, raw = line[:i], line[i:], line[:i]
	}
	token = bytes.TrimRight(token, " \t")
	if open := bytes.TrimRight(token, "-"); len(open) > 0 {
		token = open
	}
	p.boundary = boundary{token: bytes.Clone(token)}
	switch {
	case len(token) >= safeMark:
		p.boundary.mark = p.boundary.token
	case len(raw) >= shortestMark:
		p.boundary.mark = bytes.Clone(raw)
	}
	return header
}

// takeHeader notes what a header line says. It gives false for other lines.
func (p *parser) takeHeader(line []byte) bool {
	name, value, ok := cutHeader(line)
	if !ok {
		return false
	}
	if !p.part.begun {
		p.beginUntitled(name)
	}
	p.part.headers = true
	switch {
	case bytes.EqualFold(name, []byte("Content-Type")):
		p.part.foreign = isForeign(value)
	case bytes.EqualFold(name, []byte("Content-Length")):
		if n, err := strconv.Atoi(string(value)); err == nil && n > 0 {
			p.part.length = n
		}
	case bytes.EqualFold(name, []byte("X-Timestamp")):
		p.part.taken = parseTimestamp(value)
	}
	return true
}

// beginUntitled begins a part whose first header comes without a boundary
// before it, or with a line of text that must be one.
func (p *parser) beginUntitled(header []byte) {
	title := p.part.title
	p.part = part{begun: true}
	if len(title) > 0 && bytes.HasPrefix(bytes.ToLower(header), []byte("content-")) {
		p.takeBoundary(bytes.TrimRight(title, "\r\n"), title)
	}
}

func isForeign(kind []byte) bool {
	for _, prefix := range foreignTypes {
		if len(kind) >= len(prefix) && bytes.EqualFold(kind[:len(prefix)], prefix) {
			return true
		}
	}
	return false
}

// cutHeader splits "Name: value", also with space before the colon.
func cutHeader(line []byte) (name, value []byte, ok bool) {
	name, value, ok = bytes.Cut(line, []byte(":"))
	name = bytes.TrimSpace(name)
	for _, c := range name {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		ok = ok && (letter || '0' <= c && c <= '9' || c == '-' || c == '_')
	}
	return name, bytes.TrimSpace(value), ok && len(name) > 0
}

// parseTimestamp reads seconds since 1970 with up to nine decimals, as
// mjpg-streamer sends them, and gives zero for anything else.
func parseTimestamp(b []byte) time.Time {
	whole, fraction, _ := bytes.Cut(b, []byte("."))
	seconds, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil || seconds <= 0 || len(fraction) > 9 {
		return time.Time{}
	}
	nanos := 0
	for i := range 9 {
		nanos *= 10
		if i < len(fraction) {
			if fraction[i] < '0' || fraction[i] > '9' {
				return time.Time{}
			}
			nanos += int(fraction[i] - '0')
		}
	}
	return time.Unix(seconds, int64(nanos))
}
