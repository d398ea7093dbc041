package upload

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"framegate/gateway/media"
)

// What is between the pictures of a body is passed over and not kept, so there
// is nothing to gain by bounding it more tightly.
const (
	maxGap     = 64 << 10 // bytes between two good pictures
	readAhead  = 32 << 10 // bytes of room for a read
	gapContext = 4        // bytes of a gap kept in sight: the blank line, and SOI's first byte
)

// startOfImage is SOI, with which every JPEG starts.
var startOfImage = []byte{0xFF, 0xD8}

// pictureReader finds the JPEGs in a body of any framing: multipart, whatever
// its boundary and headers, or nothing in between. A picture begins at SOI and
// ends where media.JPEGScanner finds its end, so each is there with its last
// byte. What it gives does not depend on how the bytes were split on their
// way.
//
// After a bad picture the next is looked for only behind a blank line, as
// part headers end with, or right behind an EOI: any other SOI may be that of
// a thumbnail inside the bad one.
type pictureReader struct {
	body     io.Reader
	maxBytes int // of a picture
	scanner  media.JPEGScanner

	buf    []byte // what has come and is not done with
	inside bool   // buf starts with a picture's SOI
	strict bool   // the last picture was bad
	gap    int    // bytes dropped since the last picture
}

func newPictureReader(body io.Reader, maxBytes int) *pictureReader {
	return &pictureReader{body: body, maxBytes: maxBytes}
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
	n, err := p.scanner.Scan(p.buf[:min(len(p.buf), p.maxBytes)])
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
		p.finish(size, true)
		return fmt.Errorf("%w: cut off after %d bytes, before EOI", media.ErrMalformed, size)
	case err == io.EOF:
		return err
	}
	return bodyError(err)
}
