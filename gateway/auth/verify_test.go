package auth

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"framegate/gateway/secret"
)

// TestVerify is for protocols that have no requests of HTTP's.
func TestVerify(t *testing.T) {
	r := newRig(t)
	r.user("anna", "view:front")
	r.user("berta", "admin")
	_, token := r.token("nvr", "view:gate")
	link, err := r.SignLink(t.Context(), r.who(basic("anna", good)), View, "front", time.Hour)
	must(t, err)
	lasting, linked, err := r.MakeLink(t.Context(), r.who(basic("berta", good)), "wall", View, "gate", time.Now().Add(time.Hour))
	must(t, err)
	login := func(name, password string) Credentials {
		return Credentials{From: netip.MustParseAddr("192.0.2.1"), Login: &Login{Name: name, Password: secret.New(password)}}
	}
	bearing := func(text string) Credentials {
		token := secret.New(text)
		return Credentials{Token: &token}
	}
	for _, row := range []struct {
		name   string
		brings Credentials
		camera string
		who    string // nobody: it is denied
	}{
		{"a password", login("anna", good), "front", "user:anna"},
		{"a password for another camera", login("anna", good), "gate", "user:anna"},
		{"a token as a password", login("anything", token), "gate", "token:nvr"},
		{"a token as a password without a name", login("", token), "gate", "token:nvr"},
		{"a token", bearing(token), "gate", "token:nvr"},
		{"a link", Credentials{Query: link}, "front", "link:anna"},
		{"a lasting link", Credentials{Query: linked}, "gate", "link:" + lasting.Name},
		{"a link beside a wrong password", Credentials{Query: link, Login: login("anna", "wrong").Login}, "front", "link:anna"},
		{"a link of another camera", Credentials{Query: link}, "gate", "nobody"},
		{"a link of another camera beside a token", Credentials{Query: link, Token: bearing(token).Token}, "gate", "token:nvr"},
		{"a lasting link of another camera", Credentials{Query: linked}, "front", "nobody"},
		{"half a link", Credentials{Query: url.Values{"exp": link["exp"]}}, "front", "nobody"},
		{"a wrong token", bearing(token[1:]), "gate", "nobody"},
		{"a wrong password", login("anna", "wrong horse battery"), "front", "nobody"},
		{"no user's password", login("carla", good), "front", "nobody"},
		{"a password without an end", login("anna", strings.Repeat("x", 1<<20)), "front", "nobody"},
		{"a name without an end", login(strings.Repeat("x", 1<<20), good), "front", "nobody"},
	} {
		p, err := r.Verify(t.Context(), row.brings, Use{View, row.camera, Media})
		if p.String() != row.who || p.Known() != (err == nil) || err != nil && !errors.Is(err, ErrDenied) {
			t.Errorf("%s makes %v, %v; want %s", row.name, p, err, row.who)
		}
		if may := row.who != "nobody" && row.name != "a password for another camera"; Authorize(p, View, row.camera) != may {
			t.Errorf("%s lets %v view %s: %v", row.name, p, row.camera, !may)
		}
	}
	if p, err := r.Verify(t.Context(), Credentials{}, viewFront); err != nil || p.Known() {
		t.Errorf("nothing makes %v, %v", p, err)
	}
	if p, err := r.Verify(t.Context(), Credentials{Query: link}, Use{View, "front", Media &^ Link}); err != nil || p.Known() {
		t.Errorf("a link where none counts makes %v, %v", p, err)
	}
	open, err := New(t.Context(), Options{Store: r.store, Open: true})
	must(t, err)
	if p, err := open.Verify(t.Context(), Credentials{}, viewFront); err != nil || !Authorize(p, Admin, "") {
		t.Errorf("auth off: %v, %v", p, err)
	}
}
