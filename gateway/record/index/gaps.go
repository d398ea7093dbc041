package index

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// ReasonLost is the reason of gaps where a file is not there any more.
const ReasonLost = "lost"

// maxReasonBytes bounds a reason.
const maxReasonBytes = 200

// Gap is a stretch of time in which something should have been recorded.
type Gap struct {
	Camera   string
	From, To time.Time
	Reason   string // 200 bytes at most
}

// gap is one as the database keeps it.
type gap struct {
	stretch
	reason string
}

func readGap(row scanner) (g gap, err error) {
	err = row.Scan(&g.from, &g.to, &g.reason)
	return g, err
}

// AddGap enters why something is missing. Where a reason is known already that
// stays; gaps with the same reason that touch become one. Beyond MaxGaps the
// oldest of the camera go.
func (x *Index) AddGap(ctx context.Context, g Gap) error {
	return x.write(ctx, "adding a gap", func(w *writer) error { return w.addGap(g) })
}

func (w *writer) addGap(g Gap) error {
	err := cmp.Or(checkStretch("a gap", g.From, g.To), checkText("the reason of a gap", g.Reason, 1, maxReasonBytes))
	if err != nil {
		return err
	}
	c, err := w.cameraOrNew(g.Camera)
	if err != nil {
		return err
	}
	added := gap{stretch{g.From.UnixMicro(), g.To.UnixMicro()}, g.Reason}
	near, err := all(w, readGap, `SELECT from_us, to_us, reason FROM gaps WHERE camera = ?1 AND from_us <= ?3
		AND from_us >= coalesce((SELECT max(from_us) FROM gaps WHERE camera = ?1 AND from_us <= ?2), ?2) AND to_us >= ?2 ORDER BY from_us LIMIT ?4`,
		c.id, added.from, added.to, MaxRows)
	if err != nil {
		return err
	}
	if len(near) == MaxRows {
		return invalid("a gap over more than %d others says nothing", MaxRows)
	}
	for _, old := range near {
		if err := w.run("DELETE FROM gaps WHERE camera = ? AND from_us = ?", c.id, old.from); err != nil {
			return err
		}
	}
	for _, g := range combine(near, added) {
		if err := w.run("INSERT INTO gaps (camera, from_us, to_us, reason, class) VALUES (?, ?, ?, ?, ?)", c.id, g.from, g.to, g.reason, classOf(g.to-g.from)); err != nil {
			return err
		}
	}
	return w.run("DELETE FROM gaps WHERE camera = ?1 AND from_us IN (SELECT from_us FROM gaps WHERE camera = ?1 ORDER BY from_us LIMIT (SELECT max(0, gaps - ?2) FROM cameras WHERE id = ?1))", c.id, MaxGaps)
}

// combine adds a gap to some, which are in order and do not overlap, where there
// is none yet.
func combine(gaps []gap, added gap) (combined []gap) {
	for _, left := range subtract(added.stretch, stretches(gaps)) {
		gaps = append(gaps, gap{left, added.reason})
	}
	slices.SortFunc(gaps, func(a, b gap) int { return cmp.Compare(a.from, b.from) })
	return joinGaps(gaps, 0)
}

// joinGaps joins those that are no further apart than a distance and have the same
// reason.
func joinGaps(gaps []gap, apart int64) (joined []gap) {
	for _, g := range gaps {
		if n := len(joined); n > 0 && joined[n-1].reason == g.reason && g.from-joined[n-1].to <= apart {
			joined[n-1].to = max(joined[n-1].to, g.to)
			continue
		}
		joined = append(joined, g)
	}
	return joined
}

func stretches(gaps []gap) []stretch {
	all := make([]stretch, len(gaps))
	for i, g := range gaps {
		all[i] = g.stretch
	}
	return all
}

// Gaps gives what is missing and why in a stretch of time, cut to it, by time;
// MaxRows at most. Where pictures turned up after all there is no gap.
func (x *Index) Gaps(ctx context.Context, camera string, from, to time.Time) ([]Gap, error) {
	a, b := within(from, to)
	spans, err := x.spans(ctx, camera, stretch{a, b}, MaxRows)
	if err != nil {
		return nil, x.explain("looking up gaps", err)
	}
	if len(spans) == MaxRows {
		b = spans[len(spans)-1].to // beyond which nobody looked
	}
	gaps, err := x.gaps(ctx, camera, stretch{a, b}, 1, spans)
	return publicGaps(camera, gaps), x.explain("looking up gaps", err)
}

