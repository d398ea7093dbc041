package segment

import (
	"slices"
	"testing"
)

// TestVoice has pictures of one second, in which there are 46 or 47 frames of sound of
// 1920 ticks.
func TestVoice(t *testing.T) {
	t.Parallel()
	type run struct{ first, n int } // from a frame on, or Silent
	from := func(at int64, n int) (all []Entry) {
		for i := range n {
			all = append(all, Entry{Decode: at + int64(i)*1920})
		}
		return all
	}
	for name, test := range map[string]struct {
		sound []Entry
		want  []run
	}{
		"in step":                           {from(0, 47), []run{{0, 47}}},
		"a little later":                    {from(1900, 46), []run{{0, 46}}},
		"a frame later":                     {from(1920, 46), []run{{0, 46}}},
		"of which one begins before":        {from(-1000, 48), []run{{1, 47}}},
		"all the sound of a longer time":    {from(-19200, 90), []run{{10, 47}}},
		"late":                              {from(9700, 42), []run{{Silent, 5}, {0, 42}}},
		"soon over":                         {from(0, 20), []run{{0, 20}, {Silent, 27}}},
		"away for ten frames":               {slices.Concat(from(0, 10), from(38400, 27)), []run{{0, 10}, {Silent, 10}, {10, 27}}},
		"twice":                             {slices.Concat(from(0, 20), from(9600, 42)), []run{{0, 20}, {34, 27}}},
		"one that hardly begins at the end": {from(1679, 46), []run{{0, 46}}},
		"one that does begin at the end":    {from(1679, 47), []run{{0, 47}}},
		"after the end":                     {from(90000, 5), nil},
		"before the beginning":              {from(-9600, 5), nil},
		"none":                              {nil, nil},
		"a single frame":                    {[]Entry{{Decode: 45000}}, []run{{Silent, 23}, {0, 1}, {Silent, 23}}},
		"out of all bounds":                 {[]Entry{{Decode: -1 << 50}, {Decode: 1 << 50}}, nil},
	} {
		var want Voice
		for _, r := range test.want {
			for i := range r.n {
				if r.first == Silent {
					i = 0
				}
				want = append(want, int32(r.first+i))
			}
		}
		const begins = 3600
		for i := range test.sound {
			test.sound[i].Decode += begins
		}
		if got := VoiceOf(test.sound, aac(t), Timescale, begins, begins+Timescale); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if got := VoiceOf(from(0, 2), aac(t), Timescale, 0, 1000); got != nil {
		t.Errorf("in less than two frames: %v", got)
	}
	if got := VoiceOf(from(0, 2), aac(t), Timescale, 0, 1<<40); got != nil {
		t.Errorf("in more than a track may have: %d", len(got))
	}
}
