package mp4

import "math/bits"

// bitReader reads bits and Exp-Golomb codes (H.264, 7.2 and 9.1) from a RBSP.
// Past the end, and after a code that is too long, it has failed and gives
// zeros.
type bitReader struct {
	b      []byte
	pos    int // in bits
	failed bool
}

func (r *bitReader) fail() { r.failed = true }

// bits gives the next n bits, at most 32.
func (r *bitReader) bits(n int) uint32 {
	if r.failed || r.pos+n > 8*len(r.b) {
		r.fail()
		return 0
	}
	v := uint32(0)
	for range n {
		v = v<<1 | uint32(r.b[r.pos>>3]>>(7-r.pos&7)&1)
		r.pos++
	}
	return v
}

// ue gives an unsigned Exp-Golomb code, of at most 32 bits of value.
func (r *bitReader) ue() uint32 {
	zeros := 0
	for r.bits(1) == 0 {
		if zeros++; r.failed || zeros > 31 {
			r.fail()
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// se gives a signed Exp-Golomb code: H.264, 9.1.1.
func (r *bitReader) se() int32 {
	k := r.ue()
	if k&1 == 1 {
		return int32(k/2 + 1)
	}
	return -int32(k / 2)
}

// skipScalingList reads H.264, 7.3.2.1.1.1.
func (r *bitReader) skipScalingList(size int) {
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			next = (last + r.se()) & 0xFF
		}
		if next != 0 {
			last = next
		}
	}
}

// skipHRD reads H.264, E.1.2.
func (r *bitReader) skipHRD() {
	n := r.ue()
	if n > 31 {
		r.fail()
		return
	}
	r.bits(8)
	for range n + 1 {
		r.ue()
		r.ue()
		r.bits(1)
	}
	r.bits(20)
}

// atTrailingBits says whether only the stop bit and zeros follow.
func (r *bitReader) atTrailingBits() bool {
	if r.bits(1) != 1 {
		return false
	}
	for !r.failed && r.pos < 8*len(r.b) {
		if r.bits(1) == 1 {
			return false
		}
	}
	return !r.failed
}

// bitWriter is the opposite of bitReader. The last byte is filled with zeros.
type bitWriter struct {
	b    []byte
	free int // bits not used of the last byte
}

func (w *bitWriter) bits(v uint32, n int) {
	for n--; n >= 0; n-- {
		if w.free == 0 {
			w.b = append(w.b, 0)
			w.free = 8
		}
		w.free--
		w.b[len(w.b)-1] |= byte(v>>n&1) << w.free
	}
}

func (w *bitWriter) ue(v uint32) {
	n := bits.Len32(v + 1)
	w.bits(0, n-1)
	w.bits(v+1, n)
}

// copyBits writes the bits from until to of b.
func (w *bitWriter) copyBits(b []byte, from, to int) {
	r := bitReader{b: b, pos: from}
	for r.pos < to {
		w.bits(r.bits(1), 1)
	}
}

// unescape appends the RBSP of a NAL unit's payload to dst: without emulation
// prevention bytes (H.264, 7.4.1).
func unescape(dst, payload []byte) []byte {
	zeros := 0
	for _, c := range payload {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		if zeros++; c != 0 {
			zeros = 0
		}
		dst = append(dst, c)
	}
	return dst
}

// escape is the opposite of unescape.
func escape(dst, rbsp []byte) []byte {
	zeros := 0
	for _, c := range rbsp {
		if zeros >= 2 && c <= 3 {
			dst = append(dst, 3)
			zeros = 0
		}
		if zeros++; c != 0 {
			zeros = 0
		}
		dst = append(dst, c)
	}
	return dst
}
