package mp4

import "framegate/transcode/h264"

// frameTicks gives the time between two frames, if the SPS tells and it is
// believable: at most a second. A frame has two ticks, one a field (H.264,
// E.2.1).
func frameTicks(s *h264.SPS) (delta int64, ok bool) {
	if s.Scale == 0 {
		return 0, false
	}
	delta = 2 * Timescale * int64(s.Tick) / int64(s.Scale)
	return delta, delta >= Timescale/240 && delta <= Timescale
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
	s, ok := h264.ParseSPS(sps)
	if !ok || !s.Whole || s.Restricted {
		return nil, false
	}
	w := h264.BitWriter{B: make([]byte, 0, len(s.RBSP)+16)}
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
	return h264.Escape(append(make([]byte, 0, len(w.B)+8), sps[0]), w.B), true
}
