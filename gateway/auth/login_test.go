package auth

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"framegate/gateway/auth/passwords"
	"framegate/gateway/secret"
	"framegate/gateway/store"
)

func TestCookie(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	login := func(a *Auth, with ...func(*http.Request)) *http.Cookie {
		w := httptest.NewRecorder()
		_, err := a.Login(w, request(with...), "anna", hidden(good))
		must(t, err)
		return onlyCookie(t, w)
	}
	for _, test := range []struct {
		name   string
		got    *http.Cookie
		cookie string
		secure bool
	}{
		{"in clear", login(r.Auth), "framegate", false},
		{"over TLS", login(r.Auth, overTLS), "__Host-framegate", true},
	} {
		c := test.got
		if c.Name != test.cookie || c.Secure != test.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 || len(c.Value) != 43 {
			t.Errorf("%s: %v", test.name, c)
		}
	}
	// Neither passes for the other.
	inClear, secured := login(r.Auth), login(r.Auth, overTLS)
	if r.who(cookie(inClear), overTLS).Known() || r.who(cookie(secured)).Known() {
		t.Error("a cookie of the other kind is taken")
	}
	if !r.who(cookie(inClear)).Known() || !r.who(cookie(secured), overTLS).Known() {
		t.Error("a cookie of the right kind is not taken")
	}
}

func TestStolenCookieDiesWithTheLogout(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	mine := r.login("anna")
	other := r.login("anna")
	if !r.who(cookie(mine), from("203.0.113.66:1")).Known() {
		t.Fatal("the copy does not work to begin with")
	}
	w := httptest.NewRecorder()
	must(t, r.Logout(w, request(cookie(mine))))
	if c := onlyCookie(t, w); c.Name != mine.Name || c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("the cookie is not taken away: %v", c)
	}
	if r.who(cookie(mine), from("203.0.113.66:1")).Known() {
		t.Error("the copy lives on")
	}
	if !r.who(cookie(other)).Known() {
		t.Error("another browser was logged out too")
	}
	must(t, r.Logout(httptest.NewRecorder(), request(cookie(mine)))) // again
	must(t, r.Logout(httptest.NewRecorder(), request()))
}

func TestLoginReplacesTheSession(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	first := r.login("anna")
	second := r.login("anna", cookie(first))
	if r.who(cookie(first)).Known() || !r.who(cookie(second)).Known() || first.Value == second.Value {
		t.Error("the old session lives on, or the new one does not")
	}
	planted := &http.Cookie{Name: clearCookie, Value: strings.Repeat("A", 43)} // by an attacker who waits
	if got := r.login("anna", cookie(planted)); got.Value == planted.Value {
		t.Error("a session was fixed by somebody else")
	}
}

func TestSessionsAreListedAndRevoked(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	r.user("berta", "view:front")
	annas := r.login("anna", from("[::ffff:192.0.2.7]:99"), func(r *http.Request) {
		r.Header.Set("User-Agent", "Fire\nfox\xff "+strings.Repeat("ü", 500))
	})
	bertas := r.login("berta")
	anna, err := r.User(t.Context(), "anna")
	must(t, err)
	sessions, err := r.Sessions(t.Context(), anna.ID)
	must(t, err)
	if len(sessions) != 1 {
		t.Fatalf("%+v", sessions)
	}
	s := sessions[0]
	if s.User != "anna" || s.Address != "192.0.2.7" || !strings.HasPrefix(s.Agent, "Fire fox") || len(s.Agent) > maxAgentBytes || strings.Contains(s.Agent, "\n") || !utf8.ValidString(s.Agent) {
		t.Errorf("%+v", s)
	}
	if p := r.who(cookie(annas)); p.SessionID() != s.ID || p.UserID() != anna.ID || !p.Expires().Equal(s.Expires) {
		t.Errorf("%+v is not of %+v", p, s)
	}
	all, err := r.Sessions(t.Context(), 0)
	must(t, err)
	if len(all) != 2 {
		t.Errorf("%d sessions in all", len(all))
	}
	must(t, r.RevokeSession(t.Context(), s.ID))
	if r.who(cookie(annas)).Known() || !r.who(cookie(bertas)).Known() {
		t.Error("the wrong session ended")
	}
	if err := r.RevokeSession(t.Context(), s.ID); !errors.Is(err, ErrUnknown) {
		t.Errorf("again: %v", err)
	}
}

func TestSessionsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.user("anna", "view:front")
		idle, used := r.login("anna"), r.login("anna")
		begin := time.Now()
		for time.Since(begin) < sessionLifetime-time.Hour {
			if !r.who(cookie(used)).Known() {
				t.Fatalf("the used session ended after %v", time.Since(begin))
			}
			time.Sleep(sessionIdle / 2)
			if time.Since(begin) > sessionIdle && r.who(cookie(idle)).Known() {
				t.Fatalf("the idle session lives after %v", time.Since(begin))
			} else if time.Since(begin) < sessionIdle/3 && !r.who(cookie(idle)).Known() {
				t.Fatal("the idle session ended too soon")
			}
		}
		time.Sleep(time.Until(begin.Add(sessionLifetime + time.Second)))
		if r.who(cookie(used)).Known() {
			t.Error("a session lives for ever")
		}
		must(t, r.prune(t.Context()))
		if left, err := r.store.Sessions(t.Context(), 0); err != nil || len(left) != 0 {
			t.Errorf("%d are kept, %v", len(left), err)
		}
		r.store.Close()
	})
}

func TestLastUseIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		stop := r.run()
		r.user("anna", "view:front")
		token, text := r.token("nvr", "view:front")
		session := r.login("anna")
		time.Sleep(3 * time.Hour)
		r.who(cookie(session))
		r.who(bearer(text))
		now := time.Now()
		time.Sleep(2 * flushInterval)
		sessions, err := r.Sessions(t.Context(), 0)
		must(t, err)
		tokens, err := r.Tokens(t.Context())
		must(t, err)
		if !sessions[0].Seen.Equal(now.Truncate(time.Millisecond)) || !tokens[0].Used.Equal(now.Truncate(time.Millisecond)) || tokens[0].ID != token.ID {
			t.Errorf("at %v; seen %v, used %v", now, sessions[0].Seen, tokens[0].Used)
		}
		r.who(bearer(text))
		now = time.Now()
		stop() // keeps it too
		if tokens, err = r.Tokens(t.Context()); err != nil || !tokens[0].Used.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("at the end: used %v, %v", tokens[0].Used, err)
		}
		r.store.Close()
	})
}

func TestTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, text, err := r.CreateToken(t.Context(), "nvr", grants("view:front"), time.Now().Add(time.Hour), false)
		must(t, err)
		_, ever := r.token("ever", "view:front")
		time.Sleep(time.Hour - time.Second)
		if !r.who(bearer(text.Reveal())).Known() {
			t.Error("expired too soon")
		}
		time.Sleep(time.Second)
		if _, err := r.Identify(request(bearer(text.Reveal())), viewFront); !errors.Is(err, ErrDenied) {
			t.Errorf("not expired: %v", err)
		}
		time.Sleep(10 * 365 * 24 * time.Hour)
		if !r.who(bearer(ever)).Known() {
			t.Error("one without an end ended")
		}
		if _, _, err := r.CreateToken(t.Context(), "late", nil, time.Now(), false); !errors.Is(err, ErrBadLifetime) {
			t.Errorf("%v", err)
		}
		r.store.Close()
	})
}

func TestTokens(t *testing.T) {
	r := newRig(t)
	token, text := r.token("nvr", "view:front", "admin")
	if !strings.HasPrefix(text, "fg_") || len(text) != tokenLength || token.Name != "nvr" || len(token.Grants) != 2 {
		t.Errorf("%+v, %d characters", token, len(text))
	}
	if _, _, err := r.CreateToken(t.Context(), "NVR", nil, time.Time{}, false); !errors.Is(err, ErrExists) {
		t.Errorf("taken: %v", err)
	}
	if _, _, err := r.CreateToken(t.Context(), "a:b", nil, time.Time{}, false); !errors.Is(err, ErrBadName) {
		t.Errorf("bad name: %v", err)
	}
	if _, _, err := r.CreateToken(t.Context(), "x", []Grant{{"x", "y"}}, time.Time{}, false); !errors.Is(err, ErrBadGrant) {
		t.Errorf("bad grant: %v", err)
	}
	must(t, r.RevokeToken(t.Context(), token.ID))
	if _, err := r.Identify(request(bearer(text)), viewFront); !errors.Is(err, ErrDenied) {
		t.Errorf("revoked: %v", err)
	}
	if err := r.RevokeToken(t.Context(), token.ID); !errors.Is(err, ErrUnknown) {
		t.Errorf("again: %v", err)
	}
}

