package h264_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"framegate/transcode/h264"
)

// equalSets says whether parameter sets are the same, in the same order.
func equalSets(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

// TestAVCCRoundTrip: parameter sets come back as they went in, and the record
// tells the profile of the first SPS, whatever it is.
func TestAVCCRoundTrip(t *testing.T) {
	high444 := spsKind{profile: 244, refs: 1, width: 20, height: 15, chroma: 3}.bytes()
	baseline := spsKind{profile: 66, refs: 1, width: 20, height: 15}.bytes()
	many := func(set []byte, n int) [][]byte { return slices.Repeat([][]byte{set}, n) }
	for name, c := range map[string]struct {
		sps, pps [][]byte
		tail     string // what the high profiles add
	}{
		"one of each":  {[][]byte{sps}, [][]byte{pps}, "\xFD\xF8\xF8\x00"},
		"two of each":  {[][]byte{sps, baseline}, [][]byte{pps, {0x68, 1}}, "\xFD\xF8\xF8\x00"},
		"as many":      {many(baseline, 31), many(pps, 255), ""},
		"4:4:4, 10bit": {[][]byte{high444, sps}, [][]byte{pps}, "\xFF\xFA\xF8\x00"},
		"baseline":     {[][]byte{baseline, sps}, [][]byte{pps}, ""},
		"not read":     {[][]byte{{0x67, 100, 0, 31}}, [][]byte{{0x68}}, ""},
		"the longest":  {[][]byte{append(bytes.Clone(baseline), make([]byte, 65535-len(baseline))...)}, [][]byte{pps}, ""},
	} {
		b, err := h264.AVCC(c.sps, c.pps)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := append([]byte{1}, c.sps[0][1:4]...); !bytes.HasPrefix(b, want) {
			t.Errorf("%s: begins % x, want % x", name, b[:4], want)
		}
		gotSPS, gotPPS, err := h264.ReadAVCC(b)
		if err != nil || !equalSets(gotSPS, c.sps) || !equalSets(gotPPS, c.pps) {
			t.Errorf("%s: comes back as %d and %d sets, %v", name, len(gotSPS), len(gotPPS), err)
		}
		if _, _, err := h264.ReadAVCC(b[:len(b)-len(c.tail)-1]); !errors.Is(err, h264.ErrAVCC) {
			t.Errorf("%s, cut off: %v", name, err)
		}
		if !bytes.HasSuffix(b, []byte(c.tail)) {
			t.Errorf("%s: ends % x", name, b[len(b)-4:])
		}
	}
}

func TestAVCCRefuses(t *testing.T) {
	many := func(n int) [][]byte { return slices.Repeat([][]byte{sps}, n) }
	for name, c := range map[string][2][][]byte{
		"no SPS":       {nil, many(1)},
		"no PPS":       {many(1), nil},
		"32 SPS":       {many(32), many(1)},
		"256 PPS":      {many(1), many(256)},
		"short SPS":    {{sps[:3]}, many(1)},
		"empty PPS":    {many(1), {{}}},
		"too long SPS": {{make([]byte, 1<<16)}, many(1)},
	} {
		if b, err := h264.AVCC(c[0], c[1]); !errors.Is(err, h264.ErrAVCC) || b != nil {
			t.Errorf("%s: % x, %v", name, b, err)
		}
	}
	for name, b := range map[string]string{
		"nothing":            "",
		"another version":    "\x02\x64\x00\x1f\xff\xe1\x00\x01\x67\x01\x00\x01\x68",
		"2-byte lengths":     "\x01\x64\x00\x1f\xfd\xe1\x00\x01\x67\x01\x00\x01\x68",
		"no SPS":             "\x01\x64\x00\x1f\xff\xe0\x01\x00\x01\x68",
		"no PPS":             "\x01\x64\x00\x1f\xff\xe1\x00\x01\x67\x00",
		"empty SPS":          "\x01\x64\x00\x1f\xff\xe1\x00\x00\x01\x00\x01\x68",
		"longer than it is":  "\x01\x64\x00\x1f\xff\xe1\xff\xff\x67\x01\x00\x01\x68",
		"more than there is": "\x01\x64\x00\x1f\xff\xff\x00\x01\x67\x01\x00\x01\x68",
	} {
		if _, _, err := h264.ReadAVCC([]byte(b)); !errors.Is(err, h264.ErrAVCC) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzAVCC holds that what is read of a record is within it, and comes back.
func FuzzAVCC(f *testing.F) {
	for _, sets := range [][2][][]byte{{{sps}, {pps}}, {{sps, {0x67, 66, 0, 30, 1}}, {pps, {0x68, 1}, pps}}} {
		b, err := h264.AVCC(sets[0], sets[1])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sps, pps, err := h264.ReadAVCC(b)
		if err != nil {
			return
		}
		again, err := h264.AVCC(sps, pps)
		if len(sps[0]) < 4 {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		sps2, pps2, err := h264.ReadAVCC(again)
		if err != nil || !equalSets(sps, sps2) || !equalSets(pps, pps2) {
			t.Fatalf("% x comes back as % x, %v", b, again, err)
		}
	})
}
