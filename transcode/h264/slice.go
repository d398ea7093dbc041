package h264

import (
	"bytes"
	"slices"
)

// PPS is a picture parameter set (7.3.2.2), as far as it is looked at.
type PPS struct {
	ID, SPS    byte
	fieldOrder bool // bottom_field_pic_order_in_frame_present_flag
}

// ParsePPS reads the beginning of a picture parameter set with its NAL unit
// header. ok is false if it is broken or cut off there.
func ParsePPS(nalu []byte) (p PPS, ok bool) {
	if len(nalu) < 2 || len(nalu) > MaxSet || nalu[0]&0x9F != TypePPS {
		return p, false
	}
	r := BitReader{B: Unescape(make([]byte, 0, MaxHead), nalu[1:min(len(nalu), MaxHead)])}
	id, sps := r.UE(), r.UE()
	r.Bits(1) // entropy_coding_mode_flag
	p = PPS{byte(id), byte(sps), r.Bits(1) == 1}
	return p, !r.Failed && id <= 255 && sps <= 31
}

// Numbered gives the kind of a parameter set, by the type of its NAL unit, and
// its number among those of its kind. ok is false if it is none, or cannot be
// read.
func Numbered(nalu []byte) (kind, number byte, ok bool) {
	if len(nalu) == 0 {
		return 0, 0, false
	}
	kind = Type(nalu)
	switch kind {
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
	sps     [32]*spsSet
	pps     map[byte]*ppsSet
	changes int
}

type spsSet struct {
	SPS
	nalu []byte
}

type ppsSet struct {
	PPS
	nalu []byte
}

// Learn takes a parameter set, of which it keeps a copy. Another NAL unit, and
// what cannot be read, changes nothing. It says whether the set was read.
func (s *Sets) Learn(nalu []byte) bool {
	if len(nalu) == 0 {
		return false
	}
	switch Type(nalu) {
	case TypeSPS:
		return s.learnSPS(nalu)
	case TypePPS:
		return s.learnPPS(nalu)
	}
	return false
}

func (s *Sets) learnSPS(nalu []byte) bool {
	for _, known := range s.sps { // most cameras repeat themselves
		if known != nil && bytes.Equal(known.nalu, nalu) {
			return true
		}
	}
	parsed, ok := ParseSPS(nalu)
	if ok {
		s.sps[parsed.ID] = &spsSet{parsed, bytes.Clone(nalu)}
		s.changes++
	}
	return ok
}

func (s *Sets) learnPPS(nalu []byte) bool {
	parsed, ok := ParsePPS(nalu)
	if !ok {
		return false
	}
	if known := s.pps[parsed.ID]; known != nil && bytes.Equal(known.nalu, nalu) {
		return true
	}
	if s.pps == nil {
		s.pps = make(map[byte]*ppsSet)
	}
	s.pps[parsed.ID] = &ppsSet{parsed, bytes.Clone(nalu)}
	s.changes++
	return true
}

// Changes counts what Learn learned that was new.
func (s *Sets) Changes() int { return s.changes }

// Of gives the sets that a slice refers to. Where its number says nothing,
// those are the first that belong together.
func (s *Sets) Of(slice Slice) (sps, pps []byte, ok bool) {
	if p := s.pps[slice.PPS]; slice.Known && p != nil {
		return s.sps[p.SPS].nalu, p.nalu, true
	}
	for _, p := range s.usable() {
		return s.sps[p.SPS].nalu, p.nalu, true
	}
	return nil, nil, false
}

// usable gives the picture parameter sets whose SPS is known, by their numbers.
func (s *Sets) usable() []*ppsSet {
	var all []*ppsSet
	for _, p := range s.pps {
		if s.sps[p.SPS] != nil {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *ppsSet) int { return int(a.ID) - int(b.ID) })
	return all
}

// Others gives, by their numbers and without those given, all sets that
// pictures can refer to, the SPS first.
func (s *Sets) Others(sps, pps []byte) (others [][]byte) {
	usable := s.usable()
	for id, set := range s.sps {
		used := func(p *ppsSet) bool { return int(p.SPS) == id }
		if set != nil && !bytes.Equal(set.nalu, sps) && slices.ContainsFunc(usable, used) {
			others = append(others, set.nalu)
		}
	}
	for _, p := range usable {
		if !bytes.Equal(p.nalu, pps) {
			others = append(others, p.nalu)
		}
	}
	return others
}

// MaxHead is how many bytes of a slice or a PPS are looked at: more than all
// numbers in it up to the picture order count take, escaped.
const MaxHead = 40

// Slice is what the header of a slice tells of its picture (7.3.3).
type Slice struct {
	Known  bool // the parameter sets are, so that all that follows can be read
	First  uint32
	Type   uint32 // modulo 5: table 7-6
	PPS    byte
	IDR    bool
	Ref    bool // nal_ref_idc is not 0
	sps    *SPS
	number uint32 // frame_num
	Field  bool
	Bottom bool
	idrID  uint32
	lsb    uint32
	delta  [2]int32 // delta_pic_order_cnt, or delta_pic_order_cnt_bottom first
}

// Values of Slice.Type.
const (
	SliceP  = 0
	SliceB  = 1
	SliceI  = 2
	SliceSI = 4
)

// IsSlice says whether a NAL unit begins with the header of a slice.
func IsSlice(nalu []byte) bool {
	t := Type(nalu)
	return t == TypeSlice || t == TypePartitionA || t == TypeIDR
}

// Slice reads the header of a slice, of which the first bytes will do. ok is
// false if not even the number of its parameter set can be read.
func (s *Sets) Slice(nalu []byte) (h Slice, ok bool) {
	if len(nalu) < 2 || !IsSlice(nalu) {
		return h, false
	}
	var room [MaxHead]byte
	r := BitReader{B: Unescape(room[:0], nalu[1:min(len(nalu), MaxHead)])}
	h.IDR, h.Ref = Type(nalu) == TypeIDR, nalu[0]&0x60 != 0
	h.First, h.Type = r.UE(), r.UE()
	pps := r.UE()
	h.PPS = byte(pps)
	if r.Failed || h.Type > 9 || pps > 255 {
		return h, false
	}
	h.Type %= 5
	if p := s.pps[h.PPS]; p != nil && s.sps[p.SPS] != nil {
		h.read(&r, &s.sps[p.SPS].SPS, p.PPS)
	}
	return h, true
}

// read reads what takes the parameter sets to read.
func (h *Slice) read(r *BitReader, sps *SPS, pps PPS) {
	h.sps = sps
	if sps.SeparatePlanes {
		r.Bits(2)
	}
	h.number = r.Bits(sps.FrameNumBits)
	if !sps.FrameOnly {
		if h.Field = r.Bits(1) == 1; h.Field {
			h.Bottom = r.Bits(1) == 1
		}
	}
	if h.IDR {
		h.idrID = r.UE()
	}
	both := pps.fieldOrder && !h.Field
	switch {
	case sps.POCType == 0:
		h.lsb = r.Bits(sps.LSBBits)
		if both {
			h.delta[0] = r.SE()
		}
	case sps.POCType == 1 && !sps.cycle.noDelta:
		h.delta[0] = r.SE()
		if both {
			h.delta[1] = r.SE()
		}
	}
	h.Known = !r.Failed
}

// IsRecoveryPoint says whether a NAL unit with supplemental information (7.3.2.3)
// says that decoding can begin with its picture (D.1.8).
func IsRecoveryPoint(nalu []byte) bool {
	const recoveryPoint = 6
	number := func(b []byte) (value int, rest []byte) {
		for len(b) > 0 && b[0] == 0xFF {
			value, b = value+0xFF, b[1:]
		}
		if len(b) == 0 {
			return -1, nil
		}
		return value + int(b[0]), b[1:]
	}
	if len(nalu) < 3 || Type(nalu) != TypeSEI {
		return false
	}
	for b := nalu[1:]; len(b) > 2; { // escaped or not, as only lengths are counted
		var kind, size int
		kind, b = number(b)
		size, b = number(b)
		if kind == recoveryPoint {
			return true
		}
		b = b[min(max(size, 0), len(b)):]
	}
	return false
}

// MayReorder says whether the stream may have pictures that are shown before
// others that come earlier.
func (h Slice) MayReorder() bool {
	if h.sps == nil {
		return false
	}
	frames, _ := h.sps.MayReorder()
	return frames > 0
}

// Begins says whether a slice begins another picture than that of the slice
// before it (7.4.1.2.4). Of pictures that are all IDR and numbered alike,
// against the standard, each begins with its first macroblock.
func (h Slice) Begins(before Slice) bool {
	switch {
	case h.First == 0 || h.IDR != before.IDR || h.Ref != before.Ref:
		return true
	case !h.Known || !before.Known:
		return false
	}
	return h.PPS != before.PPS && h.sps.ID != before.sps.ID || h.number != before.number || h.Field != before.Field || h.Bottom != before.Bottom ||
		h.idrID != before.idrID || h.lsb != before.lsb || h.delta != before.delta
}

// Completes says whether a slice begins the second field of the frame whose
// first field a slice before it is of.
func (h Slice) Completes(before Slice) bool {
	return h.Known && before.Known && h.Field && before.Field && h.Bottom != before.Bottom &&
		h.number == before.number && (!h.IDR || before.IDR)
}