func TestFirstStart(t *testing.T) {
	r := newRig(t)
	other := openRig(t, r.dir) // a second process at the same time
	var mu sync.Mutex
	var told []*FirstStart
	var race sync.WaitGroup
	for _, a := range []*Auth{r.Auth, other.Auth} {
		race.Go(func() {
			first, err := a.FirstStart(t.Context())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if first != nil {
				told = append(told, first)
			}
		})
	}
	race.Wait()
	if len(told) != 1 || told[0].User != "admin" || len(told[0].Password.Reveal()) != 23 {
		t.Fatalf("%+v", told)
	}
	if p := r.who(basic("admin", told[0].Password.Reveal())); !Authorize(p, Admin, "") {
		t.Errorf("%v may not do everything", p)
	}
	r.user("anna", "admin")
	if !r.who(basic("admin", told[0].Password.Reveal())).FirstPassword() || r.who(basic("anna", good)).FirstPassword() {
		t.Error("whose password is the first start's is not known")
	}
	w := httptest.NewRecorder()
	p, err := other.LoginByLink(w, request(), told[0].Login)
	if err != nil || p.Name() != "admin" || !r.who(cookie(onlyCookie(t, w))).Known() {
		t.Errorf("%v, %v", p, err)
	}
	if first, err := r.FirstStart(t.Context()); first != nil || err != nil {
		t.Errorf("again: %+v, %v", first, err)
	}
	must(t, r.SetPassword(t.Context(), "admin", secret.New(good)))
	if admin, err := r.User(t.Context(), "admin"); err != nil || admin.First || r.who(basic("admin", good)).FirstPassword() {
		t.Errorf("another password is told to be the first start's: %+v, %v", admin, err)
	}
}

func TestFirstStartAfterUsersWithoutAdmin(t *testing.T) {
	r := newRig(t)
	r.user("Admin", "view:front")
	first, err := r.FirstStart(t.Context())
	must(t, err)
	if first == nil || first.User != "admin2" {
		t.Fatalf("%+v", first)
	}
	if Authorize(r.who(basic("admin", good)), Admin, "") {
		t.Error("who was there became admin")
	}
}

func TestLoginLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.user("anna", "view:front")
		use := func(text secret.Text) error {
			w := httptest.NewRecorder()
			_, err := r.LoginByLink(w, request(), text)
			if (err == nil) != (len(w.Result().Cookies()) == 1) {
				t.Errorf("error %v with cookies %v", err, w.Result().Cookies())
			}
			return err
		}
		fresh := func() secret.Text {
			return r.loginLink("anna")
		}
		once := fresh()
		time.Sleep(loginLinkLifetime - time.Second)
		must(t, use(once))
		if err := use(once); !errors.Is(err, ErrDenied) {
			t.Errorf("twice: %v", err)
		}
		late := fresh()
		time.Sleep(loginLinkLifetime)
		if err := use(late); !errors.Is(err, ErrDenied) {
			t.Errorf("late: %v", err)
		}
		replaced := fresh()
		must(t, use(fresh()))
		outlived := fresh()
		must(t, r.SetPassword(t.Context(), "anna", hidden("another password")))
		for _, text := range []secret.Text{replaced, outlived, hidden(""), hidden("x"), hidden(strings.Repeat("x", 1<<20))} {
			if err := use(text); !errors.Is(err, ErrDenied) {
				t.Errorf("%.10q: %v", text.Reveal(), err)
			}
		}
		r.store.Close()
	})
}

