package media_test

import (
	"bytes"
	"slices"
	"testing"

	"framegate/gateway/media"
	"framegate/transcode/h264"
)

// numberedPPS makes a picture parameter set for the SPS of number 0.
func numberedPPS(number uint32, value byte) []byte {
	var w h264.BitWriter
	w.UE(number)
	w.UE(0)
	w.Bits(0, 2)
	w.Bits(uint32(value)|1, 8)
	return h264.Escape([]byte{0x68}, w.B)
}

// TestSeveralParameterSets: they are told apart by their numbers, and are one
// Format, which changes with a keyframe alone.
func TestSeveralParameterSets(t *testing.T) {
	var f media.H264Framer
	zero, one := numberedPPS(0, 7), numberedPPS(1, 7)
	first := frameOf(t, &f, sps720, zero, one, idr).Format
	if !bytes.Equal(first.PPS, zero) || !slices.EqualFunc(first.More, [][]byte{one}, bytes.Equal) {
		t.Fatalf("PPS % x, more % x", first.PPS, first.More)
	}
	for _, units := range [][][]byte{{slice}, {zero, slice}, {one, zero, sps720, idr}, {sps720, zero, idr}, {idr}} {
		if frame := frameOf(t, &f, units...); frame.Format != first {
			t.Errorf("% x gives another format", units)
		}
	}
	changed := numberedPPS(1, 9)
	between := frameOf(t, &f, changed, slice)
	if between.Format != first || !bytes.Contains(between.Data, changed) {
		t.Errorf("a set that changes within a GOP: another format %v, in the data %v", between.Format != first, bytes.Contains(between.Data, changed))
	}
	key := frameOf(t, &f, idr)
	if sps, pps := key.Format.ParameterSets(); key.Format == first || len(sps) != 1 || !slices.EqualFunc(pps, [][]byte{zero, changed}, bytes.Equal) {
		t.Errorf("then % x, % x", sps, pps)
	}
}

// TestParameterSetWithABrokenEnd: of a set that is cut off in its VUI the size
// is taken, and the VUI left out, so that players take it too.
func TestParameterSetWithABrokenEnd(t *testing.T) {
	whole, _ := h264.ParseSPS(sps720)
	least := 1 + (whole.VUIFlag+8)/8
	broken := map[string][]byte{"endless": append(bytes.Clone(sps720[:least+2]), bytes.Repeat([]byte{0xFF}, 3)...)}
	for n := least; n < len(sps720)-1; n++ {
		broken[string(rune('a'+n))] = sps720[:n]
	}
	if len(broken) < 5 {
		t.Fatal("the VUI is too short")
	}
	for name, sps := range broken {
		f, err := media.H264Format(sps, pps)
		if err != nil || f.Width != 1280 || f.Height != 720 {
			t.Errorf("%s: %+v, %v", name, f, err)
			continue
		}
		if again, ok := h264.ParseSPS(f.SPS); !ok || !again.Whole || again.HasVUI || again.RefFrames != whole.RefFrames {
			t.Errorf("%s: % x became % x", name, sps, f.SPS)
		}
	}
}
