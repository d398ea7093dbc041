package httpcam

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"framegate/gateway/media"
)

// Limits on what a camera may send around its pictures. No camera comes near
// them, so that they are not for anybody to turn.
const (
	maxLine      = 8 << 10  // bytes of one header line
	maxBlock     = 16 << 10 // bytes of text before one picture
	maxBadInARow = 30       // pictures
	maxOfAKind   = 3        // pictures in a row of a kind that is not taken: the next will be no other
	firstBuffer  = 64 << 10 // bytes
)

// errCutOff is what is wrong with a picture that a boundary interrupts.
var errCutOff = fmt.Errorf("%w: cut off by the next part", media.ErrMalformed)

// picture is one JPEG as the camera sent it.
type picture struct {
	jpeg  []byte    // in the parser's buffer: valid until the next fill
	taken time.Time // what its X-Timestamp says, or zero
}

// parser finds the pictures in the body of a camera's answer: parts of a
// multipart body, JPEGs one after another, or a single one. It is fed by fill
// and asked by next, knows no network, and gives the same pictures however the
// bytes are cut into reads.
//
// A picture's end is always found by walking the JPEG, and so is known with
// its last byte, before anything behind it has come. Lengths and boundaries
// only tell where a damaged picture ends. What the response says about the
// boundary is not used at all, since cameras get it wrong: the line that stands
// before a part's headers is the boundary.
//
// The zero value with maxPicture set is ready. Not safe for concurrent use.
type parser struct {
	maxPicture int                // bytes
	limited    func(limit string) // is told of each hit of a limit; nil is not told

	buf []byte
	at  int   // buf[at:] is not consumed yet
	pos int64 // of buf[at] in the body
	end int64 // of the last good picture in the body

	state    state
	part     part
	boundary boundary
	skip     int  // bytes still to drop, in state inSegments
	binary   bool // there was junk that is no text

	scanner media.JPEGScanner
	misled  bool // the part's length is wrong, or the picture lacks its EOI
	unended bool // a boundary or another picture stood in place of EOI

	found    picture // to be given by next, if it has bytes
	badInRow int
	lastBad  error // what was wrong with the last bad picture
	others   int   // parts since the last picture that held something else than a JPEG
}

// state says what is expected next.
type state uint8

const (
	atStart    state = iota // the first byte of all
	inLines                 // a boundary, a header, the start of a picture; all else is junk
	atBody                  // the first byte behind a part's headers
	inPicture               // a JPEG, from its SOI on
	toBoundary              // nothing of use before the next boundary
	inSegments              // a bad picture's segments, which may hold a thumbnail
	toPicture               // nothing of use before the next SOI
)

// fill reads once from r. The pictures given before are invalid after it.
func (p *parser) fill(r io.Reader) (int, error) {
	if p.at > 0 && (p.at == len(p.buf) || cap(p.buf)-len(p.buf) < cap(p.buf)/4) {
		p.buf = p.buf[:copy(p.buf, p.buf[p.at:])]
		p.at = 0
	}
	if cap(p.buf)-len(p.buf) < cap(p.buf)/4 || p.buf == nil {
		p.buf = append(make([]byte, 0, max(2*cap(p.buf), firstBuffer)), p.buf...)
	}
	n, err := r.Read(p.buf[len(p.buf):cap(p.buf)])
	p.buf = p.buf[:len(p.buf)+n]
	return n, err
}

// next gives the next whole picture of what was filled in, or one without
// bytes if more must come first. After an error the parser is of no use.
func (p *parser) next() (picture, error) {
	for {
		progress, err := p.step(p.buf[p.at:])
		if err != nil {
			return picture{}, err
		}
		if p.pos-p.end > int64(p.maxPicture+maxBlock) {
			p.hit(LimitFrameBytes)
			return picture{}, p.noPicture(fmt.Errorf("no picture in %d bytes", p.pos-p.end))
		}
		if found := p.found; found.jpeg != nil {
			p.found = picture{}
			return found, nil
		}
		if !progress {
			return picture{}, nil
		}
	}
}

