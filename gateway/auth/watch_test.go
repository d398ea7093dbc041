package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/store"
)

// TestRevokingEndsWhatIsOpen lets four principals watch two cameras, and takes
// one thing after another away.
func TestRevokingEndsWhatIsOpen(t *testing.T) {
	for name, test := range map[string]struct {
		revoke func(*rig, opened) error
		ends   map[string]bool
	}{
		"logout":         {func(r *rig, o opened) error { return r.Logout(httptest.NewRecorder(), request(cookie(o.cookie))) }, map[string]bool{"cookie front": true, "cookie gate": true, "cookie login": true}},
		"session":        {func(r *rig, o opened) error { return r.RevokeSession(r.t.Context(), o.session) }, map[string]bool{"cookie front": true, "cookie gate": true, "cookie login": true}},
		"password":       {func(r *rig, o opened) error { return r.SetPassword(r.t.Context(), "anna", hidden("another password")) }, map[string]bool{"cookie front": true, "cookie gate": true, "cookie login": true, "basic front": true, "link front": true}},
		"user":           {func(r *rig, o opened) error { return r.RemoveUser(r.t.Context(), "anna") }, map[string]bool{"cookie front": true, "cookie gate": true, "cookie login": true, "basic front": true, "link front": true}},
		"grant":          {func(r *rig, o opened) error { return r.SetGrants(r.t.Context(), "anna", grants("view:gate")) }, map[string]bool{"cookie front": true, "basic front": true, "link front": true}},
		"token":          {func(r *rig, o opened) error { return r.RevokeToken(r.t.Context(), o.token) }, map[string]bool{"token front": true}},
		"token's grant":  {func(r *rig, o opened) error { return r.SetTokenGrants(r.t.Context(), o.token, grants("view:gate")) }, map[string]bool{"token front": true}},
		"more permitted": {func(r *rig, o opened) error { return r.SetGrants(r.t.Context(), "anna", grants("admin")) }, nil},
		"somebody else":  {func(r *rig, o opened) error { return r.RemoveUser(r.t.Context(), "berta") }, nil},
		"what is last":   {func(r *rig, o opened) error { r.loginLink("anna"); return nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			o := r.openAll()
			must(t, test.revoke(r, o))
			for what, ctx := range o.contexts { // at once: no wait, no Run
				if (ctx.Err() != nil) != test.ends[what] {
					t.Errorf("%s: %v", what, ctx.Err())
				}
				if ctx.Err() != nil && !errors.Is(context.Cause(ctx), ErrRevoked) {
					t.Errorf("%s ended because of %v", what, context.Cause(ctx))
				}
			}
			if n := r.Stats().Watched; n != len(o.contexts)-len(test.ends) {
				t.Errorf("%d still watched", n)
			}
		})
	}
}

type opened struct {
	contexts       map[string]context.Context
	cookie         *httpCookie
	session, token int64
}

// openAll opens streams of a user in all ways, and of a token.
func (r *rig) openAll() opened {
	r.user("anna", "view:front", "view:gate")
	r.user("berta", "view:front")
	token, text := r.token("nvr", "view:front")
	session := r.login("anna")
	user := r.who(cookie(session))
	link, err := r.SignLink(r.t.Context(), user, View, "front", time.Hour)
	must(r.t, err)
	o := opened{contexts: make(map[string]context.Context), cookie: session, session: user.SessionID(), token: token.ID}
	open := func(name string, p Principal, camera string) {
		ctx, stop := r.Watch(r.t.Context(), p, View, camera)
		r.t.Cleanup(stop)
		o.contexts[name+" "+camera] = ctx
	}
	open("cookie", user, "front")
	open("cookie", user, "gate")
	open("basic", r.who(basic("anna", good)), "front")
	open("link", r.who(query(link)), "front")
	open("token", r.who(bearer(text)), "front")
	ctx, stop := r.WatchLogin(r.t.Context(), user)
	r.t.Cleanup(stop)
	o.contexts["cookie login"] = ctx
	for name, ctx := range o.contexts {
		if ctx.Err() != nil {
			r.t.Fatalf("%s: %v", name, context.Cause(ctx))
		}
	}
	return o
}

