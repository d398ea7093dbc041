package media_test

import (
	"bytes"
	"errors"
	"testing"

	"framegate/gateway/media"
	"framegate/transcode/h264"
	"framegate/transcode/nal"
)

// numberedPPS makes a picture parameter set for the SPS of number 0.
func numberedPPS(number uint32, value byte) []byte {
	var w nal.BitWriter
	w.UE(number)
	w.UE(0)
	w.Bits(0, 2)
	w.Bits(uint32(value)|1, 8)
	return nal.Escape([]byte{0x68}, w.B)
}

// TestSeveralParameterSets: they are told apart by their numbers, and are one
// Format, which changes with a keyframe alone.
func TestSeveralParameterSets(t *testing.T) {
	var f media.H264Framer
	zero, one := numberedPPS(0, 7), numberedPPS(1, 7)
	first := frameOf(t, &f, sps720, zero, one, idr).Format
	if !holds(first, [][]byte{sps720}, [][]byte{zero, one}) {
		t.Fatalf("configuration % x", first.Config)
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
	if key.Format == first || !holds(key.Format, [][]byte{sps720}, [][]byte{zero, changed}) {
		t.Errorf("then % x", key.Format.Config)
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
		if again, ok := h264.ParseSPS(firstSPS(f)); !ok || !again.Whole || again.HasVUI || again.RefFrames != whole.RefFrames {
			t.Errorf("%s: % x became % x", name, sps, firstSPS(f))
		}
	}
}

// firstSPS is the one that a format's size is of.
func firstSPS(f *media.Format) []byte {
	_, sps, _ := f.ParameterSets()
	return sps[0]
}

// otherSPS is one of number 1, of the baseline profile.
func otherSPS() []byte {
	var w nal.BitWriter
	w.Bits(66<<16|31, 24)
	for _, v := range []uint32{1, 0, 2, 1} { // number, log2_max_frame_num_minus4, pic_order_cnt_type, max_num_ref_frames
		w.UE(v)
	}
	w.Bits(0, 1)
	w.UE(9)
	w.UE(9)
	w.Bits(0b11001, 5) // frames only; nothing cut off, no VUI
	return nal.Escape([]byte{0x67}, w.B)
}

// facts is all that a format says of how its frames come.
type facts struct {
	frames           int
	certain, inOrder bool
	ticks            int64
	told             bool
}

func factsOf(f *media.Format) (s facts) {
	s.frames, s.certain = f.Reordering()
	s.inOrder = f.InOrder()
	s.ticks, s.told = f.FrameTicks(90000)
	return s
}

// TestConfigRoundTrip: a format that is made of another's Config says the same
// as that, and a set that comes twice counts as it came last.
func TestConfigRoundTrip(t *testing.T) {
	zero, one, changed := numberedPPS(0, 7), numberedPPS(1, 7), numberedPPS(0, 9)
	other := otherSPS()
	for name, c := range map[string]struct {
		more     [][]byte
		sps, pps [][]byte
	}{
		"one of each":       {nil, [][]byte{sps720}, [][]byte{zero}},
		"two PPS":           {[][]byte{one}, [][]byte{sps720}, [][]byte{zero, one}},
		"the first anew":    {[][]byte{one, changed}, [][]byte{sps720}, [][]byte{changed, one}},
		"the second anew":   {[][]byte{zero, numberedPPS(1, 3), one}, [][]byte{sps720}, [][]byte{zero, one}},
		"what is not read":  {[][]byte{{0x68, 0}, {0x68, 0}}, [][]byte{sps720}, [][]byte{zero, {0x68, 0}, {0x68, 0}}},
		"the SPS once more": {[][]byte{sps720, one}, [][]byte{sps720}, [][]byte{zero, one}},
		"an SPS of its own": {[][]byte{one, other}, [][]byte{sps720, other}, [][]byte{zero, one}},
		"numbers of a kind": {[][]byte{numberedPPS(5, 1), other}, [][]byte{sps720, other}, [][]byte{zero, numberedPPS(5, 1)}},
	} {
		made, err := media.H264Format(sps720, zero, c.more...)
		if err != nil || !holds(made, c.sps, c.pps) {
			t.Errorf("%s: %+v, %v", name, made, err)
			continue
		}
		again, err := media.FormatOfAVCC(made.Config)
		if err != nil || !bytes.Equal(again.Config, made.Config) || again.Width != 1280 || again.Height != 720 || again.Codec != media.H264 {
			t.Errorf("%s: %+v comes back as %+v, %v", name, made, again, err)
		}
		if a, b := factsOf(made), factsOf(again); a != b || a != (facts{frames: 2, certain: true, ticks: 3000, told: true}) {
			t.Errorf("%s: says %+v, and then %+v", name, a, b)
		}
	}
	if f, err := media.FormatOfAVCC([]byte("\x01\x64\x00\x1f")); !errors.Is(err, media.ErrBadParameterSets) {
		t.Errorf("cut off: %+v, %v", f, err)
	}
}

// TestLowDelay: the format's own SPS alone is another, and says so.
func TestLowDelay(t *testing.T) {
	high := []byte{0x67, 100, 0, 31, 0xA7, 0x32, 0x94, 0x14, 0x1F, 0x90}
	silent, err := media.H264Format(high, numberedPPS(0, 7), numberedPPS(1, 7), otherSPS())
	if err != nil {
		t.Fatal(err)
	}
	if frames, certain := silent.Reordering(); frames != 1 || certain || silent.InOrder() {
		t.Errorf("says %+v", factsOf(silent))
	}
	silent.Refreshed = true
	low, ok := silent.LowDelay()
	if !ok || low.Width != silent.Width || !low.Refreshed || !holds(low, [][]byte{firstSPS(low), otherSPS()}, [][]byte{numberedPPS(0, 7), numberedPPS(1, 7)}) {
		t.Fatalf("%+v became %+v", silent, low)
	}
	if frames, certain := low.Reordering(); frames != 0 || !certain || !holds(silent, [][]byte{high, otherSPS()}, [][]byte{numberedPPS(0, 7), numberedPPS(1, 7)}) {
		t.Errorf("then says %+v, and the old one is % x", factsOf(low), silent.Config)
	}
	if again, ok := low.LowDelay(); ok {
		t.Errorf("and again %+v", again)
	}
	for _, f := range []*media.Format{{}, {Codec: media.H264}} {
		if _, ok := f.LowDelay(); ok || f.InOrder() || factsOf(f) != (facts{frames: 1}) {
			t.Errorf("%+v says %+v", f, factsOf(f))
		}
	}
	if f := (&media.Format{Codec: media.JPEG}); factsOf(f) != (facts{certain: true}) {
		t.Errorf("JPEG says %+v", factsOf(f))
	}
}

// TestAnnouncedConfiguration: it is looked into once, and when it changes.
func TestAnnouncedConfiguration(t *testing.T) {
	var f media.H264Framer
	made, err := media.H264Format(sps720, numberedPPS(0, 7), numberedPPS(1, 7))
	if err != nil {
		t.Fatal(err)
	}
	f.AnnounceAVCC(nil)
	f.AnnounceAVCC(made.Config)
	first := frameOf(t, &f, idr).Format
	if !bytes.Equal(first.Config, made.Config) {
		t.Errorf("configuration % x", first.Config)
	}
	changed := numberedPPS(0, 9)
	in := frameOf(t, &f, changed, idr).Format
	f.AnnounceAVCC(made.Config)
	if again := frameOf(t, &f, idr).Format; again != in || !holds(in, [][]byte{sps720}, [][]byte{changed, numberedPPS(1, 7)}) {
		t.Errorf("what came in band since is forgotten: % x", again.Config)
	}
	if n := testing.AllocsPerRun(100, func() { f.AnnounceAVCC(made.Config) }); n > 0 {
		t.Errorf("%v allocations for the same", n)
	}
	var bad media.H264Framer
	bad.AnnounceAVCC([]byte{1, 2, 3})
	if _, _, err := bad.Frame([][]byte{idr}); !errors.Is(err, media.ErrBadParameterSets) {
		t.Errorf("what cannot be read: %v", err)
	}
}

// TestRepeatedSetsAllocateNothing, as of cameras that send them with each
// picture.
func TestRepeatedSetsAllocateNothing(t *testing.T) {
	var f media.H264Framer
	zero, one := numberedPPS(0, 7), numberedPPS(1, 7)
	frameOf(t, &f, sps720, zero, one, idr)
	cost := func(units ...[]byte) float64 {
		return testing.AllocsPerRun(100, func() {
			if _, ok, err := f.Frame(units); !ok || err != nil {
				t.Fatal(err)
			}
		})
	}
	if alone, with := cost(slice), cost(sps720, zero, one, slice); with > alone {
		t.Errorf("%v allocations with them, %v without", with, alone)
	}
}

func TestKinds(t *testing.T) {
	for codec, want := range map[media.Codec]string{media.JPEG: "video", media.H264: "video", 0: "unknown"} {
		if got := codec.Kind().String(); got != want {
			t.Errorf("%v is of the kind %s", codec, got)
		}
	}
}
