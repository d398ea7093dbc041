package auth

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/secret"
)

func hidden(text string) secret.Text { return secret.New(text) }

// TestHashOfAnotherProgram checks a hash of the reference implementation
// (phc-winner-argon2, src/test.c).
func TestHashOfAnotherProgram(t *testing.T) {
	p, err := parseHash("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	must(t, err)
	h := newHasher()
	if ok, err := h.matches(t.Context(), p, "password"); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	if ok, _ := h.matches(t.Context(), p, "Password"); ok {
		t.Error("any password will do")
	}
	if !p.outdated() {
		t.Error("its cost is taken for the present one")
	}
}

func TestHashesAreSalted(t *testing.T) {
	h := newHasher()
	a, err := h.hash(t.Context(), good)
	must(t, err)
	b, err := h.hash(t.Context(), good)
	must(t, err)
	if a.String() == b.String() {
		t.Error("two hashes of one password are alike")
	}
	again, err := parseHash(a.String())
	must(t, err)
	if ok, err := h.matches(t.Context(), again, good); !ok || err != nil || again.outdated() {
		t.Errorf("%v, %v", ok, err)
	}
	if !strings.HasPrefix(a.String(), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%s", a)
	}
}

func TestBadHashesAreRefused(t *testing.T) {
	const salt, sum = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, text := range []string{
		"", "hash", "$argon2id$v=19$m=19456,t=2,p=1$" + salt, "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + sum,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + sum, "$argon2id$v=19$m=999999999,t=2,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + sum, "$argon2id$v=19$m=19456,t=99,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + sum, "$argon2id$v=19$m=19456,t=2,p=1000$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=2,p=1$$" + sum, "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"$argon2id$v=19$m=19456,t=2,p=1 $" + salt + "$" + sum, "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "=$" + sum,
		"$argon2id$v=19$m=-1,t=2,p=1$" + salt + "$" + sum,
	} {
		if p, err := parseHash(text); !errors.Is(err, errBadHash) {
			t.Errorf("%q: %+v, %v", text, p, err)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=65536,t=2,p=300$c29tZXNhbHQ$")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseHash(text)
		if err == nil && (p.String() != text || p.memoryKiB > maxArgonMemoryKiB || p.threads == 0) {
			t.Errorf("%q became %q", text, p)
		}
	})
}

func TestFloodOfHashesTakesNoMemory(t *testing.T) {
	h := newHasher()
	for range hashesAtOnce { // somebody is at it
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, 2*maxHashesWaiting)
	var waiting sync.WaitGroup
	for range 2 * maxHashesWaiting {
		waiting.Go(func() {
			_, err := h.hash(ctx, good)
			results <- err
		})
	}
	for range maxHashesWaiting { // those for whom there is no place, at once
		if err := <-results; !errors.Is(err, ErrTooManyAttempts) || RetryAfter(err) != time.Second {
			t.Fatalf("%v", err)
		}
	}
	cancel()
	waiting.Wait()
	for range maxHashesWaiting {
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Fatalf("%v", err)
		}
	}
	if h.computed.Load() != 0 || h.waiting.Load() != 0 {
		t.Errorf("%d computed, %d wait", h.computed.Load(), h.waiting.Load())
	}
	for range hashesAtOnce {
		<-h.slots
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 32 {
		waiting.Go(func() {
			if _, err := h.hash(t.Context(), good); err != nil {
				t.Error(err)
			}
		})
	}
	waiting.Wait()
	runtime.ReadMemStats(&after)
	if grown := int64(after.Sys) - int64(before.Sys); grown > 8*hashesAtOnce*argonMemoryKiB<<10 {
		t.Errorf("32 hashes took %d MiB", grown>>20)
	}
}

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
	if hash, err := parseHash(renewed.Password); err != nil || hash.outdated() {
		t.Errorf("%s, %v", renewed.Password, err)
	}
	if p := r.who(cookie(session)); !p.Known() {
		t.Error("the session was ended by it")
	}
	if p := r.who(basic("anna", "password"), from("192.0.2.9:1")); !p.Known() {
		t.Error("the renewed hash is not of this password")
	}
}
