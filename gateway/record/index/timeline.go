package index

import (
	"context"
	"time"
)

// Flag is a mark in a timeline, or several of a kind that begin within a step
// of its resolution.
type Flag struct {
	ID       int64 // the lowest of theirs
	Kind     string
	From, To time.Time // To is zero if one of them is still open
	Keep     bool      // one of them protects
	Count    int
}

// Timeline is what is to be seen of a stretch of time.
type Timeline struct {
	From, To   time.Time
	Resolution time.Duration // that was used: what was asked for, or what keeps all below MaxStretches
	Spans      []Span        // cut to the stretch, as gaps
	Gaps       []Gap         // none overlaps a span or another gap
	Flags      []Flag        // whole, by their beginnings
	MoreFlags  bool          // there are more, later ones than MaxStretches
}

// Timeline gives what is to be seen of a camera, at a resolution: holes that
// are shorter are not shown. It opens no file. Both times have to be given.
func (x *Index) Timeline(ctx context.Context, camera string, from, to time.Time, resolution time.Duration) (Timeline, error) {
	if err := checkStretch("a timeline", from, to); err != nil {
		return Timeline{}, err
	}
	s := stretch{from.UnixMicro(), to.UnixMicro()}
	step := max(resolution.Microseconds(), (s.to-s.from)/MaxStretches+1)
	t := Timeline{From: fromMicros(s.from), To: fromMicros(s.to), Resolution: time.Duration(step) * time.Microsecond}
	spans, err := x.spans(ctx, camera, s, step, MaxRows)
	if err != nil {
		return Timeline{}, x.explain("reading a timeline", err)
	}
	gaps, err := x.gaps(ctx, camera, s, step, spans)
	if err != nil {
		return Timeline{}, x.explain("reading a timeline", err)
	}
	t.Flags, err = x.flags(ctx, camera, s, step)
	if err != nil {
		return Timeline{}, x.explain("reading a timeline", err)
	}
	if len(t.Flags) > MaxStretches {
		t.Flags, t.MoreFlags = t.Flags[:MaxStretches], true
	}
	for i := range spans {
		spans[i].from, spans[i].to = max(spans[i].from, s.from), min(spans[i].to, s.to)
	}
	t.Spans, t.Gaps = publicSpans(spans), publicGaps(camera, gaps)
	return t, nil
}

// flagsWithin is the query for the marks of ?1 that lie in ?2 to ?3 at least in
// part, by steps of ?4: few last for more than a day, and these have an index of
// their own, so that of the others those that start long before are not looked at.
const flagsWithin = `WITH within (id, kind, start_us, end_us, keep) AS (
		SELECT m.id, kind, start_us, end_us, keep FROM cameras c CROSS JOIN marks m INDEXED BY marks_of_camera ON m.camera = c.id
		WHERE c.name = ?1 AND start_us >= ?2 - 86400000000 AND start_us < ?3 AND end_us >= ?2
		UNION ALL
		SELECT m.id, kind, start_us, end_us, keep FROM cameras c CROSS JOIN marks m INDEXED BY marks_long ON m.camera = c.id
		WHERE c.name = ?1 AND end_us - start_us > 86400000000 AND start_us < ?2 - 86400000000 AND end_us >= ?2
	)
	SELECT min(id), kind, min(start_us), max(end_us), max(keep), count(*) FROM within GROUP BY kind, start_us / ?4 ORDER BY 3, 2 LIMIT ?5`

// flags gives one more than MaxStretches if there are more.
func (x *Index) flags(ctx context.Context, camera string, s stretch, step int64) ([]Flag, error) {
	return list(ctx, &x.reader, func(row scanner) (f Flag, err error) {
		var from, to int64
		err = row.Scan(&f.ID, &f.Kind, &from, &to, &f.Keep, &f.Count)
		f.From, f.To = fromMicros(from), fromMicros(to)
		return f, err
	}, flagsWithin, camera, s.from, s.to, step, MaxStretches+1)
}
