// Package h265 reads what the headers of H.265 tell (ITU-T H.265): parameter
// sets, and the beginnings of slices, from which follow where a picture begins
// and in which order pictures are shown. It decodes no picture, and knows
// neither cameras nor ffmpeg.
package h265

import "framegate/transcode/nal"

// Types of NAL units (table 7-1).
const (
	TypeRADLN     = 6 // shown before the picture that it follows, and decodable with it
	TypeRADLR     = 7
	TypeRASLN     = 8 // shown before the picture that it follows, and not decodable without what came before
	TypeRASLR     = 9
	TypeBLA       = 16 // the first of those at which decoding may begin; the first three come behind a cut
	TypeIDRWRADL  = 19
	TypeIDRNLP    = 20
	TypeCRA       = 21
	TypeVPS       = 32
	TypeSPS       = 33
	TypePPS       = 34
	TypeDelimiter = 35
	TypeEnd       = 36 // of a coded video sequence
	TypeFiller    = 38
	TypePrefixSEI = 39
	TypeSuffixSEI = 40
)

// HeaderSize is how long the header of a NAL unit is, in bytes (7.3.1.2).
const HeaderSize = 2

// MaxSet bounds the bytes of a parameter set that is looked at, and MaxHead
// those of a slice: more than all numbers in it up to the picture order count
// take, escaped.
const (
	MaxSet  = 8192
	MaxHead = 40
)

// MaxReorder is the most pictures that can come before one that is shown
// earlier: those that a decoder may have to keep, less one (A.4.2).
const MaxReorder = 15

// Type gives the type of a NAL unit, which is not empty.
func Type(nalu []byte) byte { return nalu[0] >> 1 & 0x3F }

// Layer gives the layer of a NAL unit of two bytes at least. All but those of
// layer 0 are for decoders of scalable or three-dimensional video, and others
// pass over them (7.4.2.2).
func Layer(nalu []byte) byte { return nalu[0]&1<<5 | nalu[1]>>3 }

// IsPicture says whether a NAL unit is part of a picture: a slice segment. Those
// of types that are reserved decoders pass over.
func IsPicture(nalu []byte) bool { return Type(nalu) <= TypeRASLR || IsIRAP(nalu) }

// IsIRAP says whether decoding may begin with the picture that a NAL unit is of.
func IsIRAP(nalu []byte) bool { t := Type(nalu); return t >= TypeBLA && t <= TypeCRA }

// IsBLA says whether a NAL unit is of a picture at which one stream was joined to
// another, so that nothing behind it can be decoded by what came before.
func IsBLA(nalu []byte) bool { t := Type(nalu); return t >= TypeBLA && t < TypeIDRWRADL }

// IsIDR says whether nothing that comes later refers to what was before the
// picture that a NAL unit is of, in whatever order they are shown.
func IsIDR(nalu []byte) bool { t := Type(nalu); return t == TypeIDRWRADL || t == TypeIDRNLP }

// IsSkipped says whether a NAL unit is of a picture that cannot be decoded where
// decoding began with the keyframe before it (RASL).
func IsSkipped(nalu []byte) bool { t := Type(nalu); return t == TypeRASLN || t == TypeRASLR }

// IsSet says whether a NAL unit is a parameter set.
func IsSet(nalu []byte) bool { t := Type(nalu); return t >= TypeVPS && t <= TypePPS }

// IsRecoveryPoint says whether a NAL unit with supplemental information says that
// decoding can begin with its picture (D.2.8).
func IsRecoveryPoint(nalu []byte) bool {
	return len(nalu) > HeaderSize && Type(nalu) == TypePrefixSEI && nal.IsRecoveryPoint(nalu[HeaderSize:])
}
