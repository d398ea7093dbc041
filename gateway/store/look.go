package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Exists says whether a folder is one that Open has made. It makes nothing.
func Exists(dir string) (bool, error) {
	switch _, err := os.Stat(filepath.Join(dir, databaseName)); {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, fmt.Errorf("looking for the database: %w", explainFile(dir, err))
	}
}

// OpenAsItIs opens a folder that Open has made, without changing it: ErrOlder where Open
// would bring it to the form of this version.
func OpenAsItIs(ctx context.Context, dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	key, err := readOrMakeKey(dir, true) // which makes none
	if err != nil {
		return nil, err
	}
	seal, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	return openDatabase(ctx, dir, seal, refuseOlder)
}

// refuseOlder is migrate that changes nothing.
func refuseOlder(ctx context.Context, db *sql.DB, name string, migrations []string) error {
	var version int
	err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	if err == nil && version < len(migrations) {
		err = fmt.Errorf("%s %w", name, ErrOlder)
	}
	return err
}

// Check gives the error that Open would, as far as that shows without making or
// changing anything; nil also where there is nothing yet.
func Check(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := checkFolder(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	exists, err := databaseExists(dir)
	if err != nil {
		return err
	}
	if !exists {
		_, err := readKey(filepath.Join(dir, keyName))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	key, err := readOrMakeKey(dir, true) // which makes none
	if err != nil {
		return err
	}
	seal, err := newSealer(key)
	if err != nil {
		return err
	}
	return checkDatabase(ctx, dir, seal)
}

// checkDatabase is openDatabase for one that stays as it is.
func checkDatabase(ctx context.Context, dir string, seal *sealer) error {
	name := filepath.Join(dir, databaseName)
	db, err := connect(name, busyTimeout)
	if err != nil {
		return err
	}
	defer db.Close()
	s := &Store{dir: dir, db: db, seal: seal}
	err = checkHeader(ctx, db, name)
	if err == nil {
		err = checkPages(ctx, db, name)
	}
	if err == nil {
		err = s.checkKey(ctx)
	}
	if err != nil {
		return fmt.Errorf("opening %s: %w", name, explain(dir, err))
	}
	return nil
}
