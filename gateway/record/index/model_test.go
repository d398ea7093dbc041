package index_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"framegate/gateway/record/index"
)

// The time of a model has slots of a tenth of a second, in which the joint of
// segments is five.
const (
	slots     = 3000
	slot      = 100 * time.Millisecond
	jointSlot = int(index.Joint / slot)
)

func slotTime(n int) time.Time { return noon.Add(time.Duration(n) * slot) }

func timeSlot(t time.Time) int { return int(t.Sub(noon) / slot) }

// model is an index that is slow and evidently right: it keeps rows, and works
// everything else out when it is asked.
type model struct {
	segments []index.Segment // in the order of writing
	garbage  map[string]bool
	marks    []index.Mark
	reasons  [3 * slots]string // of gaps, slot by slot
}

// spans are the stretches of segments that are there.
func (m *model) spans() (spans []index.Span) {
	there := slices.DeleteFunc(slices.Clone(m.segments), func(s index.Segment) bool { return s.Lost })
	slices.SortFunc(there, func(a, b index.Segment) int { return a.Start.Compare(b.Start) })
	for _, s := range there {
		if n := len(spans); n > 0 && s.Start.Sub(spans[n-1].To) <= index.Joint {
			if s.End.After(spans[n-1].To) {
				spans[n-1].To = s.End
			}
			continue
		}
		spans = append(spans, index.Span{From: s.Start, To: s.End})
	}
	return spans
}

// spansWithin are those that lie in a stretch at least in part.
func (m *model) spansWithin(from, to int) []index.Span {
	return slices.DeleteFunc(m.spans(), func(s index.Span) bool {
		return !s.From.Before(slotTime(to)) || !s.To.After(slotTime(from))
	})
}

// timeline is what is to be seen from one slot to another, with holes of less
// than some slots left out; lost stretches and reasons slot by slot.
func (m *model) timeline(from, to, step int) (spans []index.Span, gaps []index.Gap) {
	for _, s := range m.spansWithin(from, to) {
		if n := len(spans); n > 0 && s.From.Sub(spans[n-1].To) < time.Duration(step)*slot {
			spans[n-1].To = s.To
			continue
		}
		spans = append(spans, s)
	}
	for i := range spans {
		spans[i].From = slotTime(max(from, timeSlot(spans[i].From)))
		spans[i].To = slotTime(min(to, timeSlot(spans[i].To)))
	}
	return spans, m.gaps(from, to, step, spans)
}

func (m *model) gaps(from, to, step int, spans []index.Span) (gaps []index.Gap) {
	reasons := m.reasons
	for _, lost := range m.lost(step) {
		for i := timeSlot(lost.From); i < timeSlot(lost.To); i++ {
			reasons[i+slots/2] = cmp.Or(reasons[i+slots/2], index.ReasonLost)
		}
	}
	for _, s := range spans {
		for i := timeSlot(s.From); i < timeSlot(s.To); i++ {
			reasons[i+slots/2] = ""
		}
	}
	for i := from; i < to; i++ {
		reason := reasons[i+slots/2]
		if n := len(gaps); n > 0 && gaps[n-1].Reason == reason && gaps[n-1].To.Equal(slotTime(i)) {
			gaps[n-1].To = slotTime(i + 1)
		} else if reason != "" {
			gaps = append(gaps, index.Gap{Camera: "front", From: slotTime(i), To: slotTime(i + 1), Reason: reason})
		}
	}
	return slices.DeleteFunc(gaps, func(g index.Gap) bool { return g.To.Sub(g.From) < time.Duration(step)*slot })
}

