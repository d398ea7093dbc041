package index_test

import (
	"slices"
	"testing"
	"time"

	"framegate/gateway/record/index"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	must(t, err)
	return z
}

// TestDaysThatAreNot24HoursLong have their hours, and end where the next begins.
func TestDaysThatAreNot24HoursLong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		zone, date, from string
		hours            float64
	}{
		{"UTC", "2026-03-29", "2026-03-29T00:00:00Z", 24},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 23},
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 25},
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 24.5},
		{"Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 23.5},
		{"America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z", 23}, // there is no midnight
		{"Pacific/Kiritimati", "2026-06-01", "2026-05-31T10:00:00Z", 24},
		{"Pacific/Pago_Pago", "2026-06-01", "2026-06-01T11:00:00Z", 24},
	} {
		z := zone(t, test.zone)
		from, to, err := index.Day(test.date, z)
		must(t, err)
		if got := from.UTC().Format(time.RFC3339); got != test.from || to.Sub(from).Hours() != test.hours {
			t.Errorf("%s in %s begins at %s and has %v hours", test.date, test.zone, got, to.Sub(from).Hours())
		}
		if before := from.Add(-time.Second).In(z).Format(time.DateOnly); before == test.date {
			t.Errorf("%s in %s begins earlier", test.date, test.zone)
		}
	}
	_, _, err := index.Day("2011-12-30", zone(t, "Pacific/Apia")) // which was never there
	wants(t, err, index.ErrInvalid)
	for _, date := range []string{"", "2026-13-01", "yesterday", "1969-01-01", "2026-02-30"} {
		_, _, err := index.Day(date, time.UTC)
		wants(t, err, index.ErrInvalid)
	}
}

// TestDaysOfAZone finds a minute at each end of a day where it belongs.
func TestDaysOfAZone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ zone, date, before, after string }{
		{"Europe/Berlin", "2026-03-29", "2026-03-28", "2026-03-30"},
		{"Europe/Berlin", "2026-10-25", "2026-10-24", "2026-10-26"},
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-04", "2026-04-06"},
		{"Australia/Lord_Howe", "2026-10-04", "2026-10-03", "2026-10-05"},
		{"Pacific/Apia", "2011-12-29", "2011-12-28", "2011-12-31"},
	} {
		x, z := open(t), zone(t, test.zone)
		from, to, err := index.Day(test.date, z)
		must(t, err)
		minutes := []time.Time{from.Add(-time.Minute), to.Add(-time.Minute), to}
		for i, start := range minutes {
			s := segment(i+1, 0, 1)
			s.Start, s.End = start, start.Add(time.Minute)
			if i == 1 { // nothing touches the other day
				s.End = s.End.Add(-time.Second)
			}
			add(t, x, s)
		}
		days, err := x.Days(t.Context(), "front", z, from.Add(-48*time.Hour), to.Add(48*time.Hour))
		must(t, err)
		if want := []string{test.before, test.date, test.after}; !slices.Equal(days, want) {
			t.Errorf("%s: %v, and not %v", test.zone, days, want)
		}
		days, err = x.Days(t.Context(), "front", z, from, to)
		must(t, err)
		if !slices.Equal(days, []string{test.date}) {
			t.Errorf("%s: %v on %s", test.zone, days, test.date)
		}
	}
}

// TestDaysDoNotStopAtAGap, nor look at each of many spans.
func TestDaysDoNotStopAtAGap(t *testing.T) {
	t.Parallel()
	x := open(t)
	var want []string
	for i, day := range []int{0, 1, 5, 6, 40} {
		s := segment(i+1, 0, 60)
		s.Start = noon.AddDate(0, 0, day)
		s.End = s.Start.Add(time.Minute)
		add(t, x, s)
		want = append(want, s.Start.Format(time.DateOnly))
	}
	days, err := x.Days(t.Context(), "front", time.UTC, noon.AddDate(0, 0, -1), noon.AddDate(0, 1, 30))
	if must(t, err); !slices.Equal(days, want) {
		t.Errorf("%v, and not %v", days, want)
	}
	_, err = x.Days(t.Context(), "front", time.UTC, noon.AddDate(-20, 0, 0), noon)
	wants(t, err, index.ErrInvalid)
}

// FuzzTimeline asks for what anybody might, of an index with spans, gaps, lost
// segments and marks.
func FuzzTimeline(f *testing.F) {
	x := open(f)
	for i := range 40 {
		id := add(f, x, segment(i+1, float64(90*i), float64(90*i+60+30*(i%2))))
		if i%7 == 0 {
			must(f, x.MarkLost(f.Context(), id))
		}
		if i%2 == 0 {
			must(f, x.AddGap(f.Context(), index.Gap{Camera: "front", From: at(float64(90*i + 50)), To: at(float64(90*i + 95)), Reason: []string{"full", "slow"}[i/2%2]}))
		}
		_, err := x.AddMark(f.Context(), index.Mark{Camera: "front", Kind: "motion", Start: at(float64(90 * i)), End: at(float64(91 * i))})
		must(f, err)
	}
	hour := int64(time.Hour)
	for _, seed := range [][3]int64{{0, hour, 0}, {0, hour, int64(time.Second)}, {-hour, 24 * 365 * hour, hour}, {hour, -hour, -1}, {1, 1, 1}, {-1 << 63, 1<<63 - 1, 1<<63 - 1}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, after, length, resolution int64) {
		from := noon.Add(time.Duration(after))
		timeline, err := x.Timeline(t.Context(), "front", from, from.Add(time.Duration(length)), time.Duration(resolution))
		if err != nil {
			wants(t, err, index.ErrInvalid)
			return
		}
		checkTimeline(t, timeline)
	})
}

// checkTimeline looks for what no timeline may have.
func checkTimeline(t *testing.T, l index.Timeline) {
	if len(l.Spans) > index.MaxStretches+2 || len(l.Gaps) > index.MaxRows || len(l.Flags) > index.MaxStretches {
		t.Errorf("%d spans, %d gaps, %d flags", len(l.Spans), len(l.Gaps), len(l.Flags))
	}
	var all []index.Span
	for i, s := range l.Spans {
		if i > 0 && s.From.Sub(l.Spans[i-1].To) < l.Resolution {
			t.Errorf("the hole before %v is shorter than %v", s, l.Resolution)
		}
		all = append(all, s)
	}
	for _, g := range l.Gaps {
		if g.To.Sub(g.From) < l.Resolution {
			t.Errorf("%v is shorter than %v", g, l.Resolution)
		}
		all = append(all, index.Span{From: g.From, To: g.To})
	}
	slices.SortFunc(all, func(a, b index.Span) int { return a.From.Compare(b.From) })
	for i, s := range all {
		if !s.From.Before(s.To) || s.From.Before(l.From) || s.To.After(l.To) || i > 0 && s.From.Before(all[i-1].To) {
			t.Errorf("%v is not in order", s)
		}
	}
}
