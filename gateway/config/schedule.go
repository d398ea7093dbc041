package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // so that a zone is known on every machine
)

// Schedule is certain hours of every week, as the clocks of a zone show them: an
// hour that those skip is not there, and one that they repeat counts twice. It is
// comparable, and the zero Schedule covers nothing. That of a Config is checked.
type Schedule struct {
	Zone  string // of the IANA's database, as Europe/Berlin
	Hours string // as "mon-fri 08:00-18:00, sat 22:00-02:00"
}

// Covers says whether the schedule covers a moment, and when that changes next;
// the zero time where it never does.
func (s Schedule) Covers(t time.Time) (covers bool, next time.Time) {
	zone, err := Zone(s.Zone)
	if err != nil {
		return false, time.Time{}
	}
	week, err := readWeek(s.Hours)
	if err != nil {
		return false, time.Time{}
	}
	at := t.Round(0).In(zone)
	covers = week.covers(at)
	// Within eight days every hour of a week comes, also where clocks are set.
	for end := at.AddDate(0, 0, 8); at.Before(end); {
		if at = week.step(at); week.covers(at) != covers {
			return covers, at.In(t.Location())
		}
	}
	return covers, time.Time{}
}

// Zone finds a time zone by its name.
func Zone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, fmt.Errorf("must be a time zone such as Europe/Berlin, America/New_York or UTC, in these letters, not %s", quote(name))
	}
	return zone, nil
}

const (
	minutesOfDay  = 24 * 60
	minutesOfWeek = 7 * minutesOfDay
)

// hours are a stretch of a week, in minutes since Monday began.
type hours struct{ from, to int }

// week are stretches of a week in order, none touching another. What goes over
// the end of the week is two.
type week []hours

// covers says whether a moment is in it by the clock of the moment's zone.
func (w week) covers(t time.Time) bool {
	minute := secondOfWeek(t) / 60
	return slices.ContainsFunc(w, func(h hours) bool { return h.from <= minute && minute < h.to })
}

// step gives the next moment at which covers may become another: at a stretch's
// end or beginning, when a week ends, or when clocks are set.
func (w week) step(t time.Time) time.Time {
	second := secondOfWeek(t)
	to := minutesOfWeek * 60
	for _, h := range w {
		for _, edge := range []int{h.from * 60, h.to * 60} {
			if edge > second {
				to = min(to, edge)
			}
		}
	}
	next := t.Add(time.Duration(to-second)*time.Second - time.Duration(t.Nanosecond()))
	if _, set := t.ZoneBounds(); !set.IsZero() && set.Before(next) {
		return set
	}
	return next
}

// secondOfWeek gives what the clock shows, in seconds since Monday began.
func secondOfWeek(t time.Time) int {
	hour, minute, second := t.Clock()
	day := (int(t.Weekday()) + 6) % 7
	return ((day*24+hour)*60+minute)*60 + second
}

var dayNames = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// readWeek reads the hours of a week: items of one day, a range of days or
// several, and from when until when, separated by commas.
func readWeek(text string) (week, error) {
	var all week
	said := make(map[hours]string)
	for item := range strings.SplitSeq(text, ",") {
		item = strings.Join(strings.Fields(item), " ")
		stretches, err := readHours(item)
		if err != nil {
			return nil, err
		}
		for _, h := range stretches {
			for _, other := range all {
				if h.from < other.to && other.from < h.to {
					return nil, fmt.Errorf("has %s and %s, which overlap; write each hour once", quote(said[other]), quote(item))
				}
			}
			all = append(all, h)
			said[h] = item
		}
	}
	slices.SortFunc(all, func(a, b hours) int { return a.from - b.from })
	return all.joined(), nil
}

// joined gives it with what touches made one.
func (w week) joined() (all week) {
	for _, h := range w {
		if last := len(all) - 1; last >= 0 && all[last].to == h.from {
			all[last].to = h.to
			continue
		}
		all = append(all, h)
	}
	return all
}

// readHours reads one item, such as "mon-fri 08:00-18:00". What goes over
// midnight belongs to the day on which it begins.
func readHours(item string) (all []hours, err error) {
	words := strings.Fields(item)
	if len(words) < 2 {
		return nil, fmt.Errorf("must be days and hours, such as mon-fri 08:00-18:00 or sat sun 00:00-24:00, not %s", quote(item))
	}
	from, to, err := readClocks(words[len(words)-1])
	if err != nil {
		return nil, err
	}
	for _, word := range words[:len(words)-1] {
		days, err := readDays(word)
		if err != nil {
			return nil, err
		}
		for _, day := range days {
			begin := day * minutesOfDay
			h := hours{begin + from, begin + to}
			if h.to > minutesOfWeek { // into the next Monday
				all = append(all, hours{0, h.to - minutesOfWeek})
				h.to = minutesOfWeek
			}
			all = append(all, h)
		}
	}
	return all, nil
}

// readDays reads a day or a range of days, which may go over the end of a week.
func readDays(text string) (days []int, err error) {
	if text == "daily" {
		text = "mon-sun"
	}
	first, last, ranged := strings.Cut(text, "-")
	if !ranged {
		last = first
	}
	from, to := slices.Index(dayNames, first), slices.Index(dayNames, last)
	if from < 0 || to < 0 {
		return nil, fmt.Errorf("must have days such as mon, sat or mon-fri, or daily, before the hours, not %s", quote(text))
	}
	for day := from; ; day = (day + 1) % len(dayNames) {
		days = append(days, day)
		if day == to {
			return days, nil
		}
	}
}

// readClocks reads from when until when, in minutes since midnight; the end is
// beyond a day where it comes before the beginning.
func readClocks(text string) (from, to int, err error) {
	begin, end, ok := strings.Cut(text, "-")
	if !ok {
		return 0, 0, fmt.Errorf("must have hours such as 08:00-18:00 behind the days, not %s", quote(text))
	}
	if from, err = readClock(begin); err != nil {
		return 0, 0, err
	}
	if to, err = readClock(end); err != nil {
		return 0, 0, err
	}
	switch {
	case from == minutesOfDay:
		return 0, 0, errors.New("has hours that begin at 24:00; write 00:00, and the next day")
	case from == to:
		return 0, 0, fmt.Errorf("has hours that end when they begin, %s; write 00:00-24:00 for all of a day", quote(text))
	case to < from:
		to += minutesOfDay
	}
	return from, to, nil
}

// readClock reads a time of day from 00:00 to 24:00, in minutes.
func readClock(text string) (int, error) {
	hour, minute, ok := strings.Cut(text, ":")
	h, errHour := strconv.ParseUint(hour, 10, 8)
	m, errMinute := strconv.ParseUint(minute, 10, 8)
	if !ok || errHour != nil || errMinute != nil || len(hour) > 2 || len(minute) != 2 || m > 59 || h*60+m > minutesOfDay {
		return 0, fmt.Errorf("must have times of day such as 8:00, 18:30 or 24:00, not %s", quote(text))
	}
	return int(h*60 + m), nil
}