// lost are the stretches of segments that are not there, merged as spans are.
func (m *model) lost(step int) []index.Span {
	var other model
	for _, s := range m.segments {
		if s.Lost {
			s.Lost = false
			other.segments = append(other.segments, s)
		}
	}
	spans := other.spans()
	var merged []index.Span
	for _, s := range spans {
		if n := len(merged); n > 0 && s.From.Sub(merged[n-1].To) < time.Duration(step)*slot {
			merged[n-1].To = s.To
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// flags are marks from one slot to another, those of a kind as one that begin
// within a step.
func (m *model) flags(from, to int, step time.Duration) (flags []index.Flag) {
	for _, mark := range m.marks {
		if !mark.Start.Before(slotTime(to)) || !mark.End.IsZero() && mark.End.Before(slotTime(from)) {
			continue
		}
		i := slices.IndexFunc(flags, func(f index.Flag) bool {
			return f.Kind == mark.Kind && f.From.UnixMicro()/step.Microseconds() == mark.Start.UnixMicro()/step.Microseconds()
		})
		if i < 0 {
			flags = append(flags, index.Flag{ID: mark.ID, Kind: mark.Kind, From: mark.Start, To: mark.End, Keep: mark.Keep, Count: 1})
			continue
		}
		f := &flags[i]
		if mark.Start.Before(f.From) {
			f.From = mark.Start
		}
		if mark.End.IsZero() || !f.To.IsZero() && mark.End.After(f.To) {
			f.To = mark.End
		}
		f.ID, f.Keep, f.Count = min(f.ID, mark.ID), f.Keep || mark.Keep, f.Count+1
	}
	slices.SortFunc(flags, func(a, b index.Flag) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Kind, b.Kind))
	})
	return flags
}

// hold says whether a mark reaches a segment, and whether one protects it.
func (m *model) hold(s index.Segment) (marked, protected bool) {
	for _, mark := range m.marks {
		ends := mark.End.IsZero() || !mark.End.Add(mark.After).Before(s.Start)
		if mark.Start.Add(-mark.Before).Before(s.End) && ends {
			marked = true
			protected = protected || mark.Keep
		}
	}
	return marked, protected
}

func (m *model) totals() (t index.Totals) {
	for _, s := range m.segments {
		if s.Lost {
			t.Lost++
			continue
		}
		t.Segments++
		t.Bytes += s.Bytes
		switch marked, protected := m.hold(s); {
		case protected:
			t.Protected += s.Bytes
		case marked:
			t.Marked += s.Bytes
		}
	}
	if spans := m.spans(); len(spans) > 0 {
		t.Oldest, t.Newest = spans[0].From, spans[len(spans)-1].To
	}
	return t
}

// plan is what is to be deleted: too old ones by their ends, then, until so many
// bytes are left, those written first.
func (m *model) plan(now time.Time, keep index.Keep, pinned func(int64) bool) (ids []int64, short int64) {
	var old []index.Segment
	left := int64(0)
	for _, s := range m.segments {
		marked, protected := m.hold(s)
		age := keep.MaxAge
		if marked {
			age = max(age, keep.MarkedAge)
		}
		if s.Lost {
			continue
		}
		left += s.Bytes
		if !protected && !pinned(s.ID) && s.End.Before(now.Add(-age)) {
			old = append(old, s)
			left -= s.Bytes
		}
	}
	slices.SortFunc(old, func(a, b index.Segment) int { return cmp.Or(a.End.Compare(b.End), cmp.Compare(a.ID, b.ID)) })
	for _, s := range old {
		ids = append(ids, s.ID)
	}
	for _, s := range m.segments {
		_, protected := m.hold(s)
		if left > keep.MaxBytes && !s.Lost && !protected && !pinned(s.ID) && !slices.Contains(ids, s.ID) {
			ids = append(ids, s.ID)
			left -= s.Bytes
		}
	}
	return ids, max(0, left-keep.MaxBytes)
}

// actor does the same to an index and to its model.
type actor struct {
	*testing.T
	x        *index.Index
	m        *model
	rand     *rand.Rand
	sequence int
	log      []string
}

func (a *actor) note(format string, args ...any) { a.log = append(a.log, fmt.Sprintf(format, args...)) }

// some picks one of the segments; false where there is none.
func (a *actor) some() (int, bool) {
	if len(a.m.segments) == 0 {
		return 0, false
	}
	return a.rand.IntN(len(a.m.segments)), true
}