func TestLoginLinksAreForSessions(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	_, token := r.token("nvr", "admin")
	for name, p := range map[string]Principal{"nobody": {}, "token": r.who(bearer(token)), "no session": r.who(basic("anna", good))} {
		if text, _, err := r.LoginLink(t.Context(), p); !errors.Is(err, ErrForbidden) || !text.Empty() {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := r.who(cookie(r.login("anna")))
	must(t, r.RevokeSession(t.Context(), p.SessionID()))
	if text, _, err := r.LoginLink(t.Context(), p); !errors.Is(err, ErrDenied) || !text.Empty() {
		t.Errorf("by a session that was ended: %v", err)
	}
}

func TestChangePassword(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	mine, other := r.login("anna"), r.login("anna")
	_, token := r.token("nvr", "admin")
	change := func(p Principal, old, new string) (*httptest.ResponseRecorder, error) {
		r.limits = passwords.NewLimiter()
		w := httptest.NewRecorder()
		_, err := r.ChangePassword(w, request(cookie(mine)), p, hidden(old), hidden(new))
		return w, err
	}
	anna := r.who(cookie(mine))
	for _, test := range []struct {
		p        Principal
		old, new string
		want     error
	}{
		{anna, "wrong password", "another password", ErrDenied},
		{anna, good, "short", ErrWeakPassword},
		{anna, good, good, ErrWeakPassword},                                  // the one that was printed would count as one's own
		{r.who(basic("anna", good)), good, "another password", ErrForbidden}, // who has but the password cannot keep its owner out
		{r.who(bearer(token)), good, "another password", ErrForbidden},
		{Principal{}, good, "another password", ErrForbidden},
	} {
		if _, err := change(test.p, test.old, test.new); !errors.Is(err, test.want) {
			t.Errorf("%v: %v, want %v", test.p, err, test.want)
		}
	}
	if !r.who(cookie(other)).Known() {
		t.Error("an attempt ended a session")
	}
	w, err := change(anna, good, "another password")
	must(t, err)
	if r.who(cookie(mine)).Known() || r.who(cookie(other)).Known() || !r.who(cookie(onlyCookie(t, w))).Known() {
		t.Error("not exactly the new session lives")
	}
}

func TestLastAdminStays(t *testing.T) {
	r := newRig(t)
	r.user("anna", "admin")
	if err := r.RemoveUser(t.Context(), "anna"); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("removed: %v", err)
	}
	if err := r.SetGrants(t.Context(), "anna", grants("view:*")); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("demoted: %v", err)
	}
	r.user("berta", "admin")
	must(t, r.SetGrants(t.Context(), "ANNA", grants("view:*")))
	if err := r.RemoveUser(t.Context(), "berta"); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("berta: %v", err)
	}
	users, err := r.Users(t.Context())
	must(t, err)
	if len(users) != 2 || users[0].Name != "anna" || users[0].Grants[0].String() != "view:*" || users[1].Grants[0].String() != "admin" {
		t.Errorf("%+v", users)
	}
}

func TestManagingWhoIsUnknown(t *testing.T) {
	r := newRig(t)
	_, err := r.User(t.Context(), "x")
	for what, err := range map[string]error{
		"user": err, "password": r.SetPassword(t.Context(), "x", hidden(good)), "grants": r.SetGrants(t.Context(), "x", nil), "remove": r.RemoveUser(t.Context(), "x"),
	} {
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestNothingSecretIsLeftBehind looks for everything secret in the log and the
// database, as text and as SQLite may cut it.
func TestNothingSecretIsLeftBehind(t *testing.T) {
	r := newRig(t)
	first, err := r.FirstStart(t.Context())
	must(t, err)
	secrets := map[string]string{"password": good, "first password": first.Password.Reveal(), "login link": first.Login.Reveal()}
	r.user("anna", "view:front")
	session := r.login("anna")
	_, secrets["token"] = r.token("nvr", "view:front")
	secrets["cookie"] = session.Value
	secrets["second login link"] = r.loginLink("anna").Reveal()
	secrets["link key"] = string(*r.linkKey.Load())
	signed, err := r.SignLink(t.Context(), r.who(cookie(session)), View, "front", time.Hour)
	must(t, err)
	secrets["signature"] = signed.Get("sig")
	r.who(bearer(secrets["token"]))
	r.who(query(signed))
	secrets["wrong password"] = "canary-wrong-password"
	r.Identify(request(basic("anna", secrets["wrong password"])), viewFront)
	r.Identify(request(basic("canary-name-or-password", "x")), viewFront)
	r.LoginByLink(httptest.NewRecorder(), request(), hidden("canary-login-link"))
	secrets["canaries"] = "canary"

	for name, text := range secrets {
		if strings.Contains(r.log.String(), text) {
			t.Errorf("%s is in the log", name)
		}
	}
	if !strings.Contains(r.log.String(), "192.0.2.1") {
		t.Error("the log does not say where refused logins come from")
	}
	must(t, r.store.Close()) // before the files are opened, whose locks that would lose
	b, err := os.ReadFile(filepath.Join(r.dir, "state.db"))
	must(t, err)
	for name, text := range secrets {
		if bytes.Contains(b, []byte(text)) {
			t.Errorf("%s is in the database", name)
		}
	}
	if !bytes.Contains(b, []byte("anna")) || !bytes.Contains(b, []byte("$argon2id$")) {
		t.Error("the database is not where it was looked for")
	}
}

func TestDamagedLinkKey(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir())
	must(t, err)
	defer s.Close()
	_, err = s.SecretOrSet(t.Context(), "link key", secret.New("short"))
	must(t, err)
	if _, err := New(t.Context(), Options{Store: s}); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("%v", err)
	}
}
