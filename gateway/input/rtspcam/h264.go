package rtspcam

import (
	"bytes"
	"encoding/binary"

	"github.com/pion/rtp"

	"framegate/gateway/media"
)

// maxUnits is how many NAL units one picture may have. Encoders that cut
// slices to the size of a packet need hundreds for a large keyframe.
const maxUnits = 4096

// Types of NAL units (ITU-T H.264, table 7-1) and of packets (RFC 6184, 5.2).
const (
	unitIDR    = 5
	unitSPS    = 7
	unitAUD    = 9
	unitLast   = 23
	packetSTAP = 24 // STAP-A
	packetFU   = 28 // FU-A
)

// h264Assembler makes frames of RTP packets with H.264 (RFC 6184), packetization
// modes 0 and 1. It does this itself rather than by gortsplib's decoder, which
// does not know of packets lost between NAL units, and holds a picture back
// after one without a marker bit.
type h264Assembler struct {
	framer  media.H264Framer
	largest budget
	waiting bool // for a keyframe: something is missing since the last one

	// The access unit under way.
	open    bool
	at      moment // of its last packet
	units   [][]byte
	broken  bool   // something of it is missing
	pieces  []byte // what came of it, one NAL unit behind another
	partial bool   // the last of them is not whole yet
	from    int    // where in pieces that one begins
}

func (a *h264Assembler) add(p *rtp.Packet, at moment, lost bool, show func(media.Frame, moment)) error {
	if lost {
		a.lose(p)
	}
	if a.open && at.ticks != a.at.ticks {
		if err := a.finish(show); err != nil {
			return err
		}
	}
	a.open, a.at = true, at
	if !a.broken {
		a.payload(p.Payload)
	}
	if p.Marker {
		return a.finish(show)
	}
	return nil
}

// lose notes that packets are missing before p. They may have been the end of
// the access unit under way and the beginning of p's. That is whole only if p
// has what an access unit begins with.
func (a *h264Assembler) lose(p *rtp.Packet) {
	a.discard()
	a.waiting = true
	a.broken = !beginsUnit(p.Payload)
}

// beginsUnit says whether a packet begins an access unit for certain (ITU-T
// H.264, 7.4.1.2.3).
func beginsUnit(payload []byte) bool {
	if len(payload) > 3 && payload[0]&0x1F == packetSTAP {
		payload = payload[3:]
	}
	return len(payload) > 0 && (payload[0]&0x1F == unitAUD || payload[0]&0x1F == unitSPS)
}

// payload takes the NAL units of a packet.
func (a *h264Assembler) payload(b []byte) {
	if a.partial && (len(b) == 0 || b[0]&0x1F != packetFU) {
		a.spoil() // the rest of a NAL unit never came
		return
	}
	switch {
	case len(b) == 0: // some cameras send a packet for the marker alone
	case b[0] == 0 && bytes.HasPrefix(b[1:], []byte{0, 1}), bytes.HasPrefix(b, []byte{0, 0, 0, 1}):
		a.annexB(a.keep(b))
	case b[0]&0x80 != 0: // forbidden_zero_bit: damaged on its way
		a.spoil()
	case b[0]&0x1F == packetSTAP:
		a.aggregate(b[1:])
	case b[0]&0x1F == packetFU:
		a.fragmentOf(b)
	case b[0]&0x1F > unitLast, b[0]&0x1F == 0:
		a.spoil() // other modes of packetization, or garbage
	default:
		a.unit(a.keep(b))
	}
}

// keep copies what stays of a packet. It gives nothing if the picture is too
// large.
func (a *h264Assembler) keep(b []byte) []byte {
	if a.largest.exceeded(len(a.pieces) + len(b)) {
		a.spoil()
		return nil
	}
	a.pieces = append(a.pieces, b...)
	return a.pieces[len(a.pieces)-len(b):]
}

// aggregate takes the NAL units of a STAP-A (RFC 6184, 5.7.1).
func (a *h264Assembler) aggregate(b []byte) {
	for len(b) > 2 && !a.broken {
		size := int(binary.BigEndian.Uint16(b))
		if size == 0 {
			break // padding
		}
		if size > len(b)-2 {
			a.spoil()
			return
		}
		a.unit(a.keep(b[2 : 2+size]))
		b = b[2+size:]
	}
	if len(bytes.TrimRight(b, "\x00")) > 0 {
		a.spoil()
	}
}

// fragmentOf takes a piece of a NAL unit (RFC 6184, 5.8). Start and end in one
// piece are forbidden and sent all the same, by CostarHD.
func (a *h264Assembler) fragmentOf(b []byte) {
	const start, end = 0x80, 0x40
	if len(b) < 2 || (b[1]&start != 0) == a.partial {
		a.spoil()
		return
	}
	if b[1]&start != 0 {
		a.partial, a.from = true, len(a.pieces)
		a.pieces = append(a.pieces, b[0]&0xE0|b[1]&0x1F)
	}
	a.keep(b[2:])
	if b[1]&end != 0 && !a.broken {
		a.partial = false
		a.whole(a.pieces[a.from:])
	}
}

// annexB takes NAL units with start codes between them, which some cameras put
// into packets as their encoder gave them. Within a NAL unit there is no start
// code (ITU-T H.264, 7.4.1).
func (a *h264Assembler) annexB(b []byte) {
	for unit := range bytes.SplitSeq(b, []byte{0, 0, 1}) {
		if unit = bytes.TrimRight(unit, "\x00"); len(unit) > 0 {
			a.unit(unit)
		}
	}
}

// whole takes a NAL unit that was put together of its pieces.
func (a *h264Assembler) whole(b []byte) {
	if bytes.HasPrefix(b[1:], []byte{0, 0, 1}) || hasStartCode(b) {
		a.annexB(b)
		return
	}
	a.unit(b)
}

// hasStartCode says whether there is a start code of four bytes in b. It looks
// for their last, which is rarer than zeros in what encoders give.
func hasStartCode(b []byte) bool {
	for from := 3; from < len(b); {
		i := bytes.IndexByte(b[from:], 1)
		if i < 0 {
			return false
		}
		i += from
		if b[i-1]|b[i-2]|b[i-3] == 0 {
			return true
		}
		from = i + 1
	}
	return false
}

// unit takes a NAL unit. A slice has more to it than its first byte.
func (a *h264Assembler) unit(b []byte) {
	if a.broken {
		return
	}
	kind := b[0] & 0x1F
	if len(a.units) == maxUnits || kind <= unitIDR && len(b) < 2 {
		a.spoil()
		return
	}
	a.units = append(a.units, b)
}

// finish ends the access unit under way and shows it, if it is whole and leads
// on from what was shown before.
func (a *h264Assembler) finish(show func(media.Frame, moment)) error {
	if a.partial {
		a.spoil()
	}
	broken, at, units := a.broken, a.at, a.units
	defer a.discard()
	if broken || len(units) == 0 {
		return nil
	}
	frame, ok, err := a.framer.Frame(units)
	if err != nil {
		return err
	}
	if !ok || a.waiting && !frame.Key {
		return nil
	}
	a.waiting = false
	show(frame, at)
	return nil
}

// spoil gives up the access unit under way. What follows builds on it, up to
// the next keyframe.
func (a *h264Assembler) spoil() {
	at := a.at
	a.discard()
	a.open, a.at, a.broken, a.waiting = true, at, true, true
}

// discard makes ready for the next access unit.
func (a *h264Assembler) discard() {
	clear(a.units)
	a.units, a.pieces = a.units[:0], a.pieces[:0]
	a.open, a.broken, a.partial = false, false, false
}
