package nal

import "math/bits"

// BitReader reads bits and Exp-Golomb codes (H.264, 7.2 and 9.1) from a RBSP.
// Past the end, and after a code that is too long, it has failed and gives
// zeros; H.265 has the same codes (9.2).
type BitReader struct {
	B      []byte
	Pos    int // in bits
	Failed bool
}

// Bits gives the next n bits, at most 32.
func (r *BitReader) Bits(n int) uint32 {
	if r.Failed || r.Pos+n > 8*len(r.B) {
		r.Failed = true
		return 0
	}
	v := uint32(0)
	for range n {
		v = v<<1 | uint32(r.B[r.Pos>>3]>>(7-r.Pos&7)&1)
		r.Pos++
	}
	return v
}

// UE gives an unsigned Exp-Golomb code, of at most 32 bits of value.
func (r *BitReader) UE() uint32 {
	zeros := 0
	for r.Bits(1) == 0 {
		if zeros++; r.Failed || zeros > 31 {
			r.Failed = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.Bits(zeros)
}

// SE gives a signed Exp-Golomb code: H.264, 9.1.1.
func (r *BitReader) SE() int32 {
	k := r.UE()
	if k&1 == 1 {
		return int32(k/2 + 1)
	}
	return -int32(k / 2)
}

// AtTrailingBits says whether only the stop bit and zeros follow.
func (r *BitReader) AtTrailingBits() bool {
	if r.Bits(1) != 1 {
		return false
	}
	for !r.Failed && r.Pos < 8*len(r.B) {
		if r.Bits(1) == 1 {
			return false
		}
	}
	return !r.Failed
}

// BitWriter is the opposite of BitReader. The last byte is filled with zeros.
type BitWriter struct {
	B    []byte
	free int // bits not used of the last byte
}

func (w *BitWriter) Bits(v uint32, n int) {
	for n--; n >= 0; n-- {
		if w.free == 0 {
			w.B = append(w.B, 0)
			w.free = 8
		}
		w.free--
		w.B[len(w.B)-1] |= byte(v>>n&1) << w.free
	}
}

func (w *BitWriter) UE(v uint32) {
	n := bits.Len32(v + 1)
	w.Bits(0, n-1)
	w.Bits(v+1, n)
}

// CopyBits writes the bits of b from one position to before another.
func (w *BitWriter) CopyBits(b []byte, from, to int) {
	r := BitReader{B: b, Pos: from}
	for r.Pos < to {
		w.Bits(r.Bits(1), 1)
	}
}

// Unescape appends the RBSP of a NAL unit's payload to dst: without emulation
// prevention bytes (H.264, 7.4.1).
func Unescape(dst, payload []byte) []byte {
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

// Escape is the opposite of Unescape.
func Escape(dst, rbsp []byte) []byte {
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
