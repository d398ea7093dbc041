// Package h264 reads what the headers of H.264 tell (ITU-T H.264): parameter
// sets, and the beginnings of slices, from which follow where a picture begins
// and in which order pictures are shown. It decodes no picture, and knows
// neither cameras nor ffmpeg.
package h264

import "framegate/transcode/nal"

// Types of NAL units (table 7-1).
const (
	TypeSlice      = 1
	TypePartitionA = 2
	TypePartitionC = 4
	TypeIDR        = 5
	TypeSEI        = 6
	TypeSPS        = 7
	TypePPS        = 8
	TypeDelimiter  = 9
	TypeFiller     = 12
)

// Type gives the type of a NAL unit, which is not empty.
func Type(nalu []byte) byte { return nalu[0] & 0x1F }

// MaxSet bounds the bytes of a parameter set that is looked at; sets with all
// scaling lists and both HRDs take a few hundred.
const MaxSet = 4096

// MaxReorder is the most frames that can come before one that is shown earlier
// (E.2.1).
const MaxReorder = 16

// SPS is a sequence parameter set (7.3.2.1.1 and E.1.1), and where in its RBSP
// the places are that are changed in some. Sizes in it are a peer's word.
type SPS struct {
	ID             byte
	Profile        byte
	ChromaFormat   uint32
	SeparatePlanes bool   // separate_colour_plane_flag
	LumaDepth      uint32 // bits a sample beyond 8
	ChromaDepth    uint32
	FrameNumBits   int
	POCType        uint32
	LSBBits        int // of pic_order_cnt_lsb, with POCType 0
	cycle          pocCycle
	RefFrames      uint32 // max_num_ref_frames
	FrameOnly      bool   // frame_mbs_only_flag
	wide, high     uint64 // pixels, of what is coded
	left, right    uint64 // pixels that are cut off
	top, bottom    uint64
	HasVUI         bool
	Tick, Scale    uint32 // num_units_in_tick and time_scale, where it tells
	Restricted     bool   // bitstream_restriction_flag
	Reorder        uint32 // max_num_reorder_frames, where restricted

	messages [3]uint32 // what the syntax of messages about times depends on

	VUIFlag         int  // bit that is vui_parameters_present_flag
	TimingFlag      int  // bit that is timing_info_present_flag, where there is a VUI
	RestrictionFlag int  // bit that is bitstream_restriction_flag, where there is a VUI
	Whole           bool // down to the trailing bits, and nothing follows
	VUICut          bool // the VUI cannot be read, and is taken for none
	RBSP            []byte
}

// pocCycle is what POCType 1 needs (8.2.1.2).
type pocCycle struct {
	noDelta        bool // delta_pic_order_always_zero_flag
	nonRef, bottom int32
	frames         []int32 // offset_for_ref_frame
}

// High says whether the profile is one of those with chroma_format_idc and
// scaling lists: 7.3.2.1.1.
func (s *SPS) High() bool {
	switch s.Profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		return true
	}
	return false
}

// Size gives the size of the pictures, and of what is coded, of which a part
// may be cut off, in pixels. Where more is cut off than there is, it is 0.
func (s *SPS) Size() (width, height, codedWidth, codedHeight uint64) {
	return less(s.wide, s.left+s.right), less(s.high, s.top+s.bottom), s.wide, s.high
}

func less(all, cut uint64) uint64 {
	if cut > all {
		return 0
	}
	return all - cut
}

// MayReorder says how many frames, as far as the SPS tells, may come before
// one that is shown earlier, and whether that is certain (A.3 and E.2.1).
// Without a word about it one frame is assumed where B-frames are possible at
// all: not in the baseline profile, not where the order of output is that of
// decoding, and in practice not with a single reference.
func (s *SPS) MayReorder() (frames int, certain bool) {
	switch {
	case s.Restricted:
		return int(min(s.Reorder, MaxReorder)), true
	case s.InOrder() || s.RefFrames < 2:
		return 0, true
	}
	return 1, false
}

// InOrder says that no stream with this set has B-frames, whatever is said of
// reordering: the baseline profile has none (A.2.1), and with POCType 2 the
// order of output is that of decoding (8.2.1.3).
func (s *SPS) InOrder() bool { return s.Profile == 66 || s.POCType == 2 }

// FrameTicks gives the time between two frames in so many ticks a second, if
// the set tells it and it is believable: between 1/240 of a second and a whole
// one. A frame has two ticks of the VUI, one a field (E.2.1).
func (s *SPS) FrameTicks(perSecond int64) (ticks int64, ok bool) {
	if s.Scale == 0 {
		return 0, false
	}
	ticks = 2 * perSecond * int64(s.Tick) / int64(s.Scale)
	return ticks, ticks >= perSecond/240 && ticks <= perSecond
}

