package auth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLinkAllowsOneThing(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:*", "playback:*", "publish:front")
	link, err := r.SignLink(t.Context(), r.who(basic("anna", good)), View, "front", time.Hour)
	must(t, err)
	p := r.who(query(link))
	if p.Kind() != LinkKind || p.Name() != "anna" || p.UserID() != 0 || p.SessionID() != 0 || p.Expires().IsZero() {
		t.Errorf("%+v", p)
	}
	if !Authorize(p, View, "front") || Authorize(p, View, "gate") || Authorize(p, Playback, "front") || Authorize(p, Publish, "front") || Authorize(p, Admin, "") {
		t.Errorf("it allows %v", p.Grants())
	}
	for _, use := range []Use{{View, "gate", Media}, {Playback, "front", Media}, {Publish, "front", Media}, {Admin, "", Media}, {"", "", Media}, {View, "front\n", Media}} {
		if p, err := r.Identify(request(query(link)), use); !errors.Is(err, ErrDenied) || p.Known() {
			t.Errorf("used for %v: %v, %v", use, p, err)
		}
	}
}

func TestForgedLinks(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:*")
	r.user("berta", "view:*")
	link, err := r.SignLink(t.Context(), r.who(basic("anna", good)), View, "front", time.Hour)
	must(t, err)
	exp, sig := link.Get("exp"), link.Get("sig")
	other := newRig(t)
	other.user("anna", "view:*")
	elsewhere, err := other.SignLink(t.Context(), other.who(basic("anna", good)), View, "front", time.Hour)
	must(t, err)
	forged := map[string]string{
		"later":          "exp=9" + exp + "&sig=" + sig,
		"another number": "exp=0" + exp + "&sig=" + sig,
		"with a sign":    "exp=%2B" + exp + "&sig=" + sig,
		"no number":      "exp=x&sig=" + sig,
		"no time":        "sig=" + sig,
		"no signature":   "exp=" + exp,
		"empty":          "exp=&sig=",
		"two times":      "exp=" + exp + "&exp=" + exp + "&sig=" + sig,
		"two signatures": "exp=" + exp + "&sig=" + sig + "&sig=" + sig,
		"shorter":        "exp=" + exp + "&sig=" + sig[:len(sig)-1],
		"longer":         "exp=" + exp + "&sig=" + sig + "A",
		"no base64":      "exp=" + exp + "&sig=" + strings.Repeat("!", len(sig)),
		"another key":    elsewhere.Encode(),
		"zeros":          "exp=" + exp + "&sig=" + strings.Repeat("A", len(sig)),
	}
	for i := range sig { // each character, so the maker's too
		changed := []byte(sig)
		changed[i] ^= 1
		if changed[i] == '`' || changed[i] == '@' {
			changed[i] = 'x'
		}
		forged["character "+string(rune('0'+i))] = "exp=" + exp + "&sig=" + url.QueryEscape(string(changed))
	}
	for name, q := range forged {
		if p, err := r.Identify(request(query(text(q))), viewFront); !errors.Is(err, ErrDenied) || p.Known() {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	if !r.who(query(link)).Known() {
		t.Error("the true one does not work")
	}
	if !r.who(query(text(link.Encode() + "&width=640"))).Known() {
		t.Error("with a width it does not work")
	}
}

func FuzzLink(f *testing.F) {
	r := newRig(f)
	f.Add("exp=1700000000&sig=AQAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("exp=&sig=&exp=")
	f.Fuzz(func(t *testing.T, q string) {
		with := func(r *http.Request) { r.URL.RawQuery = q }
		if p, err := r.Identify(request(with), viewFront); p.Known() || err != nil && !errors.Is(err, ErrDenied) {
			t.Errorf("%q: %v, %v", q, p, err)
		}
	})
}

func TestLinkExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, token := r.token("nvr", "view:front")
		link, err := r.SignLink(t.Context(), r.who(bearer(token)), View, "front", time.Hour)
		must(t, err)
		time.Sleep(time.Hour - 2*time.Second)
		if p := r.who(query(link)); p.String() != "link:nvr" {
			t.Errorf("%v", p)
		}
		time.Sleep(2 * time.Second)
		if _, err := r.Identify(request(query(link)), viewFront); !errors.Is(err, ErrDenied) {
			t.Errorf("after its end: %v", err)
		}
		r.store.Close()
	})
}

func TestLinkDiesWithItsMaker(t *testing.T) {
	for name, end := range map[string]func(*rig, Token) error{
		"removed":  func(r *rig, _ Token) error { return r.RemoveUser(r.t.Context(), "anna") },
		"password": func(r *rig, _ Token) error { return r.SetPassword(r.t.Context(), "anna", secret("another password")) },
		"grants":   func(r *rig, _ Token) error { return r.SetGrants(r.t.Context(), "anna", grants("view:gate")) },
		"token":    func(r *rig, token Token) error { return r.RevokeToken(r.t.Context(), token.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.user("anna", "view:front")
			token, text := r.token("nvr", "view:front")
			maker := r.who(basic("anna", good))
			if name == "token" {
				maker = r.who(bearer(text))
			}
			link, err := r.SignLink(t.Context(), maker, View, "front", time.Hour)
			must(t, err)
			ctx, stop := r.Watch(t.Context(), r.who(query(link)), View, "front")
			defer stop()
			if ctx.Err() != nil {
				t.Fatal("ended before")
			}
			must(t, end(r, token))
			if ctx.Err() == nil {
				t.Error("what was open stays open")
			}
			if p, err := r.Identify(request(query(link)), viewFront); err == nil && Authorize(p, View, "front") {
				t.Errorf("it still allows %v", p.Grants())
			}
		})
	}
}

func TestWhatCannotBeSigned(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	r.user("boss", "admin")
	anna, boss := r.who(basic("anna", good)), r.who(basic("boss", good), from("192.0.2.2:1"))
	link, err := r.SignLink(t.Context(), anna, View, "front", time.Hour)
	must(t, err)
	for _, test := range []struct {
		name     string
		p        Principal
		action   Action
		camera   string
		lifetime time.Duration
		want     error
	}{
		{"what it may not do", anna, Publish, "front", time.Hour, ErrForbidden},
		{"another camera", anna, View, "gate", time.Hour, ErrForbidden},
		{"admin", boss, Admin, "", time.Hour, ErrForbidden},
		{"all cameras", boss, View, "*", time.Hour, ErrForbidden},
		{"by a link", r.who(query(link)), View, "front", time.Hour, ErrForbidden},
		{"by nobody", Principal{}, View, "front", time.Hour, ErrForbidden},
		{"by anyone", anyone(), View, "front", time.Hour, ErrForbidden},
		{"for ever", anna, View, "front", 365 * 24 * time.Hour, ErrBadLifetime},
		{"for no time", anna, View, "front", 0, ErrBadLifetime},
		{"for less", anna, View, "front", -time.Hour, ErrBadLifetime},
	} {
		if q, err := r.SignLink(t.Context(), test.p, test.action, test.camera, test.lifetime); !errors.Is(err, test.want) || q != nil {
			t.Errorf("%s: %v, %v", test.name, q, err)
		}
	}
	must(t, r.RemoveUser(t.Context(), "anna"))
	if _, err := r.SignLink(t.Context(), anna, View, "front", time.Hour); !errors.Is(err, ErrDenied) {
		t.Errorf("by one who is gone: %v", err)
	}
}
