package segment

import (
	"framegate/gateway/mp4"
)

// Flags of a fragment's boxes and samples: 14496-12, 8.8.
const (
	baseIsMoof = 0x020000
	trunPlain  = 0x00000701 // data offset; duration, size and flags of each sample
	trunOffset = 0x01000F01 // and its signed composition offset
	keyFlags   = 0x02000000
	deltaFlags = 0x01010000
)

// Sizes of a fragment's boxes.
const (
	moofSize = 8 + 16                 // with mfhd
	trafSize = 8 + 16 + 20 + 12 + 4*2 // with tfhd, tfdt, and trun without samples
)

// appendMoof writes the moof of a fragment whose mdat comes next and holds the
// data of the samples, track after track. Offsets count from the moof itself.
func appendMoof(w *mp4.Boxes, sequence uint32, samples [][]Sample) {
	at := moofSize + 8
	for _, track := range samples {
		if len(track) > 0 {
			at += trafSize + len(track)*perSample(track)
		}
	}
	moof := w.Open("moof")
	mfhd := w.OpenFull("mfhd", 0, 0)
	w.U32(sequence)
	w.Close(mfhd)
	for i, track := range samples {
		if len(track) == 0 {
			continue
		}
		appendTraf(w, i, track, at)
		for _, s := range track {
			at += len(s.Data)
		}
	}
	w.Close(moof)
}

// perSample gives how many bytes trun has for each sample of a track.
func perSample(track []Sample) int {
	for i := range track {
		if track[i].Offset != 0 {
			return 16
		}
	}
	return 12
}

func appendTraf(w *mp4.Boxes, track int, samples []Sample, at int) {
	traf := w.Open("traf")
	tfhd := w.OpenFull("tfhd", 0, baseIsMoof)
	w.U32(uint32(track + 1))
	w.Close(tfhd)
	tfdt := w.OpenFull("tfdt", 1, 0)
	w.U64(uint64(samples[0].Decode))
	w.Close(tfdt)
	trun := w.Open("trun")
	offsets := perSample(samples) == 16
	if offsets {
		w.U32(trunOffset)
	} else {
		w.U32(trunPlain)
	}
	w.U32(uint32(len(samples)), uint32(at))
	for i := range samples {
		s := &samples[i]
		flags := uint32(deltaFlags)
		if s.Key {
			flags = keyFlags
		}
		w.U32(s.Duration, uint32(len(s.Data)), flags)
		if offsets {
			w.U32(uint32(s.Offset))
		}
	}
	w.Close(trun)
	w.Close(traf)
}
