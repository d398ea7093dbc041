package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"time"

	"framegate/gateway/secret"
)

// Token is a long random text with permissions of its own, for programs.
type Token struct {
	ID      int64 // never used again for another
	Name    string
	Hash    []byte
	Sealed  bool    // its text is kept as well, for TokenText
	Grants  []Grant // sorted by camera and action
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // zero: not yet; see Touch
}

const tokenColumns = `SELECT id, name, hash, created_ms, expires_ms, used_ms, text IS NOT NULL,
	(SELECT json_group_array(json_array(camera, action)) FROM token_grants WHERE token = tokens.id) FROM tokens`

// tokenPlace is where a token's text is sealed: beside its hash.
func tokenPlace(hash []byte) string { return "token " + hex.EncodeToString(hash) }

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
	if err := row.Scan(&t.ID, &t.Name, &t.Hash, &created, &expires, &used, &t.Sealed, &grants); err != nil {
		return Token{}, err
	}
	t.Created, t.Expires, t.Used = fromMillis(created), fromMillis(expires), fromMillis(used)
	t.Grants, err = parseGrants(grants)
	return t, err
}

// TokenText gives the text of the token of a name, in whatever case, expired or
// not: an empty one where it is not sealed, and ErrUnknown where there is no token.
func (s *Store) TokenText(ctx context.Context, name string) (secret.Text, error) {
	var hash, sealed []byte
	if err := s.row(ctx, "SELECT hash, text FROM tokens WHERE name = ?", name).Scan(&hash, &sealed); err != nil || sealed == nil {
		return secret.Text{}, s.explain("reading the token", err)
	}
	return s.opened(sealed, tokenPlace(hash))
}

// HasSealedToken says whether there is a token with a text that is good now.
func (s *Store) HasSealedToken(ctx context.Context) (has bool, err error) {
	const ask = "SELECT EXISTS (SELECT 1 FROM tokens WHERE text IS NOT NULL AND (expires_ms = 0 OR expires_ms > ?))"
	err = s.row(ctx, ask, millis(time.Now())).Scan(&has)
	return has, s.explain("looking for sealed tokens", err)
}

// AddToken adds a token, of which it takes Name, Hash, Grants and Expires, and
// gives it as it is now. Its text is sealed and kept unless it is empty. ErrExists
// says that the name is taken.
func (s *Store) AddToken(ctx context.Context, t Token, text secret.Text) (Token, error) {
	now := time.Now()
	var sealed []byte
	if t.Sealed = !text.Empty(); t.Sealed {
		sealed = s.seal.seal(text.Reveal(), tokenPlace(t.Hash))
	}
	err := s.write(ctx, "adding the token", func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "INSERT INTO tokens (name, hash, created_ms, expires_ms, used_ms, text) VALUES (?, ?, ?, ?, 0, ?)", t.Name, t.Hash, millis(now), millis(t.Expires), sealed)
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