func (a *actor) add() {
	a.sequence++
	from := a.rand.IntN(slots - 700)
	if latest := len(a.m.segments) - 1; latest >= 0 && a.rand.IntN(3) > 0 { // mostly one follows the other
		from = min(slots-700, timeSlot(a.m.segments[latest].End)+a.rand.IntN(2*jointSlot+2)-jointSlot)
	}
	s := segment(a.sequence, 0, 0)
	s.Start, s.End = slotTime(from), slotTime(from+1+a.rand.IntN(100))
	if a.rand.IntN(20) == 0 {
		s.End = s.Start.Add(60 * time.Second)
	}
	s.Bytes, s.Run = int64(a.rand.IntN(1000)), fmt.Sprint(a.sequence/10)
	a.put(s)
}

func (a *actor) put(s index.Segment) {
	id, err := a.x.Add(a.Context(), s)
	must(a.T, err)
	s.ID = id
	a.note("add %d: %d to %d", id, timeSlot(s.Start), timeSlot(s.End))
	a.m.segments = append(a.m.segments, s)
	slices.SortStableFunc(a.m.segments, func(a, b index.Segment) int { return cmp.Compare(a.Sequence, b.Sequence) })
}

// addLate enters a segment whose sequence has been passed.
func (a *actor) addLate() {
	i, ok := a.some()
	if !ok || i == 0 || a.m.segments[i].Sequence-a.m.segments[i-1].Sequence < 2 {
		return
	}
	s := a.m.segments[i]
	s.ID, s.Sequence, s.Lost = 0, s.Sequence-1, false
	s.Path = fmt.Sprintf("front/late-%d-%d.mp4", s.Sequence, len(a.log))
	a.put(s)
}

func (a *actor) replace() {
	i, ok := a.some()
	if !ok {
		return
	}
	s := a.m.segments[i]
	s.Start = s.Start.Add(time.Duration(a.rand.IntN(9)-4) * slot)
	s.End = s.Start.Add(time.Duration(1+a.rand.IntN(90)) * slot)
	s.Lost, s.Bytes = a.rand.IntN(2) == 0, 500
	id, err := a.x.Replace(a.Context(), s)
	must(a.T, err)
	if id != s.ID {
		a.Fatalf("row %d became %d", s.ID, id)
	}
	a.note("replace %d: %d to %d, lost %v", id, timeSlot(s.Start), timeSlot(s.End), s.Lost)
	a.m.segments[i] = s
}

func (a *actor) remove(erase bool) {
	var ids, want []int64
	remove := a.x.Delete
	if erase {
		remove = a.x.Erase
	}
	for range 1 + a.rand.IntN(5) {
		if i, ok := a.some(); ok && !slices.Contains(ids, a.m.segments[i].ID) {
			ids = append(ids, a.m.segments[i].ID)
			if _, protected := a.m.hold(a.m.segments[i]); !protected || erase {
				want = append(want, a.m.segments[i].ID)
			}
		}
	}
	gone, err := remove(a.Context(), ids...)
	must(a.T, err)
	var got []int64
	for _, s := range gone {
		got = append(got, s.ID)
		a.m.garbage[s.Path] = true
	}
	a.note("delete %v of %v", got, ids)
	if !slices.Equal(got, want) {
		a.Fatalf("of %v went %v, and not %v", ids, got, want)
	}
	a.m.segments = slices.DeleteFunc(a.m.segments, func(s index.Segment) bool { return slices.Contains(got, s.ID) })
}

func (a *actor) lose() {
	if i, ok := a.some(); ok {
		a.note("lose %d", a.m.segments[i].ID)
		must(a.T, a.x.MarkLost(a.Context(), a.m.segments[i].ID))
		a.m.segments[i].Lost = true
	}
}

func (a *actor) shift() {
	i, ok := a.some()
	if !ok {
		return
	}
	run, by := a.m.segments[i].Run, time.Duration(a.rand.IntN(60)-30)*slot
	a.note("shift %s by %v", run, by)
	n, err := a.x.Shift(a.Context(), "front", run, by)
	must(a.T, err)
	for i, s := range a.m.segments {
		if s.Run == run {
			a.m.segments[i].Start, a.m.segments[i].End = s.Start.Add(by), s.End.Add(by)
			n--
		}
	}
	if n != 0 {
		a.Fatalf("%d segments too many moved", n)
	}
}

