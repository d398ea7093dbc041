package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"framegate/gateway/secret"
)

// sealer encrypts with AES-256-GCM (NIST SP 800-38D). What it gives is a byte
// for the form, 1, the nonce of 12 random bytes, and the text with its tag.
type sealer struct{ aead cipher.AEAD }

const sealForm = 1

func newSealer(key []byte) (*sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &sealer{aead}, nil
}

// seal encrypts a text for one place in the database: in any other it cannot
// be opened, so that nobody can move one camera's password to another camera.
func (s *sealer) seal(text, place string) []byte {
	sealed := make([]byte, 1+s.aead.NonceSize(), 1+s.aead.NonceSize()+len(text)+s.aead.Overhead())
	sealed[0] = sealForm
	nonce := sealed[1:]
	rand.Read(nonce)
	return s.aead.Seal(sealed, nonce, []byte(text), []byte(place))
}

var errNotSealed = errors.New("cannot be decrypted")

func (s *sealer) open(sealed []byte, place string) (string, error) {
	head := 1 + s.aead.NonceSize()
	if len(sealed) < head || sealed[0] != sealForm {
		return "", errNotSealed
	}
	text, err := s.aead.Open(nil, sealed[1:head], sealed[head:], []byte(place))
	if err != nil {
		return "", errNotSealed
	}
	return string(text), nil
}

// keyCheckName is a secret whose text is known, to tell a wrong key.
const (
	keyCheckName = "key-check"
	keyCheckText = "framegate"
)

func secretPlace(name string) string { return "secret " + name }

// checkKey finds out whether the key is the one of this database.
func (s *Store) checkKey(ctx context.Context) error {
	var sealed []byte
	if err := s.row(ctx, "SELECT value FROM secrets WHERE name = ?", keyCheckName).Scan(&sealed); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if text, err := s.seal.open(sealed, secretPlace(keyCheckName)); err != nil || text != keyCheckText {
		return fmt.Errorf("%s is not the key of this database: %w: restore the one that was saved with it", filepath.Join(s.dir, keyName), ErrKey)
	}
	return nil
}

// SecretOrSet gives the secret of a name, and makes it this text where there is
// none: two processes that both come with a new one get the same.
func (s *Store) SecretOrSet(ctx context.Context, name string, fresh secret.Text) (secret.Text, error) {
	kept, err := s.Secret(ctx, name)
	if !errors.Is(err, ErrUnknown) {
		return kept, err
	}
	err = s.write(ctx, "keeping a secret", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO NOTHING", name, s.seal.seal(fresh.Reveal(), secretPlace(name)))
		return err
	})
	if err != nil {
		return secret.Text{}, err
	}
	return s.Secret(ctx, name)
}

// Secret gives the secret of a name, or ErrUnknown.
func (s *Store) Secret(ctx context.Context, name string) (secret.Text, error) {
	var sealed []byte
	if err := s.row(ctx, "SELECT value FROM secrets WHERE name = ?", name).Scan(&sealed); err != nil {
		return secret.Text{}, s.explain("reading a secret", err)
	}
	return s.opened(sealed, secretPlace(name))
}

// opened decrypts what the database holds for a place.
func (s *Store) opened(sealed []byte, place string) (secret.Text, error) {
	text, err := s.seal.open(sealed, place)
	if err != nil {
		return secret.Text{}, damaged(filepath.Join(s.dir, databaseName), "the "+place+" "+err.Error())
	}
	return secret.New(text), nil
}
