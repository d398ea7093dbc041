package passwords

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	good   = "correct horse battery"
	atOnce = 2
)

// TestHashOfAnotherProgram checks a hash of the reference implementation
// (phc-winner-argon2, src/test.c).
func TestHashOfAnotherProgram(t *testing.T) {
	p, err := ParseHash("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	must(t, err)
	h := NewHasher(atOnce)
	if ok, err := h.Matches(t.Context(), p, "password"); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	if ok, _ := h.Matches(t.Context(), p, "Password"); ok {
		t.Error("any password will do")
	}
	if !p.Outdated() {
		t.Error("its cost is taken for the present one")
	}
}

func TestHashesAreSalted(t *testing.T) {
	h := NewHasher(atOnce)
	a, err := h.Hash(t.Context(), good)
	must(t, err)
	b, err := h.Hash(t.Context(), good)
	must(t, err)
	if a.String() == b.String() {
		t.Error("two hashes of one password are alike")
	}
	again, err := ParseHash(a.String())
	must(t, err)
	if ok, err := h.Matches(t.Context(), again, good); !ok || err != nil || again.Outdated() {
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
		if p, err := ParseHash(text); !errors.Is(err, errBadHash) {
			t.Errorf("%q: %+v, %v", text, p, err)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=65536,t=2,p=300$c29tZXNhbHQ$")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseHash(text)
		if err == nil && (p.String() != text || p.memoryKiB > maxArgonMemoryKiB || p.threads == 0) {
			t.Errorf("%q became %q", text, p)
		}
	})
}

func TestFloodOfHashesTakesNoMemory(t *testing.T) {
	h := NewHasher(atOnce)
	for range atOnce { // somebody is at it
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, 2*maxHashesWaiting)
	var waiting sync.WaitGroup
	for range 2 * maxHashesWaiting {
		waiting.Go(func() {
			_, err := h.Hash(ctx, good)
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
	for range atOnce {
		<-h.slots
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 32 {
		waiting.Go(func() {
			if _, err := h.Hash(t.Context(), good); err != nil {
				t.Error(err)
			}
		})
	}
	waiting.Wait()
	runtime.ReadMemStats(&after)
	if grown := int64(after.Sys) - int64(before.Sys); grown > 8*atOnce*argonMemoryKiB<<10 {
		t.Errorf("32 hashes took %d MiB", grown>>20)
	}
}

// TestNobodyCostsTheSame as a user whose password was set now.
func TestNobodyCostsTheSame(t *testing.T) {
	h := NewHasher(atOnce)
	nobody := h.Nobody()
	hash, err := h.Hash(t.Context(), good)
	must(t, err)
	if nobody.memoryKiB != hash.memoryKiB || nobody.passes != hash.passes || nobody.threads != hash.threads || len(nobody.sum) != len(hash.sum) {
		t.Error("the hash for unknown users costs something else")
	}
	for _, password := range []string{"", good} {
		if ok, err := h.Matches(t.Context(), nobody, password); ok || err != nil {
			t.Errorf("%q: %v, %v", password, ok, err)
		}
	}
	if n := h.Computed(); n != 3 {
		t.Errorf("%d computed", n)
	}
}

// BenchmarkHash is what each login costs.
func BenchmarkHash(b *testing.B) {
	h := NewHasher(atOnce)
	for b.Loop() {
		if _, err := h.Hash(b.Context(), good); err != nil {
			b.Fatal(err)
		}
	}
}
