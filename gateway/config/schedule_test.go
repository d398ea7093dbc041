package config

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestScheduleCovers says, in the zone's own time, whether a moment is covered
// and until when that holds, also where clocks are set.
func TestScheduleCovers(t *testing.T) {
	const berlin, lordHowe = "Europe/Berlin", "Australia/Lord_Howe"
	for name, c := range map[string]struct {
		zone, hours, at string // at in UTC
		covers          bool
		next            string // in UTC; "" for never
	}{
		"within":                 {berlin, "mon-fri 08:00-18:00", "2026-11-18T12:00:00Z", true, "2026-11-18T17:00:00Z"},
		"its first moment":       {berlin, "mon-fri 08:00-18:00", "2026-11-18T07:00:00Z", true, "2026-11-18T17:00:00Z"},
		"just before":            {berlin, "mon-fri 08:00-18:00", "2026-11-18T06:59:59.999999999Z", false, "2026-11-18T07:00:00Z"},
		"its end":                {berlin, "mon-fri 08:00-18:00", "2026-11-18T17:00:00Z", false, "2026-11-19T07:00:00Z"},
		"over the weekend":       {berlin, "mon-fri 08:00-18:00", "2026-11-20T18:00:00Z", false, "2026-11-23T07:00:00Z"},
		"another day there":      {"Asia/Tokyo", "mon 00:00-06:00", "2026-11-22T16:00:00Z", true, "2026-11-22T21:00:00Z"},
		"over midnight":          {"UTC", "sat 22:00-02:00", "2026-11-22T01:59:00Z", true, "2026-11-22T02:00:00Z"},
		"over the week's end":    {"UTC", "sun 22:00-02:00", "2026-11-22T23:00:00Z", true, "2026-11-23T02:00:00Z"},
		"two that touch":         {"UTC", "mon 20:00-24:00, tue 00:00-03:00", "2026-11-23T21:00:00Z", true, "2026-11-24T03:00:00Z"},
		"always":                 {berlin, "daily 00:00-24:00", "2026-11-18T12:00:00Z", true, ""},
		"always, over midnights": {"UTC", "daily 12:00-00:00, mon-sun 00:00-12:00", "2026-11-18T12:00:00Z", true, ""},
		"nights, all week":       {"UTC", "fri-thu 18:00-06:00", "2026-11-22T19:00:00Z", true, "2026-11-23T06:00:00Z"},
		"none":                   {"", "", "2026-11-18T12:00:00Z", false, ""},

		// In Berlin 02:00 to 03:00 is not there on 2026-03-29, and twice on 2026-10-25.
		"a day of 23 hours":                {berlin, "sun 00:00-24:00", "2026-03-28T23:00:00Z", true, "2026-03-29T22:00:00Z"},
		"a day of 25 hours":                {berlin, "sun 00:00-24:00", "2026-10-24T22:00:00Z", true, "2026-10-25T23:00:00Z"},
		"an hour that is not there":        {berlin, "sun 02:15-02:45", "2026-03-29T00:30:00Z", false, "2026-04-05T00:15:00Z"},
		"begins while clocks are set":      {berlin, "sun 02:30-05:00", "2026-03-29T00:59:00Z", false, "2026-03-29T01:00:00Z"},
		"ends while clocks are set":        {berlin, "sun 01:00-02:30", "2026-03-29T00:30:00Z", true, "2026-03-29T01:00:00Z"},
		"an hour twice, the first":         {berlin, "sun 02:15-02:45", "2026-10-25T00:20:00Z", true, "2026-10-25T00:45:00Z"},
		"an hour twice, between":           {berlin, "sun 02:15-02:45", "2026-10-25T00:50:00Z", false, "2026-10-25T01:15:00Z"},
		"an hour twice, the second":        {berlin, "sun 02:15-02:45", "2026-10-25T01:20:00Z", true, "2026-10-25T01:45:00Z"},
		"a night of nine hours":            {berlin, "sat 22:00-06:00", "2026-10-24T20:00:00Z", true, "2026-10-25T05:00:00Z"},
		"set back to before it began":      {berlin, "sun 02:30-05:00", "2026-10-25T00:45:00Z", true, "2026-10-25T01:00:00Z"},
		"set back into what is over":       {berlin, "sun 01:00-02:30", "2026-10-25T00:40:00Z", false, "2026-10-25T01:00:00Z"},
		"half an hour, on Lord Howe":       {lordHowe, "sun 02:00-02:30", "2026-10-03T15:00:00Z", false, "2026-10-10T15:00:00Z"},
		"half an hour twice, the first":    {lordHowe, "sun 01:30-02:00", "2026-04-04T14:40:00Z", true, "2026-04-04T15:30:00Z"},
		"a day of 24.5 hours, Lord Howe":   {lordHowe, "sun 00:00-24:00", "2026-04-04T13:00:00Z", true, "2026-04-05T13:30:00Z"},
		"a year in which nothing is set":   {"Asia/Kolkata", "mon 00:00-00:01", "2026-11-22T18:30:30Z", true, "2026-11-22T18:31:00Z"},
		"before zones had whole minutes":   {berlin, "mon 00:00-24:00", "1880-01-05T12:00:00Z", true, "1880-01-05T23:06:32Z"},
		"in the zone of who asks or not":   {"UTC", "mon 08:00-09:00", "2026-11-23T09:30:00+01:00", true, "2026-11-23T10:00:00+01:00"},
		"far from when anything was known": {"UTC", "mon 08:00-09:00", "9999-12-27T08:30:00Z", true, "9999-12-27T09:00:00Z"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		covers, next := Schedule{c.zone, c.hours}.Covers(at)
		got := ""
		if !next.IsZero() {
			got = next.Format(time.RFC3339)
		}
		if covers != c.covers || got != c.next {
			t.Errorf("%s: %s %q at %s is %v until %s, want %v until %s", name, c.zone, c.hours, c.at, covers, got, c.covers, c.next)
		}
	}
}

// TestScheduleAgreesWithAClock over a year of each zone: what is covered is what
// the clock shows, and holds until next and no longer.
func TestScheduleAgreesWithAClock(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "UTC"} {
		zone, err := Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		s := Schedule{name, "mon-fri 01:30-02:30, sat sun 00:00-02:15, thu 22:00-00:30, wed 12:00-13:00"}
		week, err := readWeek(s.Hours)
		if err != nil {
			t.Fatal(err)
		}
		end := time.Date(2027, 1, 1, 0, 0, 0, 0, zone)
		for at := time.Date(2026, 1, 1, 0, 0, 0, 0, zone); at.Before(end); {
			covers, next := s.Covers(at)
			if !next.After(at) {
				t.Fatalf("%s: after %s comes %s", name, at, next)
			}
			inside := at.Add(time.Duration(random.Int64N(int64(next.Sub(at)))))
			for _, moment := range []time.Time{at, inside, next.Add(-1)} {
				if week.covers(moment.In(zone)) != covers {
					t.Errorf("%s: from %s until %s it is %v, but not at %s", name, at, next, covers, moment)
				}
			}
			if week.covers(next.In(zone)) == covers {
				t.Errorf("%s: from %s until %s it is %v, and then too", name, at, next, covers)
			}
			at = next
		}
	}
}

// FuzzSchedule reads any hours. What is taken covers something, and steps on.
func FuzzSchedule(f *testing.F) {
	f.Add("mon-fri 08:00-18:00, sat 22:00-02:00")
	f.Add("daily 0:00-24:00")
	f.Add("sun-sat 23:59-00:00,mon 5:00-5:01")
	f.Fuzz(func(t *testing.T, text string) {
		week, err := readWeek(text)
		if err != nil {
			if len(err.Error()) > 400 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		last := -1
		for _, h := range week {
			if h.from <= last || h.to <= h.from || h.to > minutesOfWeek {
				t.Fatalf("%q is %v", text, week)
			}
			last = h.to
		}
		at := time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)
		covers, next := Schedule{"Europe/Berlin", text}.Covers(at)
		if all := len(week) == 1 && week[0] == (hours{0, minutesOfWeek}); next.IsZero() != all || all && !covers || !all && !next.After(at) {
			t.Errorf("%q: %v until %v", text, covers, next)
		}
	})
}
