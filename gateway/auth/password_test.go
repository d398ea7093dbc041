package auth

import (
	"errors"
	"strings"
	"testing"

	"framegate/gateway/auth/passwords"
	"framegate/gateway/secret"
)

func hidden(text string) secret.Text { return secret.New(text) }

func TestNamesAndPasswords(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct {
		name, password string
		want           error
	}{
		{"anna", good, nil},
		{"ANNA", good, ErrExists},
		{"Änne Müller@home.example", "pässwörd pässwörd", nil},
		{strings.Repeat("n", 64), "123456789012", nil},
		{"", good, ErrBadName},
		{strings.Repeat("n", 65), good, ErrBadName},
		{"a:b", good, ErrBadName},
		{"a\nb", good, ErrBadName},
		{"a\x00b", good, ErrBadName},
		{"a\u202eb", good, ErrBadName},
		{"a\xffb", good, ErrBadName},
		{".", good, ErrBadName},
		{"..", good, ErrBadName},
		{"a/b", good, ErrBadName},
		{"a//b", good, ErrBadName},
		{`a\b`, good, ErrBadName},
		{"...", good, nil},
		{" anna", good, ErrBadName},
		{"anna ", good, ErrBadName},
		{"berta", "", ErrWeakPassword},
		{"berta", "12345678901", ErrWeakPassword},
		{"berta", "üüüüüüüüüüü", ErrWeakPassword},
		{"bertabertabert", "BertaBertaBert", ErrWeakPassword},
		{"berta", "with\ncontrol", ErrBadPassword},
		{"berta", "not\xffutf-8 at all", ErrBadPassword},
		{"berta", strings.Repeat("p", 257), ErrBadPassword},
		{"berta", "<redacted>", ErrBadPassword},
		{"berta", strings.Repeat("p", 256), nil},
	} {
		_, err := r.AddUser(t.Context(), test.name, hidden(test.password), nil)
		if !errors.Is(err, test.want) || (test.want == nil) != (err == nil) {
			t.Errorf("%q, %q: %v, want %v", test.name, test.password, err, test.want)
		}
		if err != nil && len(test.password) > 8 && strings.Contains(err.Error(), test.password) && test.password != "<redacted>" {
			t.Errorf("the error shows the password: %v", err)
		}
		if test.want == nil {
			if p := r.who(basic(test.name, test.password)); p.Name() != test.name {
				t.Errorf("%q logs in as %v", test.name, p)
			}
		}
	}
}

func TestHashIsRenewedAtLogin(t *testing.T) {
	r := newRig(t)
	const old = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	r.user("anna", "view:front")
	user, err := r.store.UserNamed(t.Context(), "anna")
	must(t, err)
	session := r.login("anna")
	must(t, r.store.Rehash(t.Context(), user.ID, user.Password, old))
	if p := r.who(basic("anna", "password")); p.Name() != "anna" {
		t.Fatalf("%v", p)
	}
	renewed, err := r.store.UserNamed(t.Context(), "anna")
	must(t, err)
	if hash, err := passwords.ParseHash(renewed.Password); err != nil || hash.Outdated() {
		t.Errorf("%s, %v", renewed.Password, err)
	}
	if p := r.who(cookie(session)); !p.Known() {
		t.Error("the session was ended by it")
	}
	if p := r.who(basic("anna", "password"), from("192.0.2.9:1")); !p.Known() {
		t.Error("the renewed hash is not of this password")
	}
}