// finish is called at the end of the body, and gives the picture that has
// begun if only its EOI is missing. Otherwise it is bad now.
func (p *parser) finish() picture {
	if p.state != inPicture {
		return picture{}
	}
	b := p.buf[p.at:]
	if end := p.scanner.EndOfScan(b[:min(len(b), p.maxPicture)]); end > 0 {
		p.give(b[:end])
		return p.found
	}
	p.lastBad = fmt.Errorf("%w: cut off by the end of the answer", media.ErrMalformed)
	p.badInRow++
	return picture{}
}

// noPicture adds to err what was wrong with the last picture, if there was one.
func (p *parser) noPicture(err error) error {
	if p.badInRow == 0 {
		return err
	}
	return fmt.Errorf("%w; the last one was bad: %w", err, p.lastBad)
}

// step consumes what it can of b in the current state. It gives false if the
// state stays as it is until more bytes come.
func (p *parser) step(b []byte) (progress bool, err error) {
	switch p.state {
	case atStart:
		return p.takeStart(b)
	case inLines:
		return p.takeLine(b)
	case atBody:
		return p.takeBodyStart(b)
	case inPicture:
		return p.takePicture(b)
	case toBoundary:
		return p.seek(b, p.boundary.mark, inLines), nil
	case inSegments:
		return p.takeSegment(b), nil
	default:
		return p.seek(b, startOfPicture, inPicture), nil
	}
}

func (p *parser) advance(n int) {
	p.at += n
	p.pos += int64(n)
}

// startOfPicture is SOI and the first byte of the marker that must follow it.
var startOfPicture = []byte{0xFF, 0xD8, 0xFF}

// startsPicture says whether a picture starts at b, and whether enough of b
// has come to tell.
func startsPicture(b []byte) (yes, known bool) {
	n := min(len(b), len(startOfPicture))
	if !bytes.Equal(b[:n], startOfPicture[:n]) {
		return false, true
	}
	return n == len(startOfPicture), n == len(startOfPicture)
}

// beginPicture is called where a SOI stands at buf[at].
func (p *parser) beginPicture() {
	if !p.part.body {
		p.part.bodyPos = p.pos
	}
	p.misled = p.part.length == 0
	p.rescan()
	p.state = inPicture
}

// takeBodyStart decides by a part's type and first bytes what to do with it.
func (p *parser) takeBodyStart(b []byte) (bool, error) {
	yes, known := startsPicture(b)
	if !known {
		return false, nil
	}
	if kind := media.KindOf(b); kind != "" {
		if p.others++; p.others >= maxOfAKind {
			return false, sendsOther(kind)
		}
	}
	p.part.body, p.part.bodyPos = true, p.pos
	switch {
	case yes:
		p.beginPicture()
	case p.part.foreign && p.boundary.mark != nil:
		p.state = toBoundary
	default:
		p.state = inLines
	}
	return true, nil
}

// takeStart looks whether all of the answer is something else than pictures.
func (p *parser) takeStart(b []byte) (bool, error) {
	if len(b) == 0 {
		return false, nil
	}
	isText := bytes.IndexByte([]byte("\xEF\r\n -#<"), b[0]) >= 0
	if yes, _ := startsPicture(b); !yes && !isText && len(b) < media.KindBytes {
		return false, nil
	}
	p.state = inLines
	switch kind := media.KindOf(b); {
	case bytes.HasPrefix(b, []byte("<")), bytes.HasPrefix(b, []byte("#EXTM3U")): // of which more is said
	case kind != "":
		return false, sendsOther(kind)
	}
	return true, nil
}

// sendsOther is what is said of a camera that sends something else.
func sendsOther(kind string) error {
	return fmt.Errorf("the camera sent %s; only JPEGs are taken over HTTP: choose MJPEG or JPEG in its settings, or the address of its JPEGs, or its RTSP address", kind)
}

// rescan has the picture walked from its start. Where the part told its length,
// a boundary is looked for behind it alone; only if the length proves wrong, or
// is missing, everywhere that no picture holds one.
func (p *parser) rescan() {
	p.scanner.Reset()
	p.scanner.Mark = nil
	if p.misled {
		p.scanner.Mark = p.boundary.mark
	}
}

// takePicture walks the JPEG at b.
func (p *parser) takePicture(b []byte) (bool, error) {
	walked := b[:min(len(b), p.maxPicture)]
	n, err := p.walk(walked)
	switch {
	case err != nil:
		return true, p.drop(err)
	case n > 0:
		p.give(walked[:n])
		return true, nil
	case len(b) > len(walked):
		p.hit(LimitFrameBytes)
		return false, fmt.Errorf("picture of more than %d bytes", p.maxPicture)
	}
	return false, nil
}

