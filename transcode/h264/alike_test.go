package h264_test

import (
	"testing"

	"framegate/transcode/h264"
	"framegate/transcode/nal"
)

// TestShowAlike: what parameter sets say of times alone makes no other pictures.
func TestShowAlike(t *testing.T) {
	record := func(sps, pps []byte) []byte {
		b, err := h264.AVCC([][]byte{sps}, [][]byte{pps})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	plain := spsKind{profile: 100, refs: 1, width: 20, height: 15, vui: true, everything: true, restriction: true}
	with := func(change func(*spsKind)) []byte {
		other := plain
		change(&other)
		return record(other.bytes(), pps)
	}
	a := record(plain.bytes(), pps)
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{
		"the same":       {record(plain.bytes(), pps), true},
		"another rate":   {record(retimed(t, plain.bytes()), pps), true},
		"another size":   {with(func(s *spsKind) { s.width = 22 }), false},
		"reordered":      {with(func(s *spsKind) { s.reorder = 1 }), false},
		"no VUI":         {with(func(s *spsKind) { s.vui = false }), false},
		"no colours":     {with(func(s *spsKind) { s.everything = false }), false},
		"another PPS":    {record(plain.bytes(), append([]byte{}, append(pps, 1)...)), false},
		"cannot be read": {record([]byte{0x67, 100, 0, 31}, pps), false},
	} {
		if got := h264.ShowAlike(a, c.b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := h264.ShowAlike(c.b, a); got != c.want {
			t.Errorf("%s, the other way round: %v", name, got)
		}
	}
	if h264.ShowAlike(nil, a) {
		t.Error("nothing is like something")
	}
}

// retimed gives a parameter set whose VUI tells times with other ones.
func retimed(t *testing.T, sps []byte) []byte {
	t.Helper()
	s, ok := h264.ParseSPS(sps)
	if !ok || s.Scale == 0 {
		t.Fatal("it tells no times")
	}
	var w nal.BitWriter
	w.CopyBits(s.RBSP, 0, s.TimingFlag+1)
	w.Bits(s.Tick, 32)
	w.Bits(s.Scale*2, 32)
	w.CopyBits(s.RBSP, s.TimingFlag+65, 8*len(s.RBSP))
	return nal.Escape([]byte{sps[0]}, w.B)
}
