package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"framegate/gateway/secret"
	"framegate/gateway/store"
)

const (
	// sessionsPerUser bounds the browsers a user is logged in with; the one
	// longest unused goes first.
	sessionsPerUser = 50
	// loginLinkLifetime is how long a login link can be used.
	loginLinkLifetime = 10 * time.Minute
	maxAgentBytes     = 200
)

// The names of the session cookie. Browsers take the second only from us, over
// TLS, without a domain and for all paths, the third for those of a path, too
// (RFC 6265bis section 4.1.3).
const (
	clearCookie       = "framegate"
	secureCookie      = "__Host-framegate"
	secureCookieBelow = "__Secure-framegate"
)

// secretBytes is the size of what is random in cookies, tokens and links.
const secretBytes = 32

func randomText() string {
	b := make([]byte, secretBytes)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// secure says whether the client speaks TLS.
func (a *Auth) secure(r *http.Request) bool { return r.TLS != nil }

func (a *Auth) cookieName(r *http.Request) string {
	switch {
	case !a.secure(r):
		return clearCookie
	case a.cookiePath(r) != "/":
		return secureCookieBelow
	}
	return secureCookie
}

// cookiePath is where the cookie is sent to: below a path of its own several
// servers of one name know their cookies apart.
func (a *Auth) cookiePath(r *http.Request) string {
	if a.options.Base == nil {
		return "/"
	}
	return a.options.Base(r.Context()) + "/"
}

// cookieHash gives what the database knows a request's cookie by. Of several
// cookies of one name the first counts; they are not ours.
func (a *Auth) cookieHash(r *http.Request) (hash [sha256.Size]byte, ok bool) {
	cookie, err := r.Cookie(a.cookieName(r))
	if err != nil || len(cookie.Value) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return hash, false
	}
	return sha256.Sum256([]byte(cookie.Value)), true
}

// bySession goes by the cookie. One whose session has ended makes nobody.
func (a *Auth) bySession(ctx context.Context, hash [sha256.Size]byte) (Principal, error) {
	p, err := a.accounts.principal(ctx, accountKey{kind: sessionAccount, hash: hash})
	if errors.Is(err, ErrDenied) {
		return Principal{}, nil
	}
	return p, err
}

// Login begins a session for a user with a password, and sets its cookie; the
// session that the request came with ends. The error is ErrDenied,
// ErrTooManyAttempts or of the store. It blocks while the password is hashed.
func (a *Auth) Login(w http.ResponseWriter, r *http.Request, name string, password secret.Text) (Principal, error) {
	user, err := a.checkLogin(r.Context(), clientAddress(r), name, password.Reveal())
	if err != nil {
		return Principal{}, err
	}
	return a.begin(w, r, user)
}

// LoginByLink begins a session with the text of a login link, which is used up
// by it. The error is ErrDenied or of the store.
func (a *Auth) LoginByLink(w http.ResponseWriter, r *http.Request, text secret.Text) (Principal, error) {
	hash := sha256.Sum256([]byte(text.Reveal()))
	login, err := a.store.TakeLogin(r.Context(), hash[:])
	if err == nil && !time.Now().Before(login.Expires) {
		err = store.ErrUnknown
	}
	var user store.User
	if err == nil {
		user, err = a.store.User(r.Context(), login.User)
	}
	if errors.Is(err, store.ErrUnknown) {
		a.failed.Add(1)
		a.log.Debug("login link refused", "address", clientAddress(r).String())
		return Principal{}, ErrDenied
	}
	if err != nil {
		return Principal{}, err
	}
	return a.begin(w, r, user)
}

// begin makes the session and the cookie.
func (a *Auth) begin(w http.ResponseWriter, r *http.Request, user store.User) (Principal, error) {
	if err := a.endOldSession(r); err != nil {
		return Principal{}, err
	}
	text := randomText()
	hash := sha256.Sum256([]byte(text))
	session, err := a.store.AddSession(r.Context(), store.Session{
		Hash:    hash[:],
		User:    user.ID,
		Expires: time.Now().Add(sessionLifetime),
		Address: clientAddress(r).String(),
		Agent:   oneLine(r.UserAgent(), maxAgentBytes),
	}, sessionsPerUser)
	if errors.Is(err, store.ErrUnknown) { // the user was removed meanwhile
		return Principal{}, ErrDenied
	}
	if err != nil {
		return Principal{}, err
	}
	a.changed(r.Context()) // other sessions may have had to go
	// Read anew: the user may have been removed or changed while its password
	// was hashed.
	p, err := a.accounts.principal(r.Context(), accountKey{kind: sessionAccount, hash: hash})
	if err != nil {
		return Principal{}, err
	}
	if p.generation != user.Generation {
		return Principal{}, errors.Join(ErrDenied, a.store.RemoveSession(r.Context(), session.ID))
	}
	http.SetCookie(w, a.cookie(r, text, int(sessionLifetime/time.Second)))
	a.log.Info("logged in", "user", user.Name, "address", session.Address, "session", session.ID)
	return p, nil
}

