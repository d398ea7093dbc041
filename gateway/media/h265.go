package media

import (
	"fmt"
	"slices"

	"framegate/transcode/h265"
)

// H265Format makes a format of a video, a sequence and a picture parameter set
// (ITU-T H.265, 7.3.2), each without start code, and of others that pictures may
// refer to; of those with one number the last counts. It keeps copies. The error
// is ErrBadParameterSets.
func H265Format(vps, sps, pps []byte, more ...[]byte) (*Format, error) {
	for i, set := range [][]byte{vps, sps, pps} {
		if len(set) <= h265.HeaderSize || h265.Type(set) != h265.TypeVPS+byte(i) {
			return nil, fmt.Errorf("%w: of %d, %d and %d bytes", ErrBadParameterSets, len(vps), len(sps), len(pps))
		}
	}
	kinds := newestH265(append([][]byte{vps, sps, pps}, more...))
	parsed, ok := h265.ParseSPS(kinds[1][0])
	if !ok {
		return nil, fmt.Errorf("%w: the sequence parameter set cannot be read", ErrBadParameterSets)
	}
	w, h, err := boundedSize(parsed.Size())
	if err != nil {
		return nil, err
	}
	config, err := h265.HVCC(kinds[0], kinds[1], kinds[2])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadParameterSets, err)
	}
	f := &Format{Codec: H265, Width: w, Height: h, Config: config, first: &parsed}
	f.vpss, f.spss, f.ppss, err = h265.ReadHVCC(config)
	return f, err
}

// FormatOfHVCC makes a format of a HEVCDecoderConfigurationRecord (ISO/IEC
// 14496-15, 8.3.3.1), as H265Format does of the parameter sets in it. Its Config
// may differ: nothing else of the record is kept. The error is
// ErrBadParameterSets.
func FormatOfHVCC(config []byte) (*Format, error) {
	vps, sps, pps, err := h265.ReadHVCC(config)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadParameterSets, err)
	}
	return H265Format(vps[0], sps[0], pps[0], slices.Concat(vps[1:], sps[1:], pps[1:])...)
}

// FormatOfConfig makes a format of H264, H265, AAC or Opus of what its Config was,
// as FormatOfAVCC, FormatOfHVCC and AACFormat do. The error is ErrBadParameterSets,
// or ErrBadSound.
func FormatOfConfig(codec Codec, config []byte) (*Format, error) {
	switch codec {
	case H264:
		return FormatOfAVCC(config)
	case H265:
		return FormatOfHVCC(config)
	case AAC:
		return AACFormat(config)
	case Opus:
		return formatOfDOps(config)
	}
	return nil, fmt.Errorf("%w: %s has none", ErrBadParameterSets, codec)
}

// newestH265 gives parameter sets by their kinds (VPS, SPS, PPS), the last with
// each number, where the first with it stood.
func newestH265(sets [][]byte) (kinds [3][][]byte) {
	type name struct{ kind, number byte }
	at := make(map[name]int, len(sets))
	for _, set := range sets {
		kind, number, ok := h265.Numbered(set)
		if kind < h265.TypeVPS || kind > h265.TypePPS {
			continue
		}
		all := &kinds[kind-h265.TypeVPS]
		if i, known := at[name{kind, number}]; known && ok {
			(*all)[i] = set
			continue
		}
		if ok {
			at[name{kind, number}] = len(*all)
		}
		*all = append(*all, set)
	}
	return kinds
}
