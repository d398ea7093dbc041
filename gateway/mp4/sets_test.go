package mp4

import (
	"slices"
	"testing"

	"framegate/gateway/media"
)

// TestSeveralParameterSets has ffmpeg decode an MP4 of GOPs that refer to
// parameter sets of different numbers in turns: whichever are the format's
// first, all are in its init segment, and every picture comes out.
func TestSeveralParameterSets(t *testing.T) {
	const gop = 5
	a := encode(t, "s=160x96:r=25:d=0.8", "-bf", "0", "-g", "5", "-x264-params", "sps-id=0")
	b := encode(t, "s=160x96:r=25:d=0.8", "-bf", "0", "-g", "5", "-x264-params", "sps-id=3:cabac=0:no-8x8dct=1")
	ownA, ownB := pictures(t, mux(t, a.frames)), pictures(t, mux(t, b.frames))
	_, spsA, ppsA := a.format.ParameterSets()
	_, spsB, ppsB := b.format.ParameterSets()
	for name, sets := range map[string][][]byte{
		"the first to begin with": {spsA[0], ppsA[0], spsB[0], ppsB[0]},
		"the other":               {spsB[0], ppsB[0], ppsA[0], spsA[0]},
		"in another version once": {spsA[0], append(slices.Clone(ppsB[0][:1]), 0xFF, 0x80), spsB[0], ppsA[0], ppsB[0]},
	} {
		format, err := media.H264Format(sets[0], sets[1], sets[2:]...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		frames, want := slices.Clone(a.frames), slices.Clone(ownA)
		for i := range frames {
			if i/gop%2 == 1 {
				frames[i], want[i] = b.frames[i], ownB[i]
			}
			frames[i].Format = format
		}
		if got := pictures(t, mux(t, frames)); !slices.Equal(got, want) {
			t.Errorf("%s: %d pictures, not the %d of the streams themselves", name, len(got), len(want))
		}
	}
}
