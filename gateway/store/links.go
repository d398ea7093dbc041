package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Link is an address with a signature that is good until it is revoked, or for
// long. The signature is not kept.
type Link struct {
	ID      int64  // never used again for another
	Name    string // what it is for; may be empty
	Camera  string
	Action  string
	Maker   string // who made it, for people
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // zero: not yet; see Touch
}

// ErrTooMany means that there is no room for one more.
var ErrTooMany = errors.New("there are too many")

// maxLinks bounds the links that are kept.
const maxLinks = 1000

const linkColumns = "SELECT id, name, camera, action, maker, created_ms, expires_ms, used_ms FROM links"

// Links gives all links, expired ones as well, the oldest first.
func (s *Store) Links(ctx context.Context) ([]Link, error) {
	links, err := collect(ctx, s.db, scanLink, linkColumns+" ORDER BY id")
	return links, s.explain("reading the links", err)
}

// Link gives a link, expired or not, or ErrUnknown.
func (s *Store) Link(ctx context.Context, id int64) (Link, error) {
	link, err := scanLink(s.row(ctx, linkColumns+" WHERE id = ?", id))
	return link, s.explain("reading the link", err)
}

func scanLink(row scanner) (l Link, err error) {
	var created, expires, used int64
	err = row.Scan(&l.ID, &l.Name, &l.Camera, &l.Action, &l.Maker, &created, &expires, &used)
	l.Created, l.Expires, l.Used = fromMillis(created), fromMillis(expires), fromMillis(used)
	return l, err
}

// AddLink adds a link, of which it takes all but ID, Created and Used, and gives
// it as it is now. ErrTooMany says that others have to be removed first.
func (s *Store) AddLink(ctx context.Context, l Link) (Link, error) {
	now := time.Now()
	err := s.write(ctx, "adding the link", func(tx *sql.Tx) error {
		var there int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM links").Scan(&there); err != nil {
			return err
		}
		if there >= maxLinks {
			return fmt.Errorf("%w lasting links, %d; revoke some", ErrTooMany, there)
		}
		result, err := tx.ExecContext(ctx, "INSERT INTO links (name, camera, action, maker, created_ms, expires_ms, used_ms) VALUES (?, ?, ?, ?, ?, ?, 0)",
			l.Name, l.Camera, l.Action, l.Maker, millis(now), millis(l.Expires))
		if err != nil {
			return err
		}
		l.ID, err = result.LastInsertId()
		return err
	})
	l.Created, l.Expires, l.Used = fromMillis(millis(now)), fromMillis(millis(l.Expires)), time.Time{}
	return l, err
}

// RemoveLink removes a link, or gives ErrUnknown.
func (s *Store) RemoveLink(ctx context.Context, id int64) error {
	return s.write(ctx, "removing the link", func(tx *sql.Tx) error {
		return changedOne(tx.ExecContext(ctx, "DELETE FROM links WHERE id = ?", id))
	})
}