func (a *actor) mark() index.Mark {
	m := index.Mark{Camera: "front", Kind: []string{"motion", "door"}[a.rand.IntN(2)], Start: slotTime(a.rand.IntN(slots)), Keep: a.rand.IntN(4) == 0,
		Before: time.Duration(a.rand.IntN(30)) * slot, After: time.Duration(a.rand.IntN(30)) * slot, Created: noon}
	if a.rand.IntN(5) > 0 {
		m.End = m.Start.Add(time.Duration(a.rand.IntN(60)) * slot)
	}
	return m
}

func (a *actor) addMark() {
	m := a.mark()
	id, err := a.x.AddMark(a.Context(), m)
	must(a.T, err)
	m.ID = id
	a.note("mark %d", id)
	a.m.marks = append(a.m.marks, m)
}

func (a *actor) changeMark() {
	if len(a.m.marks) == 0 {
		return
	}
	i := a.rand.IntN(len(a.m.marks))
	old := a.m.marks[i]
	a.note("change mark %d", old.ID)
	switch a.rand.IntN(3) {
	case 0:
		end := old.Start.Add(time.Duration(a.rand.IntN(50)) * slot)
		must(a.T, a.x.EndMark(a.Context(), old.ID, end))
		a.m.marks[i].End = end
	case 1:
		m := a.mark()
		m.ID = old.ID
		must(a.T, a.x.UpdateMark(a.Context(), m))
		a.m.marks[i] = m
	default:
		must(a.T, a.x.DeleteMark(a.Context(), old.ID))
		a.m.marks = slices.Delete(a.m.marks, i, i+1)
	}
}

func (a *actor) addGap() {
	from := a.rand.IntN(slots)
	to := from + 1 + a.rand.IntN(200)
	reason := []string{"full", "the camera is away", "slow"}[a.rand.IntN(3)]
	a.note("gap %d to %d: %s", from, to, reason)
	must(a.T, a.x.AddGap(a.Context(), index.Gap{Camera: "front", From: slotTime(from), To: slotTime(to), Reason: reason}))
	for i := from; i < to; i++ {
		a.m.reasons[i+slots/2] = cmp.Or(a.m.reasons[i+slots/2], reason)
	}
}

func (a *actor) sweep() {
	garbage, err := a.x.Garbage(a.Context(), 0)
	must(a.T, err)
	if len(garbage) != len(a.m.garbage) {
		a.Fatalf("%d files are garbage, and not %d", len(garbage), len(a.m.garbage))
	}
	for _, g := range garbage {
		if !a.m.garbage[g.Path] {
			a.Fatalf("%s is garbage", g.Path)
		}
		_, err := a.x.Replace(a.Context(), index.Segment{Camera: "front", Path: g.Path, Start: noon, End: slotTime(1)})
		wants(a.T, err, index.ErrExists)
		must(a.T, a.x.Swept(a.Context(), g.Path))
	}
	clear(a.m.garbage)
}

// act does one thing.
func (a *actor) act() {
	switch n := a.rand.IntN(20); {
	case n < 6:
		a.add()
	case n < 7:
		a.addLate()
	case n < 8:
		a.replace()
	case n < 10:
		a.remove(n == 8)
	case n < 11:
		a.lose()
	case n < 12:
		a.shift()
	case n < 14:
		a.addMark()
	case n < 16:
		a.changeMark()
	case n < 18:
		a.addGap()
	case n < 19:
		a.sweep()
	default:
		a.note("reorder")
		must(a.T, a.x.Reorder(a.Context()))
	}
}

// compare asks both the same.
func (a *actor) compare() {
	faults, err := a.x.Verify(a.Context())
	must(a.T, err)
	same(a, "faults", faults, nil)

	spans, err := a.x.Spans(a.Context(), "front", time.Time{}, time.Time{})
	must(a.T, err)
	same(a, "spans", spans, a.m.spans())

	from := a.rand.IntN(slots) - 50
	to := from + 1 + a.rand.IntN(slots)
	spans, err = a.x.Spans(a.Context(), "front", slotTime(from), slotTime(to))
	must(a.T, err)
	same(a, "some spans", spans, a.m.spansWithin(from, to))

	step := 1 + a.rand.IntN(30)
	if a.rand.IntN(3) > 0 {
		step = 1
	}
	timeline, err := a.x.Timeline(a.Context(), "front", slotTime(from), slotTime(to), time.Duration(step)*slot)
	must(a.T, err)
	spans, gaps := a.m.timeline(from, to, step)
	same(a, "the timeline's spans", timeline.Spans, spans)
	same(a, "the timeline's marks", timeline.Flags, a.m.flags(from, to, timeline.Resolution))
	if step == 1 { // else short reasons are left out
		same(a, "the timeline's gaps", timeline.Gaps, gaps)
	}
	found, err := a.x.Gaps(a.Context(), "front", slotTime(from), slotTime(to))
	must(a.T, err)
	same(a, "gaps", found, a.m.gaps(from, to, 1, a.m.spansWithin(from, to)))
	a.compareSegments(from, to)
}

