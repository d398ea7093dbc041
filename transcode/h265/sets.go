package h265

import (
	"bytes"

	"framegate/transcode/nal"
)

// PPS is a picture parameter set (7.3.2.3.1), as far as it is looked at.
type PPS struct {
	ID, SPS byte
	output  bool // output_flag_present_flag
	extra   int  // num_extra_slice_header_bits
}

// ParsePPS reads the beginning of a picture parameter set with its NAL unit
// header. ok is false if it is broken or cut off there.
func ParsePPS(nalu []byte) (p PPS, ok bool) {
	if len(nalu) <= HeaderSize || len(nalu) > MaxSet || Type(nalu) != TypePPS || nalu[0]&0x80 != 0 {
		return p, false
	}
	r := newReader(nalu[:min(len(nalu), MaxHead)])
	p.ID, p.SPS = byte(r.limited(63)), byte(r.limited(15))
	r.Bits(1) // dependent_slice_segments_enabled_flag
	p.output = r.flag()
	p.extra = int(r.Bits(3))
	return p, !r.Failed
}

// Numbered gives the kind of a parameter set, by the type of its NAL unit, and
// its number among those of its kind. ok is false if it is none, or cannot be
// read.
func Numbered(nalu []byte) (kind, number byte, ok bool) {
	if len(nalu) <= HeaderSize {
		return 0, 0, false
	}
	kind = Type(nalu)
	switch kind {
	case TypeVPS:
		return kind, nalu[HeaderSize] >> 4, len(nalu) <= MaxSet
	case TypeSPS:
		var s SPS
		s, ok = ParseSPS(nalu)
		number = s.ID
	case TypePPS:
		var p PPS
		p, ok = ParsePPS(nalu)
		number = p.ID
	}
	return kind, number, ok
}

// Sets are the parameter sets of a stream, the newest of each number. A picture
// may refer to any of them. The zero value has none.
type Sets struct {
	vps     [16][]byte
	changes int // of these
	kept    nal.Sets[SPS, PPS]
}

// Learn takes a parameter set, of which it keeps a copy. Another NAL unit, and
// what cannot be read, changes nothing. It says whether the set was read.
func (s *Sets) Learn(nalu []byte) bool {
	if len(nalu) <= HeaderSize || len(nalu) > MaxSet || Layer(nalu) != 0 {
		return false
	}
	switch Type(nalu) {
	case TypeVPS:
		known := &s.vps[nalu[HeaderSize]>>4]
		if !bytes.Equal(*known, nalu) {
			*known = bytes.Clone(nalu)
			s.changes++
		}
		return true
	case TypeSPS:
		return s.kept.LearnSPS(nalu, readSPS)
	case TypePPS:
		return s.kept.LearnPPS(nalu, readPPS)
	}
	return false
}

func readSPS(nalu []byte) (s SPS, number byte, ok bool) {
	s, ok = ParseSPS(nalu)
	return s, s.ID, ok
}

func readPPS(nalu []byte) (p PPS, number, of byte, ok bool) {
	p, ok = ParsePPS(nalu)
	return p, p.ID, p.SPS, ok
}

// Changes counts what Learn learned that was new.
func (s *Sets) Changes() int { return s.changes + s.kept.Changes() }

// Of gives the sets that a slice refers to. Where its number says nothing,
// those are the first that belong together.
func (s *Sets) Of(slice Slice) (vps, sps, pps []byte, ok bool) {
	of, p := s.kept.Of(slice.PPS)
	if !slice.Known || p == nil {
		of, p = s.kept.First()
	}
	if p == nil {
		return nil, nil, nil, false
	}
	vps = s.vps[of.Read.VPS]
	return vps, of.NALU, p.NALU, vps != nil
}

// Others gives, by their numbers and without those given, all sets that
// pictures can refer to, the SPS first.
func (s *Sets) Others(sps, pps []byte) [][]byte { return s.kept.Others(sps, pps) }

// Slice is what the header of a slice segment tells of its picture (7.3.6.1).
type Slice struct {
	Known bool // the parameter sets are, and all up to the picture order count was read
	First bool // it is the first of its picture
	Kind  byte // type of the NAL unit
	Type  uint32
	PPS   byte

	base bool // temporal sub-layer 0, and others may refer to it
	bits int  // of lsb
	lsb  uint32
	more bool // the stream may have pictures that are shown before others that come earlier
}

