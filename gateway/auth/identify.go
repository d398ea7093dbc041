package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"framegate/gateway/auth/passwords"
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

// Ways are the ways a principal may come in by.
type Ways uint8

// All ways, and which of them are for what.
const (
	Cookie Ways = 1 << iota // the session cookie of a browser that logged in
	Bearer                  // Authorization: Bearer and a token
	Basic                   // Authorization: Basic with a user's name and password, or any name and a token
	Link                    // ?exp=&sig= or ?link=&sig=, made by SignLink and MakeLink

	Control = Cookie | Bearer                // what browsers do with the API
	Media   = Cookie | Bearer | Basic | Link // what players and tools open
)

// Use is what a request is about to do.
type Use struct {
	Action Action
	Camera string // "" with Admin and Metrics
	Ways   Ways
}

// Admit identifies the principal of a request, and has Authorize decide. The
// request it gives has a context that ends as soon as the permission does (see
// Watch); stop must be called when it is answered. The error is ErrDenied or
// ErrTooManyAttempts where nobody is logged in (401 and 429), ErrForbidden
// where somebody is who may not (404 for media), or of the store.
func (a *Auth) Admit(r *http.Request, use Use) (watched *http.Request, p Principal, stop func(), err error) {
	p, err = a.Identify(r, use)
	if err != nil {
		return nil, p, nil, err
	}
	if !Authorize(p, use.Action, use.Camera) {
		if p.kind == Nobody {
			return nil, p, nil, ErrDenied
		}
		return nil, p, nil, ErrForbidden
	}
	ctx, stop := a.Watch(r.Context(), p, use.Action, use.Camera)
	return r.WithContext(ctx), p, stop, nil
}

// AdmitLogin is Admit for what everybody who is logged in may do, such as
// listing the cameras that Authorize lets it view. Links are not looked at.
func (a *Auth) AdmitLogin(r *http.Request, ways Ways) (watched *http.Request, p Principal, stop func(), err error) {
	p, err = a.Identify(r, Use{Ways: ways &^ Link})
	if err == nil && !p.Known() {
		err = ErrDenied
	}
	if err != nil {
		return nil, p, nil, err
	}
	ctx, stop := a.WatchLogin(r.Context(), p)
	return r.WithContext(ctx), p, stop, nil
}

// Identify says who a request comes from. A request without anything that
// says so, or with a cookie of a session that has ended, comes from nobody, the
// zero Principal. ErrDenied says that it claims something that is not true,
// ErrTooManyAttempts that its password is not looked at now.
//
// What is there counts in this order: a signed link, a bearer token, the cookie,
// a password. Ways that use does not allow are not looked at: a proxy in front
// of us may have asked for a password of its own, which comes along.
func (a *Auth) Identify(r *http.Request, use Use) (Principal, error) {
	if a.options.Open {
		return anyone(), nil
	}
	link, linked := linkOf(r)
	if linked && use.Ways&Link != 0 {
		p, err := a.checkLink(r.Context(), link, use)
		if !errors.Is(err, ErrDenied) {
			return p, err
		}
	}
	p, err := a.identifyDirectly(r, use.Ways)
	if err == nil && p.kind == Nobody && linked && use.Ways&Link != 0 {
		return Principal{}, ErrDenied // what the link said was not true
	}
	return p, err
}

// identifyDirectly goes by all but the link.
func (a *Auth) identifyDirectly(r *http.Request, ways Ways) (Principal, error) {
	scheme, credentials, err := authorization(r)
	if err != nil {
		return Principal{}, err
	}
	if scheme == "bearer" && ways&Bearer != 0 {
		return a.byToken(r.Context(), credentials)
	}
	if ways&Cookie != 0 {
		if p, err := a.bySession(r); err != nil || p.Known() {
			return p, err
		}
	}
	if scheme == "basic" && ways&Basic != 0 {
		return a.byBasic(r, credentials)
	}
	return Principal{}, nil
}

// authorization splits the Authorization header (RFC 9110 section 11.6.2), and
// gives nothing where there is none.
func authorization(r *http.Request) (scheme, credentials string, err error) {
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return "", "", ErrDenied
	}
	if len(headers) == 1 {
		scheme, credentials, _ = strings.Cut(headers[0], " ")
	}
	return strings.ToLower(scheme), strings.TrimLeft(credentials, " "), nil
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

// byBasic takes a user's name and password, or any name and a token for the
// many tools that can do nothing else (RFC 7617).
func (a *Auth) byBasic(r *http.Request, encoded string) (Principal, error) {
	if len(encoded) > base64.StdEncoding.EncodedLen(maxNameBytes+1+maxPasswordBytes) {
		return Principal{}, ErrDenied
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return Principal{}, ErrDenied
	}
	name, password, ok := strings.Cut(string(text), ":")
	if !ok {
		return Principal{}, ErrDenied
	}
	return a.Verify(r.Context(), clientAddress(r), name, password)
}

// Verify says who comes from an address with a user's name and password, or with
// any name and a token in the place of the password: by HTTP or any other
// protocol that carries these. It may take as long as a password takes to be
// compared, and longer where others guess. The errors are ErrDenied and
// ErrTooManyAttempts, and those of the database.
func (a *Auth) Verify(ctx context.Context, from netip.Addr, name, password string) (Principal, error) {
	if a.options.Open {
		return anyone(), nil
	}
	if len(name)+len(password) > maxNameBytes+maxPasswordBytes {
		return Principal{}, ErrDenied
	}
	if p, err := a.byToken(ctx, password); !errors.Is(err, ErrDenied) {
		return p, err
	}
	return a.byPassword(ctx, from, name, password)
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