// ParseSPS reads a sequence parameter set with its NAL unit header. ok is false
// if it is broken or cut off before its VUI. A VUI that is broken or cut off is
// as good as none: pictures can be decoded without.
func ParseSPS(nalu []byte) (s SPS, ok bool) {
	if len(nalu) < 5 || len(nalu) > MaxSet || nalu[0]&0x9F != TypeSPS {
		return s, false
	}
	s.RBSP = nal.Unescape(make([]byte, 0, len(nalu)), nalu[1:])
	r := nal.BitReader{B: s.RBSP}
	s.Profile = byte(r.Bits(8))
	r.Bits(16) // constraints, level
	id := r.UE()
	s.ID = byte(id)
	s.ChromaFormat = 1
	if s.High() {
		s.readChroma(&r)
	}
	s.FrameNumBits = readLog2(&r)
	s.readPictureOrder(&r)
	s.RefFrames = r.UE()
	r.Bits(1) // gaps_in_frame_num_value_allowed_flag
	s.readSize(&r)
	s.VUIFlag = r.Pos
	s.HasVUI = r.Bits(1) == 1
	if r.Failed || s.RefFrames > 16 || id > 31 {
		return s, false
	}
	if s.HasVUI {
		s.readVUI(&r)
	}
	s.Whole = !r.Failed && r.AtTrailingBits()
	if r.Failed && s.HasVUI {
		s.forgetVUI()
	}
	return s, true
}

// forgetVUI forgets what was read of a VUI that is not whole.
func (s *SPS) forgetVUI() {
	s.HasVUI, s.VUICut, s.Whole = false, true, false
	s.Tick, s.Scale, s.Restricted, s.Reorder = 0, 0, false, 0
}

// WithoutVUI gives the parameter set, without start code, with no VUI. header
// is that of its NAL unit.
func (s *SPS) WithoutVUI(header byte) []byte {
	w := nal.BitWriter{B: make([]byte, 0, len(s.RBSP))}
	w.CopyBits(s.RBSP, 0, s.VUIFlag)
	w.Bits(0, 1) // vui_parameters_present_flag
	w.Bits(1, 1) // rbsp_stop_one_bit
	return nal.Escape(append(make([]byte, 0, len(w.B)+8), header), w.B)
}

// LowDelay gives the parameter set, without start code, with a
// bitstream_restriction (E.1.1 and E.2.1) that says what decoders cannot know
// otherwise: no picture comes before one that is shown earlier, so none need be
// held back. All else stays bit for bit. It is right only for streams without
// B-frames. header is that of its NAL unit.
//
// ok is false, and the result nil, where there is a restriction already, or
// where the set could not be read whole, down to its trailing bits.
func (s *SPS) LowDelay(header byte) (nalu []byte, ok bool) {
	if !s.Whole || s.Restricted {
		return nil, false
	}
	w := nal.BitWriter{B: make([]byte, 0, len(s.RBSP)+16)}
	if s.HasVUI {
		w.CopyBits(s.RBSP, 0, s.RestrictionFlag)
	} else {
		w.CopyBits(s.RBSP, 0, s.VUIFlag)
		w.Bits(1, 1)
		w.Bits(0, 8) // nothing else of a VUI
	}
	w.Bits(1, 1) // bitstream_restriction_flag
	w.Bits(1, 1) // motion vectors may point outside of the picture
	w.UE(0)      // no bound on the bytes of a picture
	w.UE(0)      // nor on the bits of a macroblock
	w.UE(15)     // the longest vectors, as without a restriction
	w.UE(15)     //
	w.UE(0)      // max_num_reorder_frames
	w.UE(max(1, s.RefFrames))
	w.Bits(1, 1) // rbsp_stop_one_bit
	return nal.Escape(append(make([]byte, 0, len(w.B)+8), header), w.B), true
}

// readLog2 reads a number of bits: log2 of something, less 4, at most 12.
func readLog2(r *nal.BitReader) int {
	v := r.UE()
	if v > 12 {
		r.Failed = true
	}
	return int(v&15) + 4
}

