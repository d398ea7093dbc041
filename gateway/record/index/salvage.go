package index

import (
	"context"
	"database/sql"
	"errors"
)

// salvage takes marks and gaps over from a database that is damaged, as far as
// they can be read: nothing else knows them, and what marks protected is not to
// go. Segments are made anew of the files.
func (x *Index) salvage(ctx context.Context, damaged string) {
	db, err := connect(damaged, busyStep, true)
	if err != nil {
		return
	}
	defer db.Close()
	salvageRows(ctx, x, db, readMark, (*writer).salvageMark, `SELECT `+markColumns+`ORDER BY m.id`)
	salvageRows(ctx, x, db, func(row scanner) (g Gap, err error) {
		var s stretch
		err = row.Scan(&g.Camera, &s.from, &s.to, &g.Reason)
		g.From, g.To = fromMicros(s.from), fromMicros(s.to)
		return g, err
	}, (*writer).addGap, `SELECT name, from_us, to_us, reason FROM gaps JOIN cameras ON id = camera`)
}

// salvageMark keeps the ID, which clients know.
func (w *writer) salvageMark(m Mark) error {
	_, err := w.addMark(m)
	return err
}

// salvageRows enters rows, many at a time, until one cannot be read. What is not
// valid is left.
func salvageRows[T any](ctx context.Context, x *Index, db *sql.DB, read func(scanner) (T, error), enter func(*writer, T) error, query string) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return
	}
	defer rows.Close()
	for more := true; more && ctx.Err() == nil; {
		var page []T
		for len(page) < pageRows {
			if more = rows.Next(); !more {
				break
			}
			one, err := read(rows)
			if more = err == nil; !more {
				break
			}
			page = append(page, one)
		}
		x.write(ctx, "salvaging", func(w *writer) error { // or not, as far as it goes
			for _, one := range page {
				if err := enter(w, one); err != nil && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrTooMany) {
					return err
				}
			}
			return nil
		})
	}
}
