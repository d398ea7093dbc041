package store

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"
)

// Session is a browser that logged in.
type Session struct {
	ID      int64 // never used again for another
	Hash    []byte
	User    int64
	Created time.Time
	Seen    time.Time // see Touch
	Expires time.Time
	Address string // where it logged in from
	Agent   string // the browser, as it names itself
}

const sessionColumns = "SELECT id, hash, user, created_ms, seen_ms, expires_ms, address, agent FROM sessions"

// Sessions gives the sessions of a user, or of all for 0, the newest first.
func (s *Store) Sessions(ctx context.Context, user int64) ([]Session, error) {
	sessions, err := collect(ctx, s.db, scanSession, sessionColumns+" WHERE user = ?1 OR ?1 = 0 ORDER BY id DESC", user)
	return sessions, s.explain("reading the sessions", err)
}

// SessionOf gives the session with this hash, expired or not, or ErrUnknown.
func (s *Store) SessionOf(ctx context.Context, hash []byte) (Session, error) {
	session, err := scanSession(s.row(ctx, sessionColumns+" WHERE hash = ?", hash))
	return session, s.explain("reading the session", err)
}

// Session gives the session with this id, expired or not, or ErrUnknown.
func (s *Store) Session(ctx context.Context, id int64) (Session, error) {
	session, err := scanSession(s.row(ctx, sessionColumns+" WHERE id = ?", id))
	return session, s.explain("reading the session", err)
}

func scanSession(row scanner) (v Session, err error) {
	var created, seen, expires int64
	err = row.Scan(&v.ID, &v.Hash, &v.User, &created, &seen, &expires, &v.Address, &v.Agent)
	v.Created, v.Seen, v.Expires = fromMillis(created), fromMillis(seen), fromMillis(expires)
	return v, err
}

// AddSession adds a session, of which it takes all but ID, Created and Seen. Of
// the user's sessions keep stay: this one, and those that were seen last.
func (s *Store) AddSession(ctx context.Context, v Session, keep int) (Session, error) {
	now := millis(time.Now())
	err := s.writeAnyway(ctx, "adding the session", func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "INSERT INTO sessions (id, hash, user, created_ms, seen_ms, expires_ms, address, agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			s.sessionID(), v.Hash, v.User, now, now, millis(v.Expires), v.Address, v.Agent)
		if err != nil {
			return err
		}
		if v.ID, err = result.LastInsertId(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user = ? AND id <> ? ORDER BY seen_ms DESC, id DESC LIMIT -1 OFFSET ?)", v.User, v.ID, keep-1)
		return err
	})
	v.Created, v.Seen, v.Expires = fromMillis(now), fromMillis(now), fromMillis(millis(v.Expires))
	return v, err
}

// sessionID gives the number of a new session: nil for the next. Where servers begin
// sessions that do not reach each other it is drawn by lot, of those that JavaScript knows exactly.
func (s *Store) sessionID() any {
	if s.common.Load() == nil {
		return nil
	}
	return rand.Int64N(1<<52-1<<32) + 1<<32
}

// RemoveSession ends a session, or gives ErrUnknown.
func (s *Store) RemoveSession(ctx context.Context, id int64) error {
	return s.writeAnyway(ctx, "ending the session", func(tx *sql.Tx) error {
		return changedOne(tx.ExecContext(ctx, "DELETE FROM sessions WHERE id = ?", id))
	})
}

// Login is a link that logs a user in, once.
type Login struct {
	Hash    []byte
	User    int64
	Expires time.Time
}

// AddLogin adds a login for the user of a session, of which it takes Hash and
// Expires, in place of an older one of the same user. ErrUnknown says that the
// session is over.
func (s *Store) AddLogin(ctx context.Context, session int64, l Login) error {
	return s.write(ctx, "adding the login link", func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, "SELECT user FROM sessions WHERE id = ?", session).Scan(&l.User); err != nil {
			return err
		}
		return insertLogin(ctx, tx, l)
	})
}

