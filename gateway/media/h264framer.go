package media

import "framegate/transcode/h264"

// H264Framer makes frames of access units as they come off the network. It
// remembers the parameter sets, the newest of each number: those that were
// announced, and those that came in band since. The zero value knows none. It
// is not safe for concurrent use.
type H264Framer struct {
	sets h264.Sets
	framing
}

// Announce tells parameter sets that came apart from the pictures, as in a
// session description.
func (f *H264Framer) Announce(sets ...[]byte) {
	f.learn(f.sets.Learn, sets...)
}

// AnnounceAVCC tells the parameter sets of an AVCDecoderConfigurationRecord,
// which came apart from the pictures, as in a container. It keeps the record,
// and looks into it only if it is another than last time.
func (f *H264Framer) AnnounceAVCC(config []byte) {
	if !f.another(config) {
		return
	}
	sps, pps, err := h264.ReadAVCC(config)
	if err != nil {
		f.bad = true
	}
	f.Announce(sps...)
	f.Announce(pps...)
}

// Slice reads the header of a slice by the parameter sets known. Its first
// bytes will do.
func (f *H264Framer) Slice(nalu []byte) (h264.Slice, bool) { return f.sets.Slice(nalu) }

// Frame makes a frame of the NAL units of one access unit, each without start
// code. Parameter sets and delimiters are taken out of it; new ones give a new
// Format with the next keyframe, and stay in the Data of pictures before. The
// frame's Data is a copy; Key, Format and Data are set.
//
// ok is false for an access unit without a picture, and as long as parameter
// sets are missing. An error is ErrBadParameterSets.
func (f *H264Framer) Frame(nalus [][]byte) (frame Frame, ok bool, err error) {
	u := f.look(nalus)
	if !u.picture {
		return Frame{}, false, nil
	}
	key := f.begins(u)
	if key || f.format == nil {
		if ok, err = f.renew(u.first, key && !u.idr); !ok {
			return Frame{}, false, err
		}
	}
	data := joined(nalus, func(n []byte) bool { return f.carried(n, key) })
	return Frame{Key: key, Format: f.format, Data: data}, true, nil
}

// accessUnit is what is known of one.
type accessUnit struct {
	picture, idr, recovery bool
	intra                  bool // all of its slices are I
	first                  h264.Slice
}

// look learns the parameter sets of an access unit, and says what it is.
func (f *H264Framer) look(nalus [][]byte) (u accessUnit) {
	u.intra = true
	for _, n := range nalus {
		if len(n) == 0 {
			continue
		}
		switch kind := h264.Type(n); {
		case kind == h264.TypeSPS, kind == h264.TypePPS:
			f.Announce(n)
		case kind == h264.TypeSEI:
			u.recovery = u.recovery || h264.IsRecoveryPoint(n)
		case h264.IsSlice(n):
			slice, ok := f.sets.Slice(n)
			u.intra = u.intra && ok && slice.Type == h264.SliceI
			if !u.picture {
				u.first = slice
			}
			u.picture, u.idr = true, u.idr || slice.IDR || kind == h264.TypeIDR
		case kind <= h264.TypePartitionC && kind > 0:
			u.picture = true
		}
	}
	return u
}

// begins says whether a stream can be joined at a picture: at an IDR picture,
// and where none comes at a recovery point or, where there are none of those
// either, at an I picture (ITU-T H.264, D.2.8).
func (f *H264Framer) begins(u accessUnit) bool {
	switch {
	case u.idr:
		f.keyframe()
		return true
	case !u.recovery && !u.intra:
		return false
	}
	return f.point() || u.recovery && !f.begun
}

// renew makes a format for a picture that begins with this slice, unless the
// one there is still right.
func (f *H264Framer) renew(first h264.Slice, refreshed bool) (ok bool, err error) {
	sps, pps, ok := f.sets.Of(first)
	return f.framing.renew(wanted{ok, sps, f.sets.Changes(), refreshed}, h264Size, func() (*Format, error) {
		return H264Format(sps, pps, f.sets.Others(sps, pps)...)
	})
}

func h264Size(sps []byte) (width, height uint64, ok bool) {
	parsed, ok := h264.ParseSPS(sps)
	width, height, _, _ = parsed.Size()
	return width, height, ok
}

// carried says whether a NAL unit belongs into a frame's Data.
func (f *H264Framer) carried(n []byte, key bool) bool {
	if len(n) == 0 {
		return false
	}
	switch h264.Type(n) {
	case h264.TypeSPS, h264.TypePPS:
		return !key && !f.format.has(n) && !f.format.has(mended(n))
	case h264.TypeDelimiter, h264.TypeFiller:
		return false
	}
	return true
}
