package media

import (
	"bytes"
	"errors"
	"fmt"
)

// What can be wrong with bytes that should be a JPEG. Errors of this package
// wrap one of these and say which marker, where and why.
var (
	// ErrNotJPEG: the bytes do not start with SOI.
	ErrNotJPEG = errors.New("not a JPEG")
	// ErrMalformed: a JPEG that is cut off, or that contradicts itself so
	// that a decoder would give up on it.
	ErrMalformed = errors.New("malformed JPEG")
	// ErrTooManyPixels: a picture beyond MaxSide or MaxPixels.
	ErrTooManyPixels = errors.New("picture too large")
	// ErrUnshowable: a proper JPEG of a kind that browsers do not show:
	// arithmetic coding, lossless, 12 bit, CMYK.
	ErrUnshowable = errors.New("kind of JPEG that browsers cannot show")
)

// The largest picture that is taken from anywhere, read from its header
// before anything is decoded.
const (
	MaxSide   = 8192        // pixels a side
	MaxPixels = 7680 * 4320 // pixels
)

// Markers of ITU-T T.81, table B.1.
const (
	sof0  = 0xC0 // baseline
	sof2  = 0xC2 // progressive
	dht   = 0xC4
	jpg   = 0xC8
	dac   = 0xCC
	sof15 = 0xCF
	rst0  = 0xD0
	rst7  = 0xD7
	soi   = 0xD8
	eoi   = 0xD9
	sos   = 0xDA
	dqt   = 0xDB
	tem   = 0x01
)

// Component is one colour component as SOF declares it.
type Component struct {
	ID   byte
	H, V int // sampling factors, 1 to 4
	tq   byte
}

// JPEGHeader is what the markers of one JPEG say about it.
type JPEGHeader struct {
	Width, Height int // pixels
	Precision     int // bits a sample
	Progressive   bool
	Components    []Component
}

// Sampling gives the chroma subsampling in the usual notation, such as
// "4:2:0", "gray" for one component, or the factors where no name fits.
func (h JPEGHeader) Sampling() string {
	if len(h.Components) == 1 {
		return "gray"
	}
	if len(h.Components) == 3 && h.Components[1].same(1, 1) && h.Components[2].same(1, 1) {
		switch y := h.Components[0]; {
		case y.same(1, 1):
			return "4:4:4"
		case y.same(2, 1):
			return "4:2:2"
		case y.same(2, 2):
			return "4:2:0"
		case y.same(1, 2):
			return "4:4:0"
		case y.same(4, 1):
			return "4:1:1"
		}
	}
	var b bytes.Buffer
	for i, c := range h.Components {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%dx%d", c.H, c.V)
	}
	return b.String()
}

func (c Component) same(h, v int) bool { return c.H == h && c.V == v }

// ParseJPEG walks the markers of a whole JPEG at the start of b and gives its
// header and its length up to and including EOI; what follows is not looked
// at. It decodes nothing. The errors are those of JPEGScanner, and
// ErrMalformed where EOI is missing.
func ParseJPEG(b []byte) (JPEGHeader, int, error) {
	var s JPEGScanner
	n, err := s.Scan(b)
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: cut off after %d bytes, before EOI", ErrMalformed, len(b))
	}
	return s.header, n, err
}

// JPEGFrame makes a frame of the JPEG at the start of b: checked, without
// what follows EOI, and with the standard Huffman tables where the camera left
// them out (which costs the only copy). Its Format is prev if that fits, so
// that the frames of a run share one. Wall, PTS and Seq are left to others.
//
// The frame keeps b: the caller must not write to it afterwards. The errors
// are those of ParseJPEG.
func JPEGFrame(b []byte, prev *Format) (Frame, error) {
	var s JPEGScanner
	n, err := s.Scan(b)
	if err != nil {
		return Frame{}, err
	}
	if n == 0 {
		return Frame{}, fmt.Errorf("%w: cut off after %d bytes, before EOI", ErrMalformed, len(b))
	}
	data := b[:n:n]
	if s.huffmanMissing {
		data = insertHuffmanTables(data, s.firstScan)
	}
	format := prev
	if prev == nil || prev.Codec != JPEG || prev.Width != s.header.Width || prev.Height != s.header.Height {
		format = &Format{Codec: JPEG, Width: s.header.Width, Height: s.header.Height}
	}
	return Frame{Key: true, Format: format, Data: data}, nil
}
