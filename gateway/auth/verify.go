package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/icholy/digest"

	"framegate/gateway/auth/passwords"
	"framegate/gateway/secret"
	"framegate/gateway/store"
)

const (
	// verifiedFor is how long a password that was right is not hashed again.
	verifiedFor = 5 * time.Minute
	maxVerified = 1024
	// wrongFor is how long a password that was wrong is no new guess.
	wrongFor = 24 * time.Hour
	maxWrong = 4096
)

// Credentials are what a client brings to say who it is, in whatever protocol:
// any of these, or none.
type Credentials struct {
	From    netip.Addr   // where it comes from, an IPv4 address as such: wrong passwords are counted by it
	Query   url.Values   // of the address that it asks for, in which a link may be
	Token   *secret.Text // by itself
	Login   *Login
	Asked   *Question           // that an answer of Digest is to; nil: none is looked at
	digest  *digest.Credentials // an answer of Digest
	session *[sha256.Size]byte  // of a cookie, which HTTP alone has
}

// Login is a user's name and password, or any name and a token in the place of
// the password, for the many tools that can do nothing else.
type Login struct {
	Name     string
	Password secret.Text
	garbled  bool // it could not be read, and is no guess
}

// Verify says who brings credentials. Who brings none, or a cookie of a session
// that has ended, is nobody, the zero Principal. It may take as long as a password
// takes to be compared, and longer where others guess. ErrDenied says that
// something is claimed that is not true, ErrTooManyAttempts that a password is
// not looked at now; other errors are the database's.
//
// What is there counts in this order: a signed link, a token, the cookie, a
// password, an answer of Digest. Ways that use does not allow are not looked at. ErrStale
// says that such an answer is true, but to another challenge.
func (a *Auth) Verify(ctx context.Context, c Credentials, use Use) (Principal, error) {
	if a.options.Open {
		return anyone(), nil
	}
	linked := use.Ways&Link != 0 && hasLink(c.Query)
	if linked {
		p, err := a.byLink(ctx, c.Query, use)
		if !errors.Is(err, ErrDenied) {
			return p, err
		}
	}
	p, err := a.verifyDirectly(ctx, c, use.Ways)
	if err == nil && p.kind == Nobody && linked {
		return Principal{}, ErrDenied // what the link said was not true
	}
	return p, err
}

// hasLink says that there is something in an address that means to be a link or a way.
func hasLink(query url.Values) bool {
	_, linked := linkOf(query)
	return linked || len(query["way"]) > 0
}

// byLink goes by the link in an address, or by the way in it.
func (a *Auth) byLink(ctx context.Context, query url.Values, use Use) (Principal, error) {
	l, linked := linkOf(query)
	switch way := query["way"]; {
	case len(way) == 0:
		return a.checkLink(ctx, l, use)
	case len(way) == 1 && !linked:
		return a.checkWay(ctx, way[0], use)
	}
	return Principal{}, ErrDenied
}

// verifyDirectly goes by all but the link.
func (a *Auth) verifyDirectly(ctx context.Context, c Credentials, ways Ways) (Principal, error) {
	if c.Token != nil && ways&Bearer != 0 {
		return a.byToken(ctx, c.Token.Reveal())
	}
	if c.session != nil && ways&Cookie != 0 {
		if p, err := a.bySession(ctx, *c.session); err != nil || p.Known() {
			return p, err
		}
	}
	if c.Login != nil && ways&Basic != 0 {
		return a.byLogin(ctx, c.From, *c.Login)
	}
	if c.digest != nil && c.Asked != nil && ways&Digest != 0 {
		return a.byDigest(ctx, c.From, c.digest, c.Asked)
	}
	return Principal{}, nil
}

// anyone may do everything, where auth is off.
func anyone() Principal {
	return Principal{kind: Anyone, permissions: permissions{admin: true}}
}

func (a *Auth) byToken(ctx context.Context, token string) (Principal, error) {
	if !strings.HasPrefix(token, tokenPrefix) || len(token) != tokenLength {
		return Principal{}, ErrDenied
	}
	return a.accounts.principal(ctx, accountKey{kind: tokenAccount, hash: sha256.Sum256([]byte(token))})
}

func (a *Auth) byLogin(ctx context.Context, from netip.Addr, login Login) (Principal, error) {
	password := login.Password.Reveal()
	if login.garbled || len(login.Name)+len(password) > maxNameBytes+maxPasswordBytes {
		return Principal{}, ErrDenied
	}
	if p, err := a.byToken(ctx, password); !errors.Is(err, ErrDenied) {
		return p, err
	}
	return a.byPassword(ctx, from, login.Name, password)
}

