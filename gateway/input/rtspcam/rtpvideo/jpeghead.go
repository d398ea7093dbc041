package rtpvideo

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Markers of ITU-T T.81, table B.1.
const (
	soi  = 0xD8
	eoi  = 0xD9
	sof0 = 0xC0
	dqt  = 0xDB
	dri  = 0xDD
	sos  = 0xDA
)

// quantTables are the two quantization tables of a picture, for brightness and
// colour, as DQT has them: in zigzag order, 64 bytes, or 128 where wide.
type quantTables struct {
	values [2][]byte
	wide   [2]bool // 16 bits a value
}

// parseTables reads the tables that came with a picture. Where there is only
// one, it is for both. precision has a bit for each table, set where it is wide
// (RFC 2435, 3.1.8). It gives nil where they are not whole.
func parseTables(b []byte, precision byte) *quantTables {
	b = bytes.Clone(b)
	t := new(quantTables)
	for i := range t.values {
		size := 64
		if t.wide[i] = precision>>i&1 != 0; t.wide[i] {
			size = 128
		}
		if i == 1 && len(b) == 0 {
			t.values[1], t.wide[1] = t.values[0], t.wide[0]
			return t
		}
		if len(b) < size {
			return nil
		}
		t.values[i], b = b[:size], b[size:]
	}
	return t
}

// baseTables are those of ITU-T T.81, K.1 and K.2, in zigzag order.
var baseTables = [2][64]byte{
	{
		16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
		26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
		56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
		95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
	},
	{
		17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	},
}

// scaledTables computes the tables for a Q below 128 (RFC 2435, 4.2 and
// appendix A), which are those of libjpeg for the same quality.
func scaledTables(q byte) *quantTables {
	factor := min(max(int(q), 1), 99)
	scale := 200 - 2*factor
	if factor < 50 {
		scale = 5000 / factor
	}
	t := new(quantTables)
	for i, table := range baseTables {
		t.values[i] = make([]byte, len(table))
		for j, v := range table {
			t.values[i][j] = byte(min(max((int(v)*scale+50)/100, 1), 255))
		}
	}
	return t
}

// jpeg puts the headers before a scan, and EOI behind it where it is missing.
// The standard Huffman tables, which all of these pictures use, are left to
// media.JPEGFrame.
func (h jpegHead) jpeg(scan []byte) []byte {
	b := make([]byte, 0, 512+len(scan))
	b = append(b, 0xFF, soi)
	for i, values := range h.quant.values {
		id := byte(i)
		if h.quant.wide[i] {
			id |= 0x10
		}
		b = segment(b, dqt, []byte{id}, values)
	}
	luma := byte(0x21) // horizontal and vertical sampling
	if h.kind&1 == 1 {
		luma = 0x22
	}
	size := binary.BigEndian.AppendUint16([]byte{8}, uint16(h.height))
	size = binary.BigEndian.AppendUint16(size, uint16(h.width))
	b = segment(b, sof0, size, []byte{3, 1, luma, 0, 2, 0x11, 1, 3, 0x11, 1})
	if h.restart > 0 {
		b = segment(b, dri, binary.BigEndian.AppendUint16(nil, uint16(h.restart)))
	}
	b = segment(b, sos, []byte{3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0})
	b = append(b, scan...)
	if !bytes.HasSuffix(scan, []byte{0xFF, eoi}) {
		b = append(b, 0xFF, eoi)
	}
	return b
}

// segment appends a marker segment.
func segment(b []byte, marker byte, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	b = append(b, 0xFF, marker)
	b = binary.BigEndian.AppendUint16(b, uint16(2+len(body)))
	return append(b, body...)
}
