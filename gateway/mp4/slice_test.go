package mp4

import (
	"encoding/binary"
	"testing"

	"framegate/transcode/nal"
)

// slice makes a slice's NAL unit: its header's first two codes, and some more.
func slice(header byte, firstMB, kind uint32) []byte {
	var w nal.BitWriter
	w.UE(firstMB)
	w.UE(kind)
	w.Bits(0x5A5A5A, 24)
	return nal.Escape([]byte{header}, w.B)
}

func avcc(nalus ...[]byte) (b []byte) {
	for _, n := range nalus {
		b = binary.BigEndian.AppendUint32(b, uint32(len(n)))
		b = append(b, n...)
	}
	return b
}

func TestBidirectional(t *testing.T) {
	sei := []byte{6, 5, 1, 0, 0x80}
	for kind := range uint32(10) {
		want := kind%5 == 1
		for _, mb := range []uint32{0, 1, 100, 8191, 65535, 1<<17 - 1, 1<<20 - 1} { // some need emulation prevention
			for name, data := range map[string][]byte{
				"alone":          avcc(slice(0x01, mb, kind)),
				"reference":      avcc(slice(0x61, mb, kind)),
				"partition":      avcc(slice(0x42, mb, kind)),
				"after SEI":      avcc(sei, slice(0x01, mb, kind)),
				"second slice":   avcc(slice(0x01, 0, 7), slice(0x01, mb, kind)),
				"before another": avcc(slice(0x01, mb, kind), slice(0x01, 9, 5)),
			} {
				if got := Bidirectional(data); got != want {
					t.Errorf("%s, type %d at %d: %v", name, kind, mb, got)
				}
			}
		}
	}
}

func TestBidirectionalOfBrokenBytes(t *testing.T) {
	good := avcc(slice(0x01, 0, 6))
	for name, data := range map[string][]byte{
		"nothing":         nil,
		"a length":        good[:4],
		"cut off":         good[:6],
		"empty NAL unit":  append([]byte{0, 0, 0, 0}, good...),
		"length too long": append([]byte{0xFF, 0xFF, 0xFF, 0xFF}, good[4:]...),
		"IDR first":       avcc(slice(0x65, 0, 7), slice(0x01, 0, 6)),
		"no slice":        avcc([]byte{6, 1, 2}, []byte{9, 0xF0}),
		"endless code":    avcc(append([]byte{1}, make([]byte, 100)...)),
		"header alone":    avcc([]byte{1}),
	} {
		if Bidirectional(data) {
			t.Errorf("%s: has a B slice", name)
		}
	}
	many := avcc()
	for range maxSlices {
		many = append(many, avcc(slice(0x01, 0, 5))...)
	}
	if Bidirectional(append(many, good...)) {
		t.Error("more slices are looked at than the bound allows")
	}
}

func TestBidirectionalDoesNotAllocate(t *testing.T) {
	data := avcc(slice(0x01, 1<<17-1, 5), slice(0x01, 8191, 6))
	if n := testing.AllocsPerRun(100, func() { Bidirectional(data) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzBidirectional(f *testing.F) {
	f.Add(avcc(slice(0x01, 1<<17-1, 5), slice(0x01, 8191, 6)))
	f.Fuzz(func(_ *testing.T, b []byte) { Bidirectional(b) })
}

func BenchmarkBidirectional(b *testing.B) {
	data := append(avcc(slice(0x41, 0, 5)), avcc(make([]byte, 20000))...)
	b.ReportAllocs()
	for b.Loop() {
		Bidirectional(data)
	}
}
