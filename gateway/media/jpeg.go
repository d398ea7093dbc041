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
	// ErrCutOff: another picture begins, or a boundary stands, where the scan of
	// one should go on. If JPEGScanner.EndOfScan knows an end, EOI alone is
	// missing.
	ErrCutOff = fmt.Errorf("%w: cut off", ErrMalformed)
	// ErrTooManyPixels: a picture beyond MaxSide or MaxPixels.
	ErrTooManyPixels = errors.New("picture too large")
	// ErrTooManyScans: a picture beyond MaxScans or MaxScanPixels.
	ErrTooManyScans = fmt.Errorf("%w: more scans than a decoder can be asked to do", ErrMalformed)
	// ErrUnshowable: a proper JPEG of a kind that browsers do not show: lossless,
	// hierarchical, 12 bit, two components, arithmetic coding (Chromium does),
	// sampling factors that do not divide each other. CMYK is one of them: the
	// browsers show it, other viewers do not, or not in its colours.
	ErrUnshowable = errors.New("kind of JPEG that browsers cannot show")
)

// The largest picture that is taken from anywhere, read from its header
// before anything is decoded.
const (
	MaxSide   = 8192        // pixels a side
	MaxPixels = 7680 * 4320 // pixels
)

// The most scans that a picture is taken with. A decoder goes over all of the
// picture for each of them, though it takes a dozen bytes, so that a small file
// could keep it for as long as it likes. Encoders make 10, or 18 of four
// components; those that search for the best go up to about 30.
const (
	MaxScans      = 100
	MaxScanPixels = 20 * MaxPixels // scans times pixels
)

// Markers of ITU-T T.81, table B.1.
const (
	sof0  = 0xC0 // baseline
	sof2  = 0xC2 // progressive
	sof3  = 0xC3 // lossless
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
	dri   = 0xDD
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
	Lossless      bool
	Components    []Component
}

// Unshowable says what about a picture a decoder knows and browsers do not, or
// "" for a picture that browsers show.
func (h JPEGHeader) Unshowable() string {
	switch {
	case h.Lossless:
		return "lossless (SOF3)"
	case h.Precision != 8:
		return fmt.Sprintf("%d bits a sample", h.Precision)
	case len(h.Components) != 1 && len(h.Components) != 3:
		return fmt.Sprintf("%d colour components", len(h.Components))
	}
	return ""
}

// convertible says whether ffmpeg decodes a picture that browsers do not show,
// and rightly: what it does was looked at, for 5.1.9.
func (h JPEGHeader) convertible() bool {
	colours := len(h.Components)
	switch {
	case h.Lossless:
		return colours == 1 && h.Precision >= 2 || colours == 3 && (h.Precision == 8 || h.Precision == 16)
	case h.Precision == 12:
		return colours == 1 || colours == 3
	}
	return h.Precision == 8 && colours == 4
}

// fractional says that the factor of a component does not divide the largest,
// so that its samples do not fall on whole pixels. libjpeg, which browsers
// use, gives up on that, and so does ffmpeg.
func (h JPEGHeader) fractional() bool {
	maxH, maxV := h.sampling()
	for _, k := range h.Components {
		if maxH%k.H != 0 || maxV%k.V != 0 {
			return true
		}
	}
	return false
}

// sampling gives the largest sampling factors, to which those of components are
// relative.
func (h JPEGHeader) sampling() (maxH, maxV int) {
	maxH, maxV = 1, 1
	for _, k := range h.Components {
		maxH, maxV = max(maxH, k.H), max(maxV, k.V)
	}
	return maxH, maxV
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
// what follows EOI, with the standard Huffman tables where the camera left
// them out, and with EOI where nothing else is missing (which cost the only
// copies). Its Format is prev if that fits, so
// that the frames of a run share one. Wall, PTS and Seq are left to others.
//
// The frame keeps b: the caller must not write to it afterwards. The errors
// are those of ParseJPEG.
func JPEGFrame(b []byte, prev *Format) (Frame, error) {
	return jpegFrame(new(JPEGScanner), b, prev)
}

// AnyJPEGFrame is JPEGFrame that takes also the kinds of pictures which
// browsers do not show, where a decoder can make them showable. Their Format
// says so. It is for cameras; what somebody sends in is his to choose.
func AnyJPEGFrame(b []byte, prev *Format) (Frame, error) {
	return jpegFrame(&JPEGScanner{AnyKind: true}, b, prev)
}

func jpegFrame(s *JPEGScanner, b []byte, prev *Format) (Frame, error) {
	data, err := wholeJPEG(s, b)
	if err != nil {
		return Frame{}, err
	}
	if s.huffmanMissing {
		data = insertHuffmanTables(data, s.firstScan)
	}
	format := Format{Codec: JPEG, Width: s.header.Width, Height: s.header.Height, Unshowable: s.header.Unshowable() != ""}
	if prev != nil && prev.Codec == JPEG && prev.Width == format.Width && prev.Height == format.Height && prev.Unshowable == format.Unshowable {
		return Frame{Key: true, Format: prev, Data: data}, nil
	}
	return Frame{Key: true, Format: &format, Data: data}, nil
}

// wholeJPEG gives the picture at the start of b.
func wholeJPEG(s *JPEGScanner, b []byte) ([]byte, error) {
	n, err := s.Scan(b)
	switch kind := KindOf(b); {
	case kind != "" && errors.Is(err, ErrNotJPEG):
		return nil, fmt.Errorf("%w: it is %s", ErrNotJPEG, kind)
	case err != nil:
		return nil, err
	case n > 0:
		return b[:n:n], nil
	}
	if n = s.EndOfScan(b); n == 0 {
		return nil, fmt.Errorf("%w: cut off after %d bytes, before EOI", ErrMalformed, len(b))
	}
	return append(b[:n:n], 0xFF, eoi), nil
}
