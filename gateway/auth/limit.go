package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// loginLimits are how many wrong passwords are taken: bursts of that many, and
// over a longer time as many for each period.
var loginLimits = []struct {
	attempts int
	period   time.Duration
}{
	{1, time.Second},
	{5, time.Minute},
	{20, time.Hour},
}

// maxLimited bounds the addresses and names that are remembered.
const maxLimited = 4096

// tooMany is ErrTooManyAttempts, with when to try again.
type tooMany struct {
	after time.Duration
	open  chan struct{} // closed when the outcome of another attempt is known, where that may change it; or nil
}

func (e *tooMany) Error() string {
	return fmt.Sprintf("%v; try again in %d s", ErrTooManyAttempts, wholeSeconds(e.after))
}

// Is makes it an ErrTooManyAttempts.
func (e *tooMany) Is(target error) bool { return target == ErrTooManyAttempts }

// RetryAfter is how long to wait after an ErrTooManyAttempts, in whole seconds
// as the header Retry-After wants it, and 0 for other errors.
func RetryAfter(err error) time.Duration {
	var e *tooMany
	if !errors.As(err, &e) {
		return 0
	}
	return time.Duration(wholeSeconds(e.after)) * time.Second
}

func wholeSeconds(d time.Duration) int64 { return max(1, int64((d+time.Second-1)/time.Second)) }

// limiter counts wrong passwords for each address and for each name. Right ones
// cost nothing, so a household behind one address does not lock itself out. An
// address from which a user logged in before is counted apart from the rest of
// the world, so that strangers cannot lock the user out there.
type limiter struct {
	mu      sync.Mutex // guards what follows
	entries map[string]*limited
	known   map[string]time.Time // name and address of logins that succeeded
	ended   chan struct{}        // closed, and made anew, with each outcome
}

// limited is one address or name.
type limited struct {
	limits []*rate.Limiter
	trying int // attempts whose outcome is open; counted as wrong until it is known
	last   time.Time
}

func newLimiter() *limiter {
	return &limiter{entries: make(map[string]*limited), known: make(map[string]time.Time), ended: make(chan struct{})}
}

// outcome is how an attempt ended.
type outcome uint8

const (
	notLooked outcome = iota // the password was not compared; this tells nobody anything
	wrong
	right
)

// await is attempt, but waits where it depends on the outcome of others that
// are being looked at: users who log in from one address at the same moment do
// so one after the other, and none is refused for it.
func (l *limiter) await(ctx context.Context, address netip.Addr, name string) (done func(outcome), err error) {
	for {
		done, err := l.attempt(address, name)
		var refused *tooMany
		if !errors.As(err, &refused) || refused.open == nil {
			return done, err
		}
		select {
		case <-refused.open:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// attempt begins an attempt to log in, or says how long to wait. done must be
// called with its outcome.
func (l *limiter) attempt(address netip.Addr, name string) (done func(outcome), err error) {
	from := network(address)
	who := strings.ToLower(name[:min(len(name), maxNameBytes)])
	pair := who + "\x00" + from
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	byAddress := l.entry("address "+from, now)
	if wait := byAddress.wait(now); wait > 0 {
		return nil, l.refuse(wait, byAddress, now)
	}
	key := "name " + who
	if _, ok := l.known[pair]; ok {
		key = "pair " + pair
	}
	byAddress.trying++ // before another entry is made, so that this one stays
	byName := l.entry(key, now)
	if wait := byName.wait(now); wait > 0 {
		byAddress.trying--
		return nil, l.refuse(wait, byName, now)
	}
	byName.trying++
	return func(o outcome) {
		l.mu.Lock()
		defer l.mu.Unlock()
		byAddress.end(o)
		byName.end(o)
		if o == right {
			l.remember(pair)
		}
		close(l.ended)
		l.ended = make(chan struct{})
	}, nil
}

// refuse says how long to wait, and whether that may turn out to be shorter.
// The lock is held.
func (l *limiter) refuse(wait time.Duration, e *limited, now time.Time) error {
	refused := &tooMany{after: wait}
	if e.trying > 0 && e.waitBeside(0, now) == 0 {
		refused.open = l.ended
	}
	return refused
}

// entry finds what is counted under a key, or begins to count. The lock is
// held.
func (l *limiter) entry(key string, now time.Time) *limited {
	e, ok := l.entries[key]
	if !ok {
		l.makeRoom()
		e = &limited{}
		for _, limit := range loginLimits {
			e.limits = append(e.limits, rate.NewLimiter(rate.Every(limit.period/time.Duration(limit.attempts)), limit.attempts))
		}
		l.entries[key] = e
	}
	e.last = now
	return e
}

// makeRoom forgets, where there is no room, the one of a few that was used
// longest ago. Which few is left to chance: looking at all would make a flood
// of addresses dear. The lock is held.
func (l *limiter) makeRoom() {
	if len(l.entries) < maxLimited {
		return
	}
	oldest, looked := "", 0
	for key, e := range l.entries {
		if e.trying > 0 {
			continue
		}
		if oldest == "" || e.last.Before(l.entries[oldest].last) {
			oldest = key
		}
		if looked++; looked == 16 {
			break
		}
	}
	delete(l.entries, oldest)
}

// remember notes where a user logged in. The lock is held.
func (l *limiter) remember(pair string) {
	for other := range l.known {
		if len(l.known) < maxLimited {
			break
		}
		delete(l.known, other)
	}
	l.known[pair] = time.Now()
}

// wait gives how long until another attempt is taken; 0: now.
func (e *limited) wait(now time.Time) time.Duration { return e.waitBeside(e.trying, now) }

// waitBeside is wait where so many attempts are open.
func (e *limited) waitBeside(trying int, now time.Time) (wait time.Duration) {
	for _, limit := range e.limits {
		missing := float64(trying+1) - limit.TokensAt(now)
		if missing > 0 {
			wait = max(wait, time.Duration(missing/float64(limit.Limit())*float64(time.Second)), time.Millisecond)
		}
	}
	return wait
}

func (e *limited) end(o outcome) {
	e.trying--
	if o != wrong {
		return
	}
	for _, limit := range e.limits {
		limit.Allow()
	}
}

// network is what an address is counted as: itself, or the /64 of an IPv6
// address, since that is what a single client has.
func network(address netip.Addr) string {
	if address.Is6() {
		if prefix, err := address.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}

// clientAddress is where a request comes from, an IPv4 address as such, without
// port and zone.
func clientAddress(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}
