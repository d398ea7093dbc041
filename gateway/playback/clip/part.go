package clip

import (
	"fmt"
	"math"
	"math/bits"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// part is what a clip takes of one segment.
type part struct {
	row     index.Segment // what else its file has by now is not looked at
	length  int64         // ticks of the whole segment, by its row; of one that grows, in a second
	growing *Growing      // what it was at the time of the request
	entry   uint32        // which of the sample entries, from 1

	whole       bool  // else samples first to last
	first, last int   // of the segment's
	from, to    int64 // bytes of the file
	ticks       int64 // that it lasts
	has         counts

	sound  *media.Format // nil where nothing is to be heard
	frames int           // of it
	tones  tones         // of the track of sound

	start time.Time // of what of it is shown first

	ahead
}

// ahead is what is before a part, or before a block, in the clip.
type ahead struct {
	before     counts
	heard      tones
	cues, runs int   // of subtitles, and of their stts
	data       int64 // bytes of mdat
	decode     int64 // ticks
}

// counts is how much there is in each column of the tables.
type counts struct{ samples, keys, durations, offsets, chunks int }

func (c counts) plus(d counts) counts {
	return counts{c.samples + d.samples, c.keys + d.keys, c.durations + d.durations, c.offsets + d.offsets, c.chunks + d.chunks}
}

// view is a part with its table at hand.
type view struct {
	*part
	all     []segment.Entry // of the segment
	entries []segment.Entry // of the part

	sounds      []segment.Entry // of the segment
	soundFormat *media.Format   // nil without any
	timescale   int64           // of the segment's own count: ticks in a true second

	// By the segment's own count: what it lasts from its first sample on, and when
	// the picture is shown that is shown before all others.
	total, earliest int64

	// What of it part.length is: of the total, and of what is told by the row, which
	// begins with the first sample's picture.
	ofTotal, ofTold int64
}

// look makes a view of a part. A table that contradicts the file or itself is an
// error.
func look(p *part, table segment.Table) (*view, error) {
	if len(table.Entries) == 0 || len(table.Entries[0]) == 0 {
		return nil, fmt.Errorf("%w: %s has no picture", ErrChanged, p.row.Path)
	}
	v := &view{part: p, all: table.Entries[0], timescale: int64(table.Timescale)}
	if len(table.Entries) > 1 {
		v.sounds = table.Entries[1]
	}
	last := v.all[len(v.all)-1]
	v.total, v.earliest = last.Decode+int64(last.Duration)-v.all[0].Decode, shown(v.all[0])
	before := v.all[0].Decode
	for _, e := range v.all {
		if e.Decode < before || e.At < 0 || e.At+int64(e.Size) > p.row.Bytes {
			return nil, fmt.Errorf("%w: the table of %s contradicts itself", ErrChanged, p.row.Path)
		}
		before, v.earliest = e.Decode, min(v.earliest, shown(e))
	}
	v.ofTotal, v.ofTold = v.total, v.total-(shown(v.all[0])-v.earliest)
	if p.growing != nil { // the same for each length that it grows to
		v.ofTotal = int64(math.Round(segment.Timescale * p.row.Rate))
		v.ofTold, v.timescale = v.ofTotal, v.ofTotal
	}
	if min(v.ofTotal, v.ofTold, p.length) <= 0 {
		return nil, fmt.Errorf("%w: %s lasts no time", ErrChanged, p.row.Path)
	}
	if !p.whole && p.last > len(v.all) {
		return nil, fmt.Errorf("%w: %s has lost pictures", ErrChanged, p.row.Path)
	}
	v.take()
	return v, nil
}

// take puts into entries those that the part has.
func (v *view) take() {
	v.entries = v.all
	if !v.whole {
		v.entries = v.all[v.first:v.last]
	}
}

// check says whether a table is what the part was planned by.
func (v *view) check() error {
	first, last := v.entries[0], v.entries[len(v.entries)-1]
	now := v.count()
	now.offsets = max(now.offsets, min(v.has.offsets, 1)) // one for all, where other parts have any
	if now != v.has || first.At < v.from || last.At+int64(last.Size) > v.to {
		return fmt.Errorf("%w: %s is not what the index says", ErrChanged, v.row.Path)
	}
	return nil
}

// shown gives the composition time of a sample.
func shown(e segment.Entry) int64 { return e.Decode + int64(e.Offset) }

// ticksAt gives ticks of the clip for a time by the segment's own count.
func (v *view) ticksAt(own int64) int64 {
	if own < 0 {
		return -scale(-own, v.length, v.ofTotal)
	}
	return scale(own, v.length, v.ofTotal)
}

// wall gives when a picture was taken, to a microsecond.
func (v *view) wall(e segment.Entry) time.Time { return v.wallAt(shown(e) - shown(v.all[0])) }

// wallAt does so for a time since the first sample's picture, by the segment's own
// count.
func (v *view) wallAt(own int64) time.Time {
	if own < 0 {
		return v.row.Start.Add(-ticksToTime(scale(-own, v.length, v.ofTold)))
	}
	return v.row.Start.Add(ticksToTime(scale(own, v.length, v.ofTold)))
}

// decodeOf gives when, by the segment's own count, the sample after so many of all
// is decoded.
func (v *view) decodeOf(n int) int64 {
	if n == len(v.all) {
		return v.total
	}
	return v.all[n].Decode - v.all[0].Decode
}

// cutFor is cut between the times of a request, as far as the segment counts.
func (v *view) cutFor(r Request) (begin, shownAll int, ok bool) {
	if v.row.Since.After(r.From) {
		r.From = v.row.Since
	}
	if until := v.row.Until; !until.IsZero() && until.Before(r.To) {
		r.To = until
	}
	return v.cut(r.From, r.To)
}

// cut takes the pictures that are shown between two times, and what is needed to
// decode them. Of a segment that begins before from it takes the one that is
// shown then as the first. It gives how many of the segment's pictures are shown
// before the end, and false if none is left.
func (v *view) cut(from, to time.Time) (begin, shownAll int, ok bool) {
	begin, last := -1, 0
	for i, e := range v.all {
		at := v.wall(e)
		if at.Before(to) {
			shownAll, last = shownAll+1, i+1
		}
		if !at.After(from) && !at.Before(v.row.Start) && (begin < 0 || shown(e) >= shown(v.all[begin])) {
			begin = i
		}
	}
	begin = max(begin, 0)
	first := begin
	for first > 0 && (!v.all[first].Key || shown(v.all[first]) > shown(v.all[begin])) {
		first--
	}
	if first >= last {
		return 0, 0, false
	}
	v.whole, v.first, v.last = first == 0 && last == len(v.all), first, last
	v.ticks = v.ticksAt(v.decodeOf(last)) - v.ticksAt(v.decodeOf(first))
	v.start = v.wallAt(v.decodeOf(first) + v.earliest - shown(v.all[0]))
	v.take()
	v.has = v.count()
	v.from, v.to = v.entries[0].At, v.entries[0].At
	for _, e := range v.entries {
		v.from, v.to = min(v.from, e.At), max(v.to, e.At+int64(e.Size))
	}
	return begin, shownAll, true
}

// count counts what the part has in each column. It has no offsets where all are
// zero.
func (v *view) count() counts {
	c := counts{samples: len(v.entries)}
	shifted := false
	for i, e := range v.entries {
		if e.Key {
			c.keys++
		}
		shifted = shifted || e.Offset != 0
		if i == 0 || e.Offset != v.entries[i-1].Offset {
			c.offsets++
		}
		if i == 0 || !follows(v.entries[i-1], e) {
			c.chunks++
		}
		if i == 0 || v.lasts(i) != v.lasts(i-1) {
			c.durations++
		}
	}
	c.durations = durationEntries(c.durations, c.samples)
	if !shifted {
		c.offsets = 0
	}
	return c
}

// follows says that a sample lies right behind another.
func follows(a, b segment.Entry) bool { return a.At+int64(a.Size) == b.At }

// lasts gives how long the i-th sample of the part lasts by the segment's own
// count: until the next is decoded.
func (v *view) lasts(i int) int64 {
	return v.decodeOf(v.first+i+1) - v.decodeOf(v.first+i)
}

// durationEntries gives how many entries the durations of a part take that in its
// segment take so many: one more, since they are made to fill a given time, unless
// each sample has its own.
func durationEntries(runs, samples int) int { return min(runs+1, samples) }

// durations gives the samples' durations in the clip, by runs, in
// durationEntries: together they last as long as the part does, and nowhere are
// they more than a tick a sample behind. The last run of several samples is
// where it is made good.
func (v *view) durations(yield func(n, ticks int64) bool) {
	start, done := v.ticksAt(v.decodeOf(v.first)), int64(0)
	splits := v.lastRun()
	for i := 0; i < len(v.entries); {
		n := 1
		for i+n < len(v.entries) && v.lasts(i+n) == v.lasts(i) {
			n++
		}
		want := v.ticksAt(v.decodeOf(v.first+i+n)) - start - done
		each, rest := want/int64(n), want%int64(n)
		switch {
		case i != splits:
			done += each * int64(n)
			if !yield(int64(n), each) {
				return
			}
		default:
			done += want
			long := each + 1
			if rest == 0 {
				rest, long = 1, each
			}
			if !yield(int64(n)-rest, each) || !yield(rest, long) {
				return
			}
		}
		i += n
	}
}

// lastRun gives where the last run of several samples begins, -1 without one.
func (v *view) lastRun() int {
	for i := len(v.entries) - 1; i > 0; i-- {
		if v.lasts(i) == v.lasts(i-1) {
			for i > 0 && v.lasts(i) == v.lasts(i-1) {
				i--
			}
			return i
		}
	}
	return -1
}

// decodedAt gives when in the clip the sample after so many of the part is
// decoded, by the durations that the clip has.
func (v *view) decodedAt(n int) int64 {
	at, left := v.decode, int64(n)
	for run, each := range v.durations {
		run = min(run, left)
		at, left = at+run*each, left-run
		if left == 0 {
			break
		}
	}
	return at
}

// shift gives how long after its time in the order of decoding a picture is shown
// where none is reordered. Decode times are those at which pictures are shown, in
// order, but for this.
func (v *view) shift() int64 { return v.ticksAt(v.earliest - v.all[0].Decode) }

// offset gives the composition offset of the i-th sample of the part, in ticks, in
// a clip that has a shift of its own.
func (v *view) offset(i int, shift int64) int64 {
	return v.ticksAt(int64(v.entries[i].Offset)) - v.shift() + shift
}

// scale gives value*num/den, rounded; none is negative.
func scale(value, num, den int64) int64 {
	hi, lo := bits.Mul64(uint64(value), uint64(num))
	lo, carry := bits.Add64(lo, uint64(den)/2, 0)
	hi += carry
	if hi >= uint64(den) {
		return 1<<62 - 1
	}
	quotient, _ := bits.Div64(hi, lo, uint64(den))
	return int64(min(quotient, 1<<62-1))
}

// ticksToTime gives ticks of a clip as a time, to a microsecond.
func ticksToTime(ticks int64) time.Duration {
	const perMilli = Timescale / 1000
	return time.Duration((ticks*1000+perMilli/2)/perMilli) * time.Microsecond
}

// timeToTicks is the reverse.
func timeToTicks(d time.Duration) int64 { return scale(int64(d), Timescale, int64(time.Second)) }
