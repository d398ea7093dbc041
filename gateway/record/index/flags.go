package index

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// narrowest and widest are the widths of the steps for which flags are kept. Each
// width is twice the one before.
const (
	narrowest = int64(15 * time.Minute / time.Microsecond)
	widest    = narrowest << 7
)

// addFlag counts a new mark in.
func (w *writer) addFlag(c camera, id int64, m Mark) error {
	return w.run(`WITH RECURSIVE widths (us) AS (VALUES (?7) UNION ALL SELECT us * 2 FROM widths WHERE us < ?8)
		INSERT INTO flags SELECT ?1, us, ?2 / us, ?3, ?4, ?2, ?5, ?6, 1 FROM widths WHERE true
		ON CONFLICT (camera, width_us, step, kind) DO UPDATE SET
			id = min(id, excluded.id), from_us = min(from_us, excluded.from_us), to_us = max(to_us, excluded.to_us),
			keep = max(keep, excluded.keep), count = count + 1`,
		c.id, micros(m.Start, 0), m.Kind, id, micros(m.End, endless), m.Keep, narrowest, widest)
}

// Flags of a camera ?1 in the width ?2, of the steps from ?3 to ?4, this one not
// among them: as they are made of marks, and of those of half the width.
const (
	flagsOfMarks = `SELECT camera, ?2, start_us / ?2, kind, min(id), min(start_us), max(end_us), max(keep), count(*) FROM marks
		WHERE camera = ?1 AND start_us >= ?2 * ?3 AND start_us < ?2 * ?4 GROUP BY 3, kind`
	flagsOfHalves = `SELECT camera, ?2, step / 2, kind, min(id), min(from_us), max(to_us), max(keep), sum(count) FROM flags
		WHERE camera = ?1 AND width_us = ?2 / 2 AND step >= 2 * ?3 AND step < 2 * ?4 GROUP BY 3, kind`
)

// makeFlags makes the flags of a camera anew of the marks that start between two
// times, or at them.
func (w *writer) makeFlags(c camera, from, to int64) error {
	for width, query := narrowest, flagsOfMarks; width <= widest; width, query = 2*width, flagsOfHalves {
		first, end := from/width, to/width+1
		if err := w.run("DELETE FROM flags WHERE camera = ? AND width_us = ? AND step >= ? AND step < ?", c.id, width, first, end); err != nil {
			return err
		}
		if err := w.run("INSERT INTO flags "+query, c.id, width, first, end); err != nil {
			return err
		}
	}
	return nil
}

func readFlag(row scanner) (f Flag, err error) {
	var from, to int64
	err = row.Scan(&f.ID, &f.Kind, &from, &to, &f.Keep, &f.Count)
	f.From, f.To = fromMicros(from), fromMicros(to)
	return f, err
}

// flags gives those between two times, for a resolution; one more than MaxStretches
// if there are more. Few marks are looked at one by one: those of the steps in which
// the two times lie.
func (x *Index) flags(ctx context.Context, camera string, s stretch, resolution int64) ([]Flag, error) {
	if resolution <= narrowest/2 {
		return x.flagsOfMarks(ctx, camera, s, stretch{0, s.to}, resolution)
	}
	width := narrowest
	for width < min(resolution, widest) {
		width *= 2
	}
	step := (resolution + width - 1) / width * width
	whole := stretch{(s.from + step - 1) / step * step, s.to / step * step}
	if whole.from >= whole.to {
		return x.flagsOfMarks(ctx, camera, s, stretch{0, s.to}, step)
	}
	first, err := x.flagsOfMarks(ctx, camera, s, stretch{0, whole.from}, step)
	if err != nil {
		return nil, err
	}
	most := (MaxStretches + 1) * (step / width)
	flags, err := list(ctx, &x.reader, readFlag, `SELECT f.id, kind, from_us, to_us, keep, count FROM cameras c CROSS JOIN flags f ON camera = c.id
		WHERE c.name = ? AND width_us = ? AND step >= ? AND step < ? ORDER BY step, kind LIMIT ?`, camera, width, whole.from/width, whole.to/width, most)
	if err != nil {
		return nil, err
	}
	last, err := x.flagsOfMarks(ctx, camera, s, stretch{whole.to, s.to}, step)
	flags = slices.Concat(first, joinFlags(flags, step), last)
	slices.SortFunc(flags, func(a, b Flag) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Kind, b.Kind)) })
	return flags[:min(len(flags), MaxStretches+1)], err
}

// joinFlags makes one of those of a kind that begin within a step.
func joinFlags(flags []Flag, step int64) []Flag {
	type key struct {
		kind string
		step int64
	}
	if step <= widest {
		return flags // as they are kept
	}
	place := make(map[key]int)
	joined := flags[:0]
	for _, f := range flags {
		k := key{f.Kind, f.From.UnixMicro() / step}
		i, known := place[k]
		if !known {
			place[k] = len(joined)
			joined = append(joined, f)
			continue
		}
		j := &joined[i]
		if f.To.IsZero() || !j.To.IsZero() && f.To.After(j.To) {
			j.To = f.To
		}
		j.ID, j.Keep, j.Count = min(j.ID, f.ID), j.Keep || f.Keep, j.Count+f.Count
	}
	return joined
}

// marksWithin is the query for the marks of ?1 that lie in ?2 to ?3 at least in part
// and start in ?6 to ?7, by steps of ?4: few last for more than a day, and these have
// an index of their own, so that of the others those that start long before are not
// looked at.
const marksWithin = `WITH within (id, kind, start_us, end_us, keep) AS (
		SELECT m.id, kind, start_us, end_us, keep FROM cameras c CROSS JOIN marks m INDEXED BY marks_of_camera ON m.camera = c.id
		WHERE c.name = ?1 AND start_us >= max(?2 - 86400000000, ?6) AND start_us < min(?3, ?7) AND end_us >= ?2
		UNION ALL
		SELECT m.id, kind, start_us, end_us, keep FROM cameras c CROSS JOIN marks m INDEXED BY marks_long ON m.camera = c.id
		WHERE c.name = ?1 AND end_us - start_us > 86400000000 AND start_us >= ?6 AND start_us < min(?2 - 86400000000, ?7) AND end_us >= ?2
	)
	SELECT min(id), kind, min(start_us), max(end_us), max(keep), count(*) FROM within GROUP BY kind, start_us / ?4 ORDER BY 3, 2 LIMIT ?5`

// flagsOfMarks gives those between two times out of the marks that start between two
// others.
func (x *Index) flagsOfMarks(ctx context.Context, camera string, s, starts stretch, step int64) ([]Flag, error) {
	return list(ctx, &x.reader, readFlag, marksWithin, camera, s.from, s.to, step, MaxStretches+1, starts.from, starts.to)
}
