package index

import (
	"context"
	"database/sql"
	"errors"
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
		if err := w.run("DELETE FROM spans WHERE camera = ? AND from_us = ?", c.id, s.from); err != nil {
			return err
		}
	}
	return w.addSpans(c, whole)
}

func (w *writer) addSpans(c camera, spans ...stretch) error {
	for _, s := range spans {
		if err := w.run("INSERT INTO spans VALUES (?, ?, ?)", c.id, s.from, s.to); err != nil {
			return err
		}
	}
	return nil
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
	if err := w.run("DELETE FROM spans WHERE camera = ? AND from_us = ?", c.id, span.from); err != nil {
		return err
	}
	return w.addSpans(c, left...)
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
	return w.addSpans(c, merge(rows, joint)...)
}

// firstSpan is the query for where the first span begins of those of ?1 that lie in
// ?2 to ?3 at least in part.
const firstSpan = `SELECT id, coalesce(
		(SELECT from_us FROM (SELECT from_us, to_us FROM spans WHERE camera = id AND from_us <= ?2 ORDER BY from_us DESC LIMIT 1) WHERE to_us > ?2),
		(SELECT min(from_us) FROM spans WHERE camera = id AND from_us > ?2 AND from_us < ?3),
		-1)
	FROM cameras WHERE name = ?1`

// spansFrom is the query for the spans of camera ?1 from that which begins at ?2 to
// ?3: those that begin within ?4 of one become one with it, and it takes two steps
// down the table for each of these, however many spans there are.
const spansFrom = `WITH RECURSIVE merged (from_us, to_us) AS (
		VALUES (?2, (SELECT to_us FROM spans WHERE camera = ?1 AND from_us < min(?3, ?2 + ?4) ORDER BY from_us DESC LIMIT 1))
		UNION ALL
		SELECT next.from_us, (SELECT to_us FROM spans WHERE camera = ?1 AND from_us < min(?3, next.from_us + ?4) ORDER BY from_us DESC LIMIT 1)
		FROM merged JOIN spans AS next ON next.camera = ?1
			AND next.from_us = (SELECT min(from_us) FROM spans WHERE camera = ?1 AND from_us > merged.to_us AND from_us < ?3)
		LIMIT ?5
	)
	SELECT from_us, to_us FROM merged`

// firstSpan gives the camera's row and where the first span begins; -1 for none.
func (x *Index) firstSpan(ctx context.Context, camera string, s stretch) (id, from int64, err error) {
	err = x.reader.row(ctx, firstSpan, camera, s.from, s.to).Scan(&id, &from)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, -1, nil
	}
	return id, from, err
}

// mostTries is how often in a row the first span may have gone.
const mostTries = 100

// spans gives those between two times, with holes shorter than one step left out.
// The first one begins later when its oldest segment goes between the two queries,
// and is then looked for again.
func (x *Index) spans(ctx context.Context, camera string, s stretch, step int64, limit int) ([]stretch, error) {
	for tries := 0; ; tries++ {
		id, first, err := x.firstSpan(ctx, camera, s)
		if err != nil || first < 0 {
			return nil, err
		}
		spans, err := list(ctx, &x.reader, readNullStretch, spansFrom, id, max(first, 0), max(s.to, first+1), max(step, 1), limit)
		if err == nil && len(spans) > 0 && spans[0].to <= spans[0].from && tries < mostTries {
			continue
		}
		spans = slices.DeleteFunc(spans, func(s stretch) bool { return s.to <= s.from }) // those that went meanwhile
		return merge(spans, step-1), err
	}
}

func readNullStretch(row scanner) (s stretch, err error) {
	var to sql.NullInt64
	err = row.Scan(&s.from, &to)
	s.to = to.Int64
	return s, err
}

// Spans gives the stretches without a hole that lie in a stretch of time at
// least in part, whole, by time; MaxRows at most.
func (x *Index) Spans(ctx context.Context, camera string, from, to time.Time) ([]Span, error) {
	a, b := within(from, to)
	spans, err := x.spans(ctx, camera, stretch{a, b}, 1, MaxRows)
	return publicSpans(spans), x.explain("looking up spans", err)
}

func publicSpans(spans []stretch) []Span {
	public := make([]Span, len(spans))
	for i, s := range spans {
		public[i] = Span{fromMicros(s.from), fromMicros(s.to)}
	}
	return public
}
