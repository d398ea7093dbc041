package index

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// maxFaults bounds what Verify says.
const maxFaults = 100

// contradictions are queries for what must not be, each row of which says it.
var contradictions = []string{
	// A file has a row or is garbage, never both.
	`SELECT path || ' has a row and is garbage' FROM segments WHERE path IN (SELECT path FROM garbage)`,
	// Sequences are the order in which a camera's segments were written.
	`SELECT path || ' is not in its place in the order of writing' FROM (SELECT path, written, lag(written) OVER (PARTITION BY camera ORDER BY sequence, id) AS before FROM segments) WHERE written < before`,
	`SELECT path || ' has a format that is not there' FROM segments WHERE format <> 0 AND format NOT IN (SELECT id FROM formats) OR sound > 0 AND sound NOT IN (SELECT id FROM formats)`,
	`SELECT path || ' lasts longer than the longest of its camera' FROM segments s JOIN cameras c ON c.id = s.camera WHERE end_us - start_us > longest_us`,
	// Gaps do not overlap.
	`SELECT 'two gaps of ' || name || ' overlap' FROM (SELECT camera, from_us, lag(to_us) OVER (PARTITION BY camera ORDER BY from_us) AS before FROM gaps) JOIN cameras ON id = camera WHERE from_us < before`,
	// Totals are the sums of rows.
	`SELECT 'the totals of ' || name || ' are wrong' FROM cameras LEFT JOIN (` + sums + `) ON camera = id WHERE
		(segments, bytes, marked, protected, lost) <> (coalesce(n, 0), coalesce(sum_bytes, 0), coalesce(sum_marked, 0), coalesce(sum_protected, 0), coalesce(n_lost, 0))`,
	// Holes and gaps are of the class of their length.
	`SELECT 'the holes between spans of ' || name || ' are wrong' FROM (SELECT camera, from_us, since_us, class, lag(to_us, 1, 0) OVER (PARTITION BY camera ORDER BY from_us) AS before FROM spans) JOIN cameras ON id = camera
		WHERE since_us <> before OR NOT ` + fmt.Sprintf(ofClass, "from_us - since_us"),
	`SELECT 'a gap of ' || name || ' has a wrong length' FROM gaps JOIN cameras ON id = camera WHERE NOT ` + fmt.Sprintf(ofClass, "to_us - from_us"),
	// Flags are the marks, step by step.
	wrongFlags("SELECT camera, 900000000, start_us / 900000000, kind, min(id), min(start_us), max(end_us), max(keep), count(*) FROM marks GROUP BY camera, 3, kind", "width_us = 900000000"),
	wrongFlags("SELECT camera, 2 * width_us, step / 2, kind, min(id), min(from_us), max(to_us), max(keep), sum(count) FROM flags WHERE width_us < 115200000000 GROUP BY camera, width_us, 3, kind", "width_us <> 900000000"),
	// Hours are sums of rows.
	`SELECT 'the sums of an hour of ' || name || ' are wrong' FROM (` + hoursMade + ` EXCEPT ` + hoursKept + `) JOIN cameras ON id = camera`,
	`SELECT 'there is an hour too much of ' || name FROM (` + hoursKept + ` EXCEPT ` + hoursMade + `) JOIN cameras ON id = camera`,
	`SELECT 'the numbers of marks or gaps of ' || name || ' are wrong' FROM cameras WHERE
		marks <> (SELECT count(*) FROM marks WHERE camera = cameras.id) OR gaps <> (SELECT count(*) FROM gaps WHERE camera = cameras.id)`,
}

// ofClass says that a length has so many bits.
const ofClass = `((1 << (class - 1)) <= %[1]s AND %[1]s < (1 << class))`

// wrongFlags are those that are not as they are made, or the other way round.
func wrongFlags(made, which string) string {
	kept := "SELECT * FROM flags WHERE " + which
	return "SELECT DISTINCT 'the flags of ' || name || ' are wrong' FROM (SELECT * FROM (" + made + " EXCEPT " + kept + ") UNION ALL SELECT * FROM (" + kept + " EXCEPT " + made + ")) w JOIN cameras c ON c.id = w.camera"
}

const sums = `SELECT camera, sum(lost = 0) AS n, sum(bytes * (lost = 0)) AS sum_bytes, sum(bytes * (lost = 0 AND hold = 1)) AS sum_marked,
	sum(bytes * (lost = 0 AND hold = 2)) AS sum_protected, sum(lost) AS n_lost, max(end_us - start_us) AS longest, max(sequence) AS highest FROM segments GROUP BY camera`

// Verify says in words what in the database contradicts itself, a line for each,
// 100 at most; Mend puts it right. It looks at everything, and takes a second or
// two for 100 000 rows, in which others read and write.
func (x *Index) Verify(ctx context.Context) (faults []string, err error) {
	tx, err := x.reader.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one state of it all
	if err != nil {
		return nil, x.explain("verifying", err)
	}
	defer tx.Rollback() // it only read
	faults, err = verify(ctx, tx)
	return faults[:min(len(faults), maxFaults)], x.explain("verifying", err)
}

