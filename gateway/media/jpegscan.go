package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// JPEGScanner finds the true end of a JPEG whose bytes are still arriving, by
// walking its segments and its entropy-coded data (ITU-T T.81, annex B). No
// byte is looked at twice, so the end is known with the very byte that brings
// it, and thumbnails inside a segment do not mislead it.
//
// On the way it checks what decoders insist on (sizes, tables, scans), so that
// a picture it passes is one that a browser shows. The zero value is ready for
// a picture's first byte. It is not safe for concurrent use.
type JPEGScanner struct {
	// AnyKind is set to take also kinds of pictures that browsers do not show,
	// where a decoder can make them showable (JPEGHeader.Unshowable tells):
	// lossless, 12 bit, four components.
	AnyKind bool
	// Mark is what no scan holds and a boundary begins with: where it stands in
	// entropy-coded data the picture is cut off. In a header segment, whose
	// length is known, it is part of that, unless another picture begins behind
	// it. Nil looks for nothing.
	Mark []byte

	pos    int  // everything before it is walked
	inScan bool // pos stands in entropy-coded data

	header         JPEGHeader
	sof            byte  // the SOF marker seen, or 0
	quant          uint8 // bit n: quantisation table n is defined
	dcTables       uint8 // bit n: Huffman table n is defined
	acTables       uint8 //
	dcLarge        uint8 // bit n: Huffman table n for DC has categories that only lossless pictures know
	firstScan      int   // offset of the first SOS marker, or 0
	scans          int   // begun so far
	scanAt         int   // offset of the last scan's data, or 0
	searched       int   // bytes before this hold no Mark that would matter
	cutAt          int   // offset of the Mark that cuts the picture off, or 0
	entropy        int   // bytes of entropy-coded data so far
	huffmanMissing bool  // relies on the standard tables without carrying them

	// What EndOfScan needs to know.
	tableAt      [2][4]int    // offsets of the Huffman tables for DC and AC, behind their names
	restartEvery int          // units
	selections   [4]selection // of the last scan
	selected     int          // of them are
	covered      uint8        // bit n: component n is in a scan
	units        *units
}

// selection is a component of a scan, and the tables it is coded with.
type selection struct {
	index  int
	dc, ac byte
}

// Header gives what is known of the picture so far; it is complete once Scan
// has given a length.
func (s *JPEGScanner) Header() JPEGHeader { return s.header }

// Reset makes the scanner ready for another picture, to be taken or not as
// AnyKind and Mark say.
func (s *JPEGScanner) Reset() {
	*s = JPEGScanner{AnyKind: s.AnyKind, Mark: s.Mark}
}

// Scan walks on through b, which holds the picture from its first byte on:
// what it held at the last call and what has come since. It gives the
// picture's length up to and including EOI, or 0 while that has not come.
// After an error the scanner must be Reset.
func (s *JPEGScanner) Scan(b []byte) (int, error) {
	if s.pos == 0 {
		if len(b) > 0 && b[0] != 0xFF || len(b) > 1 && b[1] != soi {
			return 0, ErrNotJPEG
		}
		if len(b) < 2 {
			return 0, nil
		}
		s.pos = 2
	}
	for {
		if s.inScan {
			more := s.skipEntropy(b)
			if s.marked(b) {
				return 0, fmt.Errorf("%w by the next part (near byte %d)", ErrCutOff, s.cutAt)
			}
			if !more {
				return 0, nil
			}
		}
		marker, segment, ok, err := s.nextSegment(b)
		if err != nil || !ok {
			return 0, err
		}
		if marker == eoi {
			return s.end()
		}
		if err := s.take(marker, segment); err != nil {
			return 0, err
		}
	}
}

// skipEntropy moves over entropy-coded data with its stuffed bytes and
// restart markers (T.81, B.1.1.5) up to the next marker, if that has come.
func (s *JPEGScanner) skipEntropy(b []byte) bool {
	from := s.pos
	defer func() { s.entropy += s.pos - from }()
	for {
		i := bytes.IndexByte(b[s.pos:], 0xFF)
		if i < 0 {
			s.pos = len(b)
			return false
		}
		s.pos += i
		if s.pos+1 >= len(b) {
			return false
		}
		switch c := b[s.pos+1]; {
		case c == 0, rst0 <= c && c <= rst7:
			s.pos += 2
		case c == 0xFF:
			s.pos++
		default:
			s.inScan = false
			return true
		}
	}
}

