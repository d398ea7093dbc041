package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/secret"
)

// way signs one for whoever a request is of.
func (r *rig) way(p Principal, camera string) string {
	r.t.Helper()
	text, err := r.SignWay(r.t.Context(), p, camera)
	must(r.t, err)
	return text
}

// byWay is the query of an address with a way.
func byWay(way string) url.Values { return url.Values{"way": {way}} }

// TestWaysShowOneCamera and nothing else, and no more of it than their maker may see.
func TestWaysShowOneCamera(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:*", "playback:*", "publish:front", "ptz:front")
	r.user("berta", "view:front")
	p := r.who(query(byWay(r.way(r.who(cookie(r.login("anna"))), "front"))))
	if p.Kind() != LinkKind || p.Name() != "anna" || p.UserID() != 0 || p.SessionID() != 0 || p.Expires().IsZero() {
		t.Errorf("%+v", p)
	}
	if !Authorize(p, View, "front") || !Authorize(p, Playback, "front") {
		t.Errorf("it allows %v", p.Grants())
	}
	if Authorize(p, View, "gate") || Authorize(p, Publish, "front") || Authorize(p, PTZ, "front") || Authorize(p, Admin, "") || Authorize(p, Metrics, "") {
		t.Errorf("it allows %v", p.Grants())
	}
	if p := r.who(query(byWay(r.way(r.who(basic("berta", good)), "front")))); !Authorize(p, View, "front") || Authorize(p, Playback, "front") {
		t.Errorf("who may not look back may: %v", p.Grants())
	}
	text := byWay(r.way(r.who(cookie(r.login("anna"))), "front"))
	for _, use := range []Use{{View, "gate", Media}, {Publish, "front", Media}, {PTZ, "front", Media}, {Admin, "", Media}, {"", "", Media}} {
		if p, err := r.Identify(request(query(text)), use); !errors.Is(err, ErrDenied) || p.Known() {
			t.Errorf("used for %v: %v, %v", use, p, err)
		}
	}
	if p, err := r.Identify(request(query(text)), Use{View, "front", Control | Basic}); err != nil || p.Known() {
		t.Errorf("used at the API: %v, %v", p, err)
	}
	for name, p := range map[string]Principal{"nobody": {}, "who may not": r.who(basic("berta", good))} {
		if text, err := r.SignWay(t.Context(), p, "gate"); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s gets %q, %v", name, text, err)
		}
	}
	link, err := r.SignLink(t.Context(), r.who(basic("anna", good)), View, "front", time.Hour)
	must(t, err)
	for name, p := range map[string]Principal{"by a link": r.who(query(link)), "anyone": anyone()} {
		if text, err := r.SignWay(t.Context(), p, "front"); text != "" || err != nil {
			t.Errorf("%s gets %q, %v", name, text, err)
		}
	}
}