// cookie is the session cookie; maxAge -1 takes it away.
func (a *Auth) cookie(r *http.Request, text string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name:     a.cookieName(r),
		Value:    text,
		Path:     a.cookiePath(r),
		MaxAge:   maxAge,
		HttpOnly: true,
		Secure:   a.secure(r),
		SameSite: http.SameSiteLaxMode,
	}
}

// Logout ends the session that a request came with, and all that goes on in it,
// and takes the cookie away, also where the error is ErrUnwritten or of the
// store. Without a session it only does the latter.
func (a *Auth) Logout(w http.ResponseWriter, r *http.Request) error {
	http.SetCookie(w, a.cookie(r, "", -1))
	return a.endOldSession(r)
}

func (a *Auth) endOldSession(r *http.Request) error {
	hash, ok := a.cookieHash(r)
	if !ok {
		return nil
	}
	session, err := a.store.SessionOf(r.Context(), hash[:])
	if err == nil {
		err = a.RevokeSession(r.Context(), session.ID)
	}
	if errors.Is(err, store.ErrUnknown) {
		return nil
	}
	return err
}

// ChangePassword changes the password of the user who asks for it, who must know
// the old one. All its sessions, streams and links end, and a new session
// begins with the answer. The error is ErrForbidden for those who are no user
// with a session, ErrDenied or ErrTooManyAttempts for the old password,
// ErrWeakPassword, as where it is the old one, or ErrBadPassword for the new one, or
// of the store.
func (a *Auth) ChangePassword(w http.ResponseWriter, r *http.Request, p Principal, old, password secret.Text) (Principal, error) {
	if p.kind != UserKind || p.session == 0 {
		return Principal{}, ErrForbidden
	}
	if err := checkPassword(p.name, password.Reveal()); err != nil {
		return Principal{}, err
	}
	user, err := a.checkLogin(r.Context(), clientAddress(r), p.name, old.Reveal())
	if err != nil {
		return Principal{}, err
	}
	if password.Reveal() == old.Reveal() { // which may be the one that was printed
		return Principal{}, fmt.Errorf("%w: it is the one that you have", ErrWeakPassword)
	}
	if err := a.SetPassword(r.Context(), user.Name, password); err != nil {
		return Principal{}, err
	}
	if user, err = a.store.User(r.Context(), user.ID); err != nil {
		return Principal{}, err
	}
	return a.begin(w, r, user)
}

// LoginLink makes the text of a link that logs the user who asks in once more, as
// on a phone, within ten minutes; it is in the answer and nowhere else. An earlier
// one of the same user is good no more. The error is ErrForbidden for those who
// are no user with a session, ErrDenied where that is over, or of the store.
func (a *Auth) LoginLink(ctx context.Context, p Principal) (text secret.Text, expires time.Time, err error) {
	if p.kind != UserKind || p.session == 0 {
		return secret.Text{}, time.Time{}, ErrForbidden
	}
	made, login := newLogin()
	err = a.store.AddLogin(ctx, p.session, login)
	if errors.Is(err, store.ErrUnknown) {
		err = ErrDenied
	}
	if err != nil {
		return secret.Text{}, time.Time{}, err
	}
	a.log.Info("login link made", "user", p.name, "session", p.session)
	return secret.New(made), login.Expires, nil
}

// newLogin makes what logs a user in once, within ten minutes, in place of an
// earlier one of the same user.
func newLogin() (text string, login store.Login) {
	text = randomText()
	hash := sha256.Sum256([]byte(text))
	return text, store.Login{Hash: hash[:], Expires: time.Now().Add(loginLinkLifetime)}
}

// FirstStart is what has to be told to whoever starts Framegate for the first
// time. It cannot be had again.
type FirstStart struct {
	User     string
	Password secret.Text
	Login    secret.Text // of a login link
}

// FirstStart makes an admin if there is none. It gives nil if there is.
func (a *Auth) FirstStart(ctx context.Context) (*FirstStart, error) {
	if has, err := a.store.HasAdmin(ctx); has || err != nil {
		return nil, err
	}
	password := randomPassword()
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	text, login := newLogin()
	first := &FirstStart{User: "admin", Password: secret.New(password), Login: secret.New(text)}
	for n := 2; ; n++ {
		_, added, err := a.store.AddFirstAdmin(ctx, store.User{Name: first.User, Password: hash.String(), Grants: toStored([]Grant{{Action: Admin}})}, login)
		switch {
		case errors.Is(err, store.ErrExists) && n < 100: // somebody has the name without being admin
			first.User = fmt.Sprintf("admin%d", n)
		case err != nil || !added:
			return nil, err
		default:
			return first, nil
		}
	}
}

// randomPassword gives 100 random bits, to be read and typed.
func randomPassword() string {
	text := strings.ToLower(rand.Text())
	return text[0:5] + "-" + text[5:10] + "-" + text[10:15] + "-" + text[15:20]
}

// oneLine makes a text fit to be kept and shown.
func oneLine(text string, maxBytes int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	return strings.ToValidUTF8(text[:min(len(text), maxBytes)], "")
}
