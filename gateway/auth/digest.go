package auth

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/netip"
	"strings"

	"github.com/icholy/digest"

	"framegate/gateway/auth/passwords"
	"framegate/gateway/secret"
	"framegate/gateway/store"
)

// ErrStale means that an answer of Digest is true, but to another challenge: who
// brings it is to answer the present one.
var ErrStale = errors.New("the login answers an earlier challenge")

// realm is what clients are asked to log in to.
const realm = "Framegate"

// Question is what a client was asked to prove by Digest (RFC 7616) that it has a
// token, without sending it.
type Question struct {
	Nonce  string                // which nobody can guess, and nobody else is given
	Method string                // of the request that the client proves it with
	Fits   func(uri string) bool // the address that the client did it for is what it asks for
}

// Challenges gives the WWW-Authenticate headers of a 401, of Digest where there is a
// question, and a sealed token that is good. Clients that know both take Digest.
//
// Many clients take what comes last of one kind, and know no SHA-256; others take
// what comes first, and the oldest read nothing behind the nonce. Clients that know
// neither qop nor algorithm (RFC 2069) answer that of MD5.
func (a *Auth) Challenges(ctx context.Context, q *Question, stale bool) ([]string, error) {
	const basic = `Basic realm="` + realm + `"`
	if q == nil {
		return []string{basic}, nil
	}
	sealed, err := a.store.HasSealedToken(ctx)
	if err != nil || !sealed {
		return []string{basic}, err
	}
	asked := fmt.Sprintf(`Digest realm="%s", nonce="%s", stale=%t`, realm, q.Nonce, stale)
	return []string{asked + `, algorithm=SHA-256, qop="auth"`, asked + `, algorithm=MD5`, basic}, nil
}

// digestHashes are the functions of hashing that are offered, by the name of an
// algorithm.
var digestHashes = map[string]func() hash.Hash{"": md5.New, "MD5": md5.New, "SHA-256": sha256.New}

// proves says whether who answered has a token: RFC 7616, 3.4.1.
func proves(d *digest.Credentials, token secret.Text, method string) bool {
	newHash := digestHashes[strings.ToUpper(d.Algorithm)]
	if newHash == nil || d.Realm != realm || d.QOP != "" && d.QOP != "auth" {
		return false
	}
	sum := func(parts ...string) string {
		h := newHash()
		io.WriteString(h, strings.Join(parts, ":")) // never fails
		return hex.EncodeToString(h.Sum(nil))
	}
	who, what := sum(d.Username, d.Realm, token.Reveal()), sum(method, d.URI)
	want := sum(who, d.Nonce, what)
	if d.QOP != "" {
		want = sum(who, d.Nonce, fmt.Sprintf("%08x", d.Nc), d.Cnonce, d.QOP, what)
	}
	return subtle.ConstantTimeCompare([]byte(strings.ToLower(d.Response)), []byte(want)) == 1
}

// byDigest says who answered a challenge: its name has to be that of a sealed token.
// It costs the same whether there is such a token. Wrong answers are counted apart
// from passwords, and right ones are always taken, since nobody guesses a token: so
// a recorder that has an old one keeps neither people nor other recorders out.
func (a *Auth) byDigest(ctx context.Context, from netip.Addr, d *digest.Credentials, q *Question) (Principal, error) {
	kept, err := a.store.TokenText(ctx, d.Username)
	if err != nil && !errors.Is(err, store.ErrUnknown) {
		return Principal{}, err
	}
	hashed := err == nil && kept.Empty()
	token := kept
	if token.Empty() {
		token = a.nobodysToken
	}
	if !proves(d, token, q.Method) || kept.Empty() || !q.Fits(d.URI) {
		return Principal{}, a.refuseDigest(ctx, from, d.Username, hashed)
	}
	p, err := a.byToken(ctx, token.Reveal())
	if err == nil && d.Nonce != q.Nonce {
		err = ErrStale
	}
	return p, err
}

// refuseDigest counts a wrong answer, and gives what is said of it.
func (a *Auth) refuseDigest(ctx context.Context, from netip.Addr, name string, hashed bool) error {
	done, err := a.answers.Await(ctx, from, name)
	if err != nil {
		a.limited.Add(1)
		return err
	}
	done(passwords.Wrong)
	a.failed.Add(1)
	why := "wrong"
	if hashed {
		why = "the token of this name is kept as a hash, by which no answer of Digest can be checked: make one that is sealed, or add ?login=basic to the address"
	}
	a.log.Warn("login refused", "address", from.String(), "by", "digest", "why", why)
	return ErrDenied
}
