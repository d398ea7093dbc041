package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
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
		"password": func(r *rig, _ Token) error { return r.SetPassword(r.t.Context(), "anna", hidden("another password")) },
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

// lasting makes a lasting link as an admin.
func (r *rig) lasting(name, camera string, expires time.Time) (LastingLink, text) {
	r.t.Helper()
	admin := Principal{kind: UserKind, id: 1, name: "boss", permissions: permissions{admin: true}}
	l, query, err := r.MakeLink(context.Background(), admin, name, View, camera, expires)
	must(r.t, err)
	return l, text(query.Encode())
}

func TestLastingLinkAllowsOneThing(t *testing.T) {
	r := newRig(t)
	made, address := r.lasting("printer", "front", time.Time{})
	p := r.who(query(address))
	if p.String() != "link:printer" || p.Subject() != "link:printer" || !p.Expires().IsZero() {
		t.Errorf("%+v", p)
	}
	if !Authorize(p, View, "front") || len(p.Grants()) != 1 {
		t.Errorf("it allows %v", p.Grants())
	}
	for _, use := range []Use{{View, "gate", Media}, {Playback, "front", Media}, {Publish, "front", Media}, {Admin, "", Media}, {"", "", Media}} {
		if p, err := r.Identify(request(query(address)), use); !errors.Is(err, ErrDenied) || p.Known() {
			t.Errorf("used for %v: %v, %v", use, p, err)
		}
	}
	if p, err := r.Identify(request(query(address)), Use{View, "front", Control | Basic}); err != nil || p.Known() {
		t.Errorf("where links are not taken: %v, %v", p, err)
	}
	_, unnamed := r.lasting("", "front", time.Time{})
	if p := r.who(query(unnamed)); p.String() != "link:2" {
		t.Errorf("without a name it is %v", p)
	}
	all, err := r.Links(t.Context())
	if err != nil || len(all) != 2 || all[0] != made || made.Maker != "user:boss" {
		t.Errorf("%+v, %v", all, err)
	}
	must(t, r.flush(t.Context()))
	if all, _ = r.Links(t.Context()); all[0].Used.IsZero() {
		t.Error("it was not used")
	}
}

func TestForgedLastingLinks(t *testing.T) {
	r := newRig(t)
	_, address := r.lasting("", "front", time.Time{})
	_, gate := r.lasting("", "gate", time.Time{})
	r.user("anna", "view:front")
	timed, err := r.SignLink(t.Context(), r.who(basic("anna", good)), View, "front", time.Hour)
	must(t, err)
	sig, exp := string(address)[len("link=1&sig="):], timed.Get("exp")
	forged := []string{
		"link=2&sig=" + sig, "link=01&sig=" + sig, "link=%2B1&sig=" + sig, "link=&sig=" + sig, "link=0&sig=" + sig, "link=-1&sig=" + sig,
		"link=1", "link=1&sig=", "link=1&link=1&sig=" + sig, string(address) + "&exp=" + exp, string(address) + "&sig=" + sig,
		"link=1&sig=" + sig[:42], "link=1&sig=" + sig + "A", "link=1&sig=" + timed.Get("sig"), "exp=" + exp + "&sig=" + sig, "exp=0&sig=" + sig, string(gate),
		"link=9223372036854775808&sig=" + sig,
	}
	// The timed form with the kind and id of a lasting link, and no signature to it.
	head := append([]byte{byte(linkAccount), 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, sha256.Size)...)
	forged = append(forged, "exp="+exp+"&sig="+base64.RawURLEncoding.EncodeToString(head))
	for i := range sig {
		changed := []byte(sig)
		changed[i] = "AB"[min(1, strings.Count("A", string(sig[i])))]
		if string(changed) != sig {
			forged = append(forged, "link=1&sig="+string(changed))
		}
	}
	for _, f := range forged {
		if p, err := r.Identify(request(query(text(f))), viewFront); !errors.Is(err, ErrDenied) || p.Known() {
			t.Errorf("%s: %v, %v", f, p, err)
		}
	}
}

// A lasting link goes back to nobody; it ends when it is revoked or expires.
func TestLastingLinkEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.user("boss", "admin")
		r.user("anna", "admin")
		boss := r.who(basic("boss", good))
		soon := time.Now().Add(10 * time.Minute)
		ends, query1, err := r.MakeLink(t.Context(), boss, "soon", View, "front", soon)
		must(t, err)
		stays, query2, err := r.MakeLink(t.Context(), boss, "ever", View, "front", time.Time{})
		must(t, err)
		if !ends.Expires.Equal(soon.Truncate(time.Millisecond)) {
			t.Errorf("expires %v, not %v", ends.Expires, soon)
		}
		stop := r.run()
		must(t, r.SetPassword(t.Context(), "boss", hidden("another password")))
		must(t, r.RemoveUser(t.Context(), "boss"))
		first, stopFirst := r.Watch(t.Context(), r.who(query(query1)), View, "front")
		second, stopSecond := r.Watch(t.Context(), r.who(query(query2)), View, "front")
		defer stopFirst()
		defer stopSecond()
		time.Sleep(time.Until(soon) - time.Minute)
		if first.Err() != nil || second.Err() != nil {
			t.Error("ended before its time")
		}
		time.Sleep(2 * time.Minute)
		if _, err := r.Identify(request(query(query1)), viewFront); first.Err() == nil || !errors.Is(err, ErrDenied) {
			t.Errorf("goes on after its time: %v", err)
		}
		r.who(query(query2))
		must(t, r.RevokeLink(t.Context(), stays.ID))
		if _, err := r.Identify(request(query(query2)), viewFront); !errors.Is(context.Cause(second), ErrRevoked) || !errors.Is(err, ErrDenied) {
			t.Errorf("goes on although revoked: %v, %v", context.Cause(second), err)
		}
		if err := r.RevokeLink(t.Context(), stays.ID); !errors.Is(err, ErrUnknown) {
			t.Errorf("once more: %v", err)
		}
		stop()
		r.store.Close() // its goroutine is of this bubble
	})
}

func TestWhoMakesLastingLinks(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:*")
	r.user("boss", "admin")
	_, token := r.token("script", "admin")
	boss := r.who(basic("boss", good))
	timed, err := r.SignLink(t.Context(), boss, View, "front", time.Hour)
	must(t, err)
	for _, test := range []struct {
		by      Principal
		name    string
		action  Action
		camera  string
		expires time.Time
		want    error
	}{
		{r.who(basic("anna", good)), "", View, "front", time.Time{}, ErrForbidden},
		{r.who(query(timed)), "", View, "front", time.Time{}, ErrForbidden},
		{anyone(), "", View, "front", time.Time{}, ErrForbidden},
		{Principal{}, "", View, "front", time.Time{}, ErrForbidden},
		{boss, "a\nb", View, "front", time.Time{}, ErrBadName},
		{boss, "", Admin, "", time.Time{}, ErrBadGrant},
		{boss, "", View, "*", time.Time{}, ErrBadGrant},
		{boss, "", View, "front", time.Now().Add(-time.Second), ErrBadLifetime},
		{boss, "", View, "front", time.Time{}, nil},
		{r.who(bearer(token)), "printer", Publish, "front", time.Now().Add(time.Hour), nil},
	} {
		if _, _, err := r.MakeLink(t.Context(), test.by, test.name, test.action, test.camera, test.expires); !errors.Is(err, test.want) || (test.want == nil) != (err == nil) {
			t.Errorf("%v, %s %s: %v, want %v", test.by, test.action, test.camera, err, test.want)
		}
	}
}
