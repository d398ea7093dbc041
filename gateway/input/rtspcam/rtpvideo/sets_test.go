package rtpvideo

import (
	"slices"
	"testing"

	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
	"framegate/transcode/h264"
)

// withSets gives pictures that refer to parameter sets of this number.
func withSets(t *testing.T, n, number int, more string) []rtptest.Picture {
	return rtptest.Encoded(t, n, 160, 144, "-x264-params", "sps-id="+string(rune('0'+number))+more)
}

// TestSeveralParameterSets: whichever sets keyframes bring and pictures refer
// to, all of them are in one format from the first keyframe on that has them,
// and every picture decodes.
func TestSeveralParameterSets(t *testing.T) {
	const n = 40
	a, b := withSets(t, n, 0, ""), withSets(t, n, 3, ":cabac=0:slices=2")
	setsOf := func(p rtptest.Picture) [][]byte {
		return slices.DeleteFunc(slices.Clone(p), func(unit []byte) bool { return h264.Type(unit) != h264.TypeSPS && h264.Type(unit) != h264.TypePPS })
	}
	without := func(p rtptest.Picture) rtptest.Picture {
		return slices.DeleteFunc(slices.Clone(p), func(unit []byte) bool { return h264.Type(unit) == h264.TypeSPS || h264.Type(unit) == h264.TypePPS })
	}
	setsA, setsB := setsOf(a[0]), setsOf(b[0])
	// Every second GOP is of b.
	mixed := func(sets func(gop int) [][]byte) []rtptest.Picture {
		pictures := make([]rtptest.Picture, n)
		for i := range pictures {
			from := a
			if i/10%2 == 1 {
				from = b
			}
			if pictures[i] = without(from[i]); i%10 == 0 {
				pictures[i] = append(slices.Clone(sets(i/10)), pictures[i]...)
			}
		}
		return pictures
	}
	unused := slices.Clone(setsB)
	for name, c := range map[string]struct {
		announced [][]byte
		pictures  []rtptest.Picture
		formats   int
	}{
		"all with each keyframe": {nil, mixed(func(int) [][]byte { return slices.Concat(setsA, setsB) }), 1},
		"in turns of order": {nil, mixed(func(gop int) [][]byte {
			return slices.Concat([][][]byte{setsA, setsB, setsA}[gop%2 : gop%2+2]...)
		}), 1},
		"all with the first alone":       {nil, mixed(func(gop int) [][]byte { return slices.Concat(setsA, setsB)[:max(0, 4-4*gop)] }), 1},
		"those that are used":            {nil, mixed(func(gop int) [][]byte { return [][][]byte{setsA, setsB}[gop%2] }), 2},
		"all announced":                  {slices.Concat(setsA, setsB), mixed(func(int) [][]byte { return nil }), 1},
		"some announced, some in band":   {setsA, mixed(func(int) [][]byte { return setsB }), 1},
		"some that no picture refers to": {nil, slices.Concat([]rtptest.Picture{append(slices.Clone(unused), a[0]...)}, a[1:]), 1},
		"some that cannot be read":       {nil, slices.Concat([]rtptest.Picture{append([][]byte{{0x68, 0x00}, {0x67, 0x64, 0, 0}}, a[0]...)}, a[1:]), 1},
	} {
		t.Run(name, func(t *testing.T) {
			codec := new(h264Codec)
			codec.announce(c.announced...)
			r := newUnits(t, codec).take(slices.Concat(rtptest.Packets(t, c.pictures)...))
			if r.err != nil {
				t.Fatal(r.err)
			}
			rtptest.WantNumbers(t, r.frames, rtptest.Span(0, n))
			formats := make(map[*media.Format]bool)
			for _, f := range r.frames {
				formats[f.Format] = true
			}
			if len(formats) != c.formats {
				t.Errorf("%d formats, want %d", len(formats), c.formats)
			}
		})
	}
}
