package auth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"framegate/gateway/secret"
	"framegate/gateway/store"
)

// tokenPrefix begins every token, so that people and scanners know what it is.
const (
	tokenPrefix = "fg_"
	tokenLength = len(tokenPrefix) + (secretBytes*8+5)/6
)

// User is somebody with a password.
type User struct {
	ID      int64
	Name    string
	Created time.Time
	Grants  []Grant // as permitted, sorted
	First   bool    // the password is still the one that FirstStart made
}

// Token is a long random text with permissions of its own, for programs.
type Token struct {
	ID      int64
	Name    string
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // zero: not yet; a minute late
	Sealed  bool      // it does for Digest
	Grants  []Grant   // as permitted, sorted
}

// Session is a browser that logged in.
type Session struct {
	ID      int64
	UserID  int64
	User    string // its name
	Created time.Time
	Seen    time.Time // a minute late
	Expires time.Time
	Address string // where it logged in from
	Agent   string // the browser, as it names itself
}

// Users gives all users, by name.
func (a *Auth) Users(ctx context.Context) ([]User, error) {
	stored, err := a.store.Users(ctx)
	users := make([]User, len(stored))
	for i, u := range stored {
		users[i] = userOf(u)
	}
	return users, err
}

func userOf(u store.User) User {
	return User{ID: u.ID, Name: u.Name, Created: u.Created, Grants: permit(fromStored(u.Grants)).grants(), First: u.First}
}

// User gives the user of a name, in whatever case, or ErrUnknown.
func (a *Auth) User(ctx context.Context, name string) (User, error) {
	u, err := a.store.UserNamed(ctx, name)
	return userOf(u), err
}

// AddUser adds a user. The error is ErrBadName, ErrWeakPassword, ErrBadPassword,
// ErrBadGrant, ErrExists or of the store.
func (a *Auth) AddUser(ctx context.Context, name string, password secret.Text, grants []Grant) (User, error) {
	if err := checkUserName(name); err != nil {
		return User{}, err
	}
	if err := checkPassword(name, password.Reveal()); err != nil {
		return User{}, err
	}
	if err := checkGrants(grants); err != nil {
		return User{}, err
	}
	hash, err := a.hasher.Hash(ctx, password.Reveal())
	if err != nil {
		return User{}, err
	}
	u, err := a.store.AddUser(ctx, store.User{Name: name, Password: hash.String(), Grants: toStored(grants)})
	return userOf(u), err
}

// SetPassword gives a user another password. Its sessions, links and streams
// end. The error is ErrUnknown, ErrWeakPassword, ErrBadPassword or of the
// store.
func (a *Auth) SetPassword(ctx context.Context, name string, password secret.Text) error {
	user, err := a.store.UserNamed(ctx, name)
	if err != nil {
		return err
	}
	if err := checkPassword(user.Name, password.Reveal()); err != nil {
		return err
	}
	hash, err := a.hasher.Hash(ctx, password.Reveal())
	if err != nil {
		return err
	}
	defer a.changed(ctx)
	return a.store.SetPassword(ctx, user.ID, hash.String())
}

// SetGrants replaces all that a user may do. What goes on without permission
// ends. The error is ErrUnknown, ErrBadGrant, ErrLastAdmin, ErrUnwritten (what
// was taken away has ended, and nothing was given) or of the store.
func (a *Auth) SetGrants(ctx context.Context, name string, grants []Grant) error {
	if err := checkGrants(grants); err != nil {
		return err
	}
	user, err := a.store.UserNamed(ctx, name)
	if err != nil {
		return err
	}
	left := permit(grants)
	return a.take(ctx, accountKey{kind: userAccount, id: user.ID}, &left, func(ctx context.Context) error {
		return a.store.SetUserGrants(ctx, user.ID, toStored(grants))
	})
}

// RemoveUser removes a user with its sessions and links, and ends its streams.
// The error is ErrUnknown, ErrLastAdmin, ErrUnwritten or of the store.
func (a *Auth) RemoveUser(ctx context.Context, name string) error {
	user, err := a.store.UserNamed(ctx, name)
	if err != nil {
		return err
	}
	return a.take(ctx, accountKey{kind: userAccount, id: user.ID}, nil, func(ctx context.Context) error {
		return a.store.RemoveUser(ctx, user.ID)
	})
}

