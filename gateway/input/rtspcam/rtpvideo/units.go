package rtpvideo

import (
	"bytes"
	"encoding/binary"

	"github.com/pion/rtp"

	"framegate/gateway/input/rtspcam/rtptrack"
	"framegate/gateway/media"
	"framegate/transcode/h264"
	"framegate/transcode/h265"
)

const (
	// maxUnits is how many NAL units one picture may have. Encoders that cut
	// slices to the size of a packet need hundreds for a large keyframe.
	maxUnits = 4096
	// maxHead is how many bytes of a NAL unit are enough to read the header of a
	// slice.
	maxHead = max(h264.MaxHead, h265.MaxHead)
)

// unitCodec is what H.264 and H.265 have each of their own: how NAL units come
// in packets, and what the units' headers say. It remembers the parameter sets
// and the last slice.
type unitCodec interface {
	// headerSize is how long the header of a NAL unit is, and that of a packet
	// that carries several or a piece.
	headerSize() int
	// packet says what is in a packet that is not empty, and gives it where it is
	// wrapped into something else.
	packet(payload []byte) (kind packetKind, inner []byte)
	// piece takes apart a packet with a piece of a NAL unit. ok is false where it
	// is too short for that.
	piece(payload []byte) (p fragment, ok bool)
	// unit says what a NAL unit is that is not empty. Its header will do.
	unit(unit []byte) unitKind
	// slice reads the header of a slice, of which the first bytes will do.
	slice(head []byte) slicePlace
	// announce tells parameter sets.
	announce(sets ...[]byte)
	// frame makes a frame of one picture, as the Framers of package media do.
	frame(units [][]byte) (frame media.Frame, ok bool, err error)
}

// packetKind is what a packet carries.
type packetKind uint8

const (
	badPacket    packetKind = iota // it was damaged on its way, or is of a way to send that is not understood
	oneUnit                        // a NAL unit
	severalUnits                   // whole ones, each behind its length
	pieceOfUnit
	foreignPacket // nothing that decoders of the stream look at
)

// fragment is a part of a NAL unit that is cut into several packets.
type fragment struct {
	header      [2]byte // of the NAL unit
	first, last bool
	data        []byte // what the header is followed by
}

// unitKind is what a NAL unit is for the assembler.
type unitKind uint8

const (
	otherUnit   unitKind = iota // it is of the picture that it stands in, or of the next
	sliceUnit                   // a part of a picture that begins with the header of a slice
	partUnit                    // another part of a picture
	setUnit                     // a parameter set
	delimiter                   // a picture is at an end, and another begins
	suffixUnit                  // it is of the picture that it stands behind
	foreignUnit                 // nothing that decoders of the stream look at
	badUnit                     // damaged
)

// slicePlace is where a slice stands, by its header and by that of the slice
// before it.
type slicePlace struct {
	read      bool // the header can be read; else nothing else is known
	first     bool // it begins its picture
	begins    bool // its picture is another than that of the slice before it
	completes bool // it begins the second field of the picture whose first field the slice before it is of
}

// unitAssembler makes frames of RTP packets with NAL units: of H.264 (RFC 6184,
// packetization modes 0 and 1) or H.265 (RFC 7798, in the order of decoding). It
// does this itself rather than by gortsplib's decoders, which do not know of
// packets lost between NAL units, and hold a picture back after one without a
// marker bit.
//
// Where a picture begins is said by its slices (ITU-T H.264, 7.4.1.2.4; H.265,
// 7.4.2.4.5), and by nothing else: timestamps and markers of cameras are not to
// be relied on. The marker bit is believed in one thing, that the picture is
// whole and need not wait for the next, and that only as long as it holds
// (Markers).
type unitAssembler struct {
	codec   unitCodec
	header  int // headerSize of codec
	largest budget
	markers *Markers
	join    media.Join

	// The packet at hand.
	now  rtptrack.Moment
	show func(media.Frame, rtptrack.Moment)
	err  error
	head [maxHead]byte // of a NAL unit that comes in pieces

	// The picture under way.
	units   [][]byte
	slices  int             // how many of the units are it: those up to its last slice
	read    bool            // its last slice has a header that can be read
	paired  bool            // it has its second field
	packets int             // that it came in
	early   bool            // one before its last was marked
	at      rtptrack.Moment // of its first slice, but when its last packet arrived
	ended   bool            // its marker came: it was shown, or will soon be
	broken  bool            // something is missing, and no picture has begun since

	pieces  []byte // what came of the units, one behind another
	partial bool   // the last of them is not whole yet
	from    int    // where in pieces that one begins
}

func newUnitAssembler(codec unitCodec, largest budget, markers *Markers) *unitAssembler {
	return &unitAssembler{codec: codec, header: codec.headerSize(), largest: largest, markers: markers, broken: true}
}

func (a *unitAssembler) add(p *rtp.Packet, at rtptrack.Moment, lost bool, show func(media.Frame, rtptrack.Moment)) error {
	a.now, a.show, a.err = at, show, nil
	if lost {
		if a.ended {
			a.finish()
		}
		a.spoil()
	}
	a.payload(p.Payload)
	if a.slices > 0 {
		a.at.Arrived = at.Arrived
	}
	if a.slices > 0 || a.partial {
		a.packets++
		a.mark(p.Marker)
	}
	return a.err
}

// mark sees whether the last packet was marked. The middle of a slice ends
// nothing.
func (a *unitAssembler) mark(marked bool) {
	switch {
	case marked && a.partial:
		a.early = true
	case marked && a.markers.ends(&a.ended):
		a.finish()
	}
}

// flush shows a picture that was kept back to see whether it goes on.
func (a *unitAssembler) flush(show func(media.Frame, rtptrack.Moment)) error {
	if a.show, a.err = show, nil; a.ended && a.slices > 0 && !a.partial {
		a.finish()
	}
	return a.err
}