// marked says whether a Mark stands in what was walked of the scan, and where.
func (s *JPEGScanner) marked(b []byte) bool {
	if len(s.Mark) == 0 {
		return false
	}
	from := max(s.scanAt, s.searched-len(s.Mark)+1)
	s.searched = s.pos
	i := bytes.Index(b[from:s.pos], s.Mark)
	if i < 0 {
		return false
	}
	s.cutAt = len(withoutLineEnd(b[:from+i]))
	return true
}

// nextSegment takes the marker at pos and, if it has one, the segment's
// content. It gives ok = false, and stays, until all of it has come.
func (s *JPEGScanner) nextSegment(b []byte) (marker byte, segment []byte, ok bool, err error) {
	p := s.pos
	if p >= len(b) {
		return 0, nil, false, nil
	}
	if b[p] != 0xFF {
		return 0, nil, false, s.malformed("0x%02x where a marker must stand", b[p])
	}
	for p < len(b) && b[p] == 0xFF { // fill bytes: T.81, B.1.1.2
		p++
	}
	if p >= len(b) {
		s.pos = p - 1
		return 0, nil, false, nil
	}
	marker = b[p]
	p++
	switch {
	case marker == eoi, marker == tem, rst0 <= marker && marker <= rst7:
		s.pos = p
		return marker, nil, true, nil
	case marker == soi:
		return 0, nil, false, fmt.Errorf("%w: another picture starts before EOI (near byte %d)", ErrCutOff, s.pos)
	case marker == 0:
		return 0, nil, false, s.malformed("stuffed byte outside of a scan")
	}
	if p+2 > len(b) {
		return 0, nil, false, nil
	}
	n := int(binary.BigEndian.Uint16(b[p:]))
	if n < 2 {
		return 0, nil, false, s.malformed("segment 0xff%02x of %d bytes", marker, n)
	}
	if s.partBegins(b[p:min(p+n, len(b))]) {
		return 0, nil, false, fmt.Errorf("%w by the next part (near byte %d)", ErrCutOff, s.pos)
	}
	if p+n > len(b) {
		return 0, nil, false, nil
	}
	if marker == sos && s.firstScan == 0 {
		s.firstScan = p - 2
	}
	s.pos = p + n
	return marker, b[p+2 : p+n], true, nil
}

// partBegins says whether a segment, as far as it has come, holds a Mark and
// behind it, at the start of a line, a picture.
func (s *JPEGScanner) partBegins(segment []byte) bool {
	if len(s.Mark) == 0 {
		return false
	}
	i := bytes.Index(segment, s.Mark)
	return i >= 0 && bytes.Contains(segment[i:], []byte{'\n', 0xFF, soi, 0xFF})
}

// take notes what one segment says.
func (s *JPEGScanner) take(marker byte, segment []byte) error {
	switch {
	case marker == dqt:
		return s.takeQuantTables(segment)
	case marker == dht:
		return s.takeHuffmanTables(segment)
	case marker == sos:
		return s.takeScan(segment)
	case marker == dri && len(segment) == 2:
		s.restartEvery = int(binary.BigEndian.Uint16(segment))
	case marker == jpg || marker == dac:
		return s.hopeless("arithmetic coding")
	case sof0 <= marker && marker <= sof15:
		return s.takeFrameHeader(marker, segment)
	}
	return nil
}

// takeFrameHeader reads SOFn: T.81, B.2.2.
func (s *JPEGScanner) takeFrameHeader(marker byte, b []byte) error {
	if s.sof != 0 {
		return s.malformed("two frame headers")
	}
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return s.malformed("frame header of %d bytes", len(b))
	}
	s.sof = marker
	s.header.Precision = int(b[0])
	s.header.Height = int(binary.BigEndian.Uint16(b[1:]))
	s.header.Width = int(binary.BigEndian.Uint16(b[3:]))
	s.header.Progressive, s.header.Lossless = marker == sof2, marker == sof3
	s.header.Components = make([]Component, 0, b[5])
	for c := b[6:]; len(c) > 0; c = c[3:] {
		k := Component{ID: c[0], H: int(c[1] >> 4), V: int(c[1] & 15), tq: c[2]}
		if k.H < 1 || k.H > 4 || k.V < 1 || k.V > 4 || k.tq > 3 {
			return s.malformed("component %d with sampling %dx%d, table %d", k.ID, k.H, k.V, k.tq)
		}
		s.header.Components = append(s.header.Components, k)
	}
	return s.checkPicture()
}

