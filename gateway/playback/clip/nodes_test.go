package clip

import (
	"slices"
	"testing"
	"time"
)

// TestPartsOfSegmentsThatCount are cut into a clip, and into parts of a playlist, where
// several nodes recorded at the same time.
func TestPartsOfSegmentsThatCount(t *testing.T) {
	t.Parallel()
	frames := plainFrames()
	v := newVolume()
	v.single = true // as sums of hours are not known then
	v.record(t, noon, 1, frames[:70])
	v.record(t, after(4), 1, frames[40:100])
	v.record(t, after(6), 1, frames[60:])
	v.rows[0].Until, v.rows[2].Since = after(4), after(10)
	for i, run := range []string{"a", "b", "c"} {
		v.rows[i].Run = run
	}
	for _, test := range []struct {
		from, to float64
		want     []int
	}{
		{0, 20, count(0, 119)},
		{3.5, 4.5, count(35, 44)},
		{9.5, 10.5, count(95, 104)},
		{5, 6, count(50, 59)},
	} {
		c := v.clip(t, Request{From: after(test.from), To: after(test.to), Exact: true})
		if got := numbers(t, whole(t, c)); !slices.Equal(got, test.want) {
			t.Errorf("%v to %v: %v, want %v", test.from, test.to, got, test.want)
		}
	}
	parts, err := PartsOf(t.Context(), v, v, Request{Camera: "front", From: noon, To: after(20)})
	if err != nil {
		t.Fatal(err)
	}
	next := noon
	for i, p := range parts.Parts {
		if p.Begin.Sub(next).Abs() > time.Millisecond {
			t.Errorf("part %d begins at %v, and not at %v", i, p.Begin, next)
		}
		next = p.Begin.Add(p.Duration)
	}
	if next.Sub(after(12)).Abs() > time.Millisecond {
		t.Errorf("the last part ends at %v", next)
	}
}
