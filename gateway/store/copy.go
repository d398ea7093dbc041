package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Copy makes, in an empty folder that only we can read, a copy of the store in
// another: what was written up to one moment, whatever other processes write
// meanwhile. Rows that were deleted are not in it, nor is what they left in pages. The
// store is checked whole before, as by Check, and nothing of it changes; errors are
// those of Check, and fs.ErrNotExist where there is no store. The copy is not
// synced to the disk.
func Copy(ctx context.Context, from, to string) error {
	if err := Check(ctx, from); err != nil {
		return err
	}
	if exists, err := Exists(from); err != nil || !exists {
		return errors.Join(err, fmt.Errorf("%s: %w", filepath.Join(from, databaseName), fs.ErrNotExist))
	}
	key, err := readKey(filepath.Join(from, keyName))
	if err != nil {
		return err
	}
	name := filepath.Join(to, databaseName)
	for file, text := range map[string]string{
		filepath.Join(to, keyName): hex.EncodeToString(key) + "\n",
		name:                       "", // which SQLite fills, and would make for others to read
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return explainFile(to, err)
		}
	}
	if err := vacuumInto(ctx, filepath.Join(from, databaseName), name); err != nil {
		return fmt.Errorf("copying %s: %w", filepath.Join(from, databaseName), explain(from, err))
	}
	return Check(ctx, to)
}

// Move gives the files of a store their place in another folder of the same file
// system, which has none: fs.ErrExist is an error then. The key comes last, without
// which no server starts on half of a store.
func Move(from, to string) error {
	for _, name := range []string{databaseName, keyName} {
		if err := appear(to, filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(to, name), explainFile(to, err))
		}
	}
	return nil
}

func vacuumInto(ctx context.Context, from, to string) error {
	db, err := connect(from, busyTimeout)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return err
	}
	return writeAhead(ctx, to)
}

// writeAhead gives a copy the journal of a database, which is not copied.
func writeAhead(ctx context.Context, name string) error {
	copied, err := connect(name, busyTimeout)
	if err != nil {
		return err
	}
	defer copied.Close()
	if _, err := copied.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	return copied.Close()
}
