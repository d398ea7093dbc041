package index_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"framegate/gateway/record/index"
)

// years is an index of a camera with segments over a year and more, holes from a
// second to some days between them, each with a reason, and marks of two kinds that
// were added, changed and deleted.
func years(t testing.TB, path string, random *rand.Rand) (x *index.Index, holes []index.Gap, marks []index.Mark) {
	t.Helper()
	x = openPath(t, path)
	end := noon
	for i := range 120 {
		hole := time.Duration(math.Exp(random.Float64()*14)) * time.Second // up to 14 days
		if i > 0 {
			g := index.Gap{Camera: "front", From: end, To: end.Add(hole), Reason: fmt.Sprint("reason ", i%3)}
			must(t, x.AddGap(t.Context(), g))
			holes, end = append(holes, g), g.To
		}
		s := segment(i+1, 0, 0)
		s.Start, s.End = end, end.Add(time.Duration(1+random.IntN(3600))*time.Second)
		add(t, x, s)
		end = s.End
	}
	for i := range 160 {
		m := index.Mark{Camera: "front", Kind: []string{"door", "motion"}[i%2], Start: noon.Add(time.Duration(random.Int64N(int64(end.Sub(noon))))), Keep: i%50 == 0, Created: noon}
		m.Start = m.Start.Truncate(time.Microsecond)
		if i%20 != 0 {
			m.End = m.Start.Add(time.Duration(math.Exp(random.Float64()*13)) * time.Second)
		}
		var err error
		m.ID, err = x.AddMark(t.Context(), m)
		must(t, err)
		marks = append(marks, m)
	}
	for range 20 {
		i := random.IntN(len(marks))
		must(t, x.DeleteMark(t.Context(), marks[i].ID))
		marks = slices.Delete(marks, i, i+1)
		m := &marks[random.IntN(len(marks))]
		m.Start, m.Kind, m.Keep = m.Start.Add(-time.Duration(random.IntN(100))*time.Hour), "door", !m.Keep
		must(t, x.UpdateMark(t.Context(), *m))
	}
	return x, holes, marks
}

// stepOf is the width of the steps of flags for a resolution.
func stepOf(resolution time.Duration) time.Duration {
	if resolution <= 15*time.Minute/2 {
		return resolution
	}
	for width := 15 * time.Minute; width <= 32*time.Hour; width *= 2 {
		if resolution <= width {
			return width
		}
	}
	return (resolution + 32*time.Hour - 1) / (32 * time.Hour) * (32 * time.Hour)
}

