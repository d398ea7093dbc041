package auth

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// refuseRemovals lets the database refuse what takes accesses away, as a full
// disk does, until again is called.
func (r *rig) refuseRemovals() (again func()) {
	r.t.Helper()
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(r.dir, "state.db")), RawQuery: "mode=rw&_pragma=busy_timeout(30000)"}
	db, err := sql.Open("sqlite", file.String())
	must(r.t, err)
	r.t.Cleanup(func() { db.Close() })
	tables := []string{"sessions", "tokens", "users", "user_grants", "links"}
	for _, table := range tables {
		_, err := db.Exec("CREATE TRIGGER full_" + table + " BEFORE DELETE ON " + table + " BEGIN SELECT RAISE(FAIL, 'no room'); END")
		must(r.t, err)
	}
	return func() {
		r.t.Helper()
		for _, table := range tables {
			_, err := db.Exec("DROP TRIGGER full_" + table)
			must(r.t, err)
		}
	}
}

// What is taken away ends at once, also where that cannot be written, which is
// said; and it is written as soon as it can be.
func TestTakenAwayAlthoughItCannotBeWritten(t *testing.T) {
	for what, test := range map[string]struct {
		take func(r *rig, session *http.Cookie, token Token) error
		ends string // of the cookie, the token and berta's password
	}{
		"a log out": {func(r *rig, session *http.Cookie, _ Token) error {
			w := httptest.NewRecorder()
			err := r.Logout(w, request(cookie(session)))
			if onlyCookie(t, w).MaxAge >= 0 {
				t.Error("the cookie stays")
			}
			return err
		}, "cookie"},
		"a session": {func(r *rig, session *http.Cookie, _ Token) error {
			return r.RevokeSession(t.Context(), r.who(cookie(session)).SessionID())
		}, "cookie"},
		"a token": {func(r *rig, _ *http.Cookie, token Token) error { return r.RevokeToken(t.Context(), token.ID) }, "token"},
		"a link":  {func(r *rig, _ *http.Cookie, _ Token) error { return r.RevokeLink(t.Context(), 1) }, "link"},
		"a user":  {func(r *rig, _ *http.Cookie, _ Token) error { return r.RemoveUser(t.Context(), "berta") }, "cookie password"},
		"a grant": {func(r *rig, _ *http.Cookie, _ Token) error {
			return r.SetGrants(t.Context(), "berta", grants("view:other", "publish:front"))
		}, "cookie password"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.t = t
			r.user("anna", "admin")
			r.user("berta", "view:*")
			token, text := r.token("nvr", "view:front")
			session := r.login("berta")
			ways := map[string]func(*http.Request){"cookie": cookie(session), "token": bearer(text), "password": basic("berta", good)}
			_, address := r.lasting("", "front", time.Time{})
			ways["link"] = query(address)
			open := make(map[string]context.Context)
			for name, with := range ways {
				ctx, stop := r.Watch(t.Context(), r.who(with), View, "front")
				defer stop()
				open[name] = ctx
			}
			again := r.refuseRemovals()
			if err := test.take(r, session, token); err == nil || errors.Is(err, ErrUnwritten) || open["cookie"].Err() != nil {
				t.Fatalf("where nobody is to be kept out: %v", err)
			}
			stop := r.run()
			for !r.running.Load() {
				time.Sleep(time.Millisecond)
			}
			err := test.take(r, session, token)
			if !errors.Is(err, ErrUnwritten) || !strings.Contains(err.Error(), "after a restart") {
				t.Errorf("%v", err)
			}
			for name, with := range ways {
				ends := strings.Contains(test.ends, name)
				p, err := r.Identify(request(with), viewFront)
				if may := err == nil && Authorize(p, View, "front"); may == ends || (open[name].Err() != nil) != ends {
					t.Errorf("%s: may still: %v, goes on: %v", name, may, open[name].Err() == nil)
				}
				if Authorize(p, Publish, "front") {
					t.Errorf("%s: was given something", name)
				}
			}
			again()
			stop() // which tries again
			must(t, r.store.Close())
			after := openRig(t, r.dir)
			for name, with := range ways {
				if p, _ := after.Identify(request(with), viewFront); Authorize(p, View, "front") == strings.Contains(test.ends, name) {
					t.Errorf("%s: after it was written and a restart: %v", name, p)
				}
			}
		})
	}
}

// The last admin cannot be taken away in memory either, whoever else was.
func TestLastAdminStaysWhereNothingCanBeWritten(t *testing.T) {
	r := newRig(t)
	r.user("anna", "admin")
	r.user("berta", "admin")
	r.refuseRemovals()
	r.run()
	for !r.running.Load() {
		time.Sleep(time.Millisecond)
	}
	if err := r.RemoveUser(t.Context(), "anna"); !errors.Is(err, ErrUnwritten) {
		t.Errorf("one of two: %v", err)
	}
	for what, err := range map[string]error{"removing": r.RemoveUser(t.Context(), "berta"), "grants": r.SetGrants(t.Context(), "berta", grants("view:*"))} {
		if err == nil || errors.Is(err, ErrUnwritten) {
			t.Errorf("%s the last one: %v", what, err)
		}
	}
	if p := r.who(basic("berta", good)); !Authorize(p, Admin, "") {
		t.Error("nobody is admin")
	}
}

func TestPermissionsThatBothHave(t *testing.T) {
	for _, test := range []struct{ a, b string }{
		{"admin", "admin"},
		{"admin", "view:*"},
		{"admin", "view:front publish:back"},
		{"view:*", "view:front publish:front"},
		{"view:* publish:front", "publish:* view:back"},
		{"view:front", "view:back"},
		{"admin view:front", "view:*"},
		{"metrics", "metrics view:*"},
		{"admin", "metrics"},
		{"metrics", "view:*"},
		{"add", "add metrics"},
		{"admin", "add"},
	} {
		a, b := permit(grants(strings.Fields(test.a)...)), permit(grants(strings.Fields(test.b)...))
		for _, both := range []permissions{a.and(b), b.and(a)} {
			for _, camera := range []string{"front", "back", "other"} {
				for _, action := range []Action{View, Publish, Playback, Metrics, Add, Admin} {
					at := camera
					if action.alone() {
						at = ""
					}
					want := Authorize(Principal{permissions: a}, action, at) && Authorize(Principal{permissions: b}, action, at)
					if Authorize(Principal{permissions: both}, action, at) != want {
						t.Errorf("%s and %s: %s %s", test.a, test.b, action, at)
					}
				}
			}
		}
	}
}
