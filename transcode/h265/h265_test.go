package h265_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	reference "github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"framegate/transcode/h265"
	"framegate/transcode/nal"
)

// encoded gives the NAL units of moving pictures that x265 made.
func encoded(t *testing.T, frames int, size, pixels, params string) (annexB []byte, nalus [][]byte) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=rate=25:size="+size,
		"-frames:v", strconv.Itoa(frames), "-pix_fmt", pixels, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:"+params, "-f", "hevc", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for unit := range bytes.SplitSeq(out, []byte{0, 0, 1}) {
		if unit = bytes.TrimRight(unit, "\x00"); len(unit) > 0 {
			nalus = append(nalus, unit)
		}
	}
	return out, nalus
}

// setOf gives the first NAL unit of a type.
func setOf(t *testing.T, nalus [][]byte, kind byte) []byte {
	t.Helper()
	i := slices.IndexFunc(nalus, func(n []byte) bool { return h265.Type(n) == kind })
	if i < 0 {
		t.Fatalf("no NAL unit of type %d", kind)
	}
	return nalus[i]
}

// TestSequenceParameterSets: what is read of those of an encoder is what another
// reader reads.
func TestSequenceParameterSets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ size, pixels, params string }{
		{"320x180", "yuv420p", "bframes=3"},
		{"322x178", "yuv420p", "bframes=0:scaling-list=default:sar=5:overscan=show:chromaloc=1"},
		{"640x360", "yuv422p10", "bframes=2:ref=4:b-pyramid=1:colorprim=bt709:videoformat=pal:range=limited"},
		{"160x90", "yuv444p", "bframes=1:temporal-layers=3:hrd=1:vbv-maxrate=500:vbv-bufsize=500"},
		{"160x90", "gray", "bframes=1:display-window=2,2,2,2"},
	} {
		_, nalus := encoded(t, 10, c.size, c.pixels, c.params)
		set := setOf(t, nalus, h265.TypeSPS)
		var want reference.SPS
		if err := want.Unmarshal(set); err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		got, ok := h265.ParseSPS(set)
		w, h, _, _ := got.Size()
		if !ok || !got.Whole || fmt.Sprintf("%dx%d", w, h) != c.size || int(w) != want.Width() || int(h) != want.Height() {
			t.Errorf("%+v: %dx%d of %+v", c, w, h, got)
		}
		if ticks, ok := got.FrameTicks(90000); !ok || ticks != 3600 {
			t.Errorf("%+v: a picture lasts %d ticks", c, ticks)
		}
		if last := want.MaxNumReorderPics[len(want.MaxNumReorderPics)-1]; got.Reorder != last || got.ChromaFormat != want.ChromaFormatIdc ||
			got.LumaDepth != want.BitDepthLumaMinus8 || got.LSBBits != int(want.Log2MaxPicOrderCntLsbMinus4)+4 || got.Layers != int(want.MaxSubLayersMinus1)+1 {
			t.Errorf("%+v: %+v, and the other reader has %+v", c, got, want)
		}
	}
}

// TestSetThatIsCutOff: without its end, a set tells sizes or nothing.
func TestSetThatIsCutOff(t *testing.T) {
	set, _ := hex.DecodeString("4201010408000003009e0800000300003c90015101838f8fcb2b2a5261780b7020200040000003004000000642")
	whole, ok := h265.ParseSPS(set)
	if w, h, _, _ := whole.Size(); !ok || !whole.Whole || w != 322 || h != 178 || whole.Profile.IDC != 4 || whole.ChromaFormat != 3 {
		t.Fatalf("%+v", whole)
	}
	for n := range set {
		s, ok := h265.ParseSPS(set[:n])
		if w, h, _, _ := s.Size(); ok && (w != 322 || h != 178 || s.Reorder != whole.Reorder) {
			t.Errorf("of %d bytes it is %dx%d", n, w, h)
		}
		if s.Whole && n < len(set)-1 {
			t.Errorf("of %d bytes it is whole", n)
		}
	}
}

// TestOrderIsThatOfOutput: pictures are counted as a demuxer times them.
func TestOrderIsThatOfOutput(t *testing.T) {
	t.Parallel()
	for _, params := range []string{
		"bframes=4:b-pyramid=1:keyint=12:min-keyint=12:open-gop=1:scenecut=0",
		"bframes=3:keyint=10:min-keyint=10:open-gop=0:temporal-layers=2",
		"bframes=0:keyint=300",
	} {
		stream, nalus := encoded(t, 300, "160x90", "yuv420p", params)
		times := shown(t, stream)
		var sets h265.Sets
		var order h265.Order
		var places []nal.Place
		skipped := 0
		for _, n := range nalus {
			sets.Learn(n)
			if slice, ok := sets.Slice(n); ok && slice.First {
				if places = append(places, order.Next(slice)); !slice.Known {
					t.Fatalf("%s: picture %d is not known", params, len(places))
				}
			}
			if h265.IsSkipped(n) {
				skipped++
			}
		}
		if len(places) != 300 || len(times) != 300 {
			t.Fatalf("%s: %d pictures, %d times", params, len(places), len(times))
		}
		if open := strings.Contains(params, "open-gop=1"); (skipped > 0) != open {
			t.Errorf("%s: %d pictures to be skipped", params, skipped)
		}
		if got, want := ranks(places, compare), ranks(times, cmp.Compare[int]); !slices.Equal(got, want) {
			t.Errorf("%s: in the order %v, not %v", params, got, want)
		}
	}
}

