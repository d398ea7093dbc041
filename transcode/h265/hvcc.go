package h265

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// ErrHVCC: no HEVCDecoderConfigurationRecord, or parameter sets that do not go
// into one.
var ErrHVCC = errors.New("bad decoder configuration (hvcC)")

// hvccHead is how long a HEVCDecoderConfigurationRecord is before its arrays.
const hvccHead = 23

// maxSets bounds the parameter sets of a record, of all kinds.
const maxSets = 16 + 16 + 64

// HVCC makes a HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1) for
// NAL units with 4-byte lengths, of parameter sets without start code. There
// must be one of each kind; the first SPS tells the profile. The arrays are said
// to be complete, as hvc1 wants them. The error is ErrHVCC.
func HVCC(vps, sps, pps [][]byte) ([]byte, error) {
	all := []struct {
		kind byte
		sets [][]byte
	}{{TypeVPS, vps}, {TypeSPS, sps}, {TypePPS, pps}}
	size := hvccHead
	for _, array := range all {
		size += 3
		if len(array.sets) < 1 || len(array.sets) > maxSets {
			return nil, fmt.Errorf("%w: %d parameter sets of type %d, of 1 to %d", ErrHVCC, len(array.sets), array.kind, maxSets)
		}
		for _, set := range array.sets {
			if size += 2 + len(set); len(set) <= HeaderSize || len(set) > math.MaxUint16 {
				return nil, fmt.Errorf("%w: parameter set of %d bytes", ErrHVCC, len(set))
			}
		}
	}
	s, ok := ParseSPS(sps[0])
	if !ok {
		return nil, fmt.Errorf("%w: the sequence parameter set cannot be read", ErrHVCC)
	}
	b := s.appendHead(make([]byte, 0, size))
	for _, array := range all {
		b = append(b, 0x80|array.kind) // array_completeness
		b = binary.BigEndian.AppendUint16(b, uint16(len(array.sets)))
		for _, set := range array.sets {
			b = binary.BigEndian.AppendUint16(b, uint16(len(set)))
			b = append(b, set...)
		}
	}
	return b, nil
}

// appendHead appends what stands before the arrays. Nothing is said of how
// pictures are cut for decoding side by side, nor of their rate.
func (s *SPS) appendHead(b []byte) []byte {
	p := s.Profile
	b = append(b, 1, p.Space<<6|p.Tier<<5|p.IDC)
	b = binary.BigEndian.AppendUint32(b, p.Compatible)
	b = append(append(b, p.Constraints[:]...), p.Level)
	nested := byte(0)
	if s.Nested {
		nested = 1
	}
	return append(b, 0xF0, 0, 0xFC, 0xFC|byte(s.ChromaFormat), 0xF8|byte(s.LumaDepth), 0xF8|byte(s.ChromaDepth),
		0, 0, byte(s.Layers)<<3|nested<<2|3, 3)
}

// ReadHVCC gives the parameter sets of a HEVCDecoderConfigurationRecord, of
// which there is one of each kind at least, as parts of it. They are not looked
// into, and what else it has is passed over. The error is ErrHVCC, also where
// NAL units have shorter lengths.
func ReadHVCC(b []byte) (vps, sps, pps [][]byte, err error) {
	switch {
	case len(b) < hvccHead || b[0] != 1:
		return nil, nil, nil, fmt.Errorf("%w: of %d bytes, or of another version", ErrHVCC, len(b))
	case b[21]&3 != 3:
		return nil, nil, nil, fmt.Errorf("%w: NAL units with %d-byte lengths, not 4", ErrHVCC, b[21]&3+1)
	}
	arrays, b := b[22], b[hvccHead:]
	count := 0
	for range arrays {
		if len(b) < 3 {
			return nil, nil, nil, fmt.Errorf("%w: cut off", ErrHVCC)
		}
		kind, sets := b[0]&0x3F, binary.BigEndian.Uint16(b[1:])
		b = b[3:]
		for range sets {
			var set []byte
			if set, b, err = cutSet(b); err != nil {
				return nil, nil, nil, err
			}
			if count++; count > maxSets {
				return nil, nil, nil, fmt.Errorf("%w: more than %d NAL units", ErrHVCC, maxSets)
			}
			switch {
			case Type(set) != kind:
			case kind == TypeVPS:
				vps = append(vps, set)
			case kind == TypeSPS:
				sps = append(sps, set)
			case kind == TypePPS:
				pps = append(pps, set)
			}
		}
	}
	if len(vps) == 0 || len(sps) == 0 || len(pps) == 0 {
		return nil, nil, nil, fmt.Errorf("%w: %d VPS, %d SPS and %d PPS", ErrHVCC, len(vps), len(sps), len(pps))
	}
	return vps, sps, pps, nil
}

func cutSet(b []byte) (set, rest []byte, err error) {
	if len(b) < 2 {
		return nil, nil, fmt.Errorf("%w: cut off", ErrHVCC)
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; n <= HeaderSize || n > len(b) {
		return nil, nil, fmt.Errorf("%w: NAL unit of %d bytes in %d", ErrHVCC, n, len(b))
	}
	return b[:n:n], b[n:], nil
}

// Codecs gives the value of the codecs parameter for the sample entry hvc1 with
// a HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, E.3), such as
// "hvc1.1.6.L93.B0", or "" for what is none.
func Codecs(config []byte) string {
	if len(config) < hvccHead {
		return ""
	}
	var s strings.Builder
	s.WriteString("hvc1.")
	if space := config[1] >> 6; space > 0 {
		s.WriteByte('A' + space - 1)
	}
	tier := 'L'
	if config[1]>>5&1 == 1 {
		tier = 'H'
	}
	fmt.Fprintf(&s, "%d.%X.%c%d", config[1]&0x1F, bits.Reverse32(binary.BigEndian.Uint32(config[2:])), tier, config[12])
	for _, b := range bytes.TrimRight(config[6:12], "\x00") {
		fmt.Fprintf(&s, ".%X", b)
	}
	return s.String()
}

// ShowAlike says of two HEVCDecoderConfigurationRecords whether the pictures of
// either are shown alike with the other: the same sets tell of them. What may
// differ is the video parameter set, which no picture refers to.
func ShowAlike(a, b []byte) bool {
	_, spsA, ppsA, errA := ReadHVCC(a)
	_, spsB, ppsB, errB := ReadHVCC(b)
	return errA == nil && errB == nil && slices.EqualFunc(ppsA, ppsB, bytes.Equal) && slices.EqualFunc(spsA, spsB, bytes.Equal)
}
