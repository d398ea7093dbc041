package auth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/auth/passwords"
)

func TestNobody(t *testing.T) {
	r := newRig(t)
	p := r.who()
	if p.Known() || p.Kind() != Nobody || p.String() != "nobody" || Authorize(p, View, "front") {
		t.Errorf("%v", p)
	}
}

func TestWaysIn(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	_, token := r.token("nvr", "publish:front")
	session := r.login("anna")
	link, err := r.SignLink(t.Context(), r.who(basic("anna", good)), View, "front", time.Hour)
	must(t, err)
	ways := []struct {
		name string
		way  Ways
		with func(*http.Request)
		want string
	}{
		{"cookie", Cookie, cookie(session), "user:anna"},
		{"bearer", Bearer, bearer(token), "token:nvr"},
		{"bearer in another case", Bearer, func(r *http.Request) { r.Header.Set("Authorization", "bEARER  "+token) }, "token:nvr"},
		{"basic", Basic, basic("anna", good), "user:anna"},
		{"basic in another case", Basic, basic("ANNA", good), "user:anna"},
		{"basic with a token", Basic, basic("whoever", token), "token:nvr"},
		{"basic with a token alone", Basic, basic("", token), "token:nvr"},
		{"link", Link, query(link), "link:anna"},
	}
	for _, test := range ways {
		for _, allowed := range []Ways{Cookie, Bearer, Basic, Link, Control, Media} {
			p, err := r.Identify(request(test.with), Use{View, "front", allowed})
			want := "nobody" // a way that is not looked at
			if allowed&test.way != 0 {
				want = test.want
			}
			if err != nil || p.String() != want || p.Known() && p.Subject() != want {
				t.Errorf("%s, with ways %b: %v, %v; want %s", test.name, allowed, p, err, want)
			}
		}
	}
	t.Run("which goes first", func(t *testing.T) {
		for _, test := range []struct {
			want string
			with []func(*http.Request)
		}{
			{"link:anna", []func(*http.Request){query(link), bearer(token), cookie(session)}},
			{"token:nvr", []func(*http.Request){bearer(token), cookie(session)}},
			{"user:anna", []func(*http.Request){cookie(session), basic("x", token)}},
			{"token:nvr", []func(*http.Request){cookie(&http.Cookie{Name: clearCookie, Value: strings.Repeat("x", 43)}), basic("x", token)}},
			{"user:anna", []func(*http.Request){query(text("exp=1&sig=no")), cookie(session)}},
		} {
			if p := r.who(test.with...); p.String() != test.want {
				t.Errorf("%v, want %s", p, test.want)
			}
		}
	})
}

func TestWhatIsNotTrueIsDenied(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	_, token := r.token("nvr", "view:front")
	for name, with := range map[string]func(*http.Request){
		"token with a letter changed": bearer(token[:10] + string(token[10]^1) + token[11:]),
		"half a token":                bearer(token[:20]),
		"no token":                    bearer(""),
		"a password as token":         bearer(good),
		"wrong password":              basic("anna", "wrong password"),
		"unknown user":                basic("nobody", good),
		"no password":                 basic("anna", ""),
		"no name":                     basic("", good),
		"a very long password":        basic("anna", strings.Repeat("x", 10000)),
		"basic that is no base64":     func(r *http.Request) { r.Header.Set("Authorization", "Basic !!!") },
		"basic without colon":         func(r *http.Request) { r.Header.Set("Authorization", "Basic YW5uYQ==") },
		"two headers": func(r *http.Request) {
			r.Header["Authorization"] = []string{"Bearer " + token, "Bearer " + token}
		},
	} {
		r.limits = passwords.NewLimiter()
		p, err := r.Identify(request(with), viewFront)
		if !errors.Is(err, ErrDenied) || p.Known() {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
}

func TestPasswordIsHashedOnceForManyRequests(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	before := r.Stats().Hashed
	var together sync.WaitGroup
	for range 20 { // a page with many pictures
		together.Go(func() {
			if p, err := r.Identify(request(basic("anna", good)), viewFront); err != nil || p.Name() != "anna" {
				t.Errorf("%v, %v", p, err)
			}
		})
	}
	together.Wait()
	for range 20 {
		r.who(basic("anna", good), from("203.0.113.9:1"))
	}
	if hashed := r.Stats().Hashed - before; hashed != 1 {
		t.Errorf("hashed %d times", hashed)
	}
}

func TestVerifiedPasswordEndsWithThePassword(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	r.who(basic("anna", good))
	must(t, r.SetPassword(t.Context(), "anna", hidden("another password")))
	if p, err := r.Identify(request(basic("anna", good)), viewFront); !errors.Is(err, ErrDenied) {
		t.Errorf("the old one: %v, %v", p, err)
	}
	if p := r.who(basic("anna", "another password"), from("192.0.2.2:1")); p.Name() != "anna" {
		t.Errorf("the new one: %v", p)
	}
	r.user("berta", "admin")
	must(t, r.RemoveUser(t.Context(), "anna"))
	if p, err := r.Identify(request(basic("anna", "another password"), from("192.0.2.3:1")), viewFront); !errors.Is(err, ErrDenied) {
		t.Errorf("of a user that is gone: %v, %v", p, err)
	}
}

func TestVerifiedPasswordIsHashedAgainAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.user("anna", "view:front")
		r.who(basic("anna", good))
		before := r.Stats().Hashed
		time.Sleep(verifiedFor - time.Second)
		r.who(basic("anna", good))
		if hashed := r.Stats().Hashed - before; hashed != 0 {
			t.Errorf("too soon: %d", hashed)
		}
		time.Sleep(2 * time.Second)
		r.who(basic("anna", good))
		if hashed := r.Stats().Hashed - before; hashed != 1 {
			t.Errorf("afterwards: %d", hashed)
		}
		r.store.Close() // its goroutine is of this bubble
	})
}

