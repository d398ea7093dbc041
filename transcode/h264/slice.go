package h264

import "framegate/transcode/nal"

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
	r := nal.BitReader{B: nal.Unescape(make([]byte, 0, MaxHead), nalu[1:min(len(nalu), MaxHead)])}
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
type Sets struct{ kept nal.Sets[SPS, PPS] }

// Learn takes a parameter set, of which it keeps a copy. Another NAL unit, and
// what cannot be read, changes nothing. It says whether the set was read.
func (s *Sets) Learn(nalu []byte) bool {
	if len(nalu) == 0 {
		return false
	}
	switch Type(nalu) {
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
func (s *Sets) Changes() int { return s.kept.Changes() }

// Of gives the sets that a slice refers to. Where its number says nothing,
// those are the first that belong together.
func (s *Sets) Of(slice Slice) (sps, pps []byte, ok bool) {
	of, p := s.kept.Of(slice.PPS)
	if !slice.Known || p == nil {
		of, p = s.kept.First()
	}
	if p == nil {
		return nil, nil, false
	}
	return of.NALU, p.NALU, true
}

// Others gives, by their numbers and without those given, all sets that
// pictures can refer to, the SPS first.
func (s *Sets) Others(sps, pps []byte) [][]byte { return s.kept.Others(sps, pps) }

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
	r := nal.BitReader{B: nal.Unescape(room[:0], nalu[1:min(len(nalu), MaxHead)])}
	h.IDR, h.Ref = Type(nalu) == TypeIDR, nalu[0]&0x60 != 0
	h.First, h.Type = r.UE(), r.UE()
	pps := r.UE()
	h.PPS = byte(pps)
	if r.Failed || h.Type > 9 || pps > 255 {
		return h, false
	}
	h.Type %= 5
	if of, p := s.kept.Of(h.PPS); p != nil {
		h.read(&r, &of.Read, p.Read)
	}
	return h, true
}

// read reads what takes the parameter sets to read.
func (h *Slice) read(r *nal.BitReader, sps *SPS, pps PPS) {
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
	return len(nalu) > 1 && Type(nalu) == TypeSEI && nal.IsRecoveryPoint(nalu[1:])
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
