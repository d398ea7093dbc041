package media

import "framegate/transcode/h265"

// H265Framer makes frames of access units as they come off the network, as
// H264Framer does of H.264. The zero value knows no parameter set. It is not
// safe for concurrent use.
type H265Framer struct {
	sets h265.Sets
	framing
	over bool // the coded video sequence has ended
	cut  bool // the last IRAP picture began another sequence
}

// Announce tells parameter sets that came apart from the pictures, as in a
// session description.
func (f *H265Framer) Announce(sets ...[]byte) {
	f.learn(f.sets.Learn, sets...)
}

// AnnounceHVCC tells the parameter sets of a HEVCDecoderConfigurationRecord,
// which came apart from the pictures, as in a container. It keeps the record,
// and looks into it only if it is another than last time.
func (f *H265Framer) AnnounceHVCC(config []byte) {
	if !f.another(config) {
		return
	}
	vps, sps, pps, err := h265.ReadHVCC(config)
	if err != nil {
		f.bad = true
	}
	f.Announce(vps...)
	f.Announce(sps...)
	f.Announce(pps...)
}

// Slice reads the header of a slice segment by the parameter sets known. Its
// first bytes will do.
func (f *H265Framer) Slice(nalu []byte) (h265.Slice, bool) { return f.sets.Slice(nalu) }

// Frame makes a frame of the NAL units of one access unit, each without start
// code. Parameter sets, delimiters and what is of other layers than the first
// are taken out of it; new parameter sets give a new Format with the next
// keyframe, and stay in the Data of pictures before. The frame's Data is a copy;
// Key, Leading, Format and Data are set.
//
// ok is false for an access unit without a picture, for a picture that no decoder
// shows because it needs what was before a cut (RASL, 8.3.1), and as long as
// parameter sets are missing. An error is ErrBadParameterSets.
func (f *H265Framer) Frame(nalus [][]byte) (frame Frame, ok bool, err error) {
	u := f.look(nalus)
	if !u.picture || u.skipped && f.cut {
		return Frame{}, false, nil
	}
	key := f.begins(u)
	if key || f.format == nil {
		if ok, err = f.renew(u.first, key && !u.irap); !ok {
			return Frame{}, false, err
		}
	}
	data := joined(nalus, func(n []byte) bool { return f.carried(n, key) })
	return Frame{Key: key, Leading: u.skipped, Format: f.format, Data: data}, true, nil
}

// h265Unit is what is known of an access unit.
type h265Unit struct {
	picture, irap, recovery bool
	skipped                 bool // it is not decodable after the keyframe before it alone
	first                   h265.Slice
}

// look learns the parameter sets of an access unit, and says what it is.
func (f *H265Framer) look(nalus [][]byte) (u h265Unit) {
	for _, n := range nalus {
		if len(n) < h265.HeaderSize || h265.Layer(n) != 0 {
			continue
		}
		switch {
		case h265.Type(n) == h265.TypeEnd:
			f.over = true
		case len(n) == h265.HeaderSize:
		case h265.IsSet(n):
			f.Announce(n)
		case h265.Type(n) == h265.TypePrefixSEI:
			u.recovery = u.recovery || h265.IsRecoveryPoint(n)
		case h265.IsPicture(n) && !u.picture:
			u.first, _ = f.sets.Slice(n)
			u.picture, u.irap, u.skipped = true, h265.IsIRAP(n), h265.IsSkipped(n)
			if u.irap {
				f.cut, f.over = f.over || h265.IsBLA(n), false
			}
		}
	}
	return u
}

// begins says whether a stream can be joined at a picture: where the standard
// says so (IRAP), and where no such picture comes at a recovery point (ITU-T
// H.265, D.3.8).
func (f *H265Framer) begins(u h265Unit) bool {
	switch {
	case u.irap:
		f.keyframe()
		return true
	case !u.recovery:
		return false
	}
	return f.point() || !f.begun
}

// renew makes a format for a picture that begins with this slice, unless the
// one there is still right.
func (f *H265Framer) renew(first h265.Slice, refreshed bool) (ok bool, err error) {
	vps, sps, pps, ok := f.sets.Of(first)
	return f.framing.renew(wanted{ok, sps, f.sets.Changes(), refreshed}, h265Size, func() (*Format, error) {
		return H265Format(vps, sps, pps, f.sets.Others(sps, pps)...)
	})
}

func h265Size(sps []byte) (width, height uint64, ok bool) {
	parsed, ok := h265.ParseSPS(sps)
	width, height, _, _ = parsed.Size()
	return width, height, ok
}

// carried says whether a NAL unit belongs into a frame's Data.
func (f *H265Framer) carried(n []byte, key bool) bool {
	if len(n) <= h265.HeaderSize || h265.Layer(n) != 0 {
		return false
	}
	switch kind := h265.Type(n); {
	case h265.IsSet(n):
		return !key && !f.format.has(n)
	case kind >= h265.TypeDelimiter && kind <= h265.TypeFiller:
		return false
	}
	return true
}