// TestUnknownUsersCostTheSame counts what takes the time: hashes.
func TestUnknownUsersCostTheSame(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	hashes := func(name, password string) int64 {
		r.limits, r.wrong = passwords.NewLimiter(), passwords.NewRemembered(wrongFor, maxWrong)
		before := r.Stats().Hashed
		if _, err := r.Identify(request(basic(name, password)), viewFront); !errors.Is(err, ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
		return r.Stats().Hashed - before
	}
	for _, test := range []struct{ name, password string }{
		{"anna", "wrong password"}, {"nobody", "wrong password"}, {"", ""}, {"anna", ""}, {"nobody", ""}, {strings.Repeat("n", 300), "x"},
	} {
		if n := hashes(test.name, test.password); n != 1 && len(test.name) < 300 || n > 1 {
			t.Errorf("%q: %d hashes", test.name, n)
		}
	}
}

// How many wrong passwords are taken within an hour from one address, and what
// lies between two at least.
const (
	perHour         = 20
	betweenAttempts = time.Second
)

// guess makes an attempt that fails, and says how long to wait if it was not
// taken.
func guess(l *passwords.Limiter, address netip.Addr, name string) time.Duration {
	done, err := l.Await(context.Background(), address, name)
	if err != nil {
		return RetryAfter(err)
	}
	done(passwords.Wrong)
	return 0
}

func TestGuessingIsLimited(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	session := r.login("anna", from("203.0.113.50:1"))
	_, token := r.token("nvr", "view:front")
	if _, err := r.Identify(request(basic("anna", "wrong password")), viewFront); !errors.Is(err, ErrDenied) {
		t.Errorf("the first: %v", err)
	}
	before := r.Stats()
	_, err := r.Identify(request(basic("anna", good)), viewFront)
	if !errors.Is(err, ErrTooManyAttempts) || RetryAfter(err) < time.Second {
		t.Errorf("the second, though right: %v", err)
	}
	w := httptest.NewRecorder()
	if _, err := r.Login(w, request(), "anna", hidden(good)); !errors.Is(err, ErrTooManyAttempts) || len(w.Header()) > 0 {
		t.Errorf("the third: %v, %v", err, w.Header())
	}
	if after := r.Stats(); after.Hashed != before.Hashed || after.Limited != before.Limited+2 || after.Failed != 1 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if !r.who(cookie(session)).Known() || !r.who(bearer(token)).Known() || !r.who(basic("x", token)).Known() {
		t.Error("who needs no password is kept out")
	}
}

// A program that goes on with the password it has, old or mistyped, makes one
// guess: others of its address log in, and so does the user, at once and when
// the program has the right one.
func TestTheSameWrongPasswordAgainIsNoNewGuess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.user("anna", "view:front")
		r.user("berta", "view:front")
		old := basic("anna", "the password of last year")
		for range 3 * perHour {
			if p, err := r.Identify(request(old), viewFront); !errors.Is(err, ErrDenied) {
				t.Fatalf("%v, %v", p, err)
			}
		}
		if s := r.Stats(); s.Hashed != 3 || s.Failed != int64(3*perHour) || s.Limited != 0 { // 2 made, 1 compared
			t.Errorf("%+v", s)
		}
		if n := countLines(r.log.String(), "login refused"); n != 1 {
			t.Errorf("the log says %d times that it was refused", n)
		}
		waitAttempt := func(with func(*http.Request), want string) {
			t.Helper()
			time.Sleep(betweenAttempts)
			if p, err := r.Identify(request(with), viewFront); err != nil || p.Name() != want {
				t.Errorf("%v, %v", p, err)
			}
		}
		waitAttempt(basic("berta", good), "berta")
		must(t, r.SetPassword(t.Context(), "anna", hidden("the password of last year")))
		waitAttempt(old, "anna")
		// It is not known anywhere else that it was wrong.
		before := r.Stats().Hashed
		r.Identify(request(basic("berta", "what anna tried"), from("192.0.2.7:1")), viewFront)
		r.Identify(request(basic("berta", "what anna tried"), from("192.0.2.8:1")), viewFront)
		if n := r.Stats().Hashed - before; n != 2 {
			t.Errorf("%d compared", n)
		}
		r.store.Close() // its goroutine is of this bubble
	})
}

func TestWrongNameMayBecomeRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if _, err := r.Identify(request(basic("anna", good)), viewFront); !errors.Is(err, ErrDenied) {
			t.Fatal(err)
		}
		r.user("anna", "view:front")
		time.Sleep(betweenAttempts)
		r.who(basic("anna", good))
		r.store.Close() // its goroutine is of this bubble
	})
}

// Where a user logged in before is known after a restart, and there neither
// those next door nor strangers lock the user out.
func TestKnownPlacesSurviveARestart(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	stop := r.run()
	r.login("anna")
	stop()
	must(t, r.store.Close())
	again := openRig(t, r.dir)
	for i := range 100 {
		guess(again.limits, somewhere, "berta")
		guess(again.limits, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), "anna")
	}
	if wait := guess(again.limits, somewhere, "berta"); wait == 0 {
		t.Error("those next door are not limited")
	}
	again.login("anna")
}

// TestAttemptThatWasGivenUp is neither counted as wrong nor as right, however
// often it is made.
func TestAttemptThatWasGivenUp(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	hasher := r.hasher
	r.hasher = passwords.NewHasher(0) // it is never our turn
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if _, err := r.checkLogin(gone, somewhere, "anna", "a guess"); !errors.Is(err, context.Canceled) {
			t.Fatalf("%v", err)
		}
	}
	r.hasher = hasher
	if len(r.limits.TakePlaces()) != 0 {
		t.Error("the address counts as one where the user logged in")
	}
	r.who(basic("anna", good), from(somewhere.String()+":1"))
	if len(r.limits.TakePlaces()) != 1 {
		t.Error("now it should")
	}
}

func TestAuthOff(t *testing.T) {
	r := newRig(t)
	open, err := New(t.Context(), Options{Store: r.store, Open: true})
	must(t, err)
	for _, with := range []func(*http.Request){func(*http.Request) {}, bearer("x"), basic("x", "y"), query(text("exp=1&sig=2"))} {
		p, err := open.Identify(request(with), viewFront)
		if err != nil || p.Kind() != Anyone || !Authorize(p, Admin, "") || !Authorize(p, Publish, "front") || p.UserID() != 0 || p.Subject() != "" {
			t.Errorf("%v, %v", p, err)
		}
	}
	ctx, stop := open.Watch(t.Context(), anyone(), View, "front")
	if ctx.Err() != nil {
		t.Error("what anyone does has ended")
	}
	stop()
}

func TestAdmit(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	for _, test := range []struct {
		use  Use
		with func(*http.Request)
		want error
	}{
		{viewFront, func(*http.Request) {}, ErrDenied},
		{viewFront, basic("anna", good), nil},
		{Use{View, "gate", Media}, basic("anna", good), ErrForbidden},
		{Use{Publish, "front", Media}, basic("anna", good), ErrForbidden},
		{Use{Admin, "", Media}, basic("anna", good), ErrForbidden},
		{Use{"", "", Media}, basic("anna", good), ErrForbidden},
	} {
		watched, p, stop, err := r.Admit(request(test.with), test.use)
		if !errors.Is(err, test.want) || (test.want == nil) != (err == nil) {
			t.Errorf("%v: %v, %v", test.use, p, err)
		}
		if err != nil {
			continue
		}
		if watched.Context().Err() != nil || r.Stats().Watched != 1 {
			t.Errorf("%v: %v, %d watched", test.use, watched.Context().Err(), r.Stats().Watched)
		}
		stop()
		if watched.Context().Err() == nil || r.Stats().Watched != 0 {
			t.Errorf("%v: after stop %d watched", test.use, r.Stats().Watched)
		}
	}
}

func TestAdmitLogin(t *testing.T) {
	r := newRig(t)
	r.user("anna")
	watched, p, stop, err := r.AdmitLogin(request(basic("anna", good)), Media)
	if err != nil || p.Name() != "anna" || watched.Context().Err() != nil {
		t.Fatalf("%v, %v", p, err)
	}
	must(t, r.SetPassword(t.Context(), "anna", hidden("another password")))
	if watched.Context().Err() == nil {
		t.Error("it goes on without its password")
	}
	stop()
	if _, _, _, err := r.AdmitLogin(request(), Media); !errors.Is(err, ErrDenied) {
		t.Errorf("nobody: %v", err)
	}
	_, token := r.token("nvr", "view:front")
	link, err := r.SignLink(t.Context(), r.who(bearer(token)), View, "front", time.Hour)
	must(t, err)
	if _, p, _, err := r.AdmitLogin(request(query(link)), Media); !errors.Is(err, ErrDenied) {
		t.Errorf("a link: %v, %v", p, err)
	}
}

func TestChallengeIsForPlayers(t *testing.T) {
	for agent, want := range map[string]bool{"VLC/3.0.18 LibVLC/3.0.18": true, "Lavf/59": true, "": true, "Mozilla/5.0 (X11; Linux)": false} {
		w := httptest.NewRecorder()
		Challenge(w, request(func(r *http.Request) { r.Header.Set("User-Agent", agent) }))
		if got := w.Header().Get("WWW-Authenticate"); (got == `Basic realm="Framegate", charset="UTF-8"`) != want || (got == "") == want {
			t.Errorf("%q: %q", agent, got)
		}
	}
}
