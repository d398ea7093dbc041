package rtpvideo

import (
	"bytes"
	"encoding/binary"

	"github.com/pion/rtp"

	"framegate/gateway/media"
	"framegate/transcode/h264"
)

// maxUnits is how many NAL units one picture may have. Encoders that cut
// slices to the size of a packet need hundreds for a large keyframe.
const maxUnits = 4096

// Types of packets beside those of NAL units (RFC 6184, 5.2).
const (
	unitLast   = 23
	packetSTAP = 24 // STAP-A
	packetFU   = 28 // FU-A
)

// h264Assembler makes frames of RTP packets with H.264 (RFC 6184), packetization
// modes 0 and 1. It does this itself rather than by gortsplib's decoder, which
// does not know of packets lost between NAL units, and holds a picture back
// after one without a marker bit.
//
// Where a picture begins is said by its slices (ITU-T H.264, 7.4.1.2.4), and by
// nothing else: timestamps and markers of cameras are not to be relied on. The
// marker bit is believed in one thing, that the picture is whole and need not
// wait for the next, and that only as long as it holds (Markers).
type h264Assembler struct {
	framer  media.H264Framer
	largest budget
	markers *Markers
	waiting bool // for a keyframe: something is missing since the last one

	// The packet at hand.
	now  moment
	show func(media.Frame, moment)
	err  error

	// The picture under way.
	units   [][]byte
	slices  int        // how many of the units are it: those up to its last slice
	last    h264.Slice // its last slice
	read    bool       // that has a header that can be read
	paired  bool       // it has its second field
	packets int        // that it came in
	early   bool       // one before its last was marked
	at      moment     // of its first slice, but when its last packet arrived
	ended   bool       // its marker came: it was shown, or will soon be
	broken  bool       // something is missing, and no picture has begun since

	pieces  []byte // what came of the units, one behind another
	partial bool   // the last of them is not whole yet
	from    int    // where in pieces that one begins
}

func newH264Assembler(largest budget, markers *Markers) *h264Assembler {
	return &h264Assembler{largest: largest, markers: markers, waiting: true, broken: true}
}

func (a *h264Assembler) add(p *rtp.Packet, at moment, lost bool, show func(media.Frame, moment)) error {
	a.now, a.show, a.err = at, show, nil
	if lost {
		if a.ended {
			a.finish()
		}
		a.spoil()
	}
	a.payload(p.Payload)
	if a.slices > 0 {
		a.at.arrived = at.arrived
	}
	if a.slices > 0 || a.partial {
		a.packets++
		a.mark(p.Marker)
	}
	return a.err
}

// mark sees whether the last packet was marked. The middle of a slice ends
// nothing.
func (a *h264Assembler) mark(marked bool) {
	switch {
	case marked && a.partial:
		a.early = true
	case marked && a.markers.ends(&a.ended):
		a.finish()
	}
}

// flush shows a picture that was kept back to see whether it goes on.
func (a *h264Assembler) flush(show func(media.Frame, moment)) error {
	if a.show, a.err = show, nil; a.ended && a.slices > 0 && !a.partial {
		a.finish()
	}
	return a.err
}

// payload takes the NAL units of a packet.
func (a *h264Assembler) payload(b []byte) {
	if a.partial && (len(b) == 0 || b[0]&0x1F != packetFU) {
		a.spoil() // the rest of a NAL unit never came
	}
	switch {
	case len(b) == 0: // some cameras send a packet for the marker alone
	case b[0] == 0 && bytes.HasPrefix(b[1:], []byte{0, 1}), bytes.HasPrefix(b, []byte{0, 0, 0, 1}):
		a.annexB(b)
	case b[0]&0x80 != 0: // forbidden_zero_bit: damaged on its way
		a.spoil()
	case b[0]&0x1F == packetSTAP:
		a.aggregate(b[1:])
	case b[0]&0x1F == packetFU:
		a.fragmentOf(b)
	case b[0]&0x1F > unitLast, b[0]&0x1F == 0:
		a.spoil() // other modes of packetization, or garbage
	default:
		a.unit(b)
	}
}

