package h264_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	reference "github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/google/go-cmp/cmp"

	"framegate/transcode/h264"
	"framegate/transcode/nal"
)

// spsKind makes sequence parameter sets of all kinds.
type spsKind struct {
	profile       byte
	refs          uint32
	width, height uint32 // in macroblocks
	chroma        uint32 // 0: 4:2:0; else chroma_format_idc
	scaling       bool
	pocType       uint32
	interlaced    bool
	cropping      bool
	vui           bool
	everything    bool // in the VUI: aspect, colours, timing, HRDs
	restriction   bool
	reorder       uint32
}

func (s spsKind) bytes() []byte {
	var w nal.BitWriter
	w.Bits(uint32(s.profile), 8)
	w.Bits(0, 8)
	w.Bits(31, 8)
	w.UE(0)
	if (&h264.SPS{Profile: s.profile}).High() {
		s.writeChroma(&w)
	}
	w.UE(0)
	w.UE(s.pocType)
	switch s.pocType {
	case 0:
		w.UE(4)
	case 1:
		w.Bits(0, 1)
		for _, v := range []uint32{3, 70000, 3, 1, 2, 100} {
			w.UE(v)
		}
	}
	w.UE(s.refs)
	w.Bits(0, 1)
	w.UE(s.width - 1)
	w.UE(s.height - 1)
	if s.interlaced {
		w.Bits(0, 2)
	} else {
		w.Bits(1, 1)
	}
	w.Bits(1, 1)
	w.Bits(truth(s.cropping), 1)
	if s.cropping {
		for v := range uint32(4) {
			w.UE(v)
		}
	}
	w.Bits(truth(s.vui), 1)
	if s.vui {
		s.writeVUI(&w)
	}
	w.Bits(1, 1)
	return nal.Escape([]byte{0x67}, w.B)
}

func (s spsKind) writeChroma(w *nal.BitWriter) {
	lists := 8
	if s.chroma == 0 {
		s.chroma = 1
	}
	w.UE(s.chroma)
	if s.chroma == 3 {
		w.Bits(0, 1)
		lists = 12
	}
	w.UE(2)
	w.UE(0)
	w.Bits(0, 1)
	w.Bits(truth(s.scaling), 1)
	if !s.scaling {
		return
	}
	for i := range lists {
		size := 16
		if i >= 6 {
			size = 64
		}
		switch i % 3 {
		case 0: // not there, or one whose third value is 256, which ends it
			w.Bits(truth(i > 0), 1)
			if i > 0 {
				w.UE(239)
				w.UE(239)
				w.UE(15)
			}
		case 1: // the default one: 8 + -8 = 0
			w.Bits(1, 1)
			w.UE(16)
		case 2: // all its values, one more each, and then the same to the end
			w.Bits(1, 1)
			for range size / 2 {
				w.UE(1)
			}
			w.UE(2 * uint32(8+size/2))
		}
	}
}

func (s spsKind) writeVUI(w *nal.BitWriter) {
	if !s.everything {
		w.Bits(0, 8)
	} else {
		w.Bits(1, 1)
		w.Bits(255, 8)
		w.Bits(0x00010001, 32) // gives emulation prevention something to do
		w.Bits(3, 2)           // overscan
		w.Bits(1, 1)
		w.Bits(0b1011, 4)
		w.Bits(1, 1)
		w.Bits(0x010101, 24)
		w.Bits(1, 1)
		w.UE(1)
		w.UE(2)
		w.Bits(1, 1)
		w.Bits(1, 32)
		w.Bits(50, 32)
		w.Bits(1, 1)
		for range 2 { // HRDs
			w.Bits(1, 1)
			w.UE(1)
			w.Bits(0, 8)
			for range 2 {
				w.UE(100000)
				w.UE(5)
				w.Bits(0, 1)
			}
			w.Bits(0xFFFFF, 20)
		}
		w.Bits(0, 1)
		w.Bits(1, 1)
	}
	w.Bits(truth(s.restriction), 1)
	if s.restriction {
		w.Bits(1, 1)
		for _, v := range []uint32{0, 0, 11, 11, s.reorder, max(s.refs, s.reorder)} {
			w.UE(v)
		}
	}
}