// Gaps of ?1 from ?2 to ?3 that are at least ?4 long are found one by one; or, where
// many may be shorter, by the class of that length, which is ?5, and those above.
const (
	gapsAsked = `WITH RECURSIVE asked (id, first) AS (SELECT id, coalesce((SELECT from_us FROM gaps WHERE camera = id AND from_us <= ?2 ORDER BY from_us DESC LIMIT 1), ?2) FROM cameras WHERE name = ?1)`

	gapsByTime = gapsAsked + `
		SELECT from_us, to_us, reason FROM asked CROSS JOIN gaps ON camera = id
		WHERE from_us >= first AND from_us < ?3 AND to_us > ?2 AND to_us - from_us >= ?4 AND class >= ?5 ORDER BY from_us LIMIT ?6`
	gapsByClass = gapsAsked + `, classes (n) AS (VALUES (?5) UNION ALL SELECT n + 1 FROM classes WHERE n < 63)
		SELECT from_us, to_us, reason FROM asked CROSS JOIN classes CROSS JOIN gaps INDEXED BY gaps_by_class ON camera = id AND class = n
		WHERE from_us >= first AND from_us < ?3 AND to_us > ?2 AND to_us - from_us >= ?4 ORDER BY from_us LIMIT ?6`
)

// gaps gives what is missing beside spans, without what is shorter than a step,
// and without looking at reasons for less than half of one.
func (x *Index) gaps(ctx context.Context, camera string, s stretch, step int64, spans []stretch) ([]gap, error) {
	query := gapsByTime
	if step > joint {
		query = gapsByClass
	}
	known, err := list(ctx, &x.reader, readGap, query, camera, s.from, s.to, step/2, classOf(step/2), MaxRows)
	if err != nil {
		return nil, err
	}
	lost, err := list(ctx, &x.reader, readStretch, `SELECT min(start_us), max(end_us) FROM cameras c CROSS JOIN segments s INDEXED BY segments_lost ON s.camera = c.id WHERE c.name = ?1 AND s.lost = 1 AND start_us > ?2 - longest_us AND start_us < ?3 AND end_us > ?2
		GROUP BY start_us / ?4 ORDER BY 1 LIMIT ?5`, camera, s.from, s.to, max(step, joint), MaxRows)
	if err != nil {
		return nil, err
	}
	if len(known) == MaxRows {
		s.to = min(s.to, known[MaxRows-1].to) // beyond which nobody looked
	}
	if len(lost) == MaxRows {
		s.to = min(s.to, lost[MaxRows-1].from)
	}
	gaps := cut(known, s, spans)
	var more []gap
	for _, l := range merge(lost, max(step-1, joint)) {
		more = append(more, gap{l, ReasonLost})
	}
	gaps = append(gaps, cut(cut(more, s, spans), s, stretches(gaps))...)
	slices.SortFunc(gaps, func(a, b gap) int { return cmp.Compare(a.from, b.from) })
	gaps = joinGaps(gaps, 0)
	gaps = slices.DeleteFunc(gaps, func(g gap) bool { return g.to-g.from < step })
	return gaps[:min(len(gaps), MaxRows)], nil
}

// cut gives what is left of gaps in a stretch and outside of others.
func cut(gaps []gap, within stretch, others []stretch) (left []gap) {
	for _, g := range gaps {
		g.from, g.to = max(g.from, within.from), min(g.to, within.to)
		for _, l := range subtract(g.stretch, others) {
			left = append(left, gap{l, g.reason})
		}
	}
	return left
}

func publicGaps(camera string, gaps []gap) []Gap {
	public := make([]Gap, len(gaps))
	for i, g := range gaps {
		public[i] = Gap{camera, fromMicros(g.from), fromMicros(g.to), g.reason}
	}
	return public
}
