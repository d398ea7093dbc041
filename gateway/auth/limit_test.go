package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

var somewhere = netip.MustParseAddr("192.0.2.1")

// guess makes an attempt that fails, and says how long to wait if it was not
// taken.
func (l *limiter) guess(address netip.Addr, name string) time.Duration {
	done, err := l.attempt(address, name)
	if err != nil {
		return RetryAfter(err)
	}
	done(wrong)
	return 0
}

func TestWrongPasswordsAreLimited(t *testing.T) {
	for what, key := range map[string]func(i int) (netip.Addr, string){
		"by address": func(i int) (netip.Addr, string) { return somewhere, fmt.Sprint("user", i) },
		"by name":    func(i int) (netip.Addr, string) { return netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), "anna" },
		"by both":    func(int) (netip.Addr, string) { return somewhere, "anna" },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter()
				begin := time.Now()
				var taken []time.Duration
				for i := 0; time.Since(begin) < 2*time.Hour; i++ {
					address, name := key(i % 200)
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
				check(time.Second, 1)
				check(time.Minute, 2*5) // a burst, and what grows back meanwhile
				check(time.Hour, 2*20)
				if first := taken[:5]; first[4] > 5*time.Second {
					t.Errorf("the first five only at %v", first)
				}
				if n := len(taken); n < 40 || n > 60 {
					t.Errorf("%d attempts in two hours", n)
				}
			})
		})
	}
}

func TestRightPasswordsAreNot(t *testing.T) {
	l := newLimiter()
	for i := range 1000 {
		done, err := l.attempt(somewhere, "anna")
		if err != nil {
			t.Fatalf("after %d: %v", i, err)
		}
		done(right)
	}
}

func TestAttemptsAtOnceCountBeforeTheyEnd(t *testing.T) {
	l := newLimiter()
	if _, err := l.attempt(somewhere, "anna"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.attempt(somewhere, "berta"); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("from the same address: %v", err)
	}
	if _, err := l.attempt(netip.MustParseAddr("192.0.2.2"), "ANNA"); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("for the same user: %v", err)
	}
	if _, err := l.attempt(netip.MustParseAddr("192.0.2.2"), "berta"); err != nil {
		t.Errorf("for somebody else: %v", err)
	}
}

func TestStrangersDoNotLockAUserOut(t *testing.T) {
	l := newLimiter()
	home := netip.MustParseAddr("198.51.100.7")
	done, err := l.attempt(home, "anna")
	must(t, err)
	done(right)
	for i := range 30 {
		l.guess(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), "anna")
	}
	if wait := l.guess(netip.MustParseAddr("10.0.1.1"), "anna"); wait == 0 {
		t.Error("strangers are not limited")
	}
	if done, err := l.attempt(home, "Anna"); err != nil {
		t.Errorf("at home: %v", err)
	} else {
		done(wrong)
	}
	if wait := l.guess(home, "anna"); wait == 0 {
		t.Error("at home nothing is limited")
	}
}

func TestOneClientIsOneNetwork(t *testing.T) {
	for a, b := range map[string]string{
		"192.0.2.1:1":        "[::ffff:192.0.2.1]:2",
		"[2001:db8::1]:1":    "[2001:db8::ffff:2]:1",
		"[fe80::1%eth0]:1":   "[fe80::1%eth1]:1",
		"[2001:db8:0:1::]:1": "[2001:db8:0:1:ffff::]:1",
	} {
		if x, y := network(clientAddress(request(from(a)))), network(clientAddress(request(from(b)))); x != y {
			t.Errorf("%s is %s, %s is %s", a, x, b, y)
		}
	}
	for a, b := range map[string]string{"192.0.2.1:1": "192.0.2.2:1", "[2001:db8:0:1::1]:1": "[2001:db8:0:2::1]:1"} {
		if x, y := network(clientAddress(request(from(a)))), network(clientAddress(request(from(b)))); x == y {
			t.Errorf("%s and %s are both %s", a, b, x)
		}
	}
	if a := clientAddress(request(from("@"))); a.IsValid() {
		t.Errorf("a UNIX socket is %v", a)
	}
}

func TestLimiterIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		held, err := l.attempt(netip.MustParseAddr("203.0.113.1"), "held")
		must(t, err)
		for i := range 3 * maxLimited {
			address := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
			done, err := l.attempt(address, fmt.Sprint("user", i))
			must(t, err)
			done(wrong + outcome(i%2))
			time.Sleep(time.Millisecond)
		}
		if len(l.entries) > maxLimited || len(l.known) > maxLimited {
			t.Errorf("%d entries, %d known", len(l.entries), len(l.known))
		}
		// The last ones count: nobody is let off by a flood of others.
		last := netip.AddrFrom4([4]byte{10, byte((3*maxLimited - 1) >> 16), byte((3*maxLimited - 1) >> 8), byte((3*maxLimited - 1) & 255)})
		if l.entries["address "+last.String()] == nil {
			t.Error("the address that came last was forgotten")
		}
		if l.entries["address 203.0.113.1"] == nil {
			t.Error("an attempt that is going on was forgotten")
		}
		held(wrong)
	})
}

func TestRetryAfterIsInTheError(t *testing.T) {
	l := newLimiter()
	l.guess(somewhere, "anna")
	_, err := l.attempt(somewhere, "anna")
	if RetryAfter(fmt.Errorf("login: %w", err)) != time.Second || RetryAfter(errors.New("other")) != 0 {
		t.Errorf("%v", RetryAfter(err))
	}
	if got := err.Error(); got != "too many logins were tried; try again in 1 s" {
		t.Error(got)
	}
}

// Two users of one household log in at the same moment: the second waits for
// the first, and neither is refused; unless the first was wrong.
func TestLoginsAtOnceFromOneAddressWait(t *testing.T) {
	for first, refused := range map[outcome]bool{right: false, notLooked: false, wrong: true} {
		synctest.Test(t, func(t *testing.T) {
			l := newLimiter()
			done, err := l.attempt(somewhere, "anna")
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				done, err := l.await(t.Context(), somewhere, "berta")
				if err == nil {
					done(right)
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
	l := newLimiter()
	done, err := l.attempt(somewhere, "anna")
	if err != nil {
		t.Fatal(err)
	}
	defer done(right)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.await(ctx, somewhere, "berta"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
