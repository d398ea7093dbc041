package rtspserver

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"framegate/gateway/media"
)

// Markers of ITU-T T.81, table B.1.
const (
	markSOF0 = 0xC0 // baseline
	markDHT  = 0xC4
	markEOI  = 0xD9
	markSOS  = 0xDA
	markDQT  = 0xDB
	markDRI  = 0xDD
)

// maxJPEGSide bounds a picture: packets tell its sides in a byte each, in eights of
// pixels.
const maxJPEGSide = 255 * 8

// jpegPicture is what packets have of a JPEG: RFC 2435, 3.1. It refers to the JPEG's
// bytes.
type jpegPicture struct {
	kind          byte // 0 is 4:2:2 and 1 is 4:2:0; plus 64 with restart markers
	width, height byte // eights of pixels
	restart       uint16
	tables        [2][]byte // of quantization: of brightness and of colours
	scan          []byte
}

// readJPEG finds in a whole JPEG what packets have of it. The error says, to a person,
// why packets cannot carry it: who gets them makes all else of its headers by what
// RFC 2435 has.
func readJPEG(b []byte) (jpegPicture, error) {
	r := jpegReader{}
	for rest := b[min(2, len(b)):]; ; {
		for len(rest) > 1 && rest[0] == 0xFF && rest[1] == 0xFF { // fill bytes: T.81, B.1.1.2
			rest = rest[1:]
		}
		if len(rest) < 4 || rest[0] != 0xFF || int(binary.BigEndian.Uint16(rest[2:])) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest[2:])) {
			return jpegPicture{}, errCutJPEG
		}
		n := 2 + int(binary.BigEndian.Uint16(rest[2:]))
		if err := r.take(rest[1], rest[4:n]); err != nil {
			return jpegPicture{}, err
		}
		if rest[1] == markSOS {
			r.scan = bytes.TrimSuffix(rest[n:], []byte{0xFF, markEOI})
			return r.jpegPicture, nil
		}
		rest = rest[n:]
	}
}

// notCarried says why a picture cannot be carried.
type notCarried string

// Error says so.
func (e notCarried) Error() string { return "no JPEG that RTP carries (RFC 2435): " + string(e) }

const errCutJPEG = notCarried("its headers are cut off")

// jpegReader reads the headers of a JPEG.
type jpegReader struct {
	jpegPicture
	parts   []byte       // of the frame header: three bytes for each component
	quant   [4][]byte    // tables, by number
	huffman [2][4]colour // which standard tables those are, by class and number
}

// colour says for which components a table is.
type colour byte

const (
	ofNone colour = iota
	ofBrightness
	ofColours
)

// take takes a segment.
func (r *jpegReader) take(marker byte, b []byte) error {
	switch {
	case marker == markDQT:
		return r.takeQuant(b)
	case marker == markDHT:
		return r.takeHuffman(b)
	case marker == markSOF0:
		return r.takeFrame(b)
	case marker == markSOS:
		return r.takeScan(b)
	case marker == markDRI && len(b) == 2:
		if r.restart = binary.BigEndian.Uint16(b); r.restart > 0 {
			r.kind |= 64
		} else {
			r.kind &^= 64
		}
	case marker > markSOF0 && marker < 0xD0 && marker != 0xC8:
		return notCarried("it is progressive, or otherwise not baseline")
	}
	return nil
}

// takeQuant takes tables of quantization: T.81, B.2.4.1.
func (r *jpegReader) takeQuant(b []byte) error {
	for ; len(b) > 0; b = b[65:] {
		if b[0] > 3 || len(b) < 65 {
			return notCarried("its tables of quantization have 16 bits a value")
		}
		r.quant[b[0]] = b[1:65]
	}
	return nil
}

