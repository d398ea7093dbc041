package index

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sort"
	"time"
)

// maxDays bounds what Days looks at.
const maxDays = 4000

// Days gives the days of a zone, as 2006-01-02, of which a camera has anything
// between two times, which may be 4000 days apart. It takes a step down the table
// for each day that has something.
func (x *Index) Days(ctx context.Context, camera string, zone *time.Location, from, to time.Time) (days []string, err error) {
	if err := checkStretch("what days are asked of", from, to); err != nil {
		return nil, err
	}
	if to.Sub(from) > maxDays*24*time.Hour {
		return nil, invalid("ask for at most %d days at once", maxDays)
	}
	for from.Before(to) {
		first, err := x.first(ctx, camera, stretch{from.UnixMicro(), to.UnixMicro()})
		if err != nil {
			return nil, x.explain("listing days", err)
		}
		if !first.Valid {
			break
		}
		if first := fromMicros(first.Int64); first.After(from) {
			from = first
		}
		day := from.In(zone).Format(time.DateOnly)
		if !slices.Contains(days[max(0, len(days)-2):], day) { // clocks have been put back over midnight
			days = append(days, day)
		}
		from = endOfDay(from, day, zone)
	}
	slices.Sort(days)
	return days, nil
}

// first gives where the first span begins of those between two times.
func (x *Index) first(ctx context.Context, camera string, s stretch) (from sql.NullInt64, err error) {
	err = x.reader.row(ctx, "SELECT "+firstSpan+" FROM cameras WHERE name = ?1", camera, s.from, s.to).Scan(&from)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return from, err
}

// endOfDay gives the next moment after t that has another date.
func endOfDay(t time.Time, day string, zone *time.Location) time.Time {
	seconds := sort.Search(49*3600, func(n int) bool {
		return t.Truncate(time.Second).Add(time.Duration(n)*time.Second).In(zone).Format(time.DateOnly) != day
	})
	return t.Truncate(time.Second).Add(time.Duration(max(seconds, 1)) * time.Second)
}

// Day gives the beginning and the end of a day of a zone, which has 23, 24, 25 or
// some other number of hours.
func Day(date string, zone *time.Location) (from, to time.Time, err error) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil || day.Year() < 1970 {
		return time.Time{}, time.Time{}, invalid("%q is no day: write it as 2006-01-02", date)
	}
	from, to = midnight(day, zone), midnight(day.AddDate(0, 0, 1), zone)
	if !from.Before(to) {
		return time.Time{}, time.Time{}, invalid("%s has left out %s", zone, date)
	}
	return from, to, nil
}

// midnight gives the first moment of a zone that has the date of day, which is in
// UTC, or a later one: clocks are put forward at midnight, too, in some places.
func midnight(day time.Time, zone *time.Location) time.Time {
	const most = 26 * time.Hour // that a zone was ever ahead, or behind
	date := day.Format(time.DateOnly)
	seconds := sort.Search(int(2*most/time.Second), func(n int) bool {
		return day.Add(time.Duration(n)*time.Second-most).In(zone).Format(time.DateOnly) >= date
	})
	return day.Add(time.Duration(seconds)*time.Second - most)
}