func compare(a, b nal.Place) int {
	switch {
	case a.Less(b):
		return -1
	case b.Less(a):
		return 1
	}
	return 0
}

// ranks gives the place of each among all.
func ranks[T any](all []T, compare func(a, b T) int) []int {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compare(all[a], all[b]) })
	rank := make([]int, len(all))
	for i, n := range order {
		rank[n] = i
	}
	return rank
}

// shown gives when the pictures of a stream are shown, as ffmpeg has
// it, in the order of decoding.
func shown(t *testing.T, stream []byte) (times []int) {
	t.Helper()
	// Pictures come out in the order of output. Where they are in the stream tells
	// that of decoding.
	probe := exec.CommandContext(t.Context(), "ffprobe", "-loglevel", "error", "-show_entries", "frame=pkt_pos", "-of", "csv=p=0", "-f", "hevc", "-")
	probe.Stdin = bytes.NewReader(stream)
	out, err := probe.Output()
	if err != nil {
		t.Fatal(err)
	}
	var at []int
	for line := range strings.Lines(string(out)) { // of what stands beside a picture, some are empty
		if n, err := strconv.Atoi(strings.Trim(line, ",\n ")); err == nil {
			at = append(at, n)
		}
	}
	times = make([]int, len(at))
	for shown, decoded := range ranks(at, cmp.Compare[int]) {
		times[decoded] = shown
	}
	return times
}

// TestConfiguration: parameter sets go into a record and come out of it, and it
// says what they say.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	_, nalus := encoded(t, 3, "320x180", "yuv420p", "")
	vps, sps, pps := setOf(t, nalus, h265.TypeVPS), setOf(t, nalus, h265.TypeSPS), setOf(t, nalus, h265.TypePPS)
	config, err := h265.HVCC([][]byte{vps}, [][]byte{sps}, [][]byte{pps})
	if err != nil {
		t.Fatal(err)
	}
	v, s, p, err := h265.ReadHVCC(config)
	if err != nil || len(v) != 1 || len(s) != 1 || len(p) != 1 || !bytes.Equal(v[0], vps) || !bytes.Equal(s[0], sps) || !bytes.Equal(p[0], pps) {
		t.Errorf("%x, %x, %x, %v", v, s, p, err)
	}
	if codecs := h265.Codecs(config); codecs != "hvc1.1.6.L60.90" {
		t.Errorf("it is %q", codecs)
	}
	for n := range config {
		if _, _, _, err := h265.ReadHVCC(config[:n]); err == nil {
			t.Errorf("of %d bytes it is read", n)
		}
	}
	if !h265.ShowAlike(config, config) || h265.ShowAlike(config, nil) {
		t.Error("it is not like itself, or like nothing")
	}
	if _, err := h265.HVCC(nil, [][]byte{sps}, [][]byte{pps}); err == nil {
		t.Error("without a VPS it is made")
	}
}

// TestCodecs: the examples of ISO/IEC 14496-15, E.3, and of browsers' makers.
func TestCodecs(t *testing.T) {
	for want, head := range map[string]string{
		"hvc1.1.6.L93.B0":    "0101600000 00B000000000005D",
		"hvc1.A2.4.H120.B0":  "0162200000 00B0000000000078",
		"hvc1.2.4.L153":      "0102200000 00000000000000 99",
		"hvc1.4.10.L30.9E.8": "0104080000 009E080000000 01E",
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(head, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := h265.Codecs(append(b, make([]byte, 10)...)); got != want {
			t.Errorf("it is %q, not %q", got, want)
		}
	}
}

// FuzzSets holds that no NAL units make a reader panic.
func FuzzSets(f *testing.F) {
	sps, _ := hex.DecodeString("4201010408000003009e0800000300003c90015101838f8fcb2b2a5261780b7020200040000003004000000642")
	vps, _ := hex.DecodeString("40010c01ffff0408000003009e0800000300003c959409")
	pps, _ := hex.DecodeString("4401c07318301890")
	f.Add(vps, sps, pps, []byte{40, 1, 0xAF, 0x12, 0x34, 0x56})
	f.Add(vps, sps, pps, []byte{2, 1, 0xD0, 0x12, 0x34, 0x56})
	f.Fuzz(func(t *testing.T, vps, sps, pps, slice []byte) {
		var sets h265.Sets
		for _, set := range [][]byte{vps, sps, pps} {
			sets.Learn(set)
		}
		var order h265.Order
		head, _ := sets.Slice(slice)
		before := order.Next(head)
		if after := order.Next(head); head.Known && !h265.IsIRAP(slice) && after != before {
			t.Errorf("the same picture is at %v and %v", before, after)
		}
		v, s, p, ok := sets.Of(head)
		if !ok {
			return
		}
		config, err := h265.HVCC([][]byte{v}, [][]byte{s}, [][]byte{p})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := h265.ReadHVCC(config); err != nil {
			t.Fatal(err)
		}
	})
}
