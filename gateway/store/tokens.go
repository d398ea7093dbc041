package store

import (
	"context"
	"database/sql"
	"time"
)

// Token is a long random text with permissions of its own, for programs.
type Token struct {
	ID      int64 // never used again for another
	Name    string
	Hash    []byte
	Grants  []Grant // sorted by camera and action
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // zero: not yet; see Touch
}

const tokenColumns = `SELECT id, name, hash, created_ms, expires_ms, used_ms,
	(SELECT json_group_array(json_array(camera, action)) FROM token_grants WHERE token = tokens.id) FROM tokens`

// Tokens gives all tokens, expired ones as well, by name.
func (s *Store) Tokens(ctx context.Context) ([]Token, error) {
	tokens, err := collect(ctx, s.db, scanToken, tokenColumns+" ORDER BY name")
	return tokens, s.explain("reading the tokens", err)
}

// Token gives a token, expired or not, or ErrUnknown.
func (s *Store) Token(ctx context.Context, id int64) (Token, error) {
	token, err := scanToken(s.row(ctx, tokenColumns+" WHERE id = ?", id))
	return token, s.explain("reading the token", err)
}

// TokenOf gives the token with this hash, expired or not, or ErrUnknown.
func (s *Store) TokenOf(ctx context.Context, hash []byte) (Token, error) {
	token, err := scanToken(s.row(ctx, tokenColumns+" WHERE hash = ?", hash))
	return token, s.explain("reading the token", err)
}

func scanToken(row scanner) (t Token, err error) {
	var created, expires, used int64
	var grants string
	if err := row.Scan(&t.ID, &t.Name, &t.Hash, &created, &expires, &used, &grants); err != nil {
		return Token{}, err
	}
	t.Created, t.Expires, t.Used = fromMillis(created), fromMillis(expires), fromMillis(used)
	t.Grants, err = parseGrants(grants)
	return t, err
}

// AddToken adds a token, of which it takes Name, Hash, Grants and Expires, and
// gives it as it is now. ErrExists says that the name is taken.
func (s *Store) AddToken(ctx context.Context, t Token) (Token, error) {
	now := time.Now()
	err := s.write(ctx, "adding the token", func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "INSERT INTO tokens (name, hash, created_ms, expires_ms, used_ms) VALUES (?, ?, ?, ?, 0)", t.Name, t.Hash, millis(now), millis(t.Expires))
		if err != nil {
			return err
		}
		if t.ID, err = result.LastInsertId(); err != nil {
			return err
		}
		return insertGrants(ctx, tx, "token_grants", t.ID, t.Grants)
	})
	t.Created, t.Expires, t.Used = fromMillis(millis(now)), fromMillis(millis(t.Expires)), time.Time{}
	return t, err
}

// SetTokenGrants replaces all grants of a token, or gives ErrUnknown.
func (s *Store) SetTokenGrants(ctx context.Context, id int64, grants []Grant) error {
	return s.write(ctx, "changing the grants", func(tx *sql.Tx) error {
		var name string
		if err := tx.QueryRowContext(ctx, "SELECT name FROM tokens WHERE id = ?", id).Scan(&name); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM token_grants WHERE token = ?", id); err != nil {
			return err
		}
		return insertGrants(ctx, tx, "token_grants", id, grants)
	})
}

// RemoveToken removes a token, or gives ErrUnknown.
func (s *Store) RemoveToken(ctx context.Context, id int64) error {
	return s.write(ctx, "removing the token", func(tx *sql.Tx) error {
		return changedOne(tx.ExecContext(ctx, "DELETE FROM tokens WHERE id = ?", id))
	})
}
