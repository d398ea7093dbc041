package mp4

// spsInfo is what the muxer and LowDelaySPS need of a sequence parameter set,
// and where in its RBSP the places are that LowDelaySPS changes.
type spsInfo struct {
	profile      byte
	chromaFormat uint32
	lumaDepth    uint32 // bits a sample beyond 8
	chromaDepth  uint32
	pocType      uint32
	refFrames    uint32 // max_num_ref_frames
	hasVUI       bool
	tick, scale  uint32 // num_units_in_tick and time_scale, where it tells
	restricted   bool   // bitstream_restriction_flag
	reorder      uint32 // max_num_reorder_frames, where restricted

	vuiFlag         int  // bit that is vui_parameters_present_flag
	restrictionFlag int  // bit that is bitstream_restriction_flag, where there is a VUI
	end             int  // bit after the last one before the trailing bits
	whole           bool // nothing but trailing bits follows
	rbsp            []byte
}

// maxSPS bounds what is looked at; sets with all scaling lists and both HRDs
// take a few hundred bytes.
const maxSPS = 4096

// high says whether the profile is one of those with chroma_format_idc and
// scaling lists: H.264, 7.3.2.1.1.
func (s *spsInfo) high() bool {
	switch s.profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		return true
	}
	return false
}

// mayReorder says how many frames, as far as the SPS tells, may come before
// one that is shown earlier, and whether that is certain (H.264, A.3 and
// E.2.1). Without a word about it one frame is assumed where B-frames are
// possible at all: not in the baseline profile, not where the order of output
// is that of decoding, and in practice not with a single reference.
func (s *spsInfo) mayReorder() (frames int, certain bool) {
	switch {
	case s.restricted:
		return int(min(s.reorder, maxReorder)), true
	case s.profile == 66 || s.pocType == 2 || s.refFrames < 2:
		return 0, true
	}
	return 1, false
}

// frameTicks gives the time between two frames, if the SPS tells and it is
// believable: at most a second. A frame has two ticks, one a field (H.264,
// E.2.1).
func (s *spsInfo) frameTicks() (delta int64, ok bool) {
	if s.scale == 0 {
		return 0, false
	}
	delta = 2 * Timescale * int64(s.tick) / int64(s.scale)
	return delta, delta >= Timescale/240 && delta <= Timescale
}

// parseSPS reads a sequence parameter set (H.264, 7.3.2.1.1 and E.1.1) with
// its NAL unit header. ok is false if it is broken or cut off.
func parseSPS(nalu []byte) (s spsInfo, ok bool) {
	if len(nalu) < 5 || len(nalu) > maxSPS || nalu[0]&0x9F != 7 {
		return s, false
	}
	s.rbsp = unescape(make([]byte, 0, len(nalu)), nalu[1:])
	r := bitReader{b: s.rbsp}
	s.profile = byte(r.bits(8))
	r.bits(16) // constraints, level
	r.ue()     // seq_parameter_set_id
	s.chromaFormat = 1
	if s.high() {
		s.readChroma(&r)
	}
	r.ue() // log2_max_frame_num_minus4
	s.readPictureOrder(&r)
	s.refFrames = r.ue()
	r.bits(1) // gaps_in_frame_num_value_allowed_flag
	r.ue()    // width
	r.ue()    // height
	if r.bits(1) == 0 {
		r.bits(1) // mb_adaptive_frame_field_flag
	}
	r.bits(1)           // direct_8x8_inference_flag
	if r.bits(1) == 1 { // frame_cropping_flag
		for range 4 {
			r.ue()
		}
	}
	s.vuiFlag = r.pos
	if s.hasVUI = r.bits(1) == 1; s.hasVUI {
		s.readVUI(&r)
	}
	s.end = r.pos
	ok = !r.failed && s.refFrames <= 16
	s.whole = ok && r.atTrailingBits()
	return s, ok
}