// payload takes the NAL units of a packet.
func (a *unitAssembler) payload(b []byte) {
	kind := oneUnit
	annexB := bytes.HasPrefix(b, []byte{0, 0, 1}) || bytes.HasPrefix(b, []byte{0, 0, 0, 1})
	if len(b) > 0 && !annexB {
		kind, b = a.codec.packet(b)
	}
	if kind == foreignPacket {
		return
	}
	if a.partial && kind != pieceOfUnit {
		a.spoil() // the rest of a NAL unit never came
	}
	switch {
	case kind == badPacket:
		a.spoil()
	case len(b) == 0: // some cameras send a packet for the marker alone
	case annexB:
		a.annexB(b)
	case kind == severalUnits:
		a.aggregate(b[a.header:])
	case kind == pieceOfUnit:
		a.fragmentOf(b)
	default:
		a.unit(b)
	}
}

// aggregate takes the NAL units of a STAP-A (RFC 6184, 5.7.1) or an AP (RFC
// 7798, 4.4.2).
func (a *unitAssembler) aggregate(b []byte) {
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

// fragmentOf takes a piece of a NAL unit (RFC 6184, 5.8; RFC 7798, 4.4.3). Start
// and end in one piece are forbidden and sent all the same, by CostarHD.
func (a *unitAssembler) fragmentOf(b []byte) {
	p, ok := a.codec.piece(b)
	if !ok {
		a.spoil()
		return
	}
	if p.first == a.partial {
		a.spoil() // its end, or its beginning, is missing
	}
	if p.first {
		a.startOf(p)
	}
	if !a.partial {
		return
	}
	a.keep(p.data)
	if p.last && a.partial {
		a.partial = false
		a.whole()
	}
}

// startOf begins a NAL unit that comes in pieces.
func (a *unitAssembler) startOf(p fragment) {
	n := copy(a.head[:], p.header[:a.header])
	n += copy(a.head[n:], p.data)
	if !a.takes(a.head[:n]) {
		return
	}
	a.partial, a.from = true, len(a.pieces)
	a.keep(a.head[:a.header])
}

// whole takes a NAL unit that was put together of its pieces.
func (a *unitAssembler) whole() {
	b := a.pieces[a.from:]
	if bytes.HasPrefix(b[a.header:], []byte{0, 0, 1}) || hasStartCode(b) {
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
func (a *unitAssembler) annexB(b []byte) {
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
func (a *unitAssembler) unit(b []byte) {
	if !a.takes(b[:min(len(b), maxHead)]) {
		return
	}
	if kept := a.keep(b); kept != nil {
		a.append(kept)
	}
}

// keep copies what stays of a packet. It gives nothing if the picture is too
// large.
func (a *unitAssembler) keep(b []byte) []byte {
	if a.largest.exceeded(len(a.pieces) + len(b)) {
		a.spoil()
		return nil
	}
	a.pieces = append(a.pieces, b...)
	return a.pieces[len(a.pieces)-len(b):]
}

// append puts a NAL unit to the picture under way. A slice has more to it than
// its header.
func (a *unitAssembler) append(b []byte) {
	kind := a.codec.unit(b)
	isPart := kind == sliceUnit || kind == partUnit
	if len(a.units) == maxUnits || isPart && len(b) <= a.header {
		a.spoil()
		return
	}
	a.units = append(a.units, b)
	switch {
	case isPart, kind == suffixUnit:
		a.slices = len(a.units)
	case kind == setUnit:
		a.codec.announce(b)
	}
}

// takes sees the first bytes of each NAL unit, and ends the picture under way
// where another begins. What is not a slice may come before the next picture or
// among the slices of this one; that is left open until there is one. It says
// whether the unit is wanted: those of a picture that something is missing of
// are not, and what is no slice is of the next one then.
func (a *unitAssembler) takes(head []byte) bool {
	switch kind := a.codec.unit(head); kind {
	case foreignUnit:
		return false
	case badUnit:
		a.spoil()
		return false
	case delimiter:
		a.finish()
		a.broken = false
	case sliceUnit:
		a.slice(a.codec.slice(head))
		return !a.broken
	case partUnit:
		return !a.broken
	}
	return true
}

// slice sees the header of a slice, if it can be read.
func (a *unitAssembler) slice(s slicePlace) {
	if a.broken && (!s.read || !s.first) {
		return
	}
	a.broken = false
	switch begins := a.begins(s); {
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
	a.read = s.read
}

// begins says whether a slice begins another picture than that under way, or
// shown last. Two fields that come together are one.
func (a *unitAssembler) begins(s slicePlace) bool {
	switch {
	case a.slices == 0 && !a.ended:
		return false // it begins this one
	case !s.read || !a.read:
		return a.ended || a.now.Ticks != a.at.Ticks
	case !a.ended && !a.paired && a.now.Ticks == a.at.Ticks && s.completes:
		a.paired = true
		return false
	}
	return s.begins
}

// finish ends the picture under way, of which there may be none, and shows it,
// if it leads on from what was shown before.
func (a *unitAssembler) finish() {
	if a.slices == 0 {
		return
	}
	frame, ok, err := a.codec.frame(a.units[:a.slices])
	switch {
	case err != nil:
		a.err = err
	case ok && a.join.Takes(frame):
		a.show(frame, a.at)
	}
	a.drop()
}

// drop lets go of the picture under way, but not of what came behind it.
func (a *unitAssembler) drop() {
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
func (a *unitAssembler) spoil() {
	clear(a.units)
	a.units, a.pieces, a.slices = a.units[:0], a.pieces[:0], 0
	a.ended, a.partial = false, false
	a.broken = true
	a.join.Lost()
}
