package index_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/record/index"
)

// TestNothingUnboundedIsTaken gives what no file, mark or gap can be.
func TestNothingUnboundedIsTaken(t *testing.T) {
	t.Parallel()
	x := open(t)
	change := func(f func(*index.Segment)) index.Segment {
		s := segment(1, 0, 60)
		f(&s)
		return s
	}
	for name, s := range map[string]index.Segment{
		"no time":              change(func(s *index.Segment) { s.End = s.Start }),
		"ends before":          change(func(s *index.Segment) { s.End = at(-1) }),
		"too long":             change(func(s *index.Segment) { s.End = at(3601) }),
		"before 1970":          change(func(s *index.Segment) { s.Start = time.Unix(-1, 0) }),
		"without a time":       change(func(s *index.Segment) { s.Start, s.End = time.Time{}, time.Time{} }),
		"without a path":       change(func(s *index.Segment) { s.Path = "" }),
		"an absolute path":     change(func(s *index.Segment) { s.Path = "/etc/passwd" }),
		"a path above":         change(func(s *index.Segment) { s.Path = "../x.mp4" }),
		"a path with a detour": change(func(s *index.Segment) { s.Path = "a/../../x.mp4" }),
		"a long path":          change(func(s *index.Segment) { s.Path = strings.Repeat("x", 513) }),
		"without a camera":     change(func(s *index.Segment) { s.Camera = "" }),
		"a long camera":        change(func(s *index.Segment) { s.Camera = strings.Repeat("x", 257) }),
		"negative bytes":       change(func(s *index.Segment) { s.Bytes = -1 }),
		"a huge sequence":      change(func(s *index.Segment) { s.Sequence = 1 << 63 }),
		"no format":            change(func(s *index.Segment) { s.Format = 7 }),
		"a negative rate":      change(func(s *index.Segment) { s.Rate = -1 }),
	} {
		if _, err := x.Add(t.Context(), s); !errors.Is(err, index.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, m := range map[string]index.Mark{
		"no kind":        {Camera: "front", Start: noon},
		"a kind in HTML": {Camera: "front", Kind: "<b>", Start: noon},
		"no start":       {Camera: "front", Kind: "motion"},
		"ends before":    {Camera: "front", Kind: "motion", Start: noon, End: at(-1)},
		"reaches back":   {Camera: "front", Kind: "motion", Start: noon, Before: 25 * time.Hour},
		"reaches less":   {Camera: "front", Kind: "motion", Start: noon, After: -time.Second},
		"a long note":    {Camera: "front", Kind: "motion", Start: noon, Note: strings.Repeat("x", index.MaxNoteBytes+1)},
		"much data":      {Camera: "front", Kind: "motion", Start: noon, Data: []byte(`"` + strings.Repeat("x", index.MaxDataBytes) + `"`)},
		"no JSON":        {Camera: "front", Kind: "motion", Start: noon, Data: []byte("{")},
		"a note in bits": {Camera: "front", Kind: "motion", Start: noon, Note: "\xff"},
	} {
		if _, err := x.AddMark(t.Context(), m); !errors.Is(err, index.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wants(t, x.AddGap(t.Context(), index.Gap{Camera: "front", From: noon, To: noon, Reason: "full"}), index.ErrInvalid)
	wants(t, x.AddGap(t.Context(), index.Gap{Camera: "front", From: noon, To: at(1)}), index.ErrInvalid)
	_, err := x.AddFormat(t.Context(), index.Format{Codec: "h264", Config: make([]byte, index.MaxConfigBytes+1)})
	wants(t, err, index.ErrInvalid)
	if cameras, err := x.Cameras(t.Context()); err != nil || len(cameras) != 0 {
		t.Errorf("there is something of %v, %v", cameras, err)
	}
	verified(t, x)
}

func TestFormatsAreKeptOnce(t *testing.T) {
	t.Parallel()
	x := open(t)
	one := index.Format{Codec: "h264", Width: 1280, Height: 720, Config: []byte{1, 2}}
	var ids []int64
	for _, f := range []index.Format{one, {Codec: "jpeg", Width: 1280, Height: 720}, one} {
		id, err := x.AddFormat(t.Context(), f)
		must(t, err)
		ids = append(ids, id)
	}
	if ids[0] != ids[2] || ids[0] == ids[1] {
		t.Errorf("they have the numbers %v", ids)
	}
	got, err := x.Format(t.Context(), ids[0])
	if must(t, err); got.Width != 1280 || string(got.Config) != "\x01\x02" {
		t.Errorf("it became %v", got)
	}
	_, err = x.Format(t.Context(), 99)
	wants(t, err, index.ErrUnknown)
}

// TestProtectedBetweenPlanAndDelete has somebody protect what was to go.
func TestProtectedBetweenPlanAndDelete(t *testing.T) {
	t.Parallel()
	x := open(t)
	for i := range 4 {
		add(t, x, segment(i+1, float64(60*i), float64(60*i+60)))
	}
	plan, err := x.Plan(t.Context(), index.Limits{Wanted: 4000})
	if must(t, err); len(plan.Segments) != 4 {
		t.Fatalf("%d segments are to go", len(plan.Segments))
	}
	_, err = x.AddMark(t.Context(), index.Mark{Camera: "front", Kind: "protect", Start: at(70), End: at(80), Keep: true})
	must(t, err)
	var ids []int64
	for _, s := range plan.Segments {
		ids = append(ids, s.ID)
	}
	gone, err := x.Delete(t.Context(), ids...)
	if must(t, err); len(gone) != 3 {
		t.Errorf("%d went", len(gone))
	}
	if left, err := x.Between(t.Context(), "front", at(0), at(240), 0); err != nil || len(left) != 1 || !left[0].Start.Equal(at(60)) {
		t.Errorf("%v is left, %v", left, err)
	}
	verified(t, x)
}

// TestMarksReachBack marks what was recorded before it began, and what comes
// while it is open.
func TestMarksReachBack(t *testing.T) {
	t.Parallel()
	x := open(t)
	for i := range 10 {
		add(t, x, segment(i+1, float64(60*i), float64(60*i+60)))
	}
	id, err := x.AddMark(t.Context(), index.Mark{Camera: "front", Kind: "motion", Start: at(500), Before: 70 * time.Second, After: 30 * time.Second})
	must(t, err)
	add(t, x, segment(11, 600, 660)) // while it is open
	keep := index.Keep{MaxAge: 5 * time.Minute, MarkedAge: time.Hour}
	starts := func(now float64) (starts []int) {
		plan, err := x.Plan(t.Context(), index.Limits{Now: at(now), Trusted: true, Others: keep})
		must(t, err)
		for _, s := range plan.Segments {
			starts = append(starts, int(s.Start.Sub(noon).Seconds()))
		}
		return starts
	}
	if got := starts(3000); !slices.Equal(got, []int{0, 60, 120, 180, 240, 300, 360}) {
		t.Errorf("%v are to go, while it is open", got)
	}
	must(t, x.EndMark(t.Context(), id, at(520)))
	if got := starts(3000); !slices.Equal(got, []int{0, 60, 120, 180, 240, 300, 360, 600}) {
		t.Errorf("%v are to go, after its end", got)
	}
	if got := starts(500 + 3600 + 200); len(got) != 11 {
		t.Errorf("%v are to go, when marked ones are too old as well", got)
	}
	plan, err := x.Plan(t.Context(), index.Limits{Now: at(1e6), Others: keep})
	if must(t, err); len(plan.Segments) > 0 {
		t.Errorf("%d are to go by a clock that nobody trusts", len(plan.Segments))
	}
}

// TestSpaceGoesByOrderOfWriting has the clock step back and forth.
func TestSpaceGoesByOrderOfWriting(t *testing.T) {
	t.Parallel()
	x := open(t)
	years := []time.Time{noon, noon.AddDate(10, 0, 0), noon.Add(time.Minute), time.Unix(60, 0), noon.Add(2 * time.Minute)}
	for i, start := range years {
		s := segment(i+1, 0, 60)
		s.Start, s.End = start, start.Add(time.Minute)
		add(t, x, s)
	}
	plan, err := x.Plan(t.Context(), index.Limits{Wanted: 3500})
	must(t, err)
	for i, s := range plan.Segments {
		if s.Sequence != uint64(i+1) {
			t.Errorf("number %d goes at place %d", s.Sequence, i+1)
		}
	}
	if len(plan.Segments) != 4 || plan.Bytes != 4000 || plan.Short != 0 {
		t.Errorf("%d go, %d bytes", len(plan.Segments), plan.Bytes)
	}
}

// TestPlanSaysWhatIsProtected, when it is more than half.
func TestPlanSaysWhatIsProtected(t *testing.T) {
	t.Parallel()
	x := open(t)
	for i := range 10 {
		add(t, x, segment(i+1, float64(60*i), float64(60*i+60)))
	}
	_, err := x.AddMark(t.Context(), index.Mark{Camera: "front", Kind: "protect", Start: at(1), End: at(359), Keep: true})
	must(t, err)
	keep := index.Keep{MaxBytes: 10000, Open: 2000}
	plan, err := x.Plan(t.Context(), index.Limits{Cameras: map[string]index.Keep{"front": keep}, MaxBytes: 5000})
	must(t, err)
	if plan.Protected != 6000 || !plan.Crammed || !slices.Equal(plan.Crowded, []string{"front"}) {
		t.Errorf("protected: %d, of too much: %v, %v", plan.Protected, plan.Crammed, plan.Crowded)
	}
	if len(plan.Segments) != 4 || plan.Short != 3000 { // 10000 and 2000 that come, less 4000, are 3000 over 5000
		t.Errorf("%d go, and %d bytes are short", len(plan.Segments), plan.Short)
	}
	plan, err = x.Plan(t.Context(), index.Limits{Wanted: 4000, Most: 2})
	if must(t, err); len(plan.Segments) != 2 || !plan.More || plan.Short != 0 {
		t.Errorf("%d go at most 2, and %d bytes are short", len(plan.Segments), plan.Short)
	}
}

// TestForget drops what is before the oldest recording, and nothing that protects.
func TestForget(t *testing.T) {
	t.Parallel()
	x := open(t)
	lost := add(t, x, segment(1, 0, 60))
	add(t, x, segment(2, 600, 660))
	must(t, x.MarkLost(t.Context(), lost))
	must(t, x.AddGap(t.Context(), index.Gap{Camera: "front", From: at(60), To: at(100), Reason: "full"}))
	must(t, x.AddGap(t.Context(), index.Gap{Camera: "front", From: at(400), To: at(600), Reason: "full"}))
	for _, keep := range []bool{false, true} {
		_, err := x.AddMark(t.Context(), index.Mark{Camera: "front", Kind: "motion", Start: at(10), End: at(20), Keep: keep})
		must(t, err)
	}
	must(t, x.Forget(t.Context(), "front", at(500)))
	must(t, x.Forget(t.Context(), "nobody", at(500)))
	gaps, err := x.Gaps(t.Context(), "front", time.Time{}, time.Time{})
	if must(t, err); len(gaps) != 1 || !gaps[0].From.Equal(at(400)) {
		t.Errorf("gaps: %v", gaps)
	}
	marks, err := x.Marks(t.Context(), index.MarkFilter{})
	if must(t, err); len(marks) != 1 || !marks[0].Keep {
		t.Errorf("marks: %v", marks)
	}
	_, err = x.Segment(t.Context(), lost)
	wants(t, err, index.ErrUnknown)
	verified(t, x)
}

// TestMarksArePaged by their starts, the latest first.
func TestMarksArePaged(t *testing.T) {
	t.Parallel()
	x := open(t)
	for i := range 12 {
		m := index.Mark{Camera: []string{"front", "back"}[i%2], Kind: []string{"motion", "door", "bell"}[i%3], Start: at(float64(i / 2)), End: at(float64(i/2 + 1)), Keep: i == 5}
		_, err := x.AddMark(t.Context(), m)
		must(t, err)
	}
	var ids []int64
	f := index.MarkFilter{Limit: 5}
	for {
		page, err := x.Marks(t.Context(), f)
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			ids = append(ids, m.ID)
		}
		f.After = page[len(page)-1]
	}
	if !slices.Equal(ids, []int64{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}) {
		t.Errorf("they come as %v", ids)
	}
	for want, f := range map[int]index.MarkFilter{
		6: {Cameras: []string{"front"}}, 4: {Kind: "bell"}, 1: {Keep: true}, 2: {Cameras: []string{"back"}, Kind: "door"},
		0: {Cameras: []string{}}, 12: {Cameras: []string{"front", "back"}}, 8: {From: at(3)}, 10: {To: at(5)},
	} {
		if got, err := x.Marks(t.Context(), f); err != nil || len(got) != want {
			t.Errorf("%+v chooses %d, and not %d, %v", f, len(got), want, err)
		}
	}
}

// TestManyAtOnce adds, deletes, marks and reads from many goroutines.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	x := open(t)
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			camera := fmt.Sprint("cam-", g)
			for i := range 15 {
				s := segment(i+1, float64(60*i), float64(60*i+60))
				s.Camera, s.Path = camera, camera+"/"+s.Path
				id, err := x.Add(t.Context(), s)
				if err != nil {
					t.Error(err)
				}
				if i%3 == 0 {
					_, err = x.Erase(t.Context(), id)
				} else {
					_, err = x.AddMark(t.Context(), index.Mark{Camera: camera, Kind: "motion", Start: s.Start, Keep: i%2 == 0})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for range 30 {
				_, err := x.Timeline(t.Context(), fmt.Sprint("cam-", g), at(0), at(1000), time.Second)
				if err == nil {
					_, err = x.Plan(t.Context(), index.Limits{Wanted: 5000})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	verified(t, x)
	if total, err := x.Total(t.Context()); err != nil || total.Segments != 40 {
		t.Errorf("%d segments, %v", total.Segments, err)
	}
}

// TestContextsEndWrites that wait, and leave nothing.
func TestContextsEndWrites(t *testing.T) {
	t.Parallel()
	x := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := x.Add(ctx, segment(1, 0, 60))
	wants(t, err, context.Canceled)
	_, err = x.Timeline(ctx, "front", at(0), at(60), 0)
	wants(t, err, context.Canceled)
	add(t, x, segment(1, 0, 60))
	must(t, x.Close())
	if _, err := x.Add(t.Context(), segment(2, 60, 120)); err == nil {
		t.Error("a closed index takes a segment")
	}
	must(t, x.Close())
}

func TestMendPutsRight(t *testing.T) {
	t.Parallel()
	x := open(t)
	for i := range 20 {
		add(t, x, segment(i+1, float64(70*i), float64(70*i+60+10*(i%2))))
	}
	_, err := x.AddMark(t.Context(), index.Mark{Camera: "front", Kind: "motion", Start: at(100), End: at(300)})
	must(t, err)
	must(t, x.AddGap(t.Context(), index.Gap{Camera: "front", From: at(-100), To: at(0), Reason: "full"}))
	want, err := x.Spans(t.Context(), "front", time.Time{}, time.Time{})
	must(t, err)
	for _, damage := range []string{
		"DELETE FROM spans", "UPDATE spans SET to_us = to_us + 1000000 WHERE from_us = (SELECT min(from_us) FROM spans)", "UPDATE cameras SET bytes = 5, segments = 7",
		"UPDATE segments SET hold = 1 - min(hold, 1)", "UPDATE segments SET written = 100 - written", "UPDATE cameras SET longest_us = 0", "UPDATE segments SET format = 7",
		"INSERT INTO garbage (camera, path, bytes) SELECT 'front', path, 0 FROM segments",
		"UPDATE spans SET since_us = since_us + 1 WHERE from_us > (SELECT min(from_us) FROM spans)", "UPDATE spans SET class = class + 1", "UPDATE gaps SET class = class - 1",
		"DELETE FROM flags WHERE width_us = 3600000000", "UPDATE flags SET count = count + 1", "UPDATE hours SET ticks = ticks - 1", "DELETE FROM hours",
		"INSERT INTO hours SELECT camera, hour + 1, format, sound, revision, segments, ticks, bytes, frames, keys, durations, offsets, plain, fragments, odd, sounds FROM hours",
	} {
		must(t, index.Execute(x, damage))
		if faults, err := x.Verify(t.Context()); err != nil || len(faults) == 0 {
			t.Errorf("%s is not seen, %v", damage, err)
		}
		must(t, x.Mend(t.Context()))
		verified(t, x)
		if got, err := x.Spans(t.Context(), "front", time.Time{}, time.Time{}); err != nil || !slices.Equal(got, want) {
			t.Errorf("after %s the spans are %v, %v", damage, got, err)
		}
	}
}

// TestSpansAreThereWhileTheOldestGo: what is deleted at the beginning of a span
// does not hide the rest of it from who looks at that moment.
func TestSpansAreThereWhileTheOldestGo(t *testing.T) {
	t.Parallel()
	x := open(t)
	const all = 100
	var ids []int64
	for i := range all {
		ids = append(ids, add(t, x, segment(i+1, float64(60*i), float64(60*i+60))))
	}
	deleted := make(chan error, 1)
	go func() { // ends when all but one are deleted
		for _, id := range ids[:all-1] {
			if _, err := x.Delete(t.Context(), id); err != nil {
				deleted <- err
				return
			}
		}
		deleted <- nil
	}()
	for {
		select {
		case err := <-deleted:
			must(t, err)
			return
		default:
		}
		spans, err := x.Spans(t.Context(), "front", time.Time{}, time.Time{})
		must(t, err)
		if len(spans) != 1 || !spans[0].To.Equal(at(60*all)) {
			t.Fatalf("spans are %v", spans)
		}
	}
}
