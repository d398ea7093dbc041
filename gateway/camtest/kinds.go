package camtest

import (
	"encoding/binary"
	"math/bits"
)

// Kind is a kind of JPEG that PictureOfKind draws. Zero fields mean: as of a
// usual gray picture.
type Kind struct {
	SOF       byte     // the marker of its process: 0xC0 baseline, 0xC1, 0xC2 progressive, 0xC3 lossless
	Precision int      // bits a sample
	Sampling  [][2]int // the factors of each component
	Adobe     bool     // with the marker of Adobe's CMYK, which is stored inverted
}

// The kinds of JPEG that one or the other viewer does not show.
var (
	Gray12      = Kind{SOF: 0xC1, Precision: 12}
	Colour12    = Kind{SOF: 0xC1, Precision: 12, Sampling: [][2]int{{2, 2}, {1, 1}, {1, 1}}}
	CMYK        = Kind{Sampling: [][2]int{{1, 1}, {1, 1}, {1, 1}, {1, 1}}, Adobe: true}
	Lossless    = Kind{SOF: 0xC3}
	Lossless16  = Kind{SOF: 0xC3, Precision: 16}
	Progressive = Kind{SOF: 0xC2, Precision: 12, Sampling: [][2]int{{2, 1}, {1, 1}, {1, 1}}}
	YCbCr411    = Kind{Sampling: [][2]int{{4, 1}, {1, 1}, {1, 1}}}
	TwoColours  = Kind{Sampling: [][2]int{{1, 1}, {1, 1}}}
	Fractional  = Kind{Sampling: [][2]int{{3, 1}, {2, 1}, {1, 1}}}
)

// PictureOfKind draws a numbered JPEG of some kind, of blocks of one
// brightness each. It is made by hand, because no encoder at hand makes all of
// them. Sides are 128 pixels at least.
func PictureOfKind(k Kind, n, width, height int) []byte {
	if k.SOF == 0 {
		k.SOF = 0xC0
	}
	if k.Precision == 0 {
		k.Precision = 8
	}
	if len(k.Sampling) == 0 {
		k.Sampling = [][2]int{{1, 1}}
	}
	b := []byte{0xFF, 0xD8}
	if k.Adobe {
		b = appendSegment(b, 0xEE, append([]byte("Adobe\x00\x64"), 0, 0, 0, 0, 0))
	}
	b = appendSegment(b, 0xDB, append([]byte{0}, filled(64, 8)...)) // so that DC is the brightness
	frame := []byte{byte(k.Precision), byte(height >> 8), byte(height), byte(width >> 8), byte(width), byte(len(k.Sampling))}
	scan := []byte{byte(len(k.Sampling))}
	for i, s := range k.Sampling {
		frame = append(frame, byte(i+1), byte(s[0]<<4|s[1]), 0)
		scan = append(scan, byte(i+1), 0)
	}
	b = appendSegment(b, k.SOF, frame)
	categories := 16 // of differences, each with a code of five bits
	if k.SOF == 0xC3 {
		categories = 17 // T.81, table H.2
	}
	dc := append([]byte{0, 0, 0, 0, 0, byte(categories)}, filled(11, 0)...)
	for i := range categories {
		dc = append(dc, byte(i))
	}
	b = appendSegment(b, 0xC4, dc)
	b = appendSegment(b, 0xC4, append([]byte{0x10, 1}, filled(16, 0)...)) // the end of a block, in one bit
	switch k.SOF {
	case 0xC3:
		scan = append(scan, 1, 0, 0) // each sample is predicted by the one to its left
	case 0xC2:
		scan = append(scan, 0, 0, 0) // no AC at all
	default:
		scan = append(scan, 0, 63, 0)
	}
	b = appendSegment(b, 0xDA, scan)
	d := &drawing{kind: k, number: uint16(n), width: width, height: height, previous: make([]int, len(k.Sampling))}
	if k.SOF == 0xC3 {
		d.samples()
	} else {
		d.blocks()
	}
	return append(append(b, d.done()...), 0xFF, 0xD9)
}

func filled(n int, value byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = value
	}
	return b
}

func appendSegment(b []byte, marker byte, body []byte) []byte {
	b = binary.BigEndian.AppendUint16(append(b, 0xFF, marker), uint16(2+len(body)))
	return append(b, body...)
}

// drawing is the scan of a picture as it is made.
type drawing struct {
	kind          Kind
	number        uint16
	width, height int
	previous      []int // what each component is predicted by

	b     []byte
	value uint64
	held  int // bits in value
}

// blocks draws the picture in units of what the sampling factors say, each
// block with DC alone (T.81, A.2.3).
func (d *drawing) blocks() {
	maxH, maxV := 1, 1
	for _, s := range d.kind.Sampling {
		maxH, maxV = max(maxH, s[0]), max(maxV, s[1])
	}
	middle := 1 << (d.kind.Precision - 1)
	for y := 0; y < d.height; y += 8 * maxV {
		for x := 0; x < d.width; x += 8 * maxH {
			for i, s := range d.kind.Sampling {
				for block := range s[0] * s[1] {
					across, down := 8*maxH/s[0], 8*maxV/s[1] // pixels of a block
					level := d.sample(i, x+block%s[0]*across+across/2, y+block/s[0]*down+down/2) - middle
					d.difference(level - d.previous[i])
					d.previous[i] = level
					if d.kind.SOF != 0xC2 {
						d.put(0, 1)
					}
				}
			}
		}
	}
}

// samples draws the picture without loss (T.81, H.1.2).
func (d *drawing) samples() {
	for y := range d.height {
		for x := range d.width {
			for i := range d.kind.Sampling {
				level := d.sample(i, x, y)
				switch {
				case x > 0:
					d.difference(level - d.sample(i, x-1, y))
				case y > 0:
					d.difference(level - d.sample(i, x, y-1))
				default:
					d.difference(level - 1<<(d.kind.Precision-1))
				}
			}
		}
	}
}

// sample gives the value of a component at a pixel.
func (d *drawing) sample(component, x, y int) int {
	x, y = min(x, d.width-1), min(y, d.height-1)
	level := 16
	if cellBit(d.number, x*cellsAcross/d.width, y*cellsDown/d.height) {
		level = 239
	}
	scale := d.kind.Precision - 8
	switch {
	case d.kind.Adobe && component == 3, !d.kind.Adobe && component == 0:
		return level << scale
	case d.kind.Adobe:
		return 255 << scale // no ink
	}
	return 128 << scale
}

// difference writes one with its category (T.81, F.1.2.1), modulo 2^16 (H.1.2.1).
func (d *drawing) difference(v int) {
	v = int(int16(v))
	size := bits.Len(uint(max(v, -v)))
	d.put(size, 5)
	if v < 0 {
		v += 1<<size - 1
	}
	if size < 16 { // 32768 is the only one of its category
		d.put(v, size)
	}
}

func (d *drawing) put(v, n int) {
	d.value, d.held = d.value<<n|uint64(v), d.held+n
	for d.held >= 8 {
		c := byte(d.value >> (d.held - 8))
		d.b, d.held = append(d.b, c), d.held-8
		if c == 0xFF {
			d.b = append(d.b, 0)
		}
	}
}

// done fills up the last byte with ones, and gives all.
func (d *drawing) done() []byte {
	if d.held > 0 {
		d.put(1<<(8-d.held)-1, 8-d.held)
	}
	return d.b
}
