package mp4

import (
	"encoding/binary"

	"framegate/transcode/nal"
)

// Slices of an access unit that are looked at, and bytes of a slice's header:
// two Exp-Golomb codes, escaped.
const (
	maxSlices     = 64
	maxSliceBytes = 16
)

// Bidirectional says whether an access unit, as NAL units with 4-byte lengths
// (AVCC), has a B slice (H.264, 7.3.3 and 7.4.3): whether its picture may be
// one that is shown before pictures that came earlier. It reads the first
// bytes of each slice and allocates nothing. What is broken has none.
func Bidirectional(data []byte) bool {
	for range maxSlices {
		if len(data) < 5 {
			return false
		}
		n := binary.BigEndian.Uint32(data)
		if n == 0 || uint64(n) > uint64(len(data)-4) {
			return false
		}
		nalu := data[4 : 4+n]
		switch nalu[0] & 0x1F {
		case 1, 2: // slice, data partition A
			if bidirectionalSlice(nalu[1:]) {
				return true
			}
		case 5: // IDR has none
			return false
		}
		data = data[4+n:]
	}
	return false
}

func bidirectionalSlice(payload []byte) bool {
	var room [maxSliceBytes]byte
	r := nal.BitReader{B: nal.Unescape(room[:0], payload[:min(len(payload), maxSliceBytes)])}
	r.UE() // first_mb_in_slice
	kind := r.UE()
	return !r.Failed && (kind == 1 || kind == 6)
}
