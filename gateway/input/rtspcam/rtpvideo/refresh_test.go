package rtpvideo

import (
	"slices"
	"testing"

	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/transcode/h264"
)

// TestStreamsWithoutIDR: cameras that refresh their pictures in other ways are
// joined at recovery points, or at I pictures where nothing else comes. From
// when a decoder has recovered, every picture is there.
func TestStreamsWithoutIDR(t *testing.T) {
	const n, joined, recovered = 70, 5, 45
	for name, c := range map[string]struct {
		params string
		strip  bool // of what says that decoding can begin
	}{
		"columns that are refreshed":            {"intra-refresh=1", false},
		"the same, in slices":                   {"intra-refresh=1:slices=3", false},
		"the same, with B-frames":               {"intra-refresh=1:bframes=2:b-adapt=0", false},
		"open GOPs":                             {"open-gop=1:bframes=2:b-adapt=0", false},
		"I pictures and no word of it":          {"open-gop=1:bframes=2:b-adapt=0", true},
		"I pictures in slices, no word of them": {"open-gop=1:bframes=2:b-adapt=0:slices=3", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pictures := rtptest.Encoded(t, n, 160, 144, "-x264-params", c.params+":keyint=10:min-keyint=1:scenecut=0", "-bsf:v", "h264_metadata=aud=insert")
			for i, p := range pictures {
				if c.strip {
					pictures[i] = slices.DeleteFunc(p, func(unit []byte) bool { return h264.Type(unit) == h264.TypeSEI })
				}
			}
			r := newH264(t).take(slices.Concat(rtptest.Packets(t, pictures)[joined:]...))
			if len(r.frames) == 0 || r.err != nil {
				t.Fatalf("no picture, %v", r.err)
			}
			keys := 0
			for i, f := range r.frames {
				if i == 0 && !f.Key || !f.Format.Refreshed || f.Format != r.frames[0].Format {
					t.Fatalf("frame %d: key %v, format %+v", i, f.Key, f.Format)
				}
				if f.Key {
					keys++
				}
			}
			if keys < 3 || keys > 6 {
				t.Errorf("%d keyframes", keys)
			}
			got := rtptest.Numbers(t, r.frames)
			if got = got[max(0, len(got)-(n-recovered)):]; !slices.Equal(got, rtptest.Span(recovered, n)) {
				t.Errorf("pictures %v at the end", got)
			}
		})
	}
}

// TestStreamsWithIDR are joined at nothing else, whatever points there are
// besides.
func TestStreamsWithIDR(t *testing.T) {
	pictures := rtptest.Encoded(t, 30, 160, 144)
	sei := []byte{h264.TypeSEI, 6, 1, 0xC4, 0x80} // a recovery point
	for i := range pictures {
		if i%10 == 5 {
			pictures[i] = append(rtptest.Picture{sei}, pictures[i]...)
		}
	}
	for i, f := range newH264(t).take(slices.Concat(rtptest.Packets(t, pictures)...)).frames {
		if f.Key != (i%10 == 0) || f.Format.Refreshed {
			t.Errorf("frame %d: key %v, %+v", i, f.Key, f.Format)
		}
	}
}