// Tokens gives all tokens, expired ones as well, by name.
func (a *Auth) Tokens(ctx context.Context) ([]Token, error) {
	stored, err := a.store.Tokens(ctx)
	tokens := make([]Token, len(stored))
	for i, t := range stored {
		tokens[i] = tokenOf(t)
	}
	return tokens, err
}

func tokenOf(t store.Token) Token {
	return Token{ID: t.ID, Name: t.Name, Created: t.Created, Expires: t.Expires, Used: t.Used, Sealed: t.Sealed, Grants: permit(fromStored(t.Grants)).grants()}
}

// CreateToken makes a token. Its text is in the answer, sealed in the database if it
// is to do for Digest, and nowhere else. A zero time never expires. The error is
// ErrBadName, ErrBadGrant, ErrBadLifetime, ErrExists or of the store.
func (a *Auth) CreateToken(ctx context.Context, name string, grants []Grant, expires time.Time, sealed bool) (Token, secret.Text, error) {
	if err := checkName(name); err != nil {
		return Token{}, secret.Text{}, err
	}
	if err := checkGrants(grants); err != nil {
		return Token{}, secret.Text{}, err
	}
	if !expires.IsZero() && !time.Now().Before(expires) {
		return Token{}, secret.Text{}, fmt.Errorf("%w: the token would have expired already", ErrBadLifetime)
	}
	text := secret.New(tokenPrefix + randomText())
	kept := secret.Text{}
	if sealed {
		kept = text
	}
	hash := sha256.Sum256([]byte(text.Reveal()))
	t, err := a.store.AddToken(ctx, store.Token{Name: name, Hash: hash[:], Grants: toStored(grants), Expires: expires}, kept)
	if err != nil {
		return Token{}, secret.Text{}, err
	}
	return tokenOf(t), text, nil
}

// SetTokenGrants replaces all that a token may do. What goes on without
// permission ends. The error is ErrUnknown, ErrBadGrant or of the store.
func (a *Auth) SetTokenGrants(ctx context.Context, id int64, grants []Grant) error {
	if err := checkGrants(grants); err != nil {
		return err
	}
	left := permit(grants)
	return a.take(ctx, accountKey{kind: tokenAccount, id: id}, &left, func(ctx context.Context) error {
		return a.store.SetTokenGrants(ctx, id, toStored(grants))
	})
}

// RevokeToken removes a token, and ends its streams and links, or gives
// ErrUnknown. After ErrUnwritten they have ended too.
func (a *Auth) RevokeToken(ctx context.Context, id int64) error {
	return a.take(ctx, accountKey{kind: tokenAccount, id: id}, nil, func(ctx context.Context) error {
		return a.store.RemoveToken(ctx, id)
	})
}

// Sessions gives the sessions of a user, or of all for 0, the newest first.
// Expired ones are left out.
func (a *Auth) Sessions(ctx context.Context, userID int64) ([]Session, error) {
	users, err := a.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[int64]string, len(users))
	for _, u := range users {
		names[u.ID] = u.Name
	}
	stored, err := a.store.Sessions(ctx, userID)
	now := time.Now()
	sessions := make([]Session, 0, len(stored))
	for _, s := range stored {
		if now.Before(s.Expires) && now.Sub(s.Seen) < sessionIdle {
			sessions = append(sessions, Session{s.ID, s.User, names[s.User], s.Created, s.Seen, s.Expires, s.Address, s.Agent})
		}
	}
	return sessions, err
}

// RevokeSession ends a session and its streams, or gives ErrUnknown. After
// ErrUnwritten they have ended too.
func (a *Auth) RevokeSession(ctx context.Context, id int64) error {
	return a.take(ctx, accountKey{kind: sessionAccount, id: id}, nil, func(ctx context.Context) error {
		return a.store.RemoveSession(ctx, id)
	})
}

// Challenge asks for a name and a password in the headers of a 401 (RFC 9110
// section 11.6.1), as players need before they send them. Browsers would show
// a window of their own over the page; they are left to the page's login.
func Challenge(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.UserAgent(), "Mozilla/") {
		w.Header().Set("WWW-Authenticate", `Basic realm="Framegate", charset="UTF-8"`)
	}
}

// Stats are counters since the start.
type Stats struct {
	Hashed  int64 // passwords hashed
	Failed  int64 // logins with a wrong password or link
	Limited int64 // logins not looked at because there were too many
	Watched int   // what goes on under Watch now
}

// Stats gives the counters.
func (a *Auth) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Stats{Hashed: a.hasher.Computed(), Failed: a.failed.Load(), Limited: a.limited.Load(), Watched: len(a.watches)}
}