// compareLong compares some timelines of years with what is to be in them.
func compareLong(t *testing.T, x *index.Index, holes []index.Gap, marks []index.Mark, random *rand.Rand) {
	t.Helper()
	verified(t, x)
	all, err := x.Spans(t.Context(), "front", time.Time{}, time.Time{})
	must(t, err)
	for range 40 {
		from := noon.Add(time.Duration(random.Int64N(int64(300 * 24 * time.Hour)))).Truncate(time.Microsecond) // some of it behind all
		to := from.Add(time.Duration(math.Exp(random.Float64()*10.5)) * 15 * time.Minute)                      // up to 380 days
		timeline, err := x.Timeline(t.Context(), "front", from, to, time.Duration(math.Exp(random.Float64()*14))*time.Second/4)
		must(t, err)
		step := timeline.Resolution
		var spans []index.Span
		for _, s := range all {
			switch n := len(spans); {
			case !s.To.After(from) || !s.From.Before(to):
			case n > 0 && s.From.Sub(spans[n-1].To) < step:
				spans[n-1].To = s.To
			default:
				spans = append(spans, s)
			}
		}
		for i := range spans {
			spans[i] = index.Span{From: later(spans[i].From, from), To: earlier(spans[i].To, to)}
		}
		var gaps []index.Gap
		for _, g := range holes {
			if g.From, g.To = later(g.From, from), earlier(g.To, to); g.To.Sub(g.From) >= step {
				gaps = append(gaps, g)
			}
		}
		a := &actor{T: t, log: []string{fmt.Sprintf("%v to %v by %v", from, to, step)}}
		same(a, "spans", timeline.Spans, spans)
		same(a, "gaps", timeline.Gaps, gaps)
		same(a, "flags", timeline.Flags, flagsOf(marks, from, to, stepOf(step)))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// flagsOf are marks between two times, those of a kind as one that begin within a
// step.
func flagsOf(marks []index.Mark, from, to time.Time, step time.Duration) (flags []index.Flag) {
	marks = slices.Clone(marks)
	slices.SortFunc(marks, func(a, b index.Mark) int { return a.Start.Compare(b.Start) })
	for _, m := range marks {
		if !m.Start.Before(to) || !m.End.IsZero() && m.End.Before(from) {
			continue
		}
		i := slices.IndexFunc(flags, func(f index.Flag) bool {
			return f.Kind == m.Kind && f.From.UnixMicro()/step.Microseconds() == m.Start.UnixMicro()/step.Microseconds()
		})
		if i < 0 {
			flags = append(flags, index.Flag{ID: m.ID, Kind: m.Kind, From: m.Start, To: m.End, Keep: m.Keep, Count: 1})
			continue
		}
		f := &flags[i]
		if m.End.IsZero() || !f.To.IsZero() && m.End.After(f.To) {
			f.To = m.End
		}
		f.ID, f.Keep, f.Count = min(f.ID, m.ID), f.Keep || m.Keep, f.Count+1
	}
	slices.SortFunc(flags, func(a, b index.Flag) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Kind, b.Kind)) })
	return flags
}

// TestLongTimelines have the spans, gaps and flags of their resolution, from minutes
// to a year, after whatever was done.
func TestLongTimelines(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(8, 9))
	x, holes, marks := years(t, filepath.Join(t.TempDir(), "index.db"), random)
	compareLong(t, x, holes, marks, random)
	slices.SortFunc(marks, func(a, b index.Mark) int { return a.Start.Compare(b.Start) })
	before := marks[50].Start
	must(t, x.Forget(t.Context(), "front", before))
	marks = slices.DeleteFunc(marks, func(m index.Mark) bool { return !m.Keep && !m.End.IsZero() && m.End.Before(before) })
	holes = slices.DeleteFunc(holes, func(g index.Gap) bool { return !g.To.After(before) })
	compareLong(t, x, holes, marks, random)
}

// TestOldIndexIsBroughtUpToDate: what was made by the first version has all that was
// thought of later, and no row is another.
func TestOldIndexIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(10, 11))
	path := filepath.Join(t.TempDir(), "index.db")
	x, holes, marks := years(t, path, random)
	must(t, x.Close())
	db, err := sql.Open("sqlite", path)
	must(t, err)
	for _, statement := range []string{
		"DROP TRIGGER hour_more", "DROP TRIGGER hour_less", "DROP TRIGGER hour_changed_more", "DROP TRIGGER hour_changed_less",
		"DROP TABLE hours", "DROP TABLE revisions", "DROP TABLE flags", "DROP INDEX spans_by_hole", "DROP INDEX gaps_by_class",
		"ALTER TABLE spans DROP COLUMN class", "ALTER TABLE spans DROP COLUMN since_us", "ALTER TABLE gaps DROP COLUMN class",
		"CREATE INDEX gaps_by_length ON gaps (camera, to_us - from_us, to_us)", "ALTER TABLE marks DROP COLUMN owner", "ALTER TABLE segments DROP COLUMN sound", "ALTER TABLE segments DROP COLUMN sounds", "PRAGMA user_version = 1",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	must(t, db.Close())
	x = openPath(t, path)
	if x.Made() {
		t.Fatal("it was made anew")
	}
	compareLong(t, x, holes, marks, random)
	for _, unheard := range []bool{true, false} {
		rows, err := x.Between(t.Context(), "front", noon, noon.AddDate(9, 0, 0), 1)
		must(t, err)
		if (rows[0].Sound == index.Unheard) != unheard {
			t.Errorf("its sound is %d", rows[0].Sound)
		}
		rows[0].Sound = 0
		_, err = x.Replace(t.Context(), rows[0])
		must(t, err)
	}
	add(t, x, segment(1000, -100, -40))
	verified(t, x)
}

