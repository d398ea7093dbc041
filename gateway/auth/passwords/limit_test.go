package passwords

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/store"
)

var somewhere = netip.MustParseAddr("192.0.2.1")

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// guess makes an attempt that fails, and says how long to wait if it was not
// taken.
func (l *Limiter) guess(address netip.Addr, name string) time.Duration {
	done, err := l.attempt(address, name)
	if err != nil {
		return RetryAfter(err)
	}
	done(Wrong)
	return 0
}

func TestWrongPasswordsAreLimited(t *testing.T) {
	for what, test := range map[string]struct {
		share int
		key   func(i int) (netip.Addr, string)
	}{
		"by address": {1, func(i int) (netip.Addr, string) { return somewhere, fmt.Sprint("user", i) }},
		"by site":    {siteShare, func(i int) (netip.Addr, string) { return ofSite(i), fmt.Sprint("user", i) }},
		"by name":    {nameShare, func(i int) (netip.Addr, string) { return netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), "anna" }},
		"by both":    {1, func(int) (netip.Addr, string) { return somewhere, "anna" }},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := NewLimiter()
				begin := time.Now()
				var taken []time.Duration
				for i := 0; time.Since(begin) < 2*time.Hour; i++ {
					address, name := test.key(i % 200)
					wait := l.guess(address, name)
					if wait == 0 {
						taken = append(taken, time.Since(begin))
						continue
					}
					time.Sleep(wait) // exactly as told
				}
				check := func(period time.Duration, most int) {
					for i := range taken {
						n := 0
						for _, at := range taken[i:] {
							if at-taken[i] < period {
								n++
							}
						}
						if n > most {
							t.Errorf("%d attempts within %v from %v on", n, period, taken[i])
						}
					}
				}
				check(time.Second, 2*test.share) // a burst, and what grows back meanwhile
				check(time.Minute, 2*5*test.share)
				check(time.Hour, 2*20*test.share)
				if first := taken[:5*test.share]; first[len(first)-1] > 5*time.Second {
					t.Errorf("the first only at %v", first)
				}
				if n := len(taken); n < 40*test.share || n > 60*test.share {
					t.Errorf("%d attempts in two hours", n)
				}
			})
		})
	}
}

// ofSite gives an address in one of many networks of a site.
func ofSite(i int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 1, byte(i >> 8), byte(i), 15: 1})
}

// Whoever guesses in one network, or in all of a site, leaves the user's name
// to others who come for the first time.
func TestNobodyLocksAUserOutElsewhere(t *testing.T) {
	for what, from := range map[string]func(i int) netip.Addr{
		"address": func(int) netip.Addr { return somewhere },
		"site":    ofSite,
	} {
		synctest.Test(t, func(t *testing.T) {
			l := NewLimiter()
			for i := range 5 * 3600 { // for five hours, as fast as it is let
				l.guess(from(i%1000), "anna")
				time.Sleep(time.Second)
				if i%600 != 0 {
					continue
				}
				if done, err := l.attempt(netip.MustParseAddr("198.51.100.7"), "anna"); err != nil {
					t.Fatalf("an %s that guesses, after %d s: %v", what, i, err)
				} else {
					done(Right)
				}
			}
		})
	}
}

func TestRightPasswordsAreNot(t *testing.T) {
	l := NewLimiter()
	for i := range 1000 {
		done, err := l.attempt(somewhere, "anna")
		if err != nil {
			t.Fatalf("after %d: %v", i, err)
		}
		done(Right)
	}
}

func TestAttemptsAtOnceCountBeforeTheyEnd(t *testing.T) {
	l := NewLimiter()
	if _, err := l.attempt(somewhere, "anna"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.attempt(somewhere, "berta"); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("from the same address: %v", err)
	}
	for i := range byte(nameShare) {
		if _, err := l.attempt(netip.AddrFrom4([4]byte{192, 0, 2, 2 + i}), "ANNA"); errors.Is(err, ErrTooManyAttempts) != (i == nameShare-1) {
			t.Errorf("for the same user, from %d others: %v", i, err)
		}
	}
	if _, err := l.attempt(netip.MustParseAddr("192.0.2.99"), "berta"); err != nil {
		t.Errorf("for somebody else: %v", err)
	}
}