// checkPicture refuses sizes and kinds as soon as the frame header tells them.
func (s *JPEGScanner) checkPicture() error {
	h := s.header
	switch {
	case h.Width == 0 || h.Height == 0:
		return s.malformed("picture of %dx%d pixels", h.Width, h.Height)
	case h.Width > MaxSide || h.Height > MaxSide || h.Width*h.Height > MaxPixels:
		return fmt.Errorf("%w: %dx%d, of at most %d a side and %d pixels", ErrTooManyPixels, h.Width, h.Height, MaxSide, MaxPixels)
	case s.sof > jpg:
		return s.hopeless(fmt.Sprintf("arithmetic coding (SOF%d)", s.sof-sof0))
	case s.sof > sof3:
		return s.hopeless(fmt.Sprintf("hierarchical (SOF%d)", s.sof-sof0))
	case h.fractional():
		return s.hopeless("sampling " + h.Sampling())
	case h.Unshowable() != "" && !h.convertible():
		return s.hopeless(h.Unshowable())
	case h.Unshowable() != "" && !s.AnyKind:
		return fmt.Errorf("%w: %s", ErrUnshowable, h.Unshowable())
	}
	return nil
}

// hopeless refuses a kind of picture that neither browsers nor ffmpeg know.
func (s *JPEGScanner) hopeless(kind string) error {
	if s.AnyKind {
		kind += ", which ffmpeg cannot convert either"
	}
	return fmt.Errorf("%w: %s", ErrUnshowable, kind)
}

// takeQuantTables reads DQT: T.81, B.2.4.1.
func (s *JPEGScanner) takeQuantTables(b []byte) error {
	for len(b) > 0 {
		size := 1 + 64*(1+int(b[0]>>4))
		if b[0]>>4 > 1 || b[0]&15 > 3 || len(b) < size {
			return s.malformed("quantisation table 0x%02x of %d bytes", b[0], len(b))
		}
		s.quant |= 1 << (b[0] & 15)
		b = b[size:]
	}
	return nil
}

// takeHuffmanTables reads DHT: T.81, B.2.4.2. A table that asks for more codes
// than there are makes decoders give up, so it is refused.
func (s *JPEGScanner) takeHuffmanTables(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 > 1 || b[0]&15 > 3 {
			return s.malformed("Huffman table 0x%02x of %d bytes", b[0], len(b))
		}
		codes, symbols := 0, 0
		for length := 1; length <= 16; length++ {
			codes = codes<<1 + int(b[length])
			symbols += int(b[length])
			if codes > 1<<length {
				return s.malformed("Huffman table 0x%02x has too many codes of %d bits", b[0], length)
			}
		}
		if symbols > 256 || len(b) < 17+symbols {
			return s.malformed("Huffman table 0x%02x of %d symbols in %d bytes", b[0], symbols, len(b)-17)
		}
		s.tableAt[b[0]>>4][b[0]&15] = s.pos - len(b) + 1
		table := uint8(1) << (b[0] & 15)
		if b[0]>>4 == 0 {
			s.dcTables |= table
			s.dcLarge &^= table
			if slices.Max(append(b[17:17+symbols:17+symbols], 0)) > 15 {
				s.dcLarge |= table
			}
		} else {
			s.acTables |= table
		}
		b = b[17+symbols:]
	}
	return nil
}

// takeScan reads SOS (T.81, B.2.3) and checks that what the scan needs has
// come before it.
func (s *JPEGScanner) takeScan(b []byte) error {
	if s.sof == 0 {
		return s.malformed("scan before the frame header")
	}
	if len(b) < 1 || b[0] < 1 || int(b[0]) > len(s.header.Components) || len(b) != 4+2*int(b[0]) {
		return s.malformed("scan header of %d bytes", len(b))
	}
	selected, spectral := b[1:1+2*int(b[0])], b[1+2*int(b[0]):]
	dc, ac, err := s.scanNeeds(int(b[0]), spectral)
	if err != nil {
		return err
	}
	blocks := 0
	s.scanAt, s.selected = s.pos, 0
	for c := selected; len(c) > 0; c = c[2:] {
		i := s.component(c[0])
		if i < 0 {
			return s.malformed("scan of component %d without its header", c[0])
		}
		k := s.header.Components[i]
		if s.quant&(1<<k.tq) == 0 && !s.header.Lossless {
			return s.malformed("scan of component %d without its quantisation table", c[0])
		}
		if err := s.checkHuffman(c[1]>>4, c[1]&15, dc, ac); err != nil {
			return err
		}
		blocks += k.H * k.V
		s.selections[s.selected] = selection{i, c[1] >> 4, c[1] & 15}
		s.selected++
		s.covered |= 1 << i
	}
	if b[0] > 1 && blocks > 10 { // T.81, B.2.3
		return s.malformed("%d blocks in a unit of a scan", blocks)
	}
	s.inScan = true
	return s.countScan()
}