// readChroma reads what the high profiles have more.
func (s *SPS) readChroma(r *nal.BitReader) {
	s.ChromaFormat = r.UE()
	lists := 8
	if s.ChromaFormat == 3 {
		s.SeparatePlanes = r.Bits(1) == 1
		lists = 12
	}
	s.LumaDepth, s.ChromaDepth = r.UE(), r.UE()
	if s.ChromaFormat > 3 || s.LumaDepth > 6 || s.ChromaDepth > 6 {
		r.Failed = true
	}
	r.Bits(1) // qpprime_y_zero_transform_bypass_flag
	if r.Bits(1) == 0 {
		return
	}
	for i := range lists {
		if r.Bits(1) == 0 {
			continue
		}
		if i < 6 {
			skipScalingList(r, 16)
		} else {
			skipScalingList(r, 64)
		}
	}
}

func (s *SPS) readPictureOrder(r *nal.BitReader) {
	switch s.POCType = r.UE(); s.POCType {
	case 0:
		s.LSBBits = readLog2(r)
	case 1:
		s.cycle.noDelta = r.Bits(1) == 1
		s.cycle.nonRef, s.cycle.bottom = r.SE(), r.SE()
		n := r.UE()
		if n > 255 {
			r.Failed = true
		}
		for i := uint32(0); i < n && !r.Failed; i++ {
			s.cycle.frames = append(s.cycle.frames, r.SE())
		}
	case 2:
	default:
		r.Failed = true
	}
}

// readSize reads the size and what is cut off of it (7.4.2.1.1).
func (s *SPS) readSize(r *nal.BitReader) {
	s.wide, s.high = 16*(uint64(r.UE())+1), 16*(uint64(r.UE())+1)
	rows := uint64(1) // of a frame, for one of a field
	if s.FrameOnly = r.Bits(1) == 1; !s.FrameOnly {
		rows = 2
		r.Bits(1) // mb_adaptive_frame_field_flag
	}
	s.high *= rows
	r.Bits(1) // direct_8x8_inference_flag
	if r.Bits(1) == 0 {
		return
	}
	across, down := uint64(1), rows // pixels for a unit of cropping
	if !s.SeparatePlanes && (s.ChromaFormat == 1 || s.ChromaFormat == 2) {
		across = 2
	}
	if !s.SeparatePlanes && s.ChromaFormat == 1 {
		down *= 2
	}
	s.left, s.right = across*uint64(r.UE()), across*uint64(r.UE())
	s.top, s.bottom = down*uint64(r.UE()), down*uint64(r.UE())
}

// readVUI reads E.1.1.
func (s *SPS) readVUI(r *nal.BitReader) {
	if r.Bits(1) == 1 && r.Bits(8) == 255 { // Extended_SAR
		r.Bits(32)
	}
	if r.Bits(1) == 1 { // overscan_info_present_flag
		r.Bits(1)
	}
	if r.Bits(1) == 1 { // video_signal_type_present_flag
		r.Bits(4)
		if r.Bits(1) == 1 {
			r.Bits(24)
		}
	}
	if r.Bits(1) == 1 { // chroma_loc_info_present_flag
		r.UE()
		r.UE()
	}
	s.TimingFlag = r.Pos
	if r.Bits(1) == 1 { // timing_info_present_flag
		s.Tick, s.Scale = r.Bits(32), r.Bits(32)
		r.Bits(1)
	}
	nal := r.Bits(1) == 1
	if nal {
		s.messages[0] = readHRD(r)
	}
	vcl := r.Bits(1) == 1
	if vcl {
		s.messages[1] = readHRD(r)
	}
	if nal || vcl {
		r.Bits(1) // low_delay_hrd_flag
	}
	s.messages[2] = r.Bits(1) // pic_struct_present_flag
	s.RestrictionFlag = r.Pos
	if s.Restricted = r.Bits(1) == 1; s.Restricted {
		r.Bits(1) // motion_vectors_over_pic_boundaries_flag
		for range 4 {
			r.UE()
		}
		s.Reorder = r.UE()
		r.UE() // max_dec_frame_buffering
	}
}

// skipScalingList reads H.264, 7.3.2.1.1.1.
func skipScalingList(r *nal.BitReader, size int) {
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			next = (last + r.SE()) & 0xFF
		}
		if next != 0 {
			last = next
		}
	}
}

// readHRD reads H.264, E.1.2, and gives what of it the syntax of messages about
// buffers depends on: how many it is of, and how long their delays are.
func readHRD(r *nal.BitReader) uint32 {
	n := r.UE()
	if n > 31 {
		r.Failed = true
		return 0
	}
	r.Bits(8)
	for range n + 1 {
		r.UE()
		r.UE()
		r.Bits(1)
	}
	return 1<<25 | n<<20 | r.Bits(20)
}