// Neither strangers nor those of the same address.
func TestNobodyLocksAUserOutAtHome(t *testing.T) {
	l := NewLimiter()
	home := netip.MustParseAddr("198.51.100.7")
	l.Know(store.User{ID: 1, Name: "Anna"}, home, time.Now())
	for i := range 200 {
		l.guess(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), "anna")
		l.guess(home, fmt.Sprint("berta", i))
	}
	if wait := l.guess(netip.MustParseAddr("10.0.1.1"), "anna"); wait == 0 {
		t.Error("strangers are not limited")
	}
	if wait := l.guess(home, "carla"); wait == 0 {
		t.Error("those of the same address are not limited")
	}
	if done, err := l.attempt(home, "anna"); err != nil {
		t.Errorf("at home: %v", err)
	} else {
		done(Wrong)
	}
	if wait := l.guess(home, "ANNA"); wait == 0 {
		t.Error("at home nothing is limited")
	}
}

func TestKnownPlacesAreBounded(t *testing.T) {
	l := NewLimiter()
	now := time.Now()
	for i := range 3 * maxPlaces {
		l.Know(store.User{ID: 1, Name: "anna"}, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), now.Add(time.Duration(i)*time.Second))
	}
	last := netip.AddrFrom4([4]byte{10, 0, 0, 3*maxPlaces - 1}).String()
	if _, ok := l.known["anna"][last]; !ok || len(l.known["anna"]) != maxPlaces {
		t.Errorf("%d places; the last one is there: %v", len(l.known["anna"]), ok)
	}
}

func TestLimiterIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter()
		held, err := l.attempt(netip.MustParseAddr("203.0.113.1"), "held")
		must(t, err)
		for i := range 3 * maxLimited {
			address := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
			done, err := l.attempt(address, fmt.Sprint("user", i))
			must(t, err)
			done(Wrong)
			time.Sleep(time.Millisecond)
		}
		if len(l.entries) > maxLimited {
			t.Errorf("%d entries", len(l.entries))
		}
		// The last ones count: nobody is let off by a flood of others.
		last := netip.AddrFrom4([4]byte{10, byte((3*maxLimited - 1) >> 16), byte((3*maxLimited - 1) >> 8), byte((3*maxLimited - 1) & 255)})
		if l.entries["network "+last.String()] == nil {
			t.Error("the address that came last was forgotten")
		}
		if l.entries["network 203.0.113.1"] == nil {
			t.Error("an attempt that is going on was forgotten")
		}
		held(Wrong)
	})
}

func TestRetryAfterIsInTheError(t *testing.T) {
	l := NewLimiter()
	l.guess(somewhere, "anna")
	_, err := l.attempt(somewhere, "anna")
	if RetryAfter(fmt.Errorf("login: %w", err)) != time.Second || RetryAfter(errors.New("other")) != 0 {
		t.Errorf("%v", RetryAfter(err))
	}
	if got := err.Error(); got != "too many logins were tried; try again in 1 s" {
		t.Error(got)
	}
}

func TestWaitInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "1 s", 0: "1 s", time.Nanosecond: "1 s", 40*time.Second + 1: "41 s", 118*time.Second + 1: "119 s", 119 * time.Second: "119 s",
		119*time.Second + 1: "2 min", 2 * time.Minute: "2 min", 171 * time.Second: "3 min", time.Hour: "60 min", 118*time.Minute + 1: "119 min", 119*time.Minute + 1: "2 h",
		2*time.Hour - time.Millisecond: "2 h", 2 * time.Hour: "2 h", 47 * time.Hour: "47 h", 48 * time.Hour: "2 days", 48*time.Hour + 1: "3 days",
	} {
		if got := WaitWords(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// Two users of one household log in at the same moment: the second waits for
// the first, and neither is refused; unless the first was wrong.
func TestLoginsAtOnceFromOneAddressWait(t *testing.T) {
	for first, refused := range map[Outcome]bool{Right: false, NotLooked: false, Wrong: true} {
		synctest.Test(t, func(t *testing.T) {
			l := NewLimiter()
			done, err := l.attempt(somewhere, "anna")
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				done, err := l.Await(t.Context(), somewhere, "berta")
				if err == nil {
					done(Right)
				}
				ended <- err
			}()
			synctest.Wait()
			select {
			case err := <-ended:
				t.Fatalf("it did not wait: %v", err)
			default:
			}
			done(first)
			if err := <-ended; refused != errors.Is(err, ErrTooManyAttempts) || !refused && err != nil {
				t.Errorf("after %v: %v", first, err)
			}
		})
	}
}

func TestLoginThatWaitsEndsWithItsRequest(t *testing.T) {
	l := NewLimiter()
	done, err := l.attempt(somewhere, "anna")
	if err != nil {
		t.Fatal(err)
	}
	defer done(Right)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Await(ctx, somewhere, "berta"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