func TestWatchOfWhatIsNotAllowed(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	anna := r.who(basic("anna", good))
	for name, watch := range map[string]func() (context.Context, func()){
		"nobody":         func() (context.Context, func()) { return r.Watch(t.Context(), Principal{}, View, "front") },
		"nobody's login": func() (context.Context, func()) { return r.WatchLogin(t.Context(), Principal{}) },
		"another camera": func() (context.Context, func()) { return r.Watch(t.Context(), anna, View, "gate") },
		"no action":      func() (context.Context, func()) { return r.Watch(t.Context(), anna, "", "") },
	} {
		ctx, stop := watch()
		if !errors.Is(context.Cause(ctx), ErrRevoked) {
			t.Errorf("%s: %v", name, context.Cause(ctx))
		}
		stop()
		stop() // twice does no harm
	}
}

// TestRevokedBetweenIdentifyAndWatch takes the permission away in the moment
// when neither looks.
func TestRevokedBetweenIdentifyAndWatch(t *testing.T) {
	r := newRig(t)
	token, text := r.token("nvr", "view:front")
	p := r.who(bearer(text))
	must(t, r.RevokeToken(t.Context(), token.ID))
	ctx, stop := r.Watch(t.Context(), p, View, "front")
	defer stop()
	if ctx.Err() == nil {
		t.Error("it was let in")
	}
}

func TestWatchCostsNoGoroutine(t *testing.T) {
	r := newRig(t)
	_, text := r.token("nvr", "view:front")
	p := r.who(bearer(text))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := runtime.NumGoroutine()
	for range 500 {
		_, stop := r.Watch(ctx, p, View, "front")
		defer stop()
	}
	if n := runtime.NumGoroutine() - before; n > 20 {
		t.Errorf("%d goroutines for 500 viewers", n)
	}
	if n := r.Stats().Watched; n != 500 {
		t.Errorf("%d watched", n)
	}
}

func TestWatchEndsWithItsParent(t *testing.T) {
	r := newRig(t)
	_, text := r.token("nvr", "view:front")
	parent, cancel := context.WithCancel(t.Context())
	ctx, stop := r.Watch(parent, r.who(bearer(text)), View, "front")
	defer stop()
	cancel()
	if errors.Is(context.Cause(ctx), ErrRevoked) || ctx.Err() == nil {
		t.Errorf("%v", context.Cause(ctx))
	}
}

func TestWhatExpiresEndsWhatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		stopRun := r.run()
		r.user("anna", "view:front")
		session := r.login("anna")
		user := r.who(cookie(session))
		_, text, err := r.CreateToken(t.Context(), "nvr", grants("view:front"), time.Now().Add(time.Hour), false)
		must(t, err)
		link, err := r.SignLink(t.Context(), user, View, "front", time.Hour)
		must(t, err)
		byToken, stop1 := r.Watch(t.Context(), r.who(bearer(text.Reveal())), View, "front")
		byLink, stop2 := r.Watch(t.Context(), r.who(query(link)), View, "front")
		bySession, stop3 := r.Watch(t.Context(), user, View, "front")
		time.Sleep(time.Hour - 2*time.Second)
		if byToken.Err() != nil || byLink.Err() != nil {
			t.Error("ended too soon")
		}
		time.Sleep(7 * time.Second)
		if byToken.Err() == nil || byLink.Err() == nil {
			t.Error("did not end within 5 s")
		}
		// A wall that shows a camera makes no requests, but uses its session.
		stopRun()
		lookAgain := func(d time.Duration) { // as Run does more often
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Hour) {
				must(t, r.recheck(t.Context()))
			}
		}
		lookAgain(3 * sessionIdle)
		if bySession.Err() != nil {
			t.Error("a session in use ended as idle")
		}
		if !r.who(cookie(session)).Known() {
			t.Error("its cookie did")
		}
		lookAgain(sessionLifetime)
		if bySession.Err() == nil {
			t.Error("a session lives for ever")
		}
		stop1()
		stop2()
		stop3()
		r.store.Close()
	})
}