// byPassword remembers passwords that were right for a while, since tools send
// them with each request.
func (a *Auth) byPassword(ctx context.Context, address netip.Addr, name, password string) (Principal, error) {
	key := a.verified.Key(name, password, "")
	if p, err := a.rememberedUser(ctx, key); !errors.Is(err, ErrDenied) {
		return p, err
	}
	// A page with nine cameras asks nine times at once; that is one attempt.
	_, err, _ := a.checking.Do(string(key[:])+address.String(), func() (any, error) {
		// Whoever came first may leave; the others still want to know.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maintenanceTimeout)
		defer cancel()
		user, err := a.checkLogin(ctx, address, name, password)
		if err == nil {
			a.verified.Add(key, user)
		}
		return nil, err
	})
	if err != nil {
		return Principal{}, err
	}
	return a.rememberedUser(ctx, key)
}

// rememberedUser gives the user whose password was right a moment ago, and has
// not been changed since.
func (a *Auth) rememberedUser(ctx context.Context, key passwords.Key) (Principal, error) {
	v, ok := a.verified.Get(key)
	if !ok {
		return Principal{}, ErrDenied
	}
	p, err := a.accounts.principal(ctx, accountKey{kind: userAccount, id: v.User})
	if err == nil && p.generation != v.Generation {
		err = ErrDenied
	}
	if errors.Is(err, ErrDenied) {
		a.verified.Remove(key)
		return Principal{}, err
	}
	return p, err
}

// checkLogin is where passwords are compared: within the limits, and at the
// same cost whether there is such a user or not. A wrong one that comes again
// from the same network is no new guess: a program that goes on with an old
// password locks nobody out.
func (a *Auth) checkLogin(ctx context.Context, address netip.Addr, name, password string) (store.User, error) {
	key := a.wrong.Key(name, password, passwords.Network(address))
	if again, err := a.isWrongAgain(ctx, key, name); err != nil {
		return store.User{}, err
	} else if again {
		a.failed.Add(1)
		return store.User{}, ErrDenied
	}
	done, err := a.limits.Await(ctx, address, name)
	if err != nil {
		a.limited.Add(1)
		return store.User{}, err
	}
	ended := passwords.NotLooked
	defer func() { done(ended) }()
	user, hash, err := a.userToCompare(ctx, name)
	if err != nil {
		return store.User{}, err
	}
	compared := password
	if len(compared) > maxPasswordBytes {
		compared = "" // it is wrong, at the same cost
	}
	matches, err := a.hasher.Matches(ctx, hash, compared)
	if err != nil {
		return store.User{}, err
	}
	if !matches {
		ended = passwords.Wrong
		a.failed.Add(1)
		a.wrong.Add(key, user)
		a.log.Warn("login refused", "address", address.String())
		return store.User{}, ErrDenied
	}
	ended = passwords.Right
	a.limits.Know(user, address, time.Now())
	a.renewHash(ctx, user, hash, password)
	return user, nil
}

// isWrongAgain says that a password was wrong before, and that nothing has
// changed since that could make it right.
func (a *Auth) isWrongAgain(ctx context.Context, key passwords.Key, name string) (bool, error) {
	before, ok := a.wrong.Get(key)
	if !ok {
		return false, nil
	}
	user, err := a.store.UserNamed(ctx, name)
	if err != nil && !errors.Is(err, store.ErrUnknown) {
		return false, err
	}
	return user.ID == before.User && user.Generation == before.Generation, nil
}

// userToCompare gives the user and the hash of its password, or the hash of
// nobody, which no password has.
func (a *Auth) userToCompare(ctx context.Context, name string) (store.User, passwords.Hash, error) {
	user, err := a.store.UserNamed(ctx, name)
	if errors.Is(err, store.ErrUnknown) {
		return store.User{}, a.hasher.Nobody(), nil
	}
	if err != nil {
		return user, passwords.Hash{}, err
	}
	hash, err := passwords.ParseHash(user.Password)
	if err != nil {
		a.log.Error("a user cannot log in", "user", user.Name, "err", err)
		return store.User{}, a.hasher.Nobody(), nil
	}
	return user, hash, nil
}

// renewHash gives a user, whose password is known for this moment, a hash of the
// present cost.
func (a *Auth) renewHash(ctx context.Context, user store.User, hash passwords.Hash, password string) {
	if !hash.Outdated() {
		return
	}
	renewed, err := a.hasher.Hash(ctx, password)
	if err == nil {
		err = a.store.Rehash(ctx, user.ID, user.Password, renewed.String())
	}
	if err != nil {
		a.log.Warn("a password's hash could not be renewed", "user", user.Name, "err", err)
	}
}
