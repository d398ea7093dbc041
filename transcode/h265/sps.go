package h265

import "framegate/transcode/nal"

// Profile is what a stream demands of its decoder, as the general part of
// profile_tier_level says (7.3.3).
type Profile struct {
	Space, Tier, IDC byte
	Compatible       uint32  // general_profile_compatibility_flag, the first as the highest bit
	Constraints      [6]byte // from general_progressive_source_flag on
	Level            byte    // 30 times its number
}

// SPS is a sequence parameter set (7.3.2.2.1 and E.2.1). Sizes in it are a
// peer's word.
type SPS struct {
	ID, VPS        byte
	Layers         int  // sub-layers of time, 1 to 7
	Nested         bool // sps_temporal_id_nesting_flag
	Profile        Profile
	ChromaFormat   uint32
	SeparatePlanes bool
	LumaDepth      uint32 // bits a sample beyond 8
	ChromaDepth    uint32
	LSBBits        int    // of slice_pic_order_cnt_lsb
	Reorder        uint32 // sps_max_num_reorder_pics, of all sub-layers
	Tick, Scale    uint32 // vui_num_units_in_tick and vui_time_scale, where it tells
	Whole          bool   // read as far as its VUI tells of times

	wide, high uint64 // pixels, of what is coded
	cutWide    uint64 // pixels that are cut off
	cutHigh    uint64
}

// Size gives the size of the pictures, and of what is coded, of which a part
// may be cut off, in pixels. Where more is cut off than there is, it is 0.
func (s *SPS) Size() (width, height, codedWidth, codedHeight uint64) {
	return s.wide - min(s.cutWide, s.wide), s.high - min(s.cutHigh, s.high), s.wide, s.high
}

// MayReorder says how many frames may come before one that is shown earlier, of
// which each sequence parameter set tells for certain (7.4.3.2.1).
func (s *SPS) MayReorder() (frames int, certain bool) { return int(min(s.Reorder, MaxReorder)), true }

// InOrder says that no picture comes before one that is shown earlier.
func (s *SPS) InOrder() bool { return s.Reorder == 0 }

// FrameTicks gives the time between two frames in so many ticks a second, if
// the set tells it and it is believable: between 1/240 of a second and a whole
// one (E.3.1).
func (s *SPS) FrameTicks(perSecond int64) (ticks int64, ok bool) {
	if s.Scale == 0 {
		return 0, false
	}
	ticks = perSecond * int64(s.Tick) / int64(s.Scale)
	return ticks, ticks >= perSecond/240 && ticks <= perSecond
}

// reader reads a RBSP.
type reader struct{ nal.BitReader }

func newReader(nalu []byte) reader {
	payload := nalu[HeaderSize:]
	return reader{nal.BitReader{B: nal.Unescape(make([]byte, 0, len(payload)), payload)}}
}

func (r *reader) flag() bool { return r.Bits(1) == 1 }

// limited gives an Exp-Golomb code that is bounded.
func (r *reader) limited(most uint32) uint32 {
	v := r.UE()
	if v > most {
		r.Failed = true
		return 0
	}
	return v
}

// ParseSPS reads a sequence parameter set with its NAL unit header. ok is false
// if it is broken or cut off before it has said what is decoded. What follows
// may be broken: then the set is not Whole, and tells no times.
func ParseSPS(nalu []byte) (s SPS, ok bool) {
	if len(nalu) < HeaderSize+12 || len(nalu) > MaxSet || Type(nalu) != TypeSPS || nalu[0]&0x80 != 0 {
		return s, false
	}
	r := newReader(nalu)
	s.VPS = byte(r.Bits(4))
	s.Layers = int(r.Bits(3)) + 1
	s.Nested = r.flag()
	s.Profile = r.readProfile(s.Layers)
	s.ID = byte(r.limited(15))
	s.ChromaFormat = r.limited(3)
	if s.ChromaFormat == 3 {
		s.SeparatePlanes = r.flag()
	}
	s.readSize(&r)
	s.LumaDepth, s.ChromaDepth = r.limited(8), r.limited(8)
	s.LSBBits = int(r.limited(12)) + 4
	s.readOrder(&r)
	if r.Failed || s.Layers > 7 {
		return s, false
	}
	s.readRest(&r)
	if s.Whole = !r.Failed; !s.Whole {
		s.Tick, s.Scale = 0, 0
	}
	return s, true
}

