package index

import (
	"context"
	"time"
)

// Ticks are how many there are in a second where an Hour counts them.
const Ticks = 1800000

// Hour is what a camera has of one format, with one of sound, in one hour: sums of the rows of all
// segments that start in it, by which a clip knows how long it gets.
type Hour struct {
	Start     time.Time
	Format    int64
	Revision  int64 // another whenever one of the rows is, also in an index that is made anew
	Segments  int
	Ticks     int64 // that they last: each rounded, and no longer than tables can say
	Bytes     int64 // that they have from DataAt on
	Frames    int
	Keys      int
	Durations int // the entries that durations take in a clip: one more than STTS, but no more than frames
	Offsets   int // CTTS
	Plain     int // segments of which that is 0
	Fragments int
	Sound     int64
	Sounds    int
	Odd       int // segments whose rows do not say what is in them: without frames, or fragments
}

const (
	hour = int64(time.Hour / time.Microsecond)

	hoursKept = `SELECT camera, hour, format, segments, ticks, bytes, frames, keys, durations, offsets, plain, fragments, odd, sound, sounds FROM hours`
	hoursMade = `SELECT camera, start_us / 3600000000, format, count(*), sum(min(((end_us - start_us) * 9 + 2) / 5, frames * 4294967295)), sum(bytes - data_at), sum(frames), sum(keys),
		sum(min(stts + 1, frames)), sum(ctts), sum(ctts = 0), sum(fragments), sum(frames = 0 OR fragments = 0), sound, sum(sounds) FROM segments WHERE lost = 0 GROUP BY camera, start_us / 3600000000, format, sound`
)

// Hours gives the hours, by time, format and sound, all segments of which lie between two
// times.
func (x *Index) Hours(ctx context.Context, camera string, from, to time.Time) ([]Hour, error) {
	a, b := within(from, to)
	hours, err := list(ctx, &x.reader, readHour, `SELECT hour, format, revision, h.segments, ticks, h.bytes, frames, keys, durations, offsets, plain, fragments, odd, sound, sounds
		FROM cameras c CROSS JOIN hours h ON h.camera = c.id WHERE c.name = ? AND hour >= ? AND hour < (? - c.longest_us) / ? ORDER BY hour, format, sound LIMIT ?`,
		camera, (a+hour-1)/hour, b, hour, MaxRows)
	return hours, x.explain("looking up hours", err)
}

func readHour(row scanner) (h Hour, err error) {
	var n int64
	err = row.Scan(&n, &h.Format, &h.Revision, &h.Segments, &h.Ticks, &h.Bytes, &h.Frames, &h.Keys, &h.Durations, &h.Offsets, &h.Plain, &h.Fragments, &h.Odd, &h.Sound, &h.Sounds)
	h.Start = fromMicros(n * hour)
	return h, err
}
