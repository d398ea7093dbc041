package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
)

// Settings gives what was given for settings in the app, by key. What keys and values
// mean, the store does not know.
func (s *Store) Settings(ctx context.Context) (map[string]string, error) {
	type row struct{ key, value string }
	rows, err := collect(ctx, s.db, func(found scanner) (r row, err error) {
		err = found.Scan(&r.key, &r.value)
		return r, err
	}, "SELECT key, value FROM settings")
	if err != nil {
		return nil, s.explain("reading the settings", err)
	}
	kept := make(map[string]string, len(rows))
	for _, r := range rows {
		kept[r.key] = r.value
	}
	return kept, nil
}

// SetSettings puts next in the place of before. Where others wrote meanwhile, so that what is
// there is something else, the error is ErrConflict.
func (s *Store) SetSettings(ctx context.Context, before, next map[string]string) error {
	return s.write(ctx, "keeping the settings", func(tx *sql.Tx) error {
		now, err := settingsIn(ctx, tx)
		if err != nil {
			return err
		}
		if !maps.Equal(now, before) {
			return ErrConflict
		}
		for _, key := range slices.Sorted(maps.Keys(now)) {
			if _, stays := next[key]; stays {
				continue
			}
			if _, err := tx.ExecContext(ctx, "DELETE FROM settings WHERE key = ?", key); err != nil {
				return err
			}
		}
		for _, key := range slices.Sorted(maps.Keys(next)) {
			if is, there := now[key]; there && is == next[key] {
				continue
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", key, next[key]); err != nil {
				return err
			}
		}
		return nil
	})
}

func settingsIn(ctx context.Context, tx *sql.Tx) (map[string]string, error) {
	found, err := tx.QueryContext(ctx, "SELECT key, value FROM settings")
	if err != nil {
		return nil, err
	}
	defer found.Close()
	all := make(map[string]string)
	for found.Next() {
		var key, value string
		if err := found.Scan(&key, &value); err != nil {
			return nil, err
		}
		all[key] = value
	}
	return all, found.Err()
}