// TestHoursHaveAnotherRevision whenever a row is another, and none that any other
// index has given.
func TestHoursHaveAnotherRevision(t *testing.T) {
	t.Parallel()
	known := make(map[int64]bool)
	for range 2 {
		x := open(t)
		looked := func(what string, segments int) {
			t.Helper()
			verified(t, x)
			hours, err := x.Hours(t.Context(), "front", at(0), at(2*3600))
			must(t, err)
			n := 0
			for _, h := range hours {
				if n += h.Segments; known[h.Revision] {
					t.Errorf("%s: the revision of what there was before", what)
				}
				known[h.Revision] = true
			}
			if n != segments {
				t.Errorf("%s: %d segments, want %d", what, n, segments)
			}
		}
		s := segment(1, 100, 160)
		id := add(t, x, s)
		looked("added", 1)
		add(t, x, segment(2, 160, 220))
		looked("another", 2)
		s.Bytes++
		_, err := x.Replace(t.Context(), s)
		must(t, err)
		looked("replaced", 2)
		_, err = x.Shift(t.Context(), "front", "run", time.Second)
		must(t, err)
		looked("shifted", 2)
		must(t, x.MarkLost(t.Context(), id))
		looked("lost", 1)
		_, err = x.Replace(t.Context(), s)
		must(t, err)
		looked("back", 2)
		_, err = x.Erase(t.Context(), id)
		must(t, err)
		looked("deleted", 1)
		must(t, x.Mend(t.Context()))
		looked("mended", 1)
	}
}

// TestSalvageOfMarksThatOverlap costs as much for each of many as for each of few:
// what a mark reaches is not looked at before all are there.
func TestSalvageOfMarksThatOverlap(t *testing.T) { // alone, since it counts
	few, many := salvageOverlapping(t, 500), salvageOverlapping(t, 2000)
	if t.Logf("%d allocations for each of 500, %d for each of 2000", few, many); many > 2*few {
		t.Errorf("%d allocations for each of 500 marks, %d for each of 2000", few, many)
	}
}

// salvageOverlapping gives the allocations for each of so many marks.
func salvageOverlapping(t *testing.T, n int) uint64 {
	t.Helper()
	path := filepath.Join(t.TempDir(), "index.db")
	x := openPath(t, path)
	_, err := x.AddMark(t.Context(), index.Mark{Camera: "front", Kind: "protect", Start: at(0), Keep: true})
	must(t, err)
	must(t, index.Execute(x, fmt.Sprintf(`WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO marks SELECT NULL, camera, kind, start_us + i, end_us, before_us, after_us, from_us + i, to_us, keep, note, data, made_by, created_us, owner FROM n, marks WHERE id = 1`, n-1)))
	must(t, x.Condemn())
	must(t, x.Close())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	x = openPath(t, path)
	runtime.ReadMemStats(&after)
	all, err := x.Marks(t.Context(), index.MarkFilter{Keep: true, Limit: 2 * n})
	must(t, err)
	add(t, x, segment(1, 0, 60))
	totals, err := x.Totals(t.Context(), "front")
	must(t, err)
	if len(all) != n || totals.Protected != 1000 {
		t.Errorf("%d marks, %d bytes are protected", len(all), totals.Protected)
	}
	verified(t, x)
	return (after.Mallocs - before.Mallocs) / uint64(n)
}