func TestForgedWays(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:*")
	way := r.way(bySession(r), "front")
	other := newRig(t)
	other.user("anna", "view:*")
	link, err := r.SignLink(t.Context(), r.who(basic("anna", good)), View, "front", time.Hour)
	must(t, err)
	queries := map[string]string{
		"of another server": byWay(other.way(other.who(cookie(other.login("anna"))), "front")).Encode(),
		"empty":             "way=",
		"shorter":           "way=" + way[:len(way)-1],
		"longer":            "way=" + way + "AAAA",
		"twice":             "way=" + way + "&way=" + way,
		"with a link":       "way=" + way + "&" + link.Encode(),
	}
	raw, _ := base64.RawURLEncoding.DecodeString(way)
	for i := range raw { // kind, number, both times, and the signature
		raw[i] ^= 1
		queries["byte "+string(rune('0'+i))] = "way=" + base64.RawURLEncoding.EncodeToString(raw)
		raw[i] ^= 1
	}
	for name, q := range queries {
		if p, err := r.Identify(request(query(text(q))), viewFront); !errors.Is(err, ErrDenied) || p.Known() {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	if !r.who(query(text("width=640&way=" + way))).Known() {
		t.Error("with a width it does not work")
	}
}

// TestWaysEndWithWhatTheyGoBackTo: a login that ends, a user who is removed, gets another
// password or may see the camera no more, a token that is revoked; and what goes on by them ends.
func TestWaysEndWithWhatTheyGoBackTo(t *testing.T) {
	for name, test := range map[string]struct {
		who  func(r *rig) Principal
		take func(r *rig, p Principal) error
	}{
		"logged out": {bySession, func(r *rig, p Principal) error { return r.RevokeSession(context.Background(), p.SessionID()) }},
		"removed":    {bySession, func(r *rig, _ Principal) error { return r.RemoveUser(context.Background(), "anna") }},
		"password": {byPassword, func(r *rig, _ Principal) error {
			return r.SetPassword(context.Background(), "anna", secret.New("another horse battery"))
		}},
		"permission": {bySession, func(r *rig, _ Principal) error { return r.SetGrants(context.Background(), "anna", grants("view:gate")) }},
		"token": {func(r *rig) Principal { _, text := r.token("nas", "view:front"); return r.who(bearer(text)) }, func(r *rig, p Principal) error {
			return r.RevokeToken(context.Background(), p.id)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.user("anna", "view:front")
			r.run()
			maker := test.who(r)
			text := r.way(maker, "front")
			p := r.who(query(byWay(text)))
			again := r.way(p, "front")
			r.who(query(byWay(again)))
			ctx, stop := r.Watch(t.Context(), p, View, "front")
			defer stop()
			must(t, test.take(r, maker))
			if !errors.Is(context.Cause(ctx), ErrRevoked) {
				t.Errorf("what goes on by it: %v", context.Cause(ctx))
			}
			for _, text := range []string{text, again} {
				if p, err := r.Identify(request(query(byWay(text))), viewFront); err == nil && Authorize(p, View, "front") {
					t.Errorf("it is of use still: %v", p)
				}
			}
			if text, err := r.SignWay(t.Context(), p, "front"); err == nil && text != "" {
				if p, err := r.Identify(request(query(byWay(text))), viewFront); err == nil && Authorize(p, View, "front") {
					t.Errorf("another comes of it: %v", p)
				}
			}
		})
	}
}

func bySession(r *rig) Principal  { return r.who(cookie(r.login("anna"))) }
func byPassword(r *rig) Principal { return r.who(basic("anna", good)) }

// TestWaysExpire: they open nothing after an hour, those that come of them after a day.
// What was opened lasts that long.
func TestWaysExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.user("anna", "view:front")
		r.run()
		first := r.way(bySession(r), "front")
		p := r.who(query(byWay(first)))
		ctx, stop := r.Watch(t.Context(), p, View, "front")
		defer stop()
		time.Sleep(wayFor + time.Second)
		if _, err := r.Identify(request(query(byWay(first))), viewFront); !errors.Is(err, ErrDenied) {
			t.Errorf("after an hour: %v", err)
		}
		if ctx.Err() != nil {
			t.Error("what was opened ended with it")
		}
		for range 22 {
			p = r.who(query(byWay(r.way(p, "front"))))
			time.Sleep(time.Hour)
		}
		last := r.way(p, "front")
		time.Sleep(time.Hour)
		if _, err := r.Identify(request(query(byWay(last))), viewFront); !errors.Is(err, ErrDenied) {
			t.Errorf("after a day: %v", err)
		}
		synctest.Wait()
		if !errors.Is(context.Cause(ctx), ErrRevoked) {
			t.Errorf("what was opened, after a day: %v", context.Cause(ctx))
		}
	})
}

func FuzzWay(f *testing.F) {
	r := newRig(f)
	f.Add("AQAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := r.Identify(request(query(byWay(text))), viewFront); p.Known() || err != nil && !errors.Is(err, ErrDenied) {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	})
}
