package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// errClosed is what is answered after Close.
var errClosed = errors.New("the index of recordings is closed")

// writer is the one connection that writes. Who holds turn may use the rest.
type writer struct {
	turn chan struct{} // cap 1
	db   *sql.DB

	conn       *sql.Conn
	statements map[string]*sql.Stmt // of conn, compiled once
	closed     bool
}

// write runs f in a transaction, which it commits if f succeeds. what says
// what is being done: "adding a segment". f looks at ctx where it takes long.
func (x *Index) write(ctx context.Context, what string, f func(*writer) error) error {
	select {
	case x.writer.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	defer func() { <-x.writer.turn }()
	return x.explain(what, x.writer.transact(ctx, f))
}

// transact leaves no transaction open: a connection that cannot end one is closed.
func (w *writer) transact(ctx context.Context, f func(*writer) error) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	err := f(w)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		if _, err = w.exec("COMMIT"); err == nil {
			return nil
		}
	}
	if _, failed := w.exec("ROLLBACK"); failed != nil {
		w.drop()
	}
	return err
}

// begin waits for other processes that write, as long as ctx and busyTimeout
// let it.
func (w *writer) begin(ctx context.Context) error {
	if err := w.connect(ctx); err != nil {
		return err
	}
	for until := time.Now().Add(busyTimeout); ; {
		_, err := w.exec("BEGIN IMMEDIATE")
		var failed *sqlite.Error
		busy := errors.As(err, &failed) && failed.Code()&0xff == sqlite3.SQLITE_BUSY
		if err != nil && !busy {
			w.drop()
		}
		if !busy || !time.Now().Before(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%v)", ctx.Err(), err)
		case <-time.After(busyStep / 4):
		}
	}
}

func (w *writer) connect(ctx context.Context) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.closed {
		return errClosed
	}
	if w.conn == nil {
		w.conn, err = w.db.Conn(ctx)
		w.statements = make(map[string]*sql.Stmt)
	}
	return err
}

// drop closes the connection, with which goes a transaction that is open.
func (w *writer) drop() {
	for _, s := range w.statements {
		s.Close()
	}
	w.statements = nil
	if w.conn != nil {
		w.conn.Raw(func(any) error { return errBad }) // so that the pool does not keep it
		w.conn.Close()
		w.conn = nil
	}
}

// statement compiles a query once. No statement hears of a context: each is
// short, and interrupting one would end the connection.
func (w *writer) statement(query string) (*sql.Stmt, error) {
	if s := w.statements[query]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err == nil {
		w.statements[query] = s
	}
	return s, err
}

func (w *writer) exec(query string, args ...any) (sql.Result, error) {
	s, err := w.statement(query)
	if err != nil {
		return nil, err
	}
	return s.Exec(args...)
}

// run is exec for those who need no result.
func (w *writer) run(query string, args ...any) error {
	_, err := w.exec(query, args...)
	return err
}

// row reads one row, or gives sql.ErrNoRows.
func (w *writer) row(query string, args ...any) scanner {
	s, err := w.statement(query)
	if err != nil {
		return failedRow{err}
	}
	return s.QueryRow(args...)
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// all reads all rows of a query with read.
func all[T any](w *writer, read func(scanner) (T, error), query string, args ...any) ([]T, error) {
	s, err := w.statement(query)
	if err != nil {
		return nil, err
	}
	rows, err := s.Query(args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, read)
}

// scanner is a row of either kind.
type scanner interface{ Scan(...any) error }

// reader is a pool of connections that read, with what they have compiled.
type reader struct {
	db         *sql.DB
	statements sync.Map // of *sql.Stmt by query
}

func (r *reader) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := r.statements.Load(query); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := r.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if first, taken := r.statements.LoadOrStore(query, s); taken {
		s.Close()
		return first.(*sql.Stmt), nil
	}
	return s, nil
}

func (r *reader) row(ctx context.Context, query string, args ...any) scanner {
	s, err := r.statement(ctx, query)
	if err != nil {
		return failedRow{err}
	}
	return s.QueryRowContext(ctx, args...)
}

// list reads all rows of a query with read.
func list[T any](ctx context.Context, r *reader, read func(scanner) (T, error), query string, args ...any) ([]T, error) {
	s, err := r.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, read)
}

func collect[T any](rows *sql.Rows, read func(scanner) (T, error)) (all []T, err error) {
	defer rows.Close()
	for rows.Next() {
		one, err := read(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func readInt(row scanner) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}

func readText(row scanner) (text string, err error) {
	err = row.Scan(&text)
	return text, err
}

// explain says what was being done, and makes of SQLite's errors what an
// operator can act on.
func (x *Index) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, explain(x.path, err))
}

func explain(name string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrUnknown
	}
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return explainFile(name, err)
	}
	return explainCode(name, failed.Code(), failed)
}

// explainCode goes by the primary code, which is the lowest byte
// (https://sqlite.org/rescode.html).
func explainCode(name string, code int, err error) error {
	switch code & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return damaged(name, err.Error())
	case sqlite3.SQLITE_IOERR:
		if !isFull(filepath.Dir(name)) {
			return fmt.Errorf("%s: %w", name, err)
		}
		fallthrough
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %s: free some space and try again; nothing was changed (%v)", ErrFull, name, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%s %w: see that the disk is there and not read-only, and that this user may write to the file and its folder (%v)", name, ErrReadOnly, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return fmt.Errorf("%s: %w: try again (%v)", name, ErrBusy, err)
	}
	return err
}

// explainFile does the same for errors of the file system.
func explainFile(name string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %s: free some space and try again (%w)", ErrFull, name, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s %w: see that the disk is not read-only, and that this user may write to the file and its folder (%w)", name, ErrReadOnly, err)
	}
	return err
}

// isFull finds out whether a file can grow no more in the folder, of which not
// all of SQLite's errors speak.
func isFull(dir string) bool {
	f, err := os.CreateTemp(dir, ".room-")
	if err == nil {
		defer os.Remove(f.Name())
		defer f.Close()
		_, err = f.Write(make([]byte, 16*pageBytes))
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// damaged is ErrDamaged with what to do about it.
func damaged(name, why string) error {
	return fmt.Errorf("%s %w (%s): start again, which moves it aside and makes a new one of the recordings", name, ErrDamaged, why)
}

// invalid is ErrInvalid in words.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