// Values of Slice.Type (table 7-7). That of a segment that is not the first of
// its picture is not read.
const (
	SliceB = 0
	SliceP = 1
	SliceI = 2
)

// Slice reads the header of a slice segment, of which the first bytes will do.
// ok is false if not even the number of its parameter set can be read, and for
// other NAL units.
func (s *Sets) Slice(nalu []byte) (h Slice, ok bool) {
	if len(nalu) <= HeaderSize || !IsPicture(nalu) || nalu[0]&0x80 != 0 {
		return h, false
	}
	var room [MaxHead]byte
	r := reader{nal.BitReader{B: nal.Unescape(room[:0], nalu[HeaderSize:min(len(nalu), MaxHead)])}}
	h.Kind, h.base = Type(nalu), isBase(nalu)
	h.First = r.flag()
	if IsIRAP(nalu) {
		r.Bits(1) // no_output_of_prior_pics_flag
	}
	h.PPS = byte(r.limited(63))
	if r.Failed {
		return h, false
	}
	if of, p := s.kept.Of(h.PPS); h.First && p != nil {
		h.read(&r, &of.Read, p.Read)
	}
	return h, true
}

// isBase says whether the picture order counts of later pictures are told by
// that of a picture: it is of the lowest sub-layer, and neither skipped, nor
// decodable without being referred to (8.3.1).
func isBase(nalu []byte) bool {
	t := Type(nalu)
	leading := t >= TypeRADLN && t <= TypeRASLR
	unreferenced := t <= 14 && t%2 == 0
	return nalu[1]&7 == 1 && !leading && !unreferenced
}

// read reads what takes the parameter sets to read, of the first segment of a
// picture.
func (h *Slice) read(r *reader, sps *SPS, pps PPS) {
	h.more = sps.Reorder > 0
	r.Bits(pps.extra)
	h.Type = r.limited(SliceI)
	if pps.output {
		r.Bits(1)
	}
	if sps.SeparatePlanes {
		r.Bits(2)
	}
	if h.bits = sps.LSBBits; h.Kind != TypeIDRWRADL && h.Kind != TypeIDRNLP {
		h.lsb = r.Bits(sps.LSBBits)
	}
	h.Known = !r.Failed
}

// MayReorder says whether the stream may have pictures that are shown before
// others that come earlier.
func (h Slice) MayReorder() bool { return h.more }

// Order counts the pictures of a stream in the order of output, as they come in
// that of decoding. The zero value is ready.
type Order struct {
	last  nal.Place
	high  int64  // PicOrderCntMsb of the last picture that others count from
	lsb   uint32 // and its slice_pic_order_cnt_lsb
	blind bool   // what was counted last was the order of decoding
	begun bool
}

// Next gives the place of the next picture, by the header of its first slice
// segment (8.3.1). Where that cannot be read, the order is that of decoding.
func (o *Order) Next(s Slice) nal.Place {
	irap := s.Kind >= TypeBLA && s.Kind <= TypeCRA
	anew := irap && (s.Kind < TypeCRA || !o.begun)
	if anew || o.blind != !s.Known || !o.begun {
		o.last = nal.Place{Epoch: o.last.Epoch + 1}
		o.high, o.lsb = 0, 0
		o.begun, o.blind = true, !s.Known
		if s.Known && !anew { // from the middle of a sequence on
			o.lsb = s.lsb
		}
	}
	if !s.Known {
		o.last.Count++
		return o.last
	}
	high := o.high
	if !anew {
		high = o.above(s)
	}
	if s.base {
		o.high, o.lsb = high, s.lsb
	}
	o.last.Count = high + int64(s.lsb)
	return o.last
}

// above gives the upper part of a picture's order count.
func (o *Order) above(s Slice) int64 {
	cycle := int64(1) << s.bits
	switch ahead := int64(s.lsb) - int64(o.lsb); {
	case ahead <= -cycle/2:
		return o.high + cycle
	case ahead > cycle/2:
		return o.high - cycle
	}
	return o.high
}

// Reset has what comes be shown behind all that came.
func (o *Order) Reset() nal.Place {
	*o = Order{last: nal.Place{Epoch: o.last.Epoch + 1}, high: o.high, lsb: o.lsb, blind: o.blind, begun: o.begun}
	return o.last
}
