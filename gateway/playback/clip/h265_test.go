package clip

import (
	"slices"
	"testing"
	"time"
)

// TestH265 is cut to the picture and goes into parts, over a gap and in files that
// grow, with pictures that come in another order than they are shown in.
func TestH265(t *testing.T) {
	t.Parallel()
	frames := shuffledH265()
	v := newVolume()
	end := v.record(t, noon, 1, frames[:50])
	end = v.record(t, end.Add(time.Minute), 1, frames[50:90])
	v.grow(t, end, frames[90:])
	c := v.clip(t, Request{From: after(1.5), To: end.Add(time.Second), Exact: true})
	if got := numbers(t, whole(t, c)); !slices.Equal(got, count(15, 99)) {
		t.Errorf("the clip shows %v", got)
	}
	c.Close()
	parts, sent := v.partsOf(t, Request{From: after(1.5), To: end.Add(time.Second)})
	var shown []int
	for i := range parts.Parts {
		shown = append(shown, numbers(t, sent[i])...)
	}
	if !slices.Equal(shown, count(10, 99)) {
		t.Errorf("the parts show %v", shown)
	}
}