// readChroma reads what the high profiles have more.
func (s *spsInfo) readChroma(r *bitReader) {
	s.chromaFormat = r.ue()
	lists := 8
	if s.chromaFormat == 3 {
		r.bits(1) // separate_colour_plane_flag
		lists = 12
	}
	s.lumaDepth, s.chromaDepth = r.ue(), r.ue()
	if s.chromaFormat > 3 || s.lumaDepth > 6 || s.chromaDepth > 6 {
		r.fail()
	}
	r.bits(1) // qpprime_y_zero_transform_bypass_flag
	if r.bits(1) == 0 {
		return
	}
	for i := range lists {
		if r.bits(1) == 0 {
			continue
		}
		if i < 6 {
			r.skipScalingList(16)
		} else {
			r.skipScalingList(64)
		}
	}
}

func (s *spsInfo) readPictureOrder(r *bitReader) {
	switch s.pocType = r.ue(); s.pocType {
	case 0:
		r.ue() // log2_max_pic_order_cnt_lsb_minus4
	case 1:
		r.bits(1)
		r.ue() // signed ones have the same length
		r.ue()
		n := r.ue()
		if n > 255 {
			r.fail()
		}
		for i := uint32(0); i < n && !r.failed; i++ {
			r.ue()
		}
	case 2:
	default:
		r.fail()
	}
}

// readVUI reads H.264, E.1.1.
func (s *spsInfo) readVUI(r *bitReader) {
	if r.bits(1) == 1 && r.bits(8) == 255 { // Extended_SAR
		r.bits(32)
	}
	if r.bits(1) == 1 { // overscan_info_present_flag
		r.bits(1)
	}
	if r.bits(1) == 1 { // video_signal_type_present_flag
		r.bits(4)
		if r.bits(1) == 1 {
			r.bits(24)
		}
	}
	if r.bits(1) == 1 { // chroma_loc_info_present_flag
		r.ue()
		r.ue()
	}
	if r.bits(1) == 1 { // timing_info_present_flag
		s.tick, s.scale = r.bits(32), r.bits(32)
		r.bits(1)
	}
	nal := r.bits(1) == 1
	if nal {
		r.skipHRD()
	}
	vcl := r.bits(1) == 1
	if vcl {
		r.skipHRD()
	}
	if nal || vcl {
		r.bits(1) // low_delay_hrd_flag
	}
	r.bits(1) // pic_struct_present_flag
	s.restrictionFlag = r.pos
	if s.restricted = r.bits(1) == 1; s.restricted {
		r.bits(1) // motion_vectors_over_pic_boundaries_flag
		for range 4 {
			r.ue()
		}
		s.reorder = r.ue()
		r.ue() // max_dec_frame_buffering
	}
}

// LowDelaySPS gives the sequence parameter set (with its NAL unit header,
// without start code) with a bitstream_restriction (H.264, E.1.1 and E.2.1)
// that says what decoders cannot know otherwise: no picture comes before one
// that is shown earlier, so none need be held back. All else stays bit for
// bit. It is right only for streams without B-frames: see Bidirectional.
//
// ok is false, and the result nil, where there is a restriction already, or
// where sps cannot be read whole, down to its trailing bits. sps is not
// changed.
func LowDelaySPS(sps []byte) (changed []byte, ok bool) {
	s, ok := parseSPS(sps)
	if !ok || !s.whole || s.restricted {
		return nil, false
	}
	w := bitWriter{b: make([]byte, 0, len(s.rbsp)+16)}
	if s.hasVUI {
		w.copyBits(s.rbsp, 0, s.restrictionFlag)
	} else {
		w.copyBits(s.rbsp, 0, s.vuiFlag)
		w.bits(1, 1)
		w.bits(0, 8) // nothing else of a VUI
	}
	w.bits(1, 1) // bitstream_restriction_flag
	w.bits(1, 1) // motion vectors may point outside of the picture
	w.ue(0)      // no bound on the bytes of a picture
	w.ue(0)      // nor on the bits of a macroblock
	w.ue(15)     // the longest vectors, as without a restriction
	w.ue(15)     //
	w.ue(0)      // max_num_reorder_frames
	w.ue(max(1, s.refFrames))
	w.bits(1, 1) // rbsp_stop_one_bit
	return escape(append(make([]byte, 0, len(w.b)+8), sps[0]), w.b), true
}
