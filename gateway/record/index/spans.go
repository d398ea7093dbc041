package index

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math/bits"
	"slices"
	"time"
)

// Joint is how far apart two segments may be for nothing to be missing between
// them: what clocks that are slewed make of a cut.
const Joint = 500 * time.Millisecond

const joint = int64(Joint / time.Microsecond)

// Span is a stretch of time without a hole.
type Span struct{ From, To time.Time }

// stretch is a stretch of time in microseconds, its end not in it.
type stretch struct{ from, to int64 }

func readStretch(row scanner) (s stretch, err error) {
	err = row.Scan(&s.from, &s.to)
	return s, err
}

// merge joins stretches, which come by their beginnings, that are no further
// apart than a distance. It changes those it is given.
func merge(stretches []stretch, apart int64) []stretch {
	merged := stretches[:0]
	for _, s := range stretches {
		if n := len(merged); n > 0 && s.from-merged[n-1].to <= apart {
			merged[n-1].to = max(merged[n-1].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// subtract gives what is left of a stretch without some others, which come in
// order and do not overlap.
func subtract(s stretch, others []stretch) (left []stretch) {
	first, _ := slices.BinarySearchFunc(others, s.from, func(o stretch, t int64) int {
		if o.to <= t {
			return -1
		}
		return 1
	})
	for _, o := range others[first:] {
		if o.from >= s.to {
			break
		}
		if o.from > s.from {
			left = append(left, stretch{s.from, o.from})
		}
		s.from = max(s.from, o.to)
	}
	if s.from < s.to {
		left = append(left, s)
	}
	return left
}

// cover enters that a camera has something from start to end: the spans that this
// touches become one with it.
func (w *writer) cover(c camera, start, end int64) error {
	touched, err := all(w, readStretch, `SELECT from_us, to_us FROM spans WHERE camera = ?1 AND from_us <= ?3
		AND from_us >= coalesce((SELECT max(from_us) FROM spans WHERE camera = ?1 AND from_us <= ?2), ?2) AND to_us >= ?2`, c.id, start-joint, end+joint)
	if err != nil {
		return err
	}
	whole := stretch{start, end}
	for _, s := range touched {
		whole.from, whole.to = min(whole.from, s.from), max(whole.to, s.to)
	}
	if len(touched) == 1 && touched[0].from == whole.from { // as when a recording goes on
		if err := w.run("UPDATE spans SET to_us = ? WHERE camera = ? AND from_us = ?", whole.to, c.id, whole.from); err != nil {
			return err
		}
		return w.linkNext(c, whole.to)
	}
	return w.exchange(c, touched, whole)
}

// classOf gives the class of a length: how many bits its microseconds have. The
// lengths of one class differ by less than twice.
func classOf(length int64) int { return bits.Len64(uint64(length)) }

// exchange puts spans in the place of others, both between the same two that stay,
// and in order.
func (w *writer) exchange(c camera, gone []stretch, there ...stretch) error {
	first := endless
	for _, some := range [][]stretch{gone, there} {
		if len(some) > 0 {
			first = min(first, some[0].from)
		}
	}
	since, err := readInt(w.row("SELECT to_us FROM spans WHERE camera = ? AND from_us < ? ORDER BY from_us DESC LIMIT 1", c.id, first))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	for _, s := range gone {
		if err := w.run("DELETE FROM spans WHERE camera = ? AND from_us = ?", c.id, s.from); err != nil {
			return err
		}
	}
	for _, s := range there {
		if err := w.run("INSERT INTO spans (camera, from_us, to_us, since_us, class) VALUES (?, ?, ?, ?, ?)", c.id, s.from, s.to, since, classOf(s.from-since)); err != nil {
			return err
		}
		since = s.to
	}
	return w.linkNext(c, since)
}

// linkNext notes of the span behind a moment that the one before it ends there.
func (w *writer) linkNext(c camera, since int64) error {
	next, err := readInt(w.row("SELECT from_us FROM spans WHERE camera = ? AND from_us >= ? ORDER BY from_us LIMIT 1", c.id, since))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = w.run("UPDATE spans SET since_us = ?, class = ? WHERE camera = ? AND from_us = ?", since, classOf(next-since), c.id, next)
	}
	return err
}

// uncover enters that a segment from start to end, whose row is gone or lost by
// now, is not there any more. It looks only at those near it, since its span may
// be months long.
func (w *writer) uncover(c camera, start, end int64) error {
	span, err := readStretch(w.row("SELECT from_us, to_us FROM spans WHERE camera = ? AND from_us <= ? ORDER BY from_us DESC LIMIT 1", c.id, start))
	if err != nil || span.to < end {
		return w.makeSpans(c) // which contradicted the rows
	}
	near, err := all(w, readStretch, `SELECT start_us, end_us FROM segments WHERE camera = ? AND lost = 0 AND start_us >= ? AND start_us <= ? ORDER BY start_us`,
		c.id, max(span.from, start-joint-c.longest), end+joint)
	if err != nil {
		return err
	}
	left, ok := split(span, stretch{start, end}, near)
	if !ok {
		return w.makeSpans(c)
	}
	return w.exchange(c, []stretch{span}, left...)
}

// split gives what a span is without one of its segments. near are the others of
// the span, by their starts, that start before the end of that one and may reach
// its start; also those that start a joint later.
//
// Those that start before it, or with it, are connected without it: each starts
// within reach of the ends of those before. Those that start beyond its end are
// connected without it too, and with the last of near, which reaches furthest.
func split(span, gone stretch, near []stretch) (left []stretch, ok bool) {
	var first []stretch // all that starts before it as one
	i := 0
	for ; i < len(near) && near[i].from <= gone.from; i++ {
		if first == nil {
			first = []stretch{{span.from, near[i].to}}
		}
		first[0].to = max(first[0].to, near[i].to)
	}
	if first == nil && gone.from > span.from {
		return nil, false // something has to be before it
	}
	left = merge(append(first, near[i:]...), joint)
	furthest := gone.to
	for _, s := range left {
		furthest = max(furthest, s.to)
	}
	if span.to <= furthest {
		return left, true
	}
	if len(left) == 0 {
		return nil, false // something has to connect it with what follows
	}
	left[len(left)-1].to = span.to
	return left, true
}

// makeSpans makes the spans of a camera anew of all its segments.
func (w *writer) makeSpans(c camera) error {
	rows, err := all(w, readStretch, "SELECT start_us, end_us FROM segments WHERE camera = ? AND lost = 0 ORDER BY start_us", c.id)
	if err != nil {
		return err
	}
	if err := w.run("DELETE FROM spans WHERE camera = ?", c.id); err != nil {
		return err
	}
	return w.exchange(c, nil, merge(rows, joint)...)
}

// firstSpan says where the first span begins of those that lie in ?2 to ?3 at least
// in part; null for none. It is of the camera with the id.
const firstSpan = `coalesce(
		(SELECT from_us FROM (SELECT from_us, to_us FROM spans WHERE camera = id AND from_us <= ?2 ORDER BY from_us DESC LIMIT 1) WHERE to_us > ?2),
		(SELECT min(from_us) FROM spans WHERE camera = id AND from_us > ?2 AND from_us < ?3))`

// Spans of ?1 from ?2 to ?3 are found one by one; or by what lies between them, the
// holes that are at least ?4 long, and so of the class ?5 or above. These come with
// one before the first span and one behind the last. All of a query see one state of
// the database: what goes at the beginning of a span hides none of it.
const (
	spansWithin = `WITH RECURSIVE asked (id, first) AS (SELECT id, ` + firstSpan + ` FROM cameras WHERE name = ?1)
		SELECT from_us, to_us FROM asked CROSS JOIN spans ON camera = id WHERE from_us >= first AND from_us < max(?3, first + 1) ORDER BY from_us LIMIT ?4`

	holesWithin = `WITH RECURSIVE asked (id, first) AS (SELECT id, ` + firstSpan + ` FROM cameras WHERE name = ?1),
		classes (n) AS (VALUES (?5) UNION ALL SELECT n + 1 FROM classes WHERE n < 63)
		SELECT -1, first FROM asked WHERE first IS NOT NULL
		UNION ALL
		SELECT (SELECT to_us FROM spans WHERE camera = id AND from_us < ?3 ORDER BY from_us DESC LIMIT 1), ?6 FROM asked WHERE first IS NOT NULL
		UNION ALL
		SELECT since_us, from_us FROM asked CROSS JOIN classes CROSS JOIN spans INDEXED BY spans_by_hole ON camera = id AND class = n
		WHERE from_us > first AND from_us < ?3 AND from_us - since_us >= ?4`
)

// spans gives those between two times.
func (x *Index) spans(ctx context.Context, camera string, s stretch, limit int) ([]stretch, error) {
	return list(ctx, &x.reader, readStretch, spansWithin, camera, s.from, s.to, limit)
}

// coarse gives the spans between two times, with holes left out that are shorter
// than a step. It takes the time of those that are longer, however many spans there
// are.
func (x *Index) coarse(ctx context.Context, camera string, s stretch, step int64) (spans []stretch, err error) {
	holes, err := list(ctx, &x.reader, readStretch, holesWithin, camera, s.from, s.to, step, classOf(step), endless)
	if err != nil || len(holes) == 0 {
		return nil, err
	}
	slices.SortFunc(holes, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	for i, hole := range holes[1:] {
		spans = append(spans, stretch{holes[i].to, hole.from})
	}
	return spans, nil
}

// Spans gives the stretches without a hole that lie in a stretch of time at
// least in part, whole, by time; MaxRows at most.
func (x *Index) Spans(ctx context.Context, camera string, from, to time.Time) ([]Span, error) {
	a, b := within(from, to)
	spans, err := x.spans(ctx, camera, stretch{a, b}, MaxRows)
	return publicSpans(spans), x.explain("looking up spans", err)
}

func publicSpans(spans []stretch) []Span {
	public := make([]Span, len(spans))
	for i, s := range spans {
		public[i] = Span{fromMicros(s.from), fromMicros(s.to)}
	}
	return public
}