func truth(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// lowDelay is LowDelay of a set that has to be read first.
func lowDelay(nalu []byte) ([]byte, bool) {
	s, ok := h264.ParseSPS(nalu)
	if !ok {
		return nil, false
	}
	return s.LowDelay(nalu[0])
}

// everySPS gives parameter sets of all kinds without a restriction.
func everySPS() map[string]spsKind {
	all := make(map[string]spsKind)
	for _, profile := range []byte{66, 77, 88, 100, 110, 122, 244, 44} {
		for kind := range 64 {
			s := spsKind{
				profile: profile, refs: uint32(kind % 5), width: 80, height: 45,
				interlaced: kind&1 != 0, cropping: kind&2 != 0, vui: kind&4 != 0, everything: kind&8 != 0,
				scaling: kind&16 != 0, pocType: uint32(kind % 3),
			}
			if kind&32 != 0 {
				s.chroma = 3
			}
			all[fmt.Sprintf("%+v", s)] = s
		}
	}
	return all
}

// TestLowDelay compares what an independent parser says of every kind of
// SPS before and after: nothing but the restriction may be new.
func TestLowDelay(t *testing.T) {
	for name, s := range everySPS() {
		original := s.bytes()
		kept := bytes.Clone(original)
		changed, ok := lowDelay(original)
		if !ok {
			t.Fatalf("%s: not changed", name)
		}
		if !bytes.Equal(original, kept) {
			t.Fatalf("%s: the original was written to", name)
		}
		var before, after reference.SPS
		if err := before.Unmarshal(original); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := after.Unmarshal(changed); err != nil {
			t.Fatalf("%s: changed: %v", name, err)
		}
		if before.VUI == nil {
			before.VUI = &reference.SPS_VUI{}
		}
		before.VUI.BitstreamRestriction = &reference.SPS_BitstreamRestriction{
			MotionVectorsOverPicBoundariesFlag: true,
			Log2MaxMvLengthHorizontal:          15,
			Log2MaxMvLengthVertical:            15,
			MaxDecFrameBuffering:               max(1, s.refs),
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("%s: -want +got\n%s", name, diff)
		}
		if _, again := lowDelay(changed); again {
			t.Fatalf("%s: changed twice", name)
		}
	}
}

// TestLowDelayIsWhatAnEncoderWrites has the restriction taken out of an SPS
// in the only bits where it is, and put back.
func TestLowDelayIsWhatAnEncoderWrites(t *testing.T) {
	with := spsKind{profile: 100, refs: 3, width: 40, height: 30, vui: true, everything: true, restriction: true}
	without := with
	without.restriction = false
	changed, ok := lowDelay(without.bytes())
	if !ok {
		t.Fatal("not changed")
	}
	var a, b reference.SPS
	if err := a.Unmarshal(with.bytes()); err != nil {
		t.Fatal(err)
	}
	if err := b.Unmarshal(changed); err != nil {
		t.Fatal(err)
	}
	a.VUI.BitstreamRestriction.Log2MaxMvLengthHorizontal = 15
	a.VUI.BitstreamRestriction.Log2MaxMvLengthVertical = 15
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}

func TestLowDelayRefuses(t *testing.T) {
	good := spsKind{profile: 100, refs: 4, width: 20, height: 15, vui: true, everything: true}.bytes()
	restricted := spsKind{profile: 100, refs: 4, width: 20, height: 15, vui: true, restriction: true, reorder: 2}
	cases := map[string][]byte{
		"nothing":              nil,
		"a PPS":                {0x68, 0xce, 0x3c, 0x80, 0x80},
		"restricted":           restricted.bytes(),
		"forbidden bit":        append([]byte{0xE7}, good[1:]...),
		"more after the end":   append(bytes.Clone(good), 0x11),
		"too long":             append(bytes.Clone(good), make([]byte, h264.MaxSet)...),
		"a poc type":           spsKind{profile: 66, refs: 1, width: 9, height: 9, pocType: 3}.bytes(),
		"a chroma format":      spsKind{profile: 100, refs: 1, width: 9, height: 9, chroma: 4}.bytes(),
		"too many references":  spsKind{profile: 66, refs: 17, width: 9, height: 9}.bytes(),
		"an endless codeword":  {0x67, 66, 0, 31, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"another endless code": {0x67, 100, 0, 31, 0x80, 0, 0, 3, 0, 0, 3, 0, 0, 3, 0, 0, 1},
	}
	for i := range len(good) - 1 {
		cases[fmt.Sprintf("%d bytes", i)] = good[:i]
	}
	for name, b := range cases {
		if changed, ok := lowDelay(b); ok || changed != nil {
			t.Errorf("%s: % x became % x", name, b, changed)
		}
	}
}

func TestLowDelayTakesTrailingZeros(t *testing.T) {
	good := spsKind{profile: 100, refs: 4, width: 20, height: 15}.bytes()
	if _, ok := lowDelay(append(good, 0, 0)); !ok {
		t.Error("zeros after the end, as some cameras leave there, are refused")
	}
}

func TestEscape(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		b := make([]byte, r.IntN(40))
		for i := range b {
			b[i] = byte(r.IntN(5)) // the values that matter
		}
		escaped := nal.Escape(nil, b)
		for i := 2; i < len(escaped); i++ {
			if escaped[i-2] == 0 && escaped[i-1] == 0 && escaped[i] < 3 {
				t.Fatalf("% x became % x", b, escaped)
			}
		}
		if got := nal.Unescape(nil, escaped); !bytes.Equal(got, b) {
			t.Fatalf("% x came back as % x", b, got)
		}
		if want := reference.EmulationPreventionRemove(escaped); !bytes.Equal(want, b) {
			t.Fatalf("% x comes back elsewhere as % x", b, want)
		}
	}
}

func FuzzLowDelay(f *testing.F) {
	for _, s := range everySPS() {
		f.Add(s.bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		changed, ok := lowDelay(b)
		if !ok {
			return
		}
		s, ok := h264.ParseSPS(changed)
		if !ok || !s.Restricted || s.Reorder != 0 {
			t.Errorf("% x became % x", b, changed)
		}
	})
}

// TestMayReorder tells streams that surely come in order from others.
func TestMayReorder(t *testing.T) {
	for _, c := range []struct {
		name    string
		sps     spsKind
		frames  int
		certain bool
	}{
		{"baseline", spsKind{profile: 66, refs: 3}, 0, true},
		{"order of decoding", spsKind{profile: 100, refs: 3, pocType: 2}, 0, true},
		{"one reference", spsKind{profile: 77, refs: 1}, 0, true},
		{"nothing said", spsKind{profile: 77, refs: 2}, 1, false},
		{"VUI without a word", spsKind{profile: 100, refs: 4, vui: true, everything: true}, 1, false},
		{"none said", spsKind{profile: 100, refs: 4, vui: true, restriction: true}, 0, true},
		{"two said", spsKind{profile: 100, refs: 4, vui: true, restriction: true, reorder: 2}, 2, true},
		{"a lie", spsKind{profile: 100, refs: 4, vui: true, restriction: true, reorder: 9999}, h264.MaxReorder, true},
	} {
		c.sps.width, c.sps.height = 20, 15
		s, ok := h264.ParseSPS(c.sps.bytes())
		frames, certain := s.MayReorder()
		if !ok || frames != c.frames || certain != c.certain {
			t.Errorf("%s: %d frames, certain %v, parsed %v", c.name, frames, certain, ok)
		}
	}
}
