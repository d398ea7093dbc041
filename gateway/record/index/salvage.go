package index

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"framegate/gateway/record/index/aside"
)

// salvage takes over what databases have that were moved aside, until that has
// succeeded once.
func (x *Index) salvage(ctx context.Context) error {
	asides, err := aside.Pending(x.path)
	if err != nil || len(asides) == 0 {
		return explainFile(x.path, err)
	}
	for _, name := range asides {
		if err := x.salvageFrom(ctx, name); err != nil {
			return fmt.Errorf("taking marks over from %s: %w", name, err)
		}
	}
	x.made, x.aside = true, asides[len(asides)-1]
	return explainFile(x.path, aside.Forget(x.path))
}

// salvageFrom takes marks and gaps over from a database that is damaged, as far as
// they can be read: nothing else knows them, and what marks protected is not to
// go. Segments are made anew of the files. Doing so again does no harm.
func (x *Index) salvageFrom(ctx context.Context, damaged string) error {
	if info, err := os.Stat(damaged); err != nil || !info.Mode().IsRegular() {
		return nil // a log alone says nothing
	}
	db, err := connect(damaged, busyStep, "mode=rw", "query_only(1)")
	if err != nil {
		return err
	}
	defer db.Close()
	err = salvageRows(ctx, x, db, readMark, (*writer).salvageMark, `SELECT `+markColumnsOf(ctx, db)+`ORDER BY m.id`)
	if err != nil {
		return err
	}
	if err := x.write(ctx, "salvaging", func(w *writer) error { return w.reholdAll(ctx) }); err != nil {
		return err
	}
	return salvageRows(ctx, x, db, func(row scanner) (g Gap, err error) {
		var s stretch
		err = row.Scan(&g.Camera, &s.from, &s.to, &g.Reason)
		g.From, g.To = fromMicros(s.from), fromMicros(s.to)
		return g, err
	}, (*writer).addGap, `SELECT name, from_us, to_us, reason FROM gaps JOIN cameras ON id = camera`)
}

// markColumnsOf gives the columns of marks, of a database that may be older.
func markColumnsOf(ctx context.Context, db *sql.DB) string {
	var owner int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM pragma_table_info('marks') WHERE name = 'owner'").Scan(&owner)
	if err == nil && owner == 0 {
		return strings.Replace(markColumns, "m.owner", "''", 1)
	}
	return markColumns // of one that cannot be read too
}

// salvageMark keeps the ID, which clients know, and by which one is known that was
// taken over before. What it reaches is looked at when all are there: for each of
// many that overlap it would be all of them.
func (w *writer) salvageMark(m Mark) error {
	known, err := readInt(w.row("SELECT count(*) FROM marks WHERE id = ?", m.ID))
	if err == nil && known == 0 {
		_, _, err = w.insertMark(m)
	}
	return err
}

// reholdAll works out anew what marks make of all segments.
func (w *writer) reholdAll(ctx context.Context) error {
	ids, err := all(w, readInt, "SELECT id FROM cameras WHERE segments + lost > 0")
	for _, id := range ids {
		if err == nil {
			err = cmp.Or(ctx.Err(), w.rehold(camera{id: id}, 0, endless))
		}
	}
	return err
}

// salvageRows enters rows, many at a time, until one cannot be read because of the
// damage. What is not valid is left.
func salvageRows[T any](ctx context.Context, x *Index, db *sql.DB, read func(scanner) (T, error), enter func(*writer, T) error, query string) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return notDamage(ctx, x.path, err)
	}
	defer rows.Close()
	for more := true; more; {
		var page []T
		for len(page) < pageRows {
			if more = rows.Next(); !more {
				err = rows.Err()
				break
			}
			var one T
			if one, err = read(rows); err != nil {
				more = false
				break
			}
			page = append(page, one)
		}
		if err := x.write(ctx, "salvaging", func(w *writer) error { return enterAll(w, page, enter) }); err != nil {
			return err
		}
	}
	return notDamage(ctx, x.path, err)
}

// enterAll enters what is valid.
func enterAll[T any](w *writer, page []T, enter func(*writer, T) error) error {
	for _, one := range page {
		if err := enter(w, one); err != nil && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrTooMany) {
			return err
		}
	}
	return nil
}

// notDamage gives an error of reading only where reading again may help.
func notDamage(ctx context.Context, name string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err = explain(name, err)
	for _, passing := range []error{ErrFull, ErrReadOnly, ErrBusy} {
		if errors.Is(err, passing) {
			return err
		}
	}
	return nil
}
