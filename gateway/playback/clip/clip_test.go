package clip

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/media"
)

// noon is when the first recording of a test begins.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// after gives noon and so many seconds.
func after(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// TestBothEnds cuts recordings of ten pictures a second, a keyframe each second,
// whose numbers are tenths of seconds since noon, over segments, gaps and formats.
func TestBothEnds(t *testing.T) {
	t.Parallel()
	for name, frames := range map[string][]media.Frame{"in order": plainFrames(), "reordered": shuffled()} {
		v := newVolume()
		end := v.record(t, noon, 1, frames[:40])
		end = v.record(t, end, 1, frames[40:70])
		v.record(t, end.Add(3*time.Second), 1, frames[70:]) // number 70 is at 10.0
		for i, test := range []struct {
			from, to float64
			exact    bool
			want     []int
		}{
			{0, 20, false, count(0, 119)},
			{0, 20, true, count(0, 119)},
			{1.5, 3, false, count(10, 29)},
			{1.5, 3, true, count(15, 29)},
			{1.55, 3.05, true, count(15, 30)}, // the picture that is shown then
			{1.5, 1.6, true, []int{15}},
			{1.5, 1.50001, true, []int{15}},
			{3.9, 4.1, true, count(39, 40)},
			{4, 7, true, count(40, 69)},
			{3.5, 7.5, true, count(35, 69)},
			{3.5, 11, true, count(35, 79)}, // over the gap
			{8, 12, true, count(70, 89)},   // from in the gap
			{8, 12, false, count(70, 89)},
			{14.95, 100, true, count(119, 119)},
			{-10, 0.25, true, count(0, 2)},
		} {
			if name == "in order" && i%4 > 0 { // which is simpler
				continue
			}
			c := v.clip(t, Request{From: after(test.from), To: after(test.to), Exact: test.exact})
			if got := numbers(t, whole(t, c)); !slices.Equal(got, test.want) {
				t.Errorf("%s, %v to %v, exact %v: %v, want %v", name, test.from, test.to, test.exact, got, test.want)
			}
		}
	}
}

// TestWhatIsNotThere is said in words, with what is nearest.
func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	v := newVolume()
	end := v.record(t, noon, 1, plainFrames()[:20])
	v.record(t, end.Add(10*time.Second), 1, plainFrames()[20:40])
	for _, test := range []struct {
		from, to float64
		want     string
	}{
		{3, 5, "the nearest there is ends at 2026-11-20T12:00:02.000Z and begins at 2026-11-20T12:00:12.000Z"},
		{20, 25, "the last before it ends at 2026-11-20T12:00:14.000Z"},
		{-20, -15, "the first after it begins at 2026-11-20T12:00:00.000Z"},
		{9e6, 9.1e6, "within a week of that time there is nothing either"},
	} {
		_, err := New(context.Background(), v, v, Request{Camera: "front", From: after(test.from), To: after(test.to)})
		if !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v to %v: %v, want %q", test.from, test.to, err, test.want)
		}
	}
	if v.open != 0 {
		t.Errorf("%d files are still open", v.open)
	}
}

// TestWhoeverLeavesHasNoFilesOpened: many may be to be looked at before the first
// byte.
func TestWhoeverLeavesHasNoFilesOpened(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.record(t, noon, 1, plainFrames()[:20])
	gone, leave := context.WithCancel(t.Context())
	leave()
	request := Request{Camera: "front", From: noon, To: after(10)}
	_, cut := New(gone, v, v, request)
	_, listed := PartsOf(gone, v, v, request)
	request.Speed = 10
	_, lapse := New(gone, v, v, request)
	for _, err := range []error{cut, listed, lapse} {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if v.opened != 0 {
		t.Errorf("%d files were opened", v.opened)
	}
}

// TestClipSaysWhereAnotherFormatBegins so that who cannot play it may ask from there.
func TestClipSaysWhereAnotherFormatBegins(t *testing.T) {
	t.Parallel()
	v := newVolume()
	end := v.record(t, noon, 1, plainFrames()[:40])
	end = v.record(t, end, 1, plainFrames()[40:80])
	v.record(t, end.Add(time.Minute), 1, largePictures()[:20])
	for speed, most := range map[float64]int{1: 20, 2: 2} {
		c := v.clip(t, Request{From: after(1), To: noon.Add(time.Hour), Speed: speed})
		if want := end.Add(time.Minute); !c.Next.Equal(want) {
			t.Fatalf("at speed %v from %v on, want %v", speed, c.Next, want)
		}
		rest := v.clip(t, Request{From: c.Next, To: noon.Add(time.Hour), Speed: speed})
		if got := numbers(t, whole(t, rest)); got[0] != 200 || len(got) != most || !rest.Next.IsZero() {
			t.Errorf("at speed %v: from there on %v, and then from %v", speed, got, rest.Next)
		}
	}
}
