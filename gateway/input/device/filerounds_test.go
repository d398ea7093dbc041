package device

import (
	"fmt"
	"testing"
	"time"
)

// TestRoundsOfAFile are told by the times of its pictures, in ms, of which some came
// before it was known how long a round is.
func TestRoundsOfAFile(t *testing.T) {
	const last = 80 // from the first picture of a round
	for name, test := range map[string]struct {
		encoded bool
		shown   []int // those below 0 are no keyframes
		from    []int // where rounds begin
	}{
		"one after another":               {shown: []int{10000, -10040, -10080, 10120, -10160, -10200, 10240}, from: []int{10000, 10120, 10240}},
		"rounded":                         {shown: []int{10007, -10047, -10088, 10127, -10166, -10206, 10247}, from: []int{10007, 10127, 10247}},
		"a keyframe at the end":           {shown: []int{10000, -10040, 10080, 10120, -10160, 10200, 10240}, from: []int{10000, 10120, 10240}},
		"shown in another order":          {shown: []int{10000, -10080, -10040, 10120, -10200, -10160, 10240}, from: []int{10000, 10120, 10240}},
		"a round that overlaps":           {shown: []int{10000, -10040, -10080, 10080, -10120, -10160, 10160}, from: []int{10000, 10080, 10160}},
		"one that overlaps, encoded":      {encoded: true, shown: []int{10000, -10040, -10080, -10080, -10120, -10160, -10160}, from: []int{10000, 10080, 10160}},
		"with a pause before each":        {shown: []int{10000, -10040, -10080, 11000, -11040, -11080, 12000}, from: []int{10000, 11000, 12000}},
		"the last picture is missing":     {shown: []int{10000, -10040, 10120, -10160, -10200, 10240}, from: []int{10000, 10120, 10240}},
		"the first, of one without order": {shown: []int{10000, -10080, -10040, -10120}, from: []int{10000, 10120}},
	} {
		for known := range len(test.shown) + 1 {
			s := &fileSound{encoded: test.encoded, changed: make(chan struct{}, 1)}
			var got []int
			note := func() {
				if n, from := s.round(); n > len(got) {
					got = append(got, int(from.Milliseconds()))
				}
			}
			for i, at := range test.shown {
				if i == known {
					s.lasts(last * time.Millisecond)
					got = nil // what came before is caught up with
					if n, from := s.round(); n > 0 {
						got = append(make([]int, n-1), int(from.Milliseconds()))
					}
				}
				s.picture(time.Duration(max(at, -at))*time.Millisecond, at > 0)
				note()
			}
			if known == len(test.shown) {
				s.lasts(last * time.Millisecond)
				got = nil
				n, from := s.round()
				got = append(make([]int, n-1), int(from.Milliseconds()))
			}
			want := append([]int(nil), test.from...)
			for i := range got { // of rounds that are over nobody asks when they began
				if got[i] == 0 {
					want[i] = 0
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s, known before picture %d: rounds from %v, want %v", name, known, got, want)
			}
		}
	}
}
