package clip

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"time"
)

// partsOf gives the parts of a stretch of time, and each of them as it is sent,
// behind what goes before it.
func (v *volume) partsOf(t *testing.T, r Request) (parts *Parts, sent [][]byte) {
	t.Helper()
	r.Camera = "front"
	parts, err := PartsOf(t.Context(), v, v, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts.Parts {
		begin, err := InitOf(t.Context(), v, "front", p.Place, parts.Sound)
		if err != nil {
			t.Fatal(err)
		}
		f, err := OpenPart(t.Context(), v, v, "front", p.Place, p.Origin, parts.Sound)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		f.Close()
		if err != nil || int64(len(b)) != f.Size {
			t.Fatalf("%d bytes of %d, %v", len(b), f.Size, err)
		}
		sent = append(sent, append(begin, b...))
	}
	if v.open != 0 {
		t.Errorf("%d files are still open", v.open)
	}
	return parts, sent
}

// TestPartsPlayOnTheirOwn and one behind another, at the time of the recording but
// for its hole.
func TestPartsPlayOnTheirOwn(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.sung = beeping(0, 0)
	end := v.record(t, noon, 1, shuffled()[:70])
	end = v.record(t, end, 1.25, shuffled()[70:90]) // 1.6 s
	end = v.record(t, end.Add(time.Minute), 1, shuffled()[90:110])
	v.rows[2].Run = "another"
	v.grow(t, end, shuffled()[110:120])
	parts, sent := v.partsOf(t, Request{From: after(1.5), To: after(100)})
	want := [][]int{count(10, 49), count(50, 69), count(70, 89), count(90, 109)} // what grows has no whole part
	begins, breaks, holes := []float64{1, 5, 7, 68.6}, []bool{true, false, false, true}, []float64{0, 0, 0, 60}
	if len(sent) != len(want) {
		t.Fatalf("%d parts", len(sent))
	}
	for i, p := range parts.Parts {
		if p.Begin.Sub(after(begins[i])).Abs() > time.Microsecond || p.Break != breaks[i] {
			t.Errorf("part %d begins at %v, break %v", i, p.Begin, p.Break)
		}
		if got := numbers(t, sent[i]); !slices.Equal(got, want[i]) {
			t.Errorf("part %d: %v, want %v", i, got, want[i])
		}
		at, _ := shownAt(t, sent[i])
		lasts := p.Duration.Seconds() / float64(len(at))
		for n := range at {
			if want := lead.Seconds() + begins[i] - holes[i] + float64(n)*lasts; math.Abs(at[n]-want) > 0.0011 {
				t.Errorf("part %d: picture %d is shown at %v, want %v", i, n, at[n], want)
			}
		}
	}
	if !parts.From.Equal(after(1.5)) {
		t.Errorf("it is to begin at %v", parts.From)
	}
}

// TestPartsStayWhileTheirSegmentGrows and is finished.
func TestPartsStayWhileTheirSegmentGrows(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.sung = beeping(0, 0)
	v.grow(t, noon, plainFrames()[:70])
	request := Request{From: noon, To: after(100)}
	before, sent := v.partsOf(t, request)
	if len(before.Parts) != 1 || before.Parts[0].Duration != 4*time.Second {
		t.Fatalf("%+v", before.Parts)
	}
	v.grow(t, noon, plainFrames())
	growing, more := v.partsOf(t, request)
	v.growing = nil
	v.record(t, noon, 1, plainFrames())
	finished, all := v.partsOf(t, request)
	if len(growing.Parts) != 2 || len(finished.Parts) != 3 {
		t.Fatalf("%d, then %d parts", len(growing.Parts), len(finished.Parts))
	}
	if string(sent[0]) != string(more[0]) || string(more[0]) != string(all[0]) || string(more[1]) != string(all[1]) {
		t.Error("a part becomes another")
	}
	end := v.rows[0].End
	for _, off := range []time.Duration{-20 * time.Microsecond, 400 * time.Microsecond} { // by which its clock was found to run otherwise
		v.rows[0].End = end.Add(off)
		if p, _ := v.partsOf(t, request); len(p.Parts) != 3 || p.Parts[0].Last != finished.Parts[0].Last {
			t.Errorf("of a segment that lasts %v more: %+v", off, p.Parts)
		}
	}
	place := finished.Parts[0].Place
	v.rows = nil
	if _, err := OpenPart(context.Background(), v, v, "front", place, noon, nil); !errors.Is(err, ErrNothing) {
		t.Errorf("of a segment that was deleted: %v", err)
	}
}

// TestPartsStayWhereTheirSegmentBeganEarlier: when the first pictures were taken is known
// better after a minute.
func TestPartsStayWhereTheirSegmentBeganEarlier(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.grow(t, noon, plainFrames()[:70])
	parts, _ := v.partsOf(t, Request{From: noon, To: after(100)})
	v.growing.Segment.Start = noon.Add(-10 * time.Millisecond)
	f, err := OpenPart(t.Context(), v, v, "front", parts.Parts[0].Place, parts.Parts[0].Origin, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// TestPlacesThatAreNone are refused.
func TestPlacesThatAreNone(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.record(t, noon, 1, plainFrames())
	for _, p := range []Place{{First: -1, Last: 5}, {First: 5, Last: 5}, {First: 0, Last: 121}, {First: 7, Last: math.MaxInt}, {First: math.MaxInt, Last: math.MinInt}} {
		p.Sequence, p.Near = 1, noon
		if _, err := OpenPart(context.Background(), v, v, "front", p, noon, nil); !errors.Is(err, ErrNothing) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if v.open != 0 {
		t.Errorf("%d files are still open", v.open)
	}
}
