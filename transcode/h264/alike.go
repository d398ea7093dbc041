package h264

import (
	"bytes"
	"slices"

	"framegate/transcode/nal"
)

// ShowAlike says of two AVCDecoderConfigurationRecords whether the pictures of
// either are shown alike with the other: all that decoding and showing them depend
// on is the same. What may differ is what sequence parameter sets say of times and
// of buffers, as some cameras do from one group of pictures to the next.
func ShowAlike(a, b []byte) bool {
	spsA, ppsA, errA := ReadAVCC(a)
	spsB, ppsB, errB := ReadAVCC(b)
	return errA == nil && errB == nil && slices.EqualFunc(ppsA, ppsB, bytes.Equal) && slices.EqualFunc(spsA, spsB, setsShowAlike)
}

// setsShowAlike says so of two sequence parameter sets.
func setsShowAlike(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, okX := ParseSPS(a)
	y, okY := ParseSPS(b)
	if !okX || !okY || !x.Whole || !y.Whole {
		return false
	}
	reorderX, certainX := x.MayReorder()
	reorderY, certainY := y.MayReorder()
	return reorderX == reorderY && certainX == certainY && x.messages == y.messages && bytes.Equal(x.shown(), y.shown())
}

// shown gives the parameter set up to what its VUI says of times; without one, as
// if there were one that says nothing.
func (s *SPS) shown() []byte {
	w := nal.BitWriter{B: make([]byte, 0, len(s.RBSP)+1)}
	w.CopyBits(s.RBSP, 0, s.VUIFlag)
	if s.HasVUI {
		w.CopyBits(s.RBSP, s.VUIFlag+1, s.TimingFlag)
	} else {
		w.Bits(0, 4) // no aspect ratio, overscan, colours or place of the chroma
	}
	w.Bits(1, 1)
	return w.B
}
