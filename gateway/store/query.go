package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// write runs f in a transaction, which it commits if f succeeds, and, where other
// servers have the store in common, once they have it too: then it may run several times. what says
// what is being done: "adding the user".
func (s *Store) write(ctx context.Context, what string, f func(*sql.Tx) error) error {
	return s.writeAs(ctx, what, f, func(c *common) error { return c.write(ctx, f, false) })
}

// writeAnyway is write for what is made here also where other servers are not reached,
// which have it as soon as they are.
func (s *Store) writeAnyway(ctx context.Context, what string, f func(*sql.Tx) error) error {
	return s.writeAs(ctx, what, f, func(c *common) error { return c.write(ctx, f, true) })
}

// writeHere is write for what each server has for itself, or tells others some time.
func (s *Store) writeHere(ctx context.Context, what string, f func(*sql.Tx) error) error {
	return s.writeAs(ctx, what, f, func(c *common) error {
		c.edited = true
		return transact(ctx, s.writer, f)
	})
}

func (s *Store) writeAs(ctx context.Context, what string, f func(*sql.Tx) error, together func(*common) error) error {
	select {
	case s.writing <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	defer func() { <-s.writing }()
	if c := s.common.Load(); c != nil {
		return s.explain(what, together(c))
	}
	return s.explain(what, transact(ctx, s.writer, f))
}

// Ready says why nothing can be written, or read, at the moment; nil where it can, or
// where a write waits for other nodes, of which CommonStatus tells. It takes the right to
// write, and gives it back: it changes nothing.
func (s *Store) Ready(ctx context.Context) error {
	look := func(tx *sql.Tx) error { return tx.QueryRowContext(ctx, "SELECT count(*) FROM users").Scan(new(int)) }
	err := s.writeAs(ctx, "looking at the state", look, func(*common) error { return transact(ctx, s.writer, look) })
	if c := s.common.Load(); ctx.Err() != nil && c != nil && c.asking.Load() {
		return nil
	}
	return err
}

func transact(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := begin(ctx, db)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		tx.Rollback() // what went wrong is said by err
		return err
	}
	return tx.Commit()
}

// begin waits for other processes that write, as long as ctx and busyTimeout
// let it.
func begin(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	for until := time.Now().Add(busyTimeout); ; {
		tx, err := db.BeginTx(ctx, nil)
		var failed *sqlite.Error
		busy := errors.As(err, &failed) && failed.Code()&0xff == sqlite3.SQLITE_BUSY
		if !busy || !time.Now().Before(until) {
			return tx, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (%v)", ctx.Err(), err)
		case <-time.After(busyStep / 4):
		}
	}
}

func (s *Store) row(ctx context.Context, query string, args ...any) *sql.Row {
	return s.db.QueryRowContext(ctx, query, args...)
}

// scanner is a row of either kind.
type scanner interface{ Scan(...any) error }

// collect reads all rows of a query with read.
func collect[T any](ctx context.Context, db *sql.DB, read func(scanner) (T, error), query string, args ...any) (all []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
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

// changedOne makes ErrUnknown of a statement that changed nothing.
func changedOne(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = ErrUnknown
	}
	return err
}

// explain says what was being done, and makes of SQLite's errors what an
// operator can act on.
func (s *Store) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, explain(s.dir, err))
}

func explain(dir string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrUnknown
	}
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return explainFile(dir, err)
	}
	name := filepath.Join(dir, databaseName)
	switch code := failed.Code(); {
	case code == sqlite3.SQLITE_CONSTRAINT_UNIQUE, code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return ErrExists
	case code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrUnknown
	default:
		return explainCode(dir, name, code, failed)
	}
}

// explainCode goes by the primary code, which is the lowest byte
// (https://sqlite.org/rescode.html).
func explainCode(dir, name string, code int, err error) error {
	switch code & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return damaged(name, err.Error())
	case sqlite3.SQLITE_IOERR:
		if !isFull(dir) {
			return fmt.Errorf("%s: %w", name, err)
		}
		fallthrough
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %s: free some space and try again; nothing was changed (%v)", ErrFull, dir, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%s %w: see that the disk is not read-only, and that this user may write to the folder and all in it (%v)", dir, ErrReadOnly, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return fmt.Errorf("%s: %w: try again (%v)", name, ErrBusy, err)
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

// explainFile does the same for errors of the file system.
func explainFile(dir string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %s: free some space and try again (%w)", ErrFull, dir, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s %w: see that the disk is not read-only, and that this user may write to the folder and all in it (%w)", dir, ErrReadOnly, err)
	}
	return err
}

// damaged is ErrDamaged with what to do about it.
func damaged(name, why string) error {
	return fmt.Errorf("%s %w (%s): restore it from a backup; or move it away with its -wal and -shm files to start without users, tokens and added cameras", name, ErrDamaged, why)
}