// countScan refuses a scan that is one too many, before its data is looked at.
func (s *JPEGScanner) countScan() error {
	s.scans++
	if pixels := s.header.Width * s.header.Height; s.scans > MaxScans || s.scans*pixels > MaxScanPixels {
		return fmt.Errorf("%w: %d scans of %dx%d pixels, of at most %d and %d pixels in all (near byte %d)",
			ErrTooManyScans, s.scans, s.header.Width, s.header.Height, MaxScans, MaxScanPixels, s.pos)
	}
	return nil
}

// scanNeeds says which Huffman tables a scan decodes with: both for a
// sequential one; the first for a lossless one (T.81, H.1); for a progressive
// one what its spectral selection and successive approximation (G.1.1.1) tell.
func (s *JPEGScanner) scanNeeds(components int, spectral []byte) (dc, ac bool, err error) {
	if s.header.Lossless {
		if spectral[0] < 1 || spectral[0] > 7 || int(spectral[2]&15) >= s.header.Precision {
			return false, false, s.malformed("lossless scan with predictor %d, shifted by %d", spectral[0], spectral[2]&15)
		}
		return true, false, nil
	}
	if !s.header.Progressive {
		return true, true, nil
	}
	start, end := spectral[0], spectral[1]
	high, low := spectral[2]>>4, spectral[2]&15
	valid := start == 0 && end == 0 || start > 0 && end >= start && end < 64 && components == 1
	if !valid || low > 13 || high != 0 && high != low+1 {
		return false, false, s.malformed("progressive scan of %d-%d, %d-%d", start, end, high, low)
	}
	return start == 0 && high == 0, start > 0, nil
}

// component gives the place of a component among those of the frame, or -1.
func (s *JPEGScanner) component(id byte) int {
	return slices.IndexFunc(s.header.Components, func(k Component) bool { return k.ID == id })
}

// checkHuffman sees to it that the tables a component names are there. A
// sequential picture without any table means the standard ones (T.81, K.3),
// as cameras do that speak of "MJPEG" in the manner of AVI files.
func (s *JPEGScanner) checkHuffman(dcID, acID byte, dc, ac bool) error {
	if s.dcTables|s.acTables == 0 && !s.header.Progressive && !s.header.Lossless && s.header.Precision == 8 && dcID < 2 && acID < 2 {
		s.huffmanMissing = true
		return nil
	}
	if s.huffmanMissing || dc && s.dcTables&(1<<dcID) == 0 || ac && s.acTables&(1<<acID) == 0 {
		return s.malformed("scan needs Huffman tables %d and %d, which are not there", dcID, acID)
	}
	if dc && s.dcLarge&(1<<dcID) != 0 && !s.header.Lossless {
		return s.malformed("Huffman table %d has categories over 15", dcID)
	}
	return nil
}

// end gives the picture's length at its EOI, if it can be whole.
func (s *JPEGScanner) end() (int, error) {
	if s.firstScan == 0 {
		return 0, s.malformed("EOI before any scan")
	}
	if s.entropy < s.leastEntropy() {
		return 0, s.malformed("%d bytes cannot hold %dx%d pixels", s.entropy, s.header.Width, s.header.Height)
	}
	return s.pos, nil
}

// leastEntropy is the least number of bytes that the picture can take: a block
// of a sequential scan takes two bits, for its DC and the end of its AC
// coefficients; a sample of a lossless one takes one.
func (s *JPEGScanner) leastEntropy() int {
	if s.header.Progressive {
		return 0
	}
	side, bits := 8, 2
	if s.header.Lossless {
		side, bits = 1, 1
	}
	maxH, maxV := s.header.sampling()
	units := 0
	for _, k := range s.header.Components {
		across := (s.header.Width*k.H + side*maxH - 1) / (side * maxH)
		down := (s.header.Height*k.V + side*maxV - 1) / (side * maxV)
		units += across * down
	}
	return units * bits / 8
}

func (s *JPEGScanner) malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format+" (near byte %d)", append(append([]any{ErrMalformed}, args...), s.pos)...)
}
