package index

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"framegate/gateway/record/index/aside"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

const (
	// busyTimeout is how long a write waits for another process, or a read for
	// one that puts the database in order.
	busyTimeout = 5 * time.Second
	// busyStep is how long a write waits in SQLite at a time, which hears of no
	// context meanwhile.
	busyStep = 20 * time.Millisecond
	// readers bounds those who read at a time.
	readers = 4
	// checkedBytes is the size up to which Open looks at every page.
	checkedBytes = 8 << 20
)

// errBad has a connection closed instead of given back.
var errBad = driver.ErrBadConn

// Open opens the database, and makes it where there is none. One that cannot be
// read is moved aside, and a new one made, with the marks and reasons of the old
// as far as they can be read; Made and Aside say so. What could not be taken over
// for another reason fails it, and is taken over by the next. Errors are ErrNewer,
// ErrReadOnly, ErrFull or ErrBusy, or of the file system. Close must be called in
// the end.
func Open(ctx context.Context, path string) (*Index, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	x, err := openOrMake(ctx, path)
	if errors.Is(err, ErrDamaged) {
		if moveErr := aside.Move(path); moveErr != nil {
			return nil, errors.Join(err, fmt.Errorf("moving a damaged index aside: %w", explainFile(path, moveErr)))
		}
		x, err = openOrMake(ctx, path)
	}
	if err != nil {
		return nil, err
	}
	if err := x.salvage(ctx); err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// openOrMake gives ErrDamaged for a database that is there and cannot be used.
func openOrMake(ctx context.Context, path string) (*Index, error) {
	made, err := makeIfMissing(path)
	if err != nil {
		return nil, fmt.Errorf("opening the index of recordings: %w", err)
	}
	x := &Index{path: path, made: made}
	err = x.open(ctx)
	if err != nil {
		x.Close()
		if made {
			removeAll(path)
		}
		return nil, fmt.Errorf("opening the index of recordings: %w", explain(path, err))
	}
	return x, nil
}

// makeIfMissing makes an empty file where there is none. An empty one may be what
// a process left that was killed right after that.
func makeIfMissing(path string) (made bool, err error) {
	if aside.Condemned(path) {
		return false, damaged(path, "as was found later")
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return false, damaged(path, "not a file")
	case err == nil && info.Size() > 0:
		return false, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, explainFile(path, err)
	}
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		return false, damaged(path, "missing, while its log is there")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, explainFile(path, err)
	}
	return true, f.Close()
}

func removeAll(path string) {
	for _, suffix := range aside.Suffixes {
		os.Remove(path + suffix)
	}
}

func (x *Index) open(ctx context.Context) (err error) {
	if x.writer.db, err = connect(x.path, busyStep, "mode=rw"); err != nil {
		return err
	}
	x.writer.db.SetMaxOpenConns(1)
	x.writer.turn = make(chan struct{}, 1)
	if err := x.openReader("mode=rw"); err != nil {
		return err
	}
	if x.made {
		settings := fmt.Sprintf("PRAGMA page_size = %d; PRAGMA journal_mode = WAL; PRAGMA application_id = %d; PRAGMA user_version = 0", pageBytes, applicationID)
		if _, err := x.writer.db.ExecContext(ctx, settings); err != nil {
			return err
		}
	} else if _, err := checkHeader(ctx, x.reader.db, x.path); err != nil {
		return err
	}
	if err := migrate(ctx, x.writer.db, migrations); err != nil {
		return err
	}
	return x.check(ctx)
}

func (x *Index) openReader(how string) (err error) {
	if x.reader.db, err = connect(x.path, busyTimeout, how, "query_only(1)"); err != nil {
		return err
	}
	x.reader.db.SetMaxOpenConns(readers)
	x.reader.db.SetMaxIdleConns(readers)
	return nil
}

// Look opens a database that is there to be read only, and changes nothing, also
// not one that is damaged or older: these are ErrDamaged and ErrOlder. alone says
// that nobody else has it open until Close.
func Look(ctx context.Context, path string, alone bool) (*Index, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	x := &Index{path: path}
	x.writer.turn, x.writer.closed = make(chan struct{}, 1), true
	if err := x.look(ctx, alone); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the index of recordings: %w", explain(path, err)), x.Close())
	}
	return x, nil
}

func (x *Index) look(ctx context.Context, alone bool) error {
	if aside.Condemned(x.path) {
		return damaged(x.path, "as was found later")
	}
	info, err := os.Stat(x.path)
	wal, walErr := os.Stat(x.path + "-wal")
	logged := walErr == nil && wal.Size() > 0
	switch {
	case errors.Is(err, fs.ErrNotExist) && logged:
		return damaged(x.path, "missing, while its log is there")
	case err != nil:
		return err
	case !info.Mode().IsRegular(), info.Size() == 0 && !logged:
		return damaged(x.path, "empty, or not a file")
	}
	how := "mode=ro"
	if alone && !logged {
		how = "mode=ro&immutable=1" // or SQLite would put a log beside it
	}
	if err := x.openReader(how); err != nil {
		return err
	}
	version, err := checkHeader(ctx, x.reader.db, x.path)
	if err == nil && version < len(migrations) {
		err = fmt.Errorf("%s %w: a start, or a repair, brings it up to date", x.path, ErrOlder)
	}
	return err
}

// check looks at every page of a database that is small enough for that.
func (x *Index) check(ctx context.Context) error {
	info, err := os.Stat(x.path)
	if err != nil || x.made || info.Size() > checkedBytes {
		return err
	}
	return checkPages(ctx, x.reader.db, x.path)
}

// Check looks at every page, as Open does if there are not many: some tenths of a
// second for 100 000 segments. It gives ErrDamaged for what a disk has done to them.
func (x *Index) Check(ctx context.Context) error {
	return x.explain("checking the index of recordings", checkPages(ctx, x.reader.db, x.path))
}

// Condemn has the next Open take the database for damaged. It is for who was given
// ErrDamaged, by anything, and closes it then.
func (x *Index) Condemn() error {
	return explainFile(x.path, aside.Condemn(x.path))
}

// connect gives the pool for a database file that exists, whose connections wait
// so long for others. how is SQLite's: mode=rw keeps it from making one.
func connect(name string, busy time.Duration, how string, pragmas ...string) (*sql.DB, error) {
	pragmas = append(pragmas, "trusted_schema(0)", "cell_size_check(1)", "journal_size_limit(16777216)")
	query := url.Values{
		"_busy_timeout": {fmt.Sprint(busy.Milliseconds())},
		"_foreign_keys": {"1"},
		"_synchronous":  {"FULL"}, // in WAL mode NORMAL may forget the last writes when the power fails: a file would be gone whose row is back
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		"_error_rc":     {"1"},
		"_pragma":       pragmas,
	}
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(name), RawQuery: how + "&" + query.Encode()}
	return sql.Open("sqlite", file.String())
}

// Close waits for what is being read and written, and closes the database.
func (x *Index) Close() error {
	var errs []error
	if x.writer.turn != nil {
		x.writer.turn <- struct{}{}
		x.writer.drop()
		x.writer.closed = true
		<-x.writer.turn
	}
	for _, db := range []*sql.DB{x.reader.db, x.writer.db} { // the last to be closed empties the log
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}
