package upload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"

	"framegate/gateway/media"
)

// What is between the pictures of a body is passed over and not kept, so there
// is nothing to gain by bounding it more tightly.
const (
	maxGap     = 64 << 10 // bytes between two good pictures
	readAhead  = 32 << 10 // bytes of room for a read
	gapContext = 4        // bytes of a gap kept in sight: the blank line, and SOI's first byte
)

// shortestMark is how long a boundary must be for no picture to hold it by
// chance.
const shortestMark = 6

// startOfImage is SOI, with which every JPEG starts.
var startOfImage = []byte{0xFF, 0xD8}

// pictureReader finds the JPEGs in a body of any framing: multipart, whatever
// its boundary and headers, or nothing in between. A picture begins at SOI and
// ends where media.JPEGScanner finds its end, so each is there with its last
// byte; one without EOI ends with its data, which is known when the boundary
// that the request declares or another picture follows, and later on at once. What it gives does not depend on how the bytes were split on their
// way.
//
// After a bad picture the next is looked for only behind a blank line, as
// part headers end with, or right behind an EOI: any other SOI may be that of
// a thumbnail inside the bad one.
type pictureReader struct {
	body     io.Reader
	maxBytes int // of a picture
	scanner  media.JPEGScanner

	buf     []byte // what has come and is not done with
	inside  bool   // buf starts with a picture's SOI
	strict  bool   // the last picture was bad
	last    []byte // a picture that the end of the body ended
	unended bool   // pictures lack their EOI, and the boundary is known
	gap     int    // bytes dropped since the last picture
}

// newPictureReader makes the reader of a body, whose parts begin with boundary
// if that is not empty.
func newPictureReader(body io.Reader, maxBytes int, boundary string) *pictureReader {
	p := &pictureReader{body: body, maxBytes: maxBytes}
	if len(boundary) >= shortestMark {
		p.scanner.Mark = []byte("--" + strings.TrimLeft(boundary, "-"))
	}
	return p
}

// boundaryOf gives the boundary that a Content-Type declares, or "".
func boundaryOf(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return params["boundary"]
}

// next gives the next picture, in memory of its own. After the error of a bad
// picture (those of media.JPEGScanner) the reader goes on with the one behind
// it. Other errors are final: io.EOF; media.ErrNotJPEG where no picture comes
// for too long; ErrTooLarge; what the body's Read gave.
func (p *pictureReader) next() ([]byte, error) {
	for {
		if !p.inside {
			if err := p.seek(); err != nil {
				return nil, err
			}
		}
		if p.inside {
			if picture, err := p.scan(); picture != nil || err != nil {
				return picture, err
			}
		}
		if err := p.fill(); err != nil {
			return nil, err
		}
		if last := p.last; last != nil {
			p.last = nil
			return last, nil
		}
	}
}

// empty says that nothing has come but pictures.
func (p *pictureReader) empty() bool { return p.gap+len(p.buf) == 0 }

// seek drops what stands before the next picture, as far as it has come.
func (p *pictureReader) seek() error {
	start := p.start()
	p.inside = start >= 0
	if !p.inside {
		start = max(0, len(p.buf)-gapContext)
	}
	p.drop(start)
	p.gap += start
	limit := maxGap
	if p.strict {
		limit = p.maxBytes // the rest of the bad picture is in the gap
	}
	if p.gap > limit {
		return &limitError{LimitPartHeaders, fmt.Errorf("%w: no picture in %d bytes", media.ErrNotJPEG, limit)}
	}
	return nil
}

// start gives the offset of the next picture's SOI, or -1.
func (p *pictureReader) start() int {
	for from := 0; ; {
		i := bytes.Index(p.buf[from:], startOfImage)
		if i < 0 {
			return -1
		}
		from += i
		before := p.buf[:from]
		if !p.strict || bytes.HasSuffix(before, []byte("\n\r\n")) || bytes.HasSuffix(before, []byte("\n\n")) ||
			bytes.HasSuffix(before, []byte{0xFF, 0xD9}) {
			return from
		}
		from += len(startOfImage)
	}
}

// scan gives a copy of the picture at the start of buf, or nil while some of
// it is missing.
func (p *pictureReader) scan() ([]byte, error) {
	b := p.buf[:min(len(p.buf), p.maxBytes)]
	n, err := p.scanner.Scan(b)
	if p.unended || errors.Is(err, media.ErrCutOff) {
		if end := p.endWithoutEOI(b); end > 0 {
			n, err = end, nil
			p.unended = p.scanner.Mark != nil
		}
	}
	switch {
	case err != nil:
		p.finish(len(startOfImage), true)
		return nil, err
	case n > 0:
		picture := bytes.Clone(p.buf[:n])
		p.finish(n, false)
		return picture, nil
	case len(p.buf) > p.maxBytes:
		return nil, &limitError{LimitFrameBytes, fmt.Errorf("%w: more than %d", ErrTooLarge, p.maxBytes)}
	}
	return nil, nil
}

// endWithoutEOI gives the end of the picture at the start of b that has none,
// or 0. The text of a part's head, behind a boundary that is not the declared
// one, must not complete a picture that is cut off: so none may be within, and
// what follows must look like what stands between pictures.
func (p *pictureReader) endWithoutEOI(b []byte) int {
	end := p.scanner.EndOfScan(b)
	behind := bytes.TrimLeft(b[end:], "\r\n\x00")
	gap := b[end : len(b)-len(behind)]
	scan := b[max(0, bytes.LastIndex(b[:end], []byte{0xFF, 0xDA})):end]
	switch mark := p.scanner.Mark; {
	case bytes.Contains(scan, []byte("\n--")):
		return 0
	case len(behind) == 0, bytes.HasPrefix(behind, startOfImage), len(mark) > 0 && bytes.HasPrefix(behind, mark):
		return end
	case bytes.HasSuffix(gap, []byte("\r\n")) && bytes.HasPrefix(behind, []byte("--")):
		return end
	}
	return 0
}

// finish leaves the picture at the start of buf.
func (p *pictureReader) finish(n int, bad bool) {
	p.drop(n)
	p.scanner.Reset()
	p.inside, p.strict, p.gap = false, bad, 0
}

func (p *pictureReader) drop(n int) {
	p.buf = append(p.buf[:0], p.buf[n:]...)
}

// fill reads more of the body.
func (p *pictureReader) fill() error {
	p.buf = slices.Grow(p.buf, readAhead)
	n, err := p.body.Read(p.buf[len(p.buf):cap(p.buf)])
	p.buf = p.buf[:len(p.buf)+n]
	switch {
	case n > 0 || err == nil:
		return nil // an error comes again with the next read
	case err == io.EOF && p.inside:
		size := len(p.buf)
		if end := p.endWithoutEOI(p.buf); end > 0 {
			p.last = bytes.Clone(p.buf[:end])
		}
		p.finish(size, p.last == nil)
		if p.last != nil {
			return nil
		}
		return fmt.Errorf("%w: cut off after %d bytes, before EOI", media.ErrMalformed, size)
	case err == io.EOF:
		return err
	}
	return bodyError(err)
}
