package rtpvideo

import (
	"framegate/gateway/media"
	"framegate/transcode/h264"
)

// Types of packets beside those of NAL units (RFC 6184, 5.2).
const (
	unitLast   = 23
	packetSTAP = 24 // STAP-A
	packetFU   = 28 // FU-A
)

// h264Codec is H.264 in packets as of RFC 6184.
type h264Codec struct {
	framer media.H264Framer
	last   h264.Slice
}

func (c *h264Codec) headerSize() int { return 1 }

func (c *h264Codec) packet(b []byte) (packetKind, []byte) {
	const forbidden = 0x80 // forbidden_zero_bit
	kind := b[0] & 0x1F
	switch {
	case b[0]&forbidden != 0:
		return badPacket, b
	case kind == packetSTAP:
		return severalUnits, b
	case kind == packetFU:
		return pieceOfUnit, b
	case kind > unitLast, kind == 0: // other modes of packetization, or garbage
		return badPacket, b
	}
	return oneUnit, b
}

func (c *h264Codec) piece(b []byte) (p fragment, ok bool) {
	const start, end = 0x80, 0x40
	if len(b) < 2 {
		return p, false
	}
	return fragment{header: [2]byte{b[0]&0xE0 | b[1]&0x1F}, first: b[1]&start != 0, last: b[1]&end != 0, data: b[2:]}, true
}

func (c *h264Codec) unit(b []byte) unitKind {
	switch kind := h264.Type(b); {
	case h264.IsSlice(b):
		return sliceUnit
	case kind <= h264.TypeIDR:
		return partUnit
	case kind == h264.TypeSPS, kind == h264.TypePPS:
		return setUnit
	case kind == h264.TypeDelimiter:
		return delimiter
	}
	return otherUnit
}

func (c *h264Codec) slice(head []byte) slicePlace {
	s, ok := c.framer.Slice(head)
	p := slicePlace{read: ok, first: s.First == 0, begins: s.Begins(c.last), completes: s.Completes(c.last)}
	c.last = s
	return p
}

func (c *h264Codec) announce(sets ...[]byte) { c.framer.Announce(sets...) }

func (c *h264Codec) frame(units [][]byte) (media.Frame, bool, error) { return c.framer.Frame(units) }
