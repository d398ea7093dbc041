package media

import (
	"bytes"
	"fmt"

	"framegate/transcode/h265"
)

// H265Framer makes frames of access units as they come off the network, as
// H264Framer does of H.264. The zero value knows no parameter set. It is not
// safe for concurrent use.
type H265Framer struct {
	sets   h265.Sets
	bad    bool    // one came that cannot be read
	format *Format // of the sets when the last keyframe came, or nil
	made   int     // of what Changes of the sets format is
	sps    []byte  // that format was made of
	config []byte  // that was announced last

	begun  bool // an IRAP picture has come
	points int  // recovery points since the last one, or since the beginning
	over   bool // the coded video sequence has ended
	cut    bool // the last IRAP picture began another sequence
}

// Announce tells parameter sets that came apart from the pictures, as in a
// session description.
func (f *H265Framer) Announce(sets ...[]byte) {
	for _, set := range sets {
		if len(set) > 0 && !f.sets.Learn(set) {
			f.bad = true
		}
	}
}

// AnnounceHVCC tells the parameter sets of a HEVCDecoderConfigurationRecord,
// which came apart from the pictures, as in a container. It keeps the record,
// and looks into it only if it is another than last time.
func (f *H265Framer) AnnounceHVCC(config []byte) {
	if len(config) == 0 || bytes.Equal(config, f.config) {
		return
	}
	f.config = config
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
		f.begun, f.points = true, 0
		return true
	case !u.recovery:
		return false
	}
	f.points++
	return f.points >= enoughPoints || !f.begun
}

// renew makes a format for a picture that begins with this slice, unless the
// one there is still right.
func (f *H265Framer) renew(first h265.Slice, refreshed bool) (ok bool, err error) {
	vps, sps, pps, ok := f.sets.Of(first)
	switch {
	case !ok && f.bad:
		return false, fmt.Errorf("%w: they cannot be read", ErrBadParameterSets)
	case !ok:
		return false, nil
	case f.format != nil && f.made == f.sets.Changes() && f.format.Refreshed == refreshed && f.fits(sps):
		return true, nil
	}
	format, err := H265Format(vps, sps, pps, f.sets.Others(sps, pps)...)
	if err != nil {
		return false, err
	}
	format.Refreshed = refreshed
	f.format, f.made, f.sps = format, f.sets.Changes(), sps
	return true, nil
}

// fits says whether pictures with a sequence parameter set, of those known, are
// as large as the format says. Sets that differ in other things may take turns.
func (f *H265Framer) fits(sps []byte) bool {
	if bytes.Equal(sps, f.sps) {
		return true
	}
	parsed, ok := h265.ParseSPS(sps)
	w, h, _, _ := parsed.Size()
	return ok && int(w) == f.format.Width && int(h) == f.format.Height
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
