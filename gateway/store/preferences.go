package store

import (
	"context"
	"database/sql"
	"errors"
)

// Preferences gives what a page keeps for a user, or for whoever comes where
// auth is off, who is 0; nil where nothing was kept yet. What it means, the
// store does not know.
func (s *Store) Preferences(ctx context.Context, user int64) (document []byte, err error) {
	err = s.row(ctx, "SELECT document FROM preferences WHERE owner = ?", user).Scan(&document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return document, s.explain("reading the preferences", err)
}

// SetPreferences keeps a document in place of what Preferences gives. It goes
// with its user. ErrUnknown says that there is no such user.
func (s *Store) SetPreferences(ctx context.Context, user int64, document []byte) error {
	return s.write(ctx, "keeping the preferences", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO preferences VALUES (?1, nullif(?1, 0), ?2) ON CONFLICT DO UPDATE SET document = excluded.document",
			user, blob(document))
		return err
	})
}
