package auth

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icholy/digest"
)

// sealed makes a sealed token.
func (r *rig) sealed(name string, granted ...string) string {
	r.t.Helper()
	token, text, err := r.CreateToken(context.Background(), name, grants(granted...), time.Time{}, true)
	must(r.t, err)
	if !token.Sealed {
		r.t.Errorf("%s is not sealed", name)
	}
	return text.Reveal()
}

// asked is what the clients of these tests were asked.
var asked = Question{Nonce: "n1", Method: "DESCRIBE", Fits: func(uri string) bool { return strings.HasSuffix(uri, "/front") }}

// answered gives what a client answers to that, after a change.
func answered(name, token string, change func(*digest.Challenge, *digest.Options)) string {
	c := digest.Challenge{Realm: realm, Nonce: asked.Nonce, Algorithm: "MD5"}
	o := digest.Options{Method: "DESCRIBE", URI: "rtsp://host/front", Count: 1, Username: name, Password: token}
	if change != nil {
		change(&c, &o)
	}
	a, err := digest.Digest(&c, o)
	if err != nil {
		panic(err)
	}
	return a.String()
}

// by says who comes with an Authorization header.
func (r *rig) by(header, address string) (Principal, error) {
	c := Credentials{From: netip.MustParseAddr(address), Asked: &asked}
	c.Authorize([]string{header})
	return r.Verify(context.Background(), c, Use{View, "front", Digest})
}

// TestWhoAnswersAChallenge: by each algorithm, with and without qop, and who does not.
func TestWhoAnswersAChallenge(t *testing.T) {
	synctest.Test(t, testWhoAnswersAChallenge)
}

func testWhoAnswersAChallenge(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	token, other := r.sealed("nvr", "view:front"), r.sealed("other", "view:front")
	_, hashed := r.token("hashed", "view:front")
	old := answered("nvr", token, func(c *digest.Challenge, _ *digest.Options) { c.Nonce = "n0" })
	for _, test := range []struct {
		name   string
		header string
		want   error
	}{
		{"MD5", answered("nvr", token, nil), nil},
		{"of RFC 2069", answered("nvr", token, func(c *digest.Challenge, _ *digest.Options) { c.Algorithm = "" }), nil},
		{"MD5 with qop", answered("NVR", token, func(c *digest.Challenge, _ *digest.Options) { c.QOP = []string{"auth"} }), nil},
		{"SHA-256", answered("nvr", token, func(c *digest.Challenge, _ *digest.Options) { c.Algorithm = "SHA-256" }), nil},
		{"SHA-256 with qop", answered("nvr", token, func(c *digest.Challenge, o *digest.Options) {
			c.Algorithm, c.QOP, o.Count = "SHA-256", []string{"auth"}, 300
		}), nil},
		{"capital figures", strings.ToUpper(answered("nvr", token, nil)[:6]) + answered("nvr", token, nil)[6:], nil},
		{"an earlier challenge", old, ErrStale},
		{"an algorithm that was not offered", answered("nvr", token, func(c *digest.Challenge, _ *digest.Options) { c.Algorithm = "SHA-512" }), ErrDenied},
		{"another qop", answered("nvr", token, func(c *digest.Challenge, o *digest.Options) { c.QOP = []string{"auth-int"} }), ErrDenied},
		{"another realm", answered("nvr", token, func(c *digest.Challenge, _ *digest.Options) { c.Realm = "x" }), ErrDenied},
		{"another method", answered("nvr", token, func(_ *digest.Challenge, o *digest.Options) { o.Method = "SETUP" }), ErrDenied},
		{"another camera", answered("nvr", token, func(_ *digest.Challenge, o *digest.Options) { o.URI = "rtsp://host/yard" }), ErrDenied},
		{"another's token", answered("nvr", other, nil), ErrDenied},
		{"a hashed token", answered("hashed", hashed, nil), ErrDenied},
		{"a hashed token, of which the hash is nothing", answered("hashed", "", nil), ErrDenied},
		{"a password", answered("anna", good, nil), ErrDenied},
		{"nobody's", answered("none", "", nil), ErrDenied},
		{"an answer to another nonce", strings.Replace(old, "n0", asked.Nonce, 1), ErrDenied},
		{"nothing", "Digest ", ErrDenied},
		{"what cannot be read", `Digest username="nvr, response=`, ErrDenied},
	} {
		time.Sleep(time.Hour) // none is kept out for another
		p, err := r.by(test.header, "192.0.2.1")
		if !errors.Is(err, test.want) || err == nil && p.String() != "token:nvr" {
			t.Errorf("%s: %v, %v", test.name, p, err)
		}
	}
	if p := r.who(func(h *http.Request) { h.Header.Set("Authorization", answered("nvr", token, nil)) }); p.Known() {
		t.Errorf("%v comes by HTTP, where nobody is asked", p)
	}
	for why, n := range map[string]int{"the token of this name is kept as a hash": 2, "why=wrong": 11} {
		if got := countLines(r.log.String(), why); got != n {
			t.Errorf("%d are told %q, want %d", got, why, n)
		}
	}
	r.store.Close()
}

