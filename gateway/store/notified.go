package store

import (
	"context"
	"database/sql"
	"time"

	"framegate/gateway/secret"
)

// Notified is who was added at run time to be told of what happens: a webhook or a
// broker. What its settings mean, the store does not know.
type Notified struct {
	Name     string
	Document []byte      // settings without secrets
	Secret   secret.Text // those that are; encrypted at rest
	// Revision says which state this is, as that of a Camera does.
	Revision         int64
	Created, Changed time.Time
}

const notifiedColumns = "SELECT name, revision, document, secret, created_ms, changed_ms FROM notified"

// AllNotified gives all of them in the order in which they were added.
func (s *Store) AllNotified(ctx context.Context) ([]Notified, error) {
	all, err := collect(ctx, s.db, s.scanNotified, notifiedColumns+" ORDER BY created_ms, name")
	return all, s.explain("reading who is told of what happens", err)
}

// Notified gives one of them, or ErrUnknown.
func (s *Store) Notified(ctx context.Context, name string) (Notified, error) {
	n, err := s.scanNotified(s.row(ctx, notifiedColumns+" WHERE name = ?", name))
	return n, s.explain("reading who is told of what happens", err)
}

func (s *Store) scanNotified(row scanner) (n Notified, err error) {
	var sealed []byte
	var created, changed int64
	if err := row.Scan(&n.Name, &n.Revision, &n.Document, &sealed, &created, &changed); err != nil {
		return Notified{}, err
	}
	n.Created, n.Changed = fromMillis(created), fromMillis(changed)
	if sealed != nil {
		n.Secret, err = s.opened(sealed, notifiedPlace(n.Name))
	}
	return n, err
}

// AddNotified adds one, of which it takes Name, Document and Secret, and gives it as it is
// now. ErrExists says that the name is taken.
func (s *Store) AddNotified(ctx context.Context, n Notified) (Notified, error) {
	now := time.Now()
	err := s.write(ctx, "adding who is told of what happens", func(tx *sql.Tx) (err error) {
		if n.Revision, err = s.nextRevision(ctx, tx, notifiedTable); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO notified VALUES (?, ?, ?, ?, ?, ?)",
			n.Name, n.Revision, blob(n.Document), s.sealed(n.Secret, notifiedPlace(n.Name)), millis(now), millis(now))
		return err
	})
	if err != nil {
		return Notified{}, err
	}
	n.Created, n.Changed = fromMillis(millis(now)), fromMillis(millis(now))
	return n, nil
}

// SetNotified replaces the Document and Secret of one, and gives it as it is now. The
// revision and the errors are those of SetCamera.
func (s *Store) SetNotified(ctx context.Context, n Notified) (Notified, error) {
	var created int64
	now, expected := time.Now(), n.Revision
	err := s.write(ctx, "changing who is told of what happens", func(tx *sql.Tx) (err error) {
		if created, err = expectRevision(ctx, tx, notifiedTable, n.Name, expected); err != nil {
			return err
		}
		if n.Revision, err = s.nextRevision(ctx, tx, notifiedTable); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE notified SET document = ?, secret = ?, revision = ?, changed_ms = ? WHERE name = ?",
			blob(n.Document), s.sealed(n.Secret, notifiedPlace(n.Name)), n.Revision, millis(now), n.Name)
		return err
	})
	if err != nil {
		return Notified{}, err
	}
	n.Created, n.Changed = fromMillis(created), fromMillis(millis(now))
	return n, nil
}

// RemoveNotified removes one. The revision and the errors are those of SetCamera.
func (s *Store) RemoveNotified(ctx context.Context, name string, revision int64) error {
	return s.write(ctx, "removing who is told of what happens", func(tx *sql.Tx) error {
		if _, err := expectRevision(ctx, tx, notifiedTable, name, revision); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM notified WHERE name = ?", name)
		return err
	})
}

func notifiedPlace(name string) string { return "secret of " + name + ", who is told of what happens" }
