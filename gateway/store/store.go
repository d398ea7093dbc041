// Package store keeps what Framegate has to remember, in one folder: state.db,
// an SQLite database with the cameras and settings added at run time, users and their
// preferences, tokens, links, sessions and secrets, and key, which encrypts the
// secrets in it. It is the only package that knows SQL or writes there.
//
// It decides nothing: who may do what, how a password is hashed and what a
// camera's settings mean is for its callers (auth, api, main). Passwords,
// tokens and session cookies come here as hashes; what has to be read back,
// such as a camera's password, is encrypted before it touches the disk.
//
// Every write is one transaction that is on the disk, or has not happened,
// when its method returns, whatever ends the process. Other processes may use
// the same folder at the same time ("framegate user" beside a server); what
// they change moves AccessRevision and CamerasRevision, which is how a server
// finds out.
//
// Several servers may have the same in common (Share): then a write is theirs first,
// or has not happened.
//
// Nothing is ever made anew in place of something damaged, newer or missing:
// that is an error, which says what is wrong, where, and what to do.
//
// All methods may be called from any goroutine. They block for the disk, and a
// write for other writers as well, 5 s at most; none starts a goroutine that
// outlives Close.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// What callers branch on. Errors of the disk and the file carry advice.
var (
	ErrExists    = errors.New("exists already")
	ErrUnknown   = errors.New("unknown")
	ErrConflict  = errors.New("was changed by somebody else meanwhile")
	ErrLastAdmin = errors.New("somebody has to be admin, and this is the last one")

	ErrDamaged  = errors.New("is damaged")
	ErrNewer    = errors.New("was made by a newer Framegate")
	ErrOlder    = errors.New("was made by an older Framegate")
	ErrKey      = errors.New("the key does not fit")
	ErrUnsafe   = errors.New("is open to other users of this machine")
	ErrReadOnly = errors.New("cannot be written")
	ErrFull     = errors.New("the disk is full")
	ErrBusy     = errors.New("another process is writing")
)

const (
	databaseName = "state.db"
	keyName      = "key"

	// busyTimeout is how long a write waits for another process, or a read for
	// one that puts the database in order.
	busyTimeout = 5 * time.Second
	// busyStep is how long a write waits in SQLite at a time, which hears of no
	// context meanwhile.
	busyStep = 20 * time.Millisecond
	// connections bounds those who read at a time. One more never waits long:
	// nothing here reads more than a few rows.
	connections = 4
)

// Store is an open folder.
type Store struct {
	dir     string
	db      *sql.DB // for reading
	writer  *sql.DB // of one connection
	seal    *sealer
	writing chan struct{}          // cap 1: who holds it writes, so that our own writers queue fairly
	common  atomic.Pointer[common] // nil where this is the store of one server
}

// Open opens the folder, and makes it with all that belongs in it where there
// is nothing yet. It checks the whole database, which is small. Errors are
// ErrDamaged, ErrNewer, ErrKey, ErrUnsafe, ErrReadOnly, ErrFull or ErrBusy,
// or of the file system. Close must be called in the end.
func Open(ctx context.Context, dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := prepareFolder(dir); err != nil {
		return nil, err
	}
	exists, err := databaseExists(dir)
	if err != nil {
		return nil, err
	}
	key, err := readOrMakeKey(dir, exists)
	if err != nil {
		return nil, err
	}
	seal, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	if !exists {
		if err := makeDatabase(ctx, dir, seal); err != nil {
			return nil, fmt.Errorf("making %s: %w", filepath.Join(dir, databaseName), explain(dir, err))
		}
	}
	sweep(dir)
	return openDatabase(ctx, dir, seal, migrate)
}

// openDatabase opens a database that is there, has it brought to the form of this
// version, and checks it.
func openDatabase(ctx context.Context, dir string, seal *sealer, bring func(context.Context, *sql.DB, string, []string) error) (*Store, error) {
	name := filepath.Join(dir, databaseName)
	if err := restrict(name); err != nil {
		return nil, err
	}
	db, err := connect(name, busyTimeout)
	if err != nil {
		return nil, err
	}
	writer, err := connect(name, busyStep)
	if err != nil {
		db.Close()
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	s := &Store{dir: dir, db: db, writer: writer, seal: seal, writing: make(chan struct{}, 1)}
	err = checkHeader(ctx, db, name)
	if err == nil {
		err = bring(ctx, db, name, migrations)
	}
	if err == nil {
		err = checkPages(ctx, db, name)
	}
	if err == nil {
		err = s.checkKey(ctx)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("opening %s: %w", name, explain(dir, err))
	}
	return s, nil
}

// connect gives the pool for a database file that exists, whose connections wait
// so long for others. mode=rw keeps SQLite from making one.
func connect(name string, busy time.Duration) (*sql.DB, error) {
	name, err := filepath.Abs(name) // the first folder of a relative one would be a URI's host
	if err != nil {
		return nil, err
	}
	query := url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {fmt.Sprint(busy.Milliseconds())},
		"_foreign_keys": {"1"},
		"_synchronous":  {"FULL"}, // in WAL mode NORMAL may forget the last writes when the power fails: a revoked token would be back
		"_txlock":       {"immediate"},
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		"_error_rc":     {"1"},
		"_pragma":       {"trusted_schema(0)", "cell_size_check(1)", "secure_delete(1)"},
	}
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(name), RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// restrict takes the rights of other users away from a database that was
// restored with too many. SQLite gives its other files the same rights.
func restrict(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !openToOthers(info.Mode()) {
		return nil
	}
	if err := os.Chmod(name, 0o600); err != nil {
		return fmt.Errorf("%s %w (mode %04o), and that cannot be changed: %w", name, ErrUnsafe, info.Mode().Perm(), err)
	}
	return nil
}

// Close waits for what is being read and written, and closes the database.
func (s *Store) Close() error { return errors.Join(s.writer.Close(), s.db.Close()) }

// Dir is the folder, as an absolute path.
func (s *Store) Dir() string { return s.dir }

// AccessRevision counts what may take an access away or give more of it: changes
// to and removals of users, grants, tokens, links and sessions, by any process.
// New users, tokens, links and sessions alone do not move it. It costs one short query.
func (s *Store) AccessRevision(ctx context.Context) (int64, error) { return s.revision(ctx, "access") }

// CamerasRevision counts all changes to cameras, by any process.
func (s *Store) CamerasRevision(ctx context.Context) (int64, error) {
	return s.revision(ctx, "cameras")
}

func (s *Store) revision(ctx context.Context, area string) (n int64, err error) {
	err = s.row(ctx, "SELECT n FROM changes WHERE area = ?", area).Scan(&n)
	return n, s.explain("reading", err)
}

// millis is a time as the database keeps it: milliseconds since 1970, and 0
// for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
