package h264

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrAVCC: no AVCDecoderConfigurationRecord, or parameter sets that do not go
// into one.
var ErrAVCC = errors.New("bad decoder configuration (avcC)")

// How many parameter sets of each kind an AVCDecoderConfigurationRecord has
// room for; these are also the bits that count them.
const (
	maxSPSs = 0x1F
	maxPPSs = 0xFF
)

// AVCC makes an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) for
// NAL units with 4-byte lengths, of parameter sets without start code. There
// must be one of each kind; the first SPS tells the profile. What the high
// profiles add is left out where that SPS cannot be read, as older writers do.
// The error is ErrAVCC.
func AVCC(sps, pps [][]byte) ([]byte, error) {
	size := 11
	for _, sets := range [2][][]byte{sps, pps} {
		for _, set := range sets {
			if size += 2 + len(set); len(set) == 0 || len(set) > math.MaxUint16 {
				return nil, fmt.Errorf("%w: parameter set of %d bytes", ErrAVCC, len(set))
			}
		}
	}
	switch {
	case len(sps) < 1 || len(pps) < 1 || len(sps) > maxSPSs || len(pps) > maxPPSs:
		return nil, fmt.Errorf("%w: %d SPS and %d PPS, of 1 to %d and 1 to %d", ErrAVCC, len(sps), len(pps), maxSPSs, maxPPSs)
	case len(sps[0]) < 4:
		return nil, fmt.Errorf("%w: SPS of %d bytes", ErrAVCC, len(sps[0]))
	}
	b := append(make([]byte, 0, size), 1, sps[0][1], sps[0][2], sps[0][3], 0xFC|3)
	b = appendSets(b, 0xE0, sps)
	b = appendSets(b, 0, pps)
	if s, ok := ParseSPS(sps[0]); ok && s.High() {
		b = append(b, 0xFC|byte(s.ChromaFormat), 0xF8|byte(s.LumaDepth), 0xF8|byte(s.ChromaDepth), 0)
	}
	return b, nil
}

// appendSets appends parameter sets and before them how many there are, beside
// the bits that are always set.
func appendSets(b []byte, always byte, sets [][]byte) []byte {
	b = append(b, always|byte(len(sets)))
	for _, set := range sets {
		b = binary.BigEndian.AppendUint16(b, uint16(len(set)))
		b = append(b, set...)
	}
	return b
}

// ReadAVCC gives the parameter sets of an AVCDecoderConfigurationRecord, of
// which there is one of each kind at least, as parts of it. They are not looked
// into. The error is ErrAVCC, also where NAL units have shorter lengths.
func ReadAVCC(b []byte) (sps, pps [][]byte, err error) {
	switch {
	case len(b) < 6 || b[0] != 1:
		return nil, nil, fmt.Errorf("%w: of %d bytes, or of another version", ErrAVCC, len(b))
	case b[4]&3 != 3:
		return nil, nil, fmt.Errorf("%w: NAL units with %d-byte lengths, not 4", ErrAVCC, b[4]&3+1)
	}
	sps, rest, err := cutSets(b[5:], maxSPSs)
	if err != nil {
		return nil, nil, err
	}
	pps, _, err = cutSets(rest, maxPPSs)
	return sps, pps, err
}

// cutSets cuts off an array that must have an element. mask tells which bits of
// its first byte are the count.
func cutSets(b []byte, mask byte) (sets [][]byte, rest []byte, err error) {
	if len(b) < 1 || b[0]&mask == 0 {
		return nil, nil, fmt.Errorf("%w: no SPS or no PPS", ErrAVCC)
	}
	count, b := b[0]&mask, b[1:]
	for range count {
		if len(b) < 2 {
			return nil, nil, fmt.Errorf("%w: cut off", ErrAVCC)
		}
		n := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; n == 0 || n > len(b) {
			return nil, nil, fmt.Errorf("%w: parameter set of %d bytes in %d", ErrAVCC, n, len(b))
		}
		sets, b = append(sets, b[:n:n]), b[n:]
	}
	return sets, b, nil
}