// TestOtherProcessEndsWhatIsOpen has a second process, as "framegate user" is
// one, take everything away beside a server that runs.
func TestOtherProcessEndsWhatIsOpen(t *testing.T) {
	r := newRig(t)
	r.run()
	o := r.openAll()
	// Something at the same time that must go on.
	r.user("boss", "admin")
	boss, stop := r.Watch(t.Context(), r.who(basic("boss", good), from("192.0.2.2:1")), Admin, "")
	defer stop()

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0])
	c.Env = append(os.Environ(), "FRAMEGATE_TEST_AUTH_REVOKE="+r.dir)
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s, %v", said, err)
	}
	began := time.Now()
	for name, ctx := range o.contexts {
		select {
		case <-ctx.Done():
		case <-time.After(30 * time.Second):
			t.Errorf("%s goes on", name)
		}
	}
	t.Logf("all ended %v after the other process", time.Since(began).Round(time.Millisecond))
	if boss.Err() != nil {
		t.Error("somebody else's ended too")
	}
	if r.who(cookie(o.cookie)).Known() {
		t.Error("the cookie lives on")
	}
}

// revokeAll is the other process.
func revokeAll(dir string) int {
	ctx := context.Background()
	s, err := store.Open(ctx, dir)
	if err == nil {
		defer s.Close()
		var a *Auth
		if a, err = New(ctx, Options{Store: s}); err == nil {
			tokens, listErr := a.Tokens(ctx)
			err = errors.Join(listErr, a.RemoveUser(ctx, "anna"))
			for _, token := range tokens {
				err = errors.Join(err, a.RevokeToken(ctx, token.ID))
			}
		}
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// TestOtherProcessIsSeenWithoutRun is what a request sees, two seconds at most
// after a change elsewhere.
func TestOtherProcessIsSeenWithoutRun(t *testing.T) {
	r := newRig(t)
	token, text := r.token("nvr", "view:front")
	r.who(bearer(text))
	other := openRig(t, r.dir)
	must(t, other.RevokeToken(t.Context(), token.ID))
	deadline := time.Now().Add(30 * time.Second)
	for {
		_, err := r.Identify(request(bearer(text)), viewFront)
		if errors.Is(err, ErrDenied) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the token lives on")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestDatabaseThatFailsLeavesOpenWhatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, text := r.token("nvr", "view:front")
		ctx, stop := r.Watch(t.Context(), r.who(bearer(text)), View, "front")
		stopRun := r.run()
		r.store.Close()
		time.Sleep(10 * time.Minute)
		if ctx.Err() != nil {
			t.Error("ended by a database that does not answer")
		}
		if _, err := r.Identify(request(bearer(text)), viewFront); err == nil || errors.Is(err, ErrDenied) {
			t.Errorf("somebody new: %v", err)
		}
		stop()
		stopRun()
		if n := countLines(r.log.String(), "level=ERROR"); n != 2 { // looking, and noting
			t.Errorf("said %d times", n)
		}
	})
}

// TestRevokedStreamEnds is the whole way, as a media route uses it: a viewer
// over HTTP whose token is revoked in the middle of a stream.
func TestRevokedStreamEnds(t *testing.T) {
	r := newRig(t)
	token, text := r.token("nvr", "view:front")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		watched, _, stop, err := r.Admit(request, viewFront)
		if err != nil {
			Challenge(w, request)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		defer stop()
		io.WriteString(w, "frame")
		w.(http.Flusher).Flush()
		<-watched.Context().Done()
	}))
	defer server.Close()
	client := server.Client()
	client.Timeout = time.Minute
	get := func() *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		must(t, err)
		request.SetBasicAuth("vlc", text)
		response, err := client.Do(request)
		must(t, err)
		return response
	}
	response := get()
	defer response.Body.Close()
	first := make([]byte, 5)
	if _, err := io.ReadFull(response.Body, first); err != nil || response.StatusCode != 200 {
		t.Fatalf("%d, %v", response.StatusCode, err)
	}
	must(t, r.RevokeToken(t.Context(), token.ID))
	if rest, err := io.ReadAll(response.Body); len(rest) != 0 || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	again := get()
	defer again.Body.Close()
	if again.StatusCode != 401 || again.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("%d %v", again.StatusCode, again.Header)
	}
}
