package media

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"framegate/transcode/h264"
)

// ErrBadParameterSets: a sequence parameter set that cannot be read, or that
// promises pictures beyond MaxSide or MaxPixels.
var ErrBadParameterSets = errors.New("bad parameter sets")

// H264Format makes a format of a sequence and a picture parameter set (ITU-T
// H.264, 7.3.2.1 and 7.3.2.2), each without start code, and of others that
// pictures may refer to; of those with one number the last counts. It keeps
// copies. Where the rest of an SPS (its VUI) is cut off or broken it is left
// out, since some players refuse all of it then. The error is
// ErrBadParameterSets.
func H264Format(sps, pps []byte, more ...[]byte) (*Format, error) {
	if len(sps) < 4 || len(pps) < 1 || h264.Type(sps) != h264.TypeSPS || h264.Type(pps) != h264.TypePPS {
		return nil, fmt.Errorf("%w: of %d and %d bytes", ErrBadParameterSets, len(sps), len(pps))
	}
	spss, ppss := newest(append([][]byte{sps, pps}, more...))
	for i, set := range spss {
		spss[i] = mended(set)
	}
	return formatOfSets(spss, ppss)
}

// FormatOfAVCC makes a format of an AVCDecoderConfigurationRecord (ISO/IEC
// 14496-15, 5.3.3.1), as H264Format does of the parameter sets in it. Its Config
// may differ: nothing else of the record is kept. The error is
// ErrBadParameterSets.
func FormatOfAVCC(config []byte) (*Format, error) {
	sps, pps, err := h264.ReadAVCC(config)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadParameterSets, err)
	}
	return H264Format(sps[0], pps[0], slices.Concat(sps[1:], pps[1:])...)
}

// formatOfSets makes a format of parameter sets in good order.
func formatOfSets(sps, pps [][]byte) (*Format, error) {
	parsed, ok := h264.ParseSPS(sps[0])
	if !ok {
		return nil, fmt.Errorf("%w: the sequence parameter set cannot be read", ErrBadParameterSets)
	}
	w, h, err := boundedSize(parsed.Size())
	if err != nil {
		return nil, err
	}
	config, err := h264.AVCC(sps, pps)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadParameterSets, err)
	}
	f := &Format{Codec: H264, Width: w, Height: h, Config: config, first: &parsed}
	f.spss, f.ppss, err = h264.ReadAVCC(config)
	return f, err
}

// boundedSize gives the size of pictures, if Framegate carries such. Decoders
// make room for what is coded, of which a part may be cut off.
func boundedSize(w, h, codedW, codedH uint64) (width, height int, err error) {
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide || w*h > MaxPixels {
		return 0, 0, fmt.Errorf("%w: pictures of %dx%d, of at most %d a side and %d pixels", ErrBadParameterSets, w, h, MaxSide, MaxPixels)
	}
	if codedW > MaxSide || codedH > MaxSide || codedW*codedH > MaxPixels {
		return 0, 0, fmt.Errorf("%w: pictures of %dx%d, coded as %dx%d, of at most %d a side and %d pixels", ErrBadParameterSets, w, h, codedW, codedH, MaxSide, MaxPixels)
	}
	return int(w), int(h), nil
}

// newest gives parameter sets by their kinds, the last with each number, where
// the first with it stood. What cannot be read has no number.
func newest(sets [][]byte) (sps, pps [][]byte) {
	type name struct{ kind, number byte }
	at := make(map[name]int, len(sets))
	for _, set := range sets {
		kind, number, ok := h264.Numbered(set)
		all := &pps
		if kind == h264.TypeSPS {
			all = &sps
		}
		if i, known := at[name{kind, number}]; known && ok {
			(*all)[i] = set
			continue
		}
		if ok {
			at[name{kind, number}] = len(*all)
		}
		*all = append(*all, set)
	}
	return sps, pps
}

// mended gives a sequence parameter set without a VUI that is not whole.
func mended(set []byte) []byte {
	if parsed, ok := h264.ParseSPS(set); ok && parsed.VUICut {
		return parsed.WithoutVUI(set[0])
	}
	return set
}

// ParameterSets gives all parameter sets of H264 and H265, each without start
// code, as parts of Config: read-only. What Width, Height and the like are of is
// the first SPS. H264 has no VPS.
func (f *Format) ParameterSets() (vps, sps, pps [][]byte) { return f.vpss, f.spss, f.ppss }

// Reordering says how many frames, as far as the format tells, may come before
// one that is shown earlier, and whether that is certain.
func (f *Format) Reordering() (frames int, certain bool) {
	if f.Codec == JPEG {
		return 0, true
	}
	if f.first == nil {
		return 1, false
	}
	return f.first.MayReorder()
}

// InOrder says that the format admits no frame that comes before one that is
// shown earlier, whatever it says of reordering.
func (f *Format) InOrder() bool { return f.first != nil && f.first.InOrder() }

// FrameTicks gives the time between two frames in so many ticks a second, if
// the format tells it and it is believable: at most a second.
func (f *Format) FrameTicks(perSecond int64) (ticks int64, ok bool) {
	if f.first == nil {
		return 0, false
	}
	return f.first.FrameTicks(perSecond)
}

// LowDelay gives the same format, but for its saying that no frame comes before
// one that is shown earlier, so that decoders hold none back. It is right only
// for streams without B-frames. ok is false where the format says how frames
// are reordered, as H265 always does, or could not be read whole.
func (f *Format) LowDelay() (low *Format, ok bool) {
	first, ok := f.first.(*h264.SPS)
	if !ok {
		return nil, false
	}
	changed, ok := first.LowDelay(f.spss[0][0])
	if !ok {
		return nil, false
	}
	low, err := formatOfSets(append([][]byte{changed}, f.spss[1:]...), f.ppss)
	if err != nil {
		return nil, false
	}
	low.Refreshed = f.Refreshed
	return low, true
}

// has says whether a parameter set is one of the Format's.
func (f *Format) has(set []byte) bool {
	equal := func(known []byte) bool { return bytes.Equal(known, set) }
	return slices.ContainsFunc(f.vpss, equal) || slices.ContainsFunc(f.spss, equal) || slices.ContainsFunc(f.ppss, equal)
}
