package index

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Garbage is a file whose row is gone and which is to be unlinked.
type Garbage struct {
	Camera, Path string
	Bytes        int64
}

// Delete takes out the rows of segments that are to go, and makes their files
// garbage. Those that a mark protects by now stay. It gives the rows it took out.
func (x *Index) Delete(ctx context.Context, ids ...int64) ([]Segment, error) {
	return x.delete(ctx, ids, protecting, x.write)
}

// Erase is Delete for what has to go whatever protects it.
func (x *Index) Erase(ctx context.Context, ids ...int64) ([]Segment, error) {
	return x.delete(ctx, ids, protecting+1, x.relieve)
}

// delete takes out those rows whose hold is less than a level, by write or relieve.
func (x *Index) delete(ctx context.Context, ids []int64, level int, write func(context.Context, string, func(*writer) error) error) (gone []Segment, err error) {
	if len(ids) > MaxRows {
		return nil, invalid("%d segments cannot be deleted at once, but %d", len(ids), MaxRows)
	}
	err = write(ctx, "deleting segments", func(w *writer) error {
		gone = nil
		for _, id := range ids {
			s, err := readSegment(w.row(`SELECT `+segmentColumns+`WHERE s.id = ? AND s.hold < ?`, id, level))
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err == nil {
				err = w.discard(s)
			}
			if err = cmp.Or(err, ctx.Err()); err != nil {
				return err
			}
			gone = append(gone, s)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}

// discard makes garbage of a segment. The file of a lost one may come back, and
// is not wanted either then.
func (w *writer) discard(s Segment) error {
	if err := w.takeOut(s.ID); err != nil {
		return err
	}
	return w.run("INSERT INTO garbage (camera, path, bytes) VALUES (?, ?, ?)", s.Camera, s.Path, s.Bytes)
}

// Garbage lists files whose rows are gone, oldest first: they are to be unlinked.
func (x *Index) Garbage(ctx context.Context, limit int) ([]Garbage, error) {
	garbage, err := list(ctx, &x.reader, func(row scanner) (g Garbage, err error) {
		err = row.Scan(&g.Camera, &g.Path, &g.Bytes)
		return g, err
	}, "SELECT camera, path, bytes FROM garbage ORDER BY id LIMIT ?", clamp(limit))
	return garbage, x.explain("listing garbage", err)
}

// Swept says that files which were garbage are gone, and their folders synced.
func (x *Index) Swept(ctx context.Context, paths ...string) error {
	if len(paths) > MaxRows {
		return invalid("%d files cannot be swept at once, but %d", len(paths), MaxRows)
	}
	return x.write(ctx, "sweeping garbage", func(w *writer) error {
		for _, path := range paths {
			if err := w.run("DELETE FROM garbage WHERE path = ?", path); err != nil {
				return err
			}
		}
		return nil
	})
}

// MarkLost says that the files of rows are not there. The rows stay, in case the
// files come back (Replace); their time is a gap with the reason ReasonLost.
func (x *Index) MarkLost(ctx context.Context, ids ...int64) error {
	if len(ids) > MaxRows {
		return invalid("%d segments cannot be lost at once, but %d", len(ids), MaxRows)
	}
	return x.write(ctx, "entering lost segments", func(w *writer) error {
		for _, id := range ids {
			if err := cmp.Or(w.lose(id), ctx.Err()); err != nil {
				return err
			}
		}
		return nil
	})
}

// lose marks one row as lost; one that is gone or is lost already is left.
func (w *writer) lose(id int64) error {
	var c camera
	var start, end int64
	err := w.row(`SELECT c.id, c.longest_us, s.start_us, s.end_us FROM segments s JOIN cameras c ON c.id = s.camera WHERE s.id = ? AND s.lost = 0`, id).
		Scan(&c.id, &c.longest, &start, &end)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = w.run("UPDATE segments SET lost = 1 WHERE id = ?", id)
	}
	if err != nil {
		return err
	}
	return w.uncover(c, start, end)
}

// Shift moves the segments of a run of a camera in time, because the clock was
// wrong then, and gives how many there were. Marks and gaps stay.
func (x *Index) Shift(ctx context.Context, camera, run string, by time.Duration) (n int, err error) {
	err = x.write(ctx, "moving a run", func(w *writer) error {
		segments, err := all(w, readSegment, `SELECT `+segmentColumns+`WHERE c.name = ? AND s.run = ? ORDER BY s.start_us`, camera, run)
		if err != nil {
			return err
		}
		for _, s := range segments {
			if err := cmp.Or(w.shift(s, by), ctx.Err()); err != nil {
				return err
			}
		}
		n = len(segments)
		return nil
	})
	return n, err
}

func (w *writer) shift(s Segment, by time.Duration) error {
	s.Start, s.End = s.Start.Add(by), s.End.Add(by)
	if err := s.Check(); err != nil {
		return err
	}
	c, err := w.camera(s.Camera)
	if err != nil {
		return err
	}
	hold, err := w.holdOf(c, s.Start.UnixMicro(), s.End.UnixMicro())
	if err != nil {
		return err
	}
	if !s.Lost {
		if err := w.lose(s.ID); err != nil { // while it is nowhere
			return err
		}
	}
	err = w.run("UPDATE segments SET start_us = ?, end_us = ?, hold = ?, lost = ? WHERE id = ?", s.Start.UnixMicro(), s.End.UnixMicro(), hold, s.Lost, s.ID)
	if err != nil || s.Lost {
		return err
	}
	return w.cover(c, s.Start.UnixMicro(), s.End.UnixMicro())
}

// Forget drops what nobody can look at any more: gaps, lost rows and marks of a
// camera that reach no further than a time, protecting ones excepted, and formats
// that no segment has. It takes at most MaxRows of each at once.
func (x *Index) Forget(ctx context.Context, camera string, before time.Time) error {
	t := micros(before, 0)
	return x.write(ctx, "forgetting what is past", func(w *writer) error {
		c, err := w.camera(camera)
		if errors.Is(err, sql.ErrNoRows) {
			return w.forgetFormats()
		}
		if err == nil {
			err = w.run("DELETE FROM gaps WHERE camera = ?1 AND from_us IN (SELECT from_us FROM gaps WHERE camera = ?1 AND to_us <= ?2 ORDER BY from_us LIMIT ?3)", c.id, t, MaxRows)
		}
		if err == nil {
			err = w.run("DELETE FROM segments WHERE id IN (SELECT id FROM segments WHERE camera = ? AND lost = 1 AND end_us <= ? LIMIT ?)", c.id, t, MaxRows)
		}
		if err == nil {
			err = w.forgetMarks(c, t)
		}
		if err != nil {
			return err
		}
		return w.forgetFormats()
	})
}

// forgetMarks drops marks; what is there of what they reached is marked no more.
func (w *writer) forgetMarks(c camera, before int64) error {
	const which = "FROM marks WHERE camera = ? AND to_us < ? AND keep = 0 ORDER BY to_us, id LIMIT ?"
	old, err := all(w, readStretch, "SELECT from_us, start_us "+which, c.id, before, MaxRows)
	if err != nil || len(old) == 0 {
		return err
	}
	if err := w.run("DELETE FROM marks WHERE id IN (SELECT id "+which+")", c.id, before, MaxRows); err != nil {
		return err
	}
	reach, starts := old[0].from, stretch{old[0].to, old[0].to}
	for _, m := range old {
		reach = min(reach, m.from)
		starts = stretch{min(starts.from, m.to), max(starts.to, m.to)}
	}
	return cmp.Or(w.makeFlags(c, starts.from, starts.to), w.rehold(c, reach, before))
}

// formatsKept is how many segments ago a format without any was last asked for
// when it goes: nobody holds its ID any more.
const formatsKept = 10000

func (w *writer) forgetFormats() error {
	return w.run(`DELETE FROM formats WHERE seen < (SELECT coalesce(max(id), 0) FROM segments) - ? AND id NOT IN (SELECT format FROM segments UNION SELECT sound FROM segments)`, formatsKept)
}

// Reorder makes the order of writing anew out of sequences and starts, after rows
// were added in some other order, as when an index is made of the files. Other
// writes wait for it: a second for 100 000 rows.
func (x *Index) Reorder(ctx context.Context) error {
	return x.write(ctx, "ordering segments", func(w *writer) error {
		rows, err := all(w, func(row scanner) (o order, err error) {
			err = row.Scan(&o.id, &o.camera, &o.start)
			return o, err
		}, "SELECT id, camera, start_us FROM segments ORDER BY camera, sequence, id")
		if err != nil {
			return err
		}
		for i, o := range inOrder(rows) {
			if err := cmp.Or(w.run("UPDATE segments SET written = ?1 WHERE id = ?2 AND written <> ?1", i+1, o.id), ctx.Err()); err != nil {
				return fmt.Errorf("row %d: %w", o.id, err)
			}
		}
		return nil
	})
}

// order is a row to be put in order.
type order struct{ id, camera, start int64 }

// inOrder puts rows, which come by camera and sequence, into the order in which
// they were probably written: a camera's sequence is believed, and so are starts,
// unless segments that were written later start before.
func inOrder(rows []order) []order {
	for i := len(rows) - 2; i >= 0; i-- {
		if next := rows[i+1]; next.camera == rows[i].camera {
			rows[i].start = min(rows[i].start, next.start)
		}
	}
	slices.SortStableFunc(rows, func(a, b order) int { return cmp.Compare(a.start, b.start) })
	return rows
}