func verify(ctx context.Context, tx *sql.Tx) (faults []string, err error) {
	for _, query := range append([]string{"SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'"}, contradictions...) {
		rows, err := tx.QueryContext(ctx, fmt.Sprintf("SELECT * FROM (%s) LIMIT %d", query, maxFaults))
		if err != nil {
			return faults, err
		}
		more, err := collect(rows, readText)
		if faults = append(faults, more...); err != nil {
			return faults, err
		}
	}
	rows, err := tx.QueryContext(ctx, "SELECT id, name FROM cameras ORDER BY name")
	if err != nil {
		return faults, err
	}
	type named struct {
		id   int64
		name string
	}
	cameras, err := collect(rows, func(row scanner) (n named, err error) {
		err = row.Scan(&n.id, &n.name)
		return n, err
	})
	for _, c := range cameras {
		wrong, err := verifyCamera(ctx, tx, c.id)
		if err != nil {
			return faults, err
		}
		for _, what := range wrong {
			faults = append(faults, what+" of "+c.name)
		}
	}
	return faults, err
}

// verifyCamera compares spans and holds with what they should be.
func verifyCamera(ctx context.Context, tx *sql.Tx, id int64) (faults []string, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, hold, lost, start_us, end_us FROM segments WHERE camera = ? ORDER BY start_us", id)
	if err != nil {
		return nil, err
	}
	segments, err := collect(rows, readHeld)
	if err != nil {
		return nil, err
	}
	stretchesOf := func(query string) (found []stretch) {
		if err == nil {
			if rows, err = tx.QueryContext(ctx, query, id); err == nil {
				found, err = collect(rows, readStretch)
			}
		}
		return found
	}
	spans := stretchesOf("SELECT from_us, to_us FROM spans WHERE camera = ? ORDER BY from_us")
	h := holds{
		marked:    merge(stretchesOf("SELECT from_us, to_us FROM marks WHERE camera = ? ORDER BY from_us"), 0),
		protected: merge(stretchesOf("SELECT from_us, to_us FROM marks WHERE camera = ? AND keep = 1 ORDER BY from_us"), 0),
	}
	var there []stretch
	wrong := 0
	for _, s := range segments {
		if !s.lost {
			there = append(there, s.stretch)
		}
		if s.hold != h.of(s.stretch) {
			wrong++
		}
	}
	if wrong > 0 {
		faults = append(faults, fmt.Sprintf("marks reach other than %d segments say", wrong))
	}
	if !slices.Equal(merge(there, joint), spans) {
		faults = append(faults, "the spans are not what the segments make")
	}
	return faults, err
}

// Mend makes spans, totals, what marks reach and the order of writing anew from
// segments and marks. Other writes wait for it: some seconds for 100 000 rows.
func (x *Index) Mend(ctx context.Context) error {
	err := x.write(ctx, "mending the index", func(w *writer) error {
		// What has a row is wanted, what was deleted has none.
		if err := w.run("DELETE FROM garbage WHERE path IN (SELECT path FROM segments)"); err != nil {
			return err
		}
		if err := w.run("UPDATE segments SET format = 0 WHERE format NOT IN (SELECT id FROM formats)"); err != nil {
			return err
		}
		if err := w.run("UPDATE segments SET sound = -1 WHERE sound > 0 AND sound NOT IN (SELECT id FROM formats)"); err != nil {
			return err
		}
		if err := w.run(`UPDATE cameras SET longest_us = max(longest_us, coalesce(longest, 0)), sequence = max(sequence, coalesce(highest, 0)) FROM (` + sums + `) WHERE camera = id`); err != nil {
			return err
		}
		return cmp.Or(w.mendCameras(ctx), w.mendTotals())
	})
	if err != nil {
		return err
	}
	return x.Reorder(ctx)
}

func (w *writer) mendCameras(ctx context.Context) error {
	cameras, err := all(w, func(row scanner) (c camera, err error) {
		err = row.Scan(&c.id, &c.longest)
		return c, err
	}, "SELECT id, longest_us FROM cameras")
	for _, c := range cameras {
		if err == nil {
			err = cmp.Or(ctx.Err(), w.makeSpans(c), w.makeFlags(c, 0, endless))
		}
		if err == nil {
			err = w.rehold(c, 0, endless)
		}
	}
	return err
}

func (w *writer) mendTotals() error {
	if err := w.run("UPDATE cameras SET segments = 0, bytes = 0, marked = 0, protected = 0, lost = 0"); err != nil {
		return err
	}
	if err := w.run(`UPDATE cameras SET segments = n, bytes = sum_bytes, marked = sum_marked, protected = sum_protected, lost = n_lost FROM (` + sums + `) WHERE camera = id`); err != nil {
		return err
	}
	err := cmp.Or(
		w.run("DELETE FROM hours"),
		w.run("UPDATE revisions SET last = last + 1"),
		w.run("INSERT INTO hours (camera, hour, format, segments, ticks, bytes, frames, keys, durations, offsets, plain, fragments, odd, sound, sounds, revision) SELECT made.*, last FROM ("+hoursMade+") made, revisions"),
		w.run("WITH RECURSIVE powers (p) AS (VALUES (1) UNION ALL SELECT p * 2 FROM powers WHERE p < 1 << 60) UPDATE gaps SET class = (SELECT count(*) FROM powers WHERE p <= to_us - from_us)"),
	)
	if err != nil {
		return err
	}
	return w.run("UPDATE cameras SET marks = (SELECT count(*) FROM marks WHERE camera = cameras.id), gaps = (SELECT count(*) FROM gaps WHERE camera = cameras.id)")
}