// TestASealedTokenEnds as others do: when it expires, or is revoked. With the last one
// nobody is asked for Digest any more.
func TestASealedTokenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, soon, err := r.CreateToken(t.Context(), "soon", grants("view:front"), time.Now().Add(time.Hour), true)
		must(t, err)
		id := func(name string) int64 {
			all, err := r.Tokens(t.Context())
			must(t, err)
			for _, token := range all {
				if token.Name == name {
					return token.ID
				}
			}
			return 0
		}
		offers := func() string {
			challenges, err := r.Challenges(t.Context(), &asked, true)
			must(t, err)
			var schemes []string
			for _, c := range challenges {
				scheme, _, _ := strings.Cut(c, " ")
				schemes = append(schemes, scheme)
			}
			return strings.Join(schemes, " ")
		}
		if got := offers(); got != "Digest Digest Basic" {
			t.Errorf("with one: %s", got)
		}
		time.Sleep(time.Hour)
		if _, err := r.by(answered("soon", soon.Reveal(), nil), "192.0.2.1"); !errors.Is(err, ErrDenied) {
			t.Errorf("expired: %v", err)
		}
		if got := offers(); got != "Basic" {
			t.Errorf("with an expired one: %s", got)
		}
		nvr := r.sealed("nvr", "view:front")
		if p, err := r.by(answered("nvr", nvr, nil), "192.0.2.1"); p.String() != "token:nvr" {
			t.Errorf("%v, %v", p, err)
		}
		must(t, r.RevokeToken(t.Context(), id("nvr")))
		if _, err := r.by(answered("nvr", nvr, nil), "192.0.2.1"); !errors.Is(err, ErrDenied) {
			t.Errorf("revoked: %v", err)
		}
		if got := offers(); got != "Basic" {
			t.Errorf("with none: %s", got)
		}
		r.store.Close()
	})
}

// TestWrongAnswersAreCounted, as passwords are, but apart from them, and who answers
// right is not kept out by who does not.
func TestWrongAnswersAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.user("anna", "view:front")
		token := r.sealed("nvr", "view:front")
		denied, refused := 0, 0
		for range 3 * perHour {
			switch _, err := r.by(answered("nvr", "old", nil), "192.0.2.1"); {
			case errors.Is(err, ErrTooManyAttempts):
				refused++
			case errors.Is(err, ErrDenied):
				denied++
			}
			time.Sleep(betweenAttempts)
		}
		if denied < 8 || denied > 11 || denied+refused != 3*perHour || r.Stats().Failed != int64(denied) {
			t.Errorf("%d denied, %d refused, %+v", denied, refused, r.Stats())
		}
		if p, err := r.by(answered("nvr", token, nil), "192.0.2.1"); err != nil {
			t.Errorf("%v, %v", p, err)
		}
		if p, err := r.Identify(request(basic("anna", good)), viewFront); err != nil {
			t.Errorf("%v, %v", p, err)
		}
		r.store.Close()
	})
}

// FuzzDigest: whatever is answered, nobody is let in by it, and the end is no panic.
func FuzzDigest(f *testing.F) {
	f.Add(answered("nvr", "x", nil))
	f.Add(`Digest username="a\"b", realm=Framegate, nonce=, uri="*", response="", qop=auth, nc=7fffffff, cnonce="\`)
	f.Fuzz(func(t *testing.T, header string) {
		c := new(Credentials)
		c.Authorize([]string{header})
		if c.digest != nil && proves(c.digest, hidden("token"), "DESCRIBE") {
			t.Errorf("%q proves it", header)
		}
	})
}