// takeHuffman takes tables of codes, which have to be the standard ones: T.81, B.2.4.2
// and K.3.
func (r *jpegReader) takeHuffman(b []byte) error {
	for len(b) > 0 {
		n := 17
		if len(b) < n || b[0]&0x0F > 3 || b[0]>>4 > 1 {
			return errCutJPEG
		}
		for _, codes := range b[1:17] {
			n += int(codes)
		}
		if len(b) < n {
			return errCutJPEG
		}
		class := int(b[0] >> 4)
		is := ofNone
		for _, c := range []colour{ofBrightness, ofColours} {
			if bytes.Equal(b[1:n], media.StandardHuffman(class, c == ofColours)) {
				is = c
			}
		}
		r.huffman[class][b[0]&0x0F] = is
		b = b[n:]
	}
	return nil
}

// takeFrame takes the header of the frame: T.81, B.2.2.
func (r *jpegReader) takeFrame(b []byte) error {
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return errCutJPEG
	}
	height, width := int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if width == 0 || height == 0 || width%8 != 0 || height%8 != 0 || width > maxJPEGSide || height > maxJPEGSide {
		return notCarried(fmt.Sprintf("it is %dx%d, and its sides have to be multiples of 8 up to %d", width, height, maxJPEGSide))
	}
	r.parts = b[6:]
	if len(r.parts) != 9 || r.parts[4] != 0x11 || r.parts[7] != 0x11 || r.parts[1] != 0x21 && r.parts[1] != 0x22 {
		return notCarried("its colours are neither 4:2:0 nor 4:2:2")
	}
	r.width, r.height = byte(width/8), byte(height/8)
	if r.parts[1] == 0x22 {
		r.kind |= 1
	}
	return nil
}

// takeScan takes the header of the scan, of which there has to be one: T.81, B.2.3.
func (r *jpegReader) takeScan(b []byte) error {
	if len(r.parts) != 9 || len(b) != 10 || b[0] != 3 {
		return notCarried("it has more than one scan")
	}
	for i := range 3 {
		part, tables, want := r.parts[3*i:3*i+3], b[2+2*i], ofColours
		if i == 0 {
			want = ofBrightness
		}
		dc, ac := tables>>4, tables&0x0F
		switch {
		case b[1+2*i] != part[0]:
			return notCarried("its components are in another order")
		case dc > 3 || ac > 3 || part[2] > 3 || r.quant[part[2]] == nil:
			return errCutJPEG
		case r.huffman[0][dc] != want || r.huffman[1][ac] != want:
			return notCarried("its Huffman tables are its own, not the standard ones")
		}
	}
	r.tables = [2][]byte{r.quant[r.parts[2]], r.quant[r.parts[5]]}
	if !bytes.Equal(r.tables[1], r.quant[r.parts[8]]) {
		return notCarried("it has three tables of quantization")
	}
	return nil
}

// takes says whether a frame can be carried, and reads what is needed for that.
func (p *packer) takes(f *media.Frame) (err error) {
	if f.Format.Codec == media.JPEG {
		p.jpeg, err = readJPEG(f.Data)
	}
	return err
}

// appendJPEG appends the JPEG that was read last, with its tables in front.
func (p *packer) appendJPEG(b []byte, timestamp uint32) []byte {
	const tablesFollow = 255 // each picture has its own
	j := &p.jpeg
	var room [8 + 4 + 4 + 2*64]byte
	for at := 0; at < len(j.scan); {
		head := append(room[:0], 0, byte(at>>16), byte(at>>8), byte(at), j.kind, tablesFollow, j.width, j.height)
		if j.restart > 0 {
			head = append(head, byte(j.restart>>8), byte(j.restart), 0xFF, 0xFF) // pieces end where they will
		}
		if at == 0 {
			head = append(head, 0, 0, 0, 2*64)
			head = append(append(head, j.tables[0]...), j.tables[1]...)
		}
		n := min(len(j.scan)-at, maxPayload-len(head))
		b = p.appendPacket(b, timestamp, at+n == len(j.scan), head, j.scan[at:at+n])
		at += n
	}
	return b
}
