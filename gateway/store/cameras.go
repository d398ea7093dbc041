package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"framegate/gateway/secret"
)

// Camera is a camera that was added at run time. What its settings mean, the
// store does not know.
type Camera struct {
	ID       string
	Document []byte      // settings without secrets
	Secret   secret.Text // the camera's password; encrypted at rest
	// Revision says which state this is. It is never that of another state,
	// not even of another camera with the same id.
	Revision         int64
	Created, Changed time.Time
}

const cameraColumns = "SELECT id, document, secret, revision, created_ms, changed_ms FROM cameras"

// Cameras gives all cameras in the order in which they were added.
func (s *Store) Cameras(ctx context.Context) ([]Camera, error) {
	cameras, err := collect(ctx, s.db, s.scanCamera, cameraColumns+" ORDER BY created_ms, id")
	return cameras, s.explain("reading the cameras", err)
}

// Camera gives one camera, or ErrUnknown.
func (s *Store) Camera(ctx context.Context, id string) (Camera, error) {
	camera, err := s.scanCamera(s.row(ctx, cameraColumns+" WHERE id = ?", id))
	return camera, s.explain("reading the camera", err)
}

func (s *Store) scanCamera(row scanner) (c Camera, err error) {
	var sealed []byte
	var created, changed int64
	if err := row.Scan(&c.ID, &c.Document, &sealed, &c.Revision, &created, &changed); err != nil {
		return Camera{}, err
	}
	c.Created, c.Changed = fromMillis(created), fromMillis(changed)
	if sealed != nil {
		c.Secret, err = s.opened(sealed, cameraPlace(c.ID))
	}
	return c, err
}

// AddCamera adds a camera, of which it takes ID, Document and Secret, and gives
// it as it is now. ErrExists says that the id is taken.
func (s *Store) AddCamera(ctx context.Context, c Camera) (Camera, error) {
	now := time.Now()
	err := s.write(ctx, "adding the camera", func(tx *sql.Tx) (err error) {
		if c.Revision, err = s.nextRevision(ctx, tx, camerasTable); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO cameras VALUES (?, ?, ?, ?, ?, ?)",
			c.ID, blob(c.Document), s.sealCamera(c), c.Revision, millis(now), millis(now))
		return err
	})
	if err != nil {
		return Camera{}, err
	}
	c.Created, c.Changed = fromMillis(millis(now)), fromMillis(millis(now))
	return c, nil
}

// SetCamera replaces the Document and Secret of the camera, if its revision is
// still c.Revision, and gives it as it is now. Otherwise the error is
// ErrConflict, or ErrUnknown if there is no such camera. Revision 0 replaces
// whatever is there.
func (s *Store) SetCamera(ctx context.Context, c Camera) (Camera, error) {
	var created int64
	now, expected := time.Now(), c.Revision
	err := s.write(ctx, "changing the camera", func(tx *sql.Tx) (err error) {
		if created, err = expectRevision(ctx, tx, camerasTable, c.ID, expected); err != nil {
			return err
		}
		if c.Revision, err = s.nextRevision(ctx, tx, camerasTable); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE cameras SET document = ?, secret = ?, revision = ?, changed_ms = ? WHERE id = ?",
			blob(c.Document), s.sealCamera(c), c.Revision, millis(now), c.ID)
		return err
	})
	if err != nil {
		return Camera{}, err
	}
	c.Created, c.Changed = fromMillis(created), fromMillis(millis(now))
	return c, nil
}

// RemoveCamera removes a camera, and the grants and links for it, lest they come to be
// for another camera of the same id. The errors and revision are those of
// SetCamera.
func (s *Store) RemoveCamera(ctx context.Context, id string, revision int64) error {
	return s.write(ctx, "removing the camera", func(tx *sql.Tx) error {
		if _, err := expectRevision(ctx, tx, camerasTable, id, revision); err != nil {
			return err
		}
		for _, statement := range []string{
			"DELETE FROM cameras WHERE id = ?",
			"DELETE FROM user_grants WHERE camera = ?",
			"DELETE FROM token_grants WHERE camera = ?",
			"DELETE FROM links WHERE camera = ?",
		} {
			if _, err := tx.ExecContext(ctx, statement, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// revised is a table whose rows have revisions, and the column that is its key. The table's
// name is that of its area in changes, too.
type revised struct{ name, key string }

var (
	camerasTable  = revised{"cameras", "id"}
	notifiedTable = revised{"notified", "name"}
)

// nextRevision is the number that the trigger on the table is about to count to. Where
// servers have it in common, each of which counts for itself, it is the time, if that is more.
func (s *Store) nextRevision(ctx context.Context, tx *sql.Tx, t revised) (n int64, err error) {
	query := fmt.Sprintf("SELECT max(n, (SELECT coalesce(max(revision), 0) FROM %s)) + 1 FROM changes WHERE area = ?", t.name)
	err = tx.QueryRowContext(ctx, query, t.name).Scan(&n)
	if s.common.Load() != nil {
		n = max(n, time.Now().UnixMilli())
	}
	return n, err
}

// expectRevision looks whether a row is as the caller thinks it is.
func expectRevision(ctx context.Context, tx *sql.Tx, t revised, key string, revision int64) (createdMS int64, err error) {
	var present int64
	query := fmt.Sprintf("SELECT revision, created_ms FROM %s WHERE %s = ?", t.name, t.key)
	if err := tx.QueryRowContext(ctx, query, key).Scan(&present, &createdMS); err != nil {
		return 0, err
	}
	if revision != 0 && revision != present {
		return 0, fmt.Errorf("%w: it is at revision %d, not %d", ErrConflict, present, revision)
	}
	return createdMS, nil
}

func cameraPlace(id string) string { return "password of the camera " + id }

func (s *Store) sealCamera(c Camera) []byte { return s.sealed(c.Secret, cameraPlace(c.ID)) }

// sealed gives a secret encrypted for its place, or NULL for none.
func (s *Store) sealed(text secret.Text, place string) []byte {
	if text.Empty() {
		return nil
	}
	return s.seal.seal(text.Reveal(), place)
}

// blob keeps an empty document from being NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
