package rtpvideo

import (
	"framegate/gateway/media"
	"framegate/transcode/h265"
)

// Types of packets beside those of NAL units (RFC 7798, 4.4).
const (
	packetAP         = 48 // aggregation packet
	packetFUOfH265   = 49 // fragmentation unit
	packetPACI       = 50 // payload content information
	lastPacketOfH265 = packetPACI
)

// h265Codec is H.265 in packets as of RFC 7798, which come in the order of
// decoding: there are no numbers of that order in them (DONL).
type h265Codec struct {
	framer media.H265Framer
	inner  []byte // of a PACI packet
}

func (c *h265Codec) headerSize() int { return h265.HeaderSize }

// packet passes over what is of layers above the first, as decoders do (ITU-T
// H.265, 7.4.2.2). That of an aggregation packet is the lowest of all in it.
func (c *h265Codec) packet(b []byte) (packetKind, []byte) {
	const forbidden = 0x80 // forbidden_zero_bit
	wrapped := len(b) >= h265.HeaderSize && h265.Type(b) == packetPACI
	if wrapped {
		b = c.unwrap(b)
	}
	if len(b) < h265.HeaderSize || b[0]&forbidden != 0 {
		return badPacket, b
	}
	switch kind := h265.Type(b); {
	case kind > lastPacketOfH265, kind == packetPACI && wrapped:
		return badPacket, b
	case h265.Layer(b) > 0:
		return foreignPacket, b
	case kind == packetAP:
		return severalUnits, b
	case kind == packetFUOfH265:
		return pieceOfUnit, b
	}
	return oneUnit, b
}

// unwrap gives a copy of what a PACI packet carries, with the header that it has
// without that, and nothing if it is cut off (RFC 7798, 4.4.4). What it says of
// its content is for other receivers.
func (c *h265Codec) unwrap(b []byte) []byte {
	const fixed = h265.HeaderSize + 2
	if len(b) < fixed {
		return nil
	}
	said := int(b[2]&1)<<4 | int(b[3]>>4) // PHSsize
	if len(b) < fixed+said {
		return nil
	}
	c.inner = append(c.inner[:0], b[2]&0xFE|b[0]&1, b[1])
	c.inner = append(c.inner, b[fixed+said:]...)
	return c.inner
}

func (c *h265Codec) piece(b []byte) (p fragment, ok bool) {
	const start, end = 0x80, 0x40
	if len(b) < h265.HeaderSize+1 {
		return p, false
	}
	return fragment{header: [2]byte{b[0]&0x81 | b[2]&0x3F<<1, b[1]}, first: b[2]&start != 0, last: b[2]&end != 0, data: b[3:]}, true
}

// unit takes no unit for one that says of itself that it was damaged, or is of
// no sub-layer of time.
func (c *h265Codec) unit(b []byte) unitKind {
	if len(b) < h265.HeaderSize || b[0]&0x80 != 0 || b[1]&7 == 0 {
		return badUnit
	}
	switch kind := h265.Type(b); {
	case h265.Layer(b) > 0, kind >= packetAP: // from there on they are nobody's, or packets within packets
		return foreignUnit
	case h265.IsPicture(b):
		return sliceUnit
	case h265.IsSet(b):
		return setUnit
	case kind == h265.TypeDelimiter:
		return delimiter
	case kind == h265.TypeSuffixSEI:
		return suffixUnit
	}
	return otherUnit
}

// slice goes by first_slice_segment_in_pic_flag, the first bit behind the header
// (ITU-T H.265, 7.3.6.1).
func (c *h265Codec) slice(head []byte) slicePlace {
	if len(head) <= h265.HeaderSize {
		return slicePlace{}
	}
	first := head[h265.HeaderSize]&0x80 != 0
	return slicePlace{read: true, first: first, begins: first}
}

func (c *h265Codec) announce(sets ...[]byte) { c.framer.Announce(sets...) }

func (c *h265Codec) frame(units [][]byte) (media.Frame, bool, error) { return c.framer.Frame(units) }