func insertLogin(ctx context.Context, tx *sql.Tx, l Login) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM logins WHERE user = ?", l.User); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO logins VALUES (?, ?, ?)", l.Hash, l.User, millis(l.Expires))
	return err
}

// TakeLogin gives the login with this hash, expired or not, and removes it: of
// two who come with it, one gets ErrUnknown.
func (s *Store) TakeLogin(ctx context.Context, hash []byte) (Login, error) {
	l := Login{Hash: hash}
	err := s.write(ctx, "using the login link", func(tx *sql.Tx) error {
		var expires int64
		err := tx.QueryRowContext(ctx, "DELETE FROM logins WHERE hash = ? RETURNING user, expires_ms", hash).Scan(&l.User, &expires)
		l.Expires = fromMillis(expires)
		return err
	})
	return l, err
}

// Place is a network in which a user logged in. How networks are written is for
// the caller.
type Place struct {
	User    int64
	Network string
}

// KnownPlace is a Place with the user's name.
type KnownPlace struct {
	Place
	Name string
	Seen time.Time // the last login; see Touch
}

// placesPerUser bounds the places of a user; the one longest unused goes first.
const placesPerUser = 64

// Places gives where users logged in.
func (s *Store) Places(ctx context.Context) ([]KnownPlace, error) {
	places, err := collect(ctx, s.db, func(row scanner) (p KnownPlace, err error) {
		var seen int64
		err = row.Scan(&p.User, &p.Network, &p.Name, &seen)
		p.Seen = fromMillis(seen)
		return p, err
	}, "SELECT user, network, name, seen_ms FROM places JOIN users ON users.id = user ORDER BY seen_ms")
	return places, s.explain("reading where users logged in", err)
}

// Used is when sessions, tokens and links, by id, and places were last used.
type Used struct {
	Sessions, Tokens, Links map[int64]time.Time
	Places                  map[Place]time.Time
}

// Touch notes what was used when. What is gone, and of users who are, is left
// out. It moves no revision.
func (s *Store) Touch(ctx context.Context, used Used) error {
	if len(used.Sessions)+len(used.Tokens)+len(used.Links)+len(used.Places) == 0 {
		return nil
	}
	return s.writeHere(ctx, "noting what was used", func(tx *sql.Tx) error {
		for statement, times := range map[string]map[int64]time.Time{
			"UPDATE sessions SET seen_ms = max(seen_ms, ?) WHERE id = ?": used.Sessions,
			"UPDATE tokens SET used_ms = max(used_ms, ?) WHERE id = ?":   used.Tokens,
			"UPDATE links SET used_ms = max(used_ms, ?) WHERE id = ?":    used.Links,
		} {
			for id, at := range times {
				if _, err := tx.ExecContext(ctx, statement, millis(at), id); err != nil {
					return err
				}
			}
		}
		for place, at := range used.Places {
			if err := touchPlace(ctx, tx, place, at); err != nil {
				return err
			}
		}
		return nil
	})
}

func touchPlace(ctx context.Context, tx *sql.Tx, p Place, at time.Time) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO places SELECT id, ?, ? FROM users WHERE id = ? ON CONFLICT DO UPDATE SET seen_ms = max(seen_ms, excluded.seen_ms)",
		p.Network, millis(at), p.User)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM places WHERE user = ?1 AND network IN (SELECT network FROM places WHERE user = ?1 ORDER BY seen_ms DESC, network LIMIT -1 OFFSET ?2)",
		p.User, placesPerUser)
	return err
}

// Prune removes logins that expired before now, sessions that did or were not
// seen since unseen, and places that were not since unvisited.
func (s *Store) Prune(ctx context.Context, now, unseen, unvisited time.Time) error {
	return s.writeAnyway(ctx, "removing what expired", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM logins WHERE expires_ms < ?", millis(now)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM places WHERE seen_ms < ?", millis(unvisited)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE expires_ms < ? OR seen_ms < ?", millis(now), millis(unseen))
		return err
	})
}