// walk gives the length of the picture at the start of b, with EOI or without
// where it lacks that, or 0 while some of it is missing.
func (p *parser) walk(b []byte) (int, error) {
	if length := p.part.length - int(p.pos-p.part.bodyPos); p.part.length > 0 && length > 0 {
		within := b[:min(length, len(b))]
		if !p.misled {
			n, err := p.scanner.Scan(within)
			if n > 0 || err != nil && !errors.Is(err, media.ErrCutOff) || err == nil && len(b) < length {
				return n, err
			}
			p.misled = true
			p.rescan()
			_, err = p.scanner.Scan(within)
			if end := p.scanner.EndOfScan(within); end > 0 || err != nil {
				return end, p.unless(end, err)
			}
		}
		if p.boundary.mark != nil && bytes.HasPrefix(bytes.TrimLeft(b[len(within):], "\r\n"), p.boundary.mark) {
			return 0, errCutOff
		}
	}
	n, err := p.scanner.Scan(b)
	if errors.Is(err, media.ErrCutOff) || p.unended {
		if end := p.scanner.EndOfScan(b); end > 0 {
			p.unended = true
			return end, nil
		}
	}
	return n, err
}

// unless gives no error where a picture was found all the same.
func (p *parser) unless(end int, err error) error {
	if end > 0 {
		return nil
	}
	return err
}

// give passes a whole picture on.
func (p *parser) give(jpeg []byte) {
	header := p.scanner.Header()
	size := pixels{header.Width, header.Height}
	next := part{given: p.part.given}
	if p.part.headers && next.given == (pixels{}) {
		next.given = size
	}
	if p.part.given == (pixels{}) || p.part.given == size {
		p.found = picture{jpeg: jpeg, taken: p.part.taken}
	}
	p.advance(len(jpeg))
	p.end = p.pos
	p.badInRow, p.others = 0, 0
	p.part = next
	p.state = inLines
}

// drop gives up the picture at buf[at], which is bad. If it came in a part, the
// next boundary is the way on. Otherwise it is the next SOI, but not one of a
// thumbnail within the bad picture.
func (p *parser) drop(why error) error {
	p.judged(why)
	p.lastBad = why
	p.badInRow++
	if p.badInRow >= maxBadInARow || p.badInRow >= maxOfAKind && errors.Is(why, media.ErrUnshowable) {
		return fmt.Errorf("%d bad pictures in a row: %w", p.badInRow, why)
	}
	p.state, p.skip = inSegments, 0
	if p.part.begun && p.boundary.mark != nil {
		p.state = toBoundary
	}
	p.advance(2)
	p.part = part{}
	return nil
}

// takeSegment passes over one marker segment of a bad picture.
func (p *parser) takeSegment(b []byte) bool {
	if p.skip > 0 {
		n := min(p.skip, len(b))
		p.skip -= n
		p.advance(n)
		return n > 0
	}
	if len(b) > 1 && (b[0] != 0xFF || !hasLength(b[1])) {
		p.state = toPicture
		return true
	}
	if len(b) < 4 {
		return false
	}
	p.skip = 2 + int(b[2])<<8 + int(b[3])
	return true
}

// hasLength says whether a marker begins a segment that tells its length
// (ITU-T T.81, table B.1).
func hasLength(marker byte) bool {
	return 0xC0 <= marker && marker < 0xD0 || 0xD9 < marker && marker < 0xFF
}

// seek drops what comes before mark, and goes on in state then.
func (p *parser) seek(b, mark []byte, then state) bool {
	i := bytes.Index(b, mark)
	if i < 0 {
		p.advance(max(0, len(b)-len(mark)+1))
		return false
	}
	p.advance(i)
	if then == inPicture {
		p.beginPicture()
	}
	p.state = then
	return true
}

// Answers that are no pictures, told by how the body starts.
var (
	errHTML = errors.New("an HTML page instead of pictures: is the address that of the camera's own page?")
	errHLS  = errors.New("an HLS playlist instead of pictures: HLS is not supported")
)