// readProfile reads 7.3.3 for all sub-layers.
func (r *reader) readProfile(layers int) (p Profile) {
	p.Space, p.Tier, p.IDC = byte(r.Bits(2)), byte(r.Bits(1)), byte(r.Bits(5))
	p.Compatible = r.Bits(32)
	for i := range p.Constraints {
		p.Constraints[i] = byte(r.Bits(8))
	}
	p.Level = byte(r.Bits(8))
	if layers < 2 {
		return p
	}
	skipped := 0
	for range layers - 1 {
		skipped += 88*int(r.Bits(1)) + 8*int(r.Bits(1))
	}
	r.Bits(2 * (8 - (layers - 1)))
	for ; skipped > 0; skipped -= 8 {
		r.Bits(8)
	}
	return p
}

// readSize reads the size and what is cut off of it (7.4.3.2.1).
func (s *SPS) readSize(r *reader) {
	s.wide, s.high = uint64(r.UE()), uint64(r.UE())
	if !r.flag() { // conformance_window_flag
		return
	}
	across, down := uint64(1), uint64(1) // pixels for a unit: table 6-1
	if s.ChromaFormat == 1 || s.ChromaFormat == 2 {
		across = 2
	}
	if s.ChromaFormat == 1 {
		down = 2
	}
	s.cutWide = across * (uint64(r.UE()) + uint64(r.UE()))
	s.cutHigh = down * (uint64(r.UE()) + uint64(r.UE()))
}

// readOrder reads how pictures are reordered, of all sub-layers last.
func (s *SPS) readOrder(r *reader) {
	told := 1
	if r.flag() { // sps_sub_layer_ordering_info_present_flag
		told = s.Layers
	}
	for range told {
		r.limited(MaxReorder) // sps_max_dec_pic_buffering_minus1
		s.Reorder = r.limited(MaxReorder)
		r.UE()
	}
}

// readRest reads what stands between the order of pictures and the times of the
// VUI.
func (s *SPS) readRest(r *reader) {
	for range 6 { // sizes of blocks, depths of their trees
		r.UE()
	}
	if used := r.flag(); used && r.flag() { // there are scaling lists, and they are here
		r.skipScalingLists()
	}
	r.Bits(2)     // asymmetric partitions, sample adaptive offset
	if r.flag() { // pcm_enabled_flag
		r.Bits(8)
		r.UE()
		r.UE()
		r.Bits(1)
	}
	r.skipReferenceSets()
	if r.flag() { // long_term_ref_pics_present_flag
		for range r.limited(32) {
			r.Bits(s.LSBBits + 1)
		}
	}
	r.Bits(2)     // temporal motion vectors, smoothing
	if r.flag() { // vui_parameters_present_flag
		s.readVUI(r)
	}
}

// skipScalingLists reads 7.3.4.
func (r *reader) skipScalingLists() {
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for matrix := 0; matrix < 6 && !r.Failed; matrix += step {
			if !r.flag() { // it is like another
				r.UE()
				continue
			}
			if size > 1 {
				r.SE()
			}
			for range min(64, 1<<(4+size<<1)) {
				r.SE()
			}
		}
	}
}

// maxReferences bounds the pictures of a set that are shown before the one it is
// of, and those shown behind (7.4.8).
const maxReferences = 16

// skipReferenceSets reads the sets of 7.3.7. Each may be told by the one before
// it, for which the number of pictures in that is needed.
func (r *reader) skipReferenceSets() {
	count := r.limited(64)
	before := uint32(0) // pictures in the set before
	for i := uint32(0); i < count && !r.Failed; i++ {
		if i == 0 || !r.flag() { // inter_ref_pic_set_prediction_flag
			negative, positive := r.limited(maxReferences), r.limited(maxReferences)
			for range negative + positive {
				r.UE()
				r.Bits(1)
			}
			before = negative + positive
			continue
		}
		r.Bits(1)
		r.UE()
		kept := uint32(0)
		for range before + 1 {
			if used := r.flag(); used || r.flag() { // used_by_curr_pic_flag, use_delta_flag
				kept++
			}
		}
		before = min(kept, 2*maxReferences)
	}
}

// readVUI reads E.2.1, up to its times.
func (s *SPS) readVUI(r *reader) {
	if r.flag() && r.Bits(8) == 255 { // EXTENDED_SAR
		r.Bits(32)
	}
	if r.flag() { // overscan_info_present_flag
		r.Bits(1)
	}
	if r.flag() { // video_signal_type_present_flag
		r.Bits(4)
		if r.flag() {
			r.Bits(24)
		}
	}
	if r.flag() { // chroma_loc_info_present_flag
		r.UE()
		r.UE()
	}
	r.Bits(3)     // neutral chroma, fields, pic_struct
	if r.flag() { // default_display_window_flag
		for range 4 {
			r.UE()
		}
	}
	if r.flag() { // vui_timing_info_present_flag
		s.Tick, s.Scale = r.Bits(32), r.Bits(32)
	}
}