func (a *actor) compareSegments(from, to int) {
	between, err := a.x.Between(a.Context(), "front", slotTime(from), slotTime(to), 0)
	must(a.T, err)
	want := slices.DeleteFunc(slices.Clone(a.m.segments), func(s index.Segment) bool {
		return s.Lost || !s.Start.Before(slotTime(to)) || !s.End.After(slotTime(from))
	})
	slices.SortFunc(want, func(a, b index.Segment) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID))
	})
	same(a, "segments", between, want)

	at, err := a.x.At(a.Context(), "front", slotTime(from))
	want = slices.DeleteFunc(slices.Clone(a.m.segments), func(s index.Segment) bool {
		return s.Lost || s.Start.After(slotTime(from)) || !s.End.After(slotTime(from))
	})
	if len(want) == 0 {
		wants(a.T, err, index.ErrUnknown)
	} else {
		must(a.T, err)
		same(a, "the segment at a moment", at, want[len(want)-1])
	}

	var all []index.Segment
	must(a.T, a.x.All(a.Context(), func(s index.Segment) error { all = append(all, s); return nil }))
	same(a, "all segments", all, a.m.segments)

	totals, err := a.x.Totals(a.Context(), "front")
	must(a.T, err)
	totals.Sequence = 0
	same(a, "totals", totals, a.m.totals())
	total, err := a.x.Total(a.Context())
	must(a.T, err)
	same(a, "the total", total, totals)
	a.comparePlan()
}

func (a *actor) comparePlan() {
	now := slotTime(a.rand.IntN(2 * slots))
	keep := index.Keep{MaxAge: time.Duration(1+a.rand.IntN(slots)) * slot, MarkedAge: time.Duration(a.rand.IntN(slots)) * slot, MaxBytes: int64(1 + a.rand.IntN(20000))}
	pinned := func(id int64) bool { return id%7 == 0 }
	plan, err := a.x.Plan(a.Context(), index.Limits{Now: now, Trusted: true, Others: keep, Pinned: pinned})
	must(a.T, err)
	var ids []int64
	for _, s := range plan.Segments {
		ids = append(ids, s.ID)
	}
	want, short := a.m.plan(now, keep, pinned)
	same(a, "the plan", ids, want)
	same(a, "what is short", plan.Short, short)
}

func same[T any](a *actor, what string, got, want T) {
	a.Helper()
	if diff := gocmp.Diff(want, got, equateEmpty); diff != "" {
		a.Fatalf("%s (-want +got):\n%s\nafter %v", what, diff, a.log[max(0, len(a.log)-30):])
	}
}

// equateEmpty takes nil for an empty slice.
var equateEmpty = gocmp.FilterValues(func(x, y any) bool { return lenZero(x) && lenZero(y) }, gocmp.Ignore())

func lenZero(v any) bool {
	switch v := v.(type) {
	case []index.Span:
		return len(v) == 0
	case []index.Gap:
		return len(v) == 0
	case []index.Segment:
		return len(v) == 0
	case []index.Flag:
		return len(v) == 0
	case []int64:
		return len(v) == 0
	case []string:
		return len(v) == 0
	}
	return false
}

// TestModel does what comes to mind to an index, and compares all it answers with
// what a slow and simple one would.
func TestModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			a := &actor{T: t, x: open(t), m: &model{garbage: make(map[string]bool)}, rand: rand.New(rand.NewPCG(seed, 7))}
			for range 60 {
				a.act()
				a.act()
				a.compare()
			}
		})
	}
}