// aggregate takes the NAL units of a STAP-A (RFC 6184, 5.7.1).
func (a *h264Assembler) aggregate(b []byte) {
	for len(b) > 2 {
		size := int(binary.BigEndian.Uint16(b))
		if size == 0 {
			break // padding
		}
		if size > len(b)-2 {
			a.spoil()
			return
		}
		a.unit(b[2 : 2+size])
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
	if len(b) < 2 {
		a.spoil()
		return
	}
	first := b[1]&start != 0
	if first == a.partial {
		a.spoil() // its end, or its beginning, is missing
	}
	if first {
		a.startOf(b[0]&0xE0|b[1]&0x1F, b[2:])
	}
	if !a.partial {
		return
	}
	a.keep(b[2:])
	if b[1]&end != 0 && a.partial {
		a.partial = false
		a.whole()
	}
}

// startOf begins a NAL unit that comes in pieces.
func (a *h264Assembler) startOf(header byte, b []byte) {
	var room [h264.MaxHead]byte
	head := append(append(room[:0], header), b[:min(len(b), len(room)-1)]...)
	if a.begin(head); a.lacks(header) {
		return
	}
	a.partial, a.from = true, len(a.pieces)
	a.keep(head[:1])
}

// whole takes a NAL unit that was put together of its pieces.
func (a *h264Assembler) whole() {
	b := a.pieces[a.from:]
	if bytes.HasPrefix(b[1:], []byte{0, 0, 1}) || hasStartCode(b) {
		b = bytes.Clone(b)
		a.pieces = a.pieces[:a.from]
		a.annexB(b)
		return
	}
	a.append(b)
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

// unit takes a NAL unit that is whole.
func (a *h264Assembler) unit(b []byte) {
	if a.begin(b[:min(len(b), h264.MaxHead)]); a.lacks(b[0]) {
		return
	}
	if kept := a.keep(b); kept != nil {
		a.append(kept)
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

// append puts a NAL unit to the picture under way. A slice has more to it than
// its first byte.
func (a *h264Assembler) append(b []byte) {
	kind := h264.Type(b)
	if len(a.units) == maxUnits || kind <= h264.TypeIDR && len(b) < 2 {
		a.spoil()
		return
	}
	a.units = append(a.units, b)
	switch {
	case kind <= h264.TypeIDR:
		a.slices = len(a.units)
	case kind == h264.TypeSPS, kind == h264.TypePPS:
		a.framer.Announce(b)
	}
}

// begin sees the first bytes of each NAL unit, and ends the picture under way
// where another begins. What is not a slice may come before the next picture or
// among the slices of this one; that is left open until there is one.
func (a *h264Assembler) begin(head []byte) {
	kind := h264.Type(head)
	switch {
	case kind == h264.TypeDelimiter:
		a.finish()
		a.broken = false
	case h264.IsSlice(head):
		a.slice(a.framer.Slice(head))
	}
}

// lacks says whether a NAL unit is of a picture that something is missing of.
// What is no slice is of the next one then.
func (a *h264Assembler) lacks(header byte) bool {
	return a.broken && header&0x1F <= h264.TypeIDR
}

// slice sees the header of a slice, if it can be read.
func (a *h264Assembler) slice(s h264.Slice, read bool) {
	if a.broken && (!read || s.First != 0) {
		return
	}
	a.broken = false
	switch begins := a.begins(s, read); {
	case begins:
		if a.ended {
			a.markers.held(a.packets > 1 && !a.early)
		}
		a.finish()
		a.ended = false
	case a.ended: // and yet it goes on
		a.markers.lied()
		a.ended = false
		if a.slices == 0 { // it was shown
			a.spoil()
			return
		}
	}
	if a.slices == 0 {
		a.at, a.paired, a.packets, a.early = a.now, false, 0, false
	}
	a.last, a.read = s, read
}

// begins says whether a slice begins another picture than that under way, or
// shown last. Two fields that come together are one.
func (a *h264Assembler) begins(s h264.Slice, read bool) bool {
	switch {
	case a.slices == 0 && !a.ended:
		return false // it begins this one
	case !read || !a.read:
		return a.ended || a.now.ticks != a.at.ticks
	case !a.ended && !a.paired && a.now.ticks == a.at.ticks && s.Completes(a.last):
		a.paired = true
		return false
	}
	return s.Begins(a.last)
}

// finish ends the picture under way, of which there may be none, and shows it,
// if it leads on from what was shown before.
func (a *h264Assembler) finish() {
	if a.slices == 0 {
		return
	}
	frame, ok, err := a.framer.Frame(a.units[:a.slices])
	switch {
	case err != nil:
		a.err = err
	case ok && (frame.Key || !a.waiting):
		a.waiting = false
		a.show(frame, a.at)
	}
	a.drop()
}

// drop lets go of the picture under way, but not of what came behind it.
func (a *h264Assembler) drop() {
	rest := a.units[a.slices:]
	kept := a.units[:0]
	a.pieces = a.pieces[:0]
	for _, unit := range rest { // each lies behind where it goes
		a.pieces = append(a.pieces, unit...)
		kept = append(kept, a.pieces[len(a.pieces)-len(unit):])
	}
	clear(a.units[len(kept):])
	a.units, a.slices = kept, 0
}

// spoil gives up the picture under way. What follows builds on it, up to the
// next keyframe.
func (a *h264Assembler) spoil() {
	clear(a.units)
	a.units, a.pieces, a.slices = a.units[:0], a.pieces[:0], 0
	a.ended, a.partial = false, false
	a.broken, a.waiting = true, true
}
