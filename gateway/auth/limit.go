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

	"framegate/gateway/store"
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

// How many times as much as one client's network may guess others have: a site
// of IPv6, whose owner has as many networks as they like, and all the world for
// one name. So no network, and no site, can lock a user out everywhere else.
const (
	siteShare = 3
	nameShare = 5
)

const (
	// maxLimited bounds the networks and names that are counted.
	maxLimited = 4096
	// maxPlaces bounds the networks in which a user is known.
	maxPlaces = 64
)

// tooMany is ErrTooManyAttempts, with when to try again.
type tooMany struct {
	after time.Duration
	open  chan struct{} // closed when the outcome of another attempt is known, where that may change it; or nil
}

func (e *tooMany) Error() string {
	return fmt.Sprintf("%v; try again in %s", ErrTooManyAttempts, WaitWords(e.after))
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

func wholeSeconds(d time.Duration) int64 { return max(1, int64(roundUp(d, time.Second)/time.Second)) }

// WaitWords puts how long to wait into words for people: "40 s", "3 min",
// "2 h", "5 days". It is rounded up, so that who waits so long is let in.
func WaitWords(d time.Duration) string {
	words := fmt.Sprintf("%d s", wholeSeconds(d))
	before := time.Second
	for _, in := range waitUnits {
		if roundUp(d, before) < 2*in.unit { // one number of them would say too little
			break
		}
		words = fmt.Sprintf("%d %s", roundUp(d, in.unit)/in.unit, in.name)
		before = in.unit
	}
	return words
}

var waitUnits = []struct {
	unit time.Duration
	name string
}{{time.Minute, "min"}, {time.Hour, "h"}, {24 * time.Hour, "days"}}

func roundUp(d, unit time.Duration) time.Duration { return (d + unit - 1) / unit * unit }

// limiter counts wrong passwords for each network and for each name. Right ones
// cost nothing, so a household behind one address does not lock itself out. A
// user in a network in which the user logged in before is counted apart from
// both, so that neither strangers nor those next door lock the user out there.
type limiter struct {
	mu      sync.Mutex // guards what follows
	entries map[string]*limited
	known   map[string]map[string]time.Time // by name, the networks of logins that succeeded, and when
	unsaved map[store.Place]time.Time       // of those, what is to be written
	ended   chan struct{}                   // closed, and made anew, with each outcome
}

// limited is one network or name, or both.
type limited struct {
	limits []*rate.Limiter
	trying int // attempts whose outcome is open; counted as wrong until it is known
	last   time.Time
}

func newLimiter() *limiter {
	return &limiter{
		entries: make(map[string]*limited),
		known:   make(map[string]map[string]time.Time),
		unsaved: make(map[store.Place]time.Time),
		ended:   make(chan struct{}),
	}
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
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	var counted []*limited
	for _, c := range l.counters(address, name) {
		e := l.entry(c, now)
		if wait := e.wait(now); wait > 0 {
			end(counted, notLooked)
			return nil, l.refuse(wait, e, now)
		}
		e.trying++ // before another entry is made, so that this one stays
		counted = append(counted, e)
	}
	return func(o outcome) {
		l.mu.Lock()
		defer l.mu.Unlock()
		end(counted, o)
		close(l.ended)
		l.ended = make(chan struct{})
	}, nil
}

// counter is what an attempt is counted by.
type counter struct {
	key   string
	share int // how many times the limits of one network it has
}

// counters gives all that an attempt is counted by, the narrowest first. The
// lock is held.
func (l *limiter) counters(address netip.Addr, name string) []counter {
	from, who := network(address), folded(name)
	if _, ok := l.known[who][from]; ok {
		return []counter{{"pair " + who + "\x00" + from, 1}}
	}
	all := []counter{{"network " + from, 1}}
	if address.Is6() {
		all = append(all, counter{"site " + site(address), siteShare})
	}
	return append(all, counter{"name " + who, nameShare})
}

// folded is what a name is counted as.
func folded(name string) string { return strings.ToLower(name[:min(len(name), maxNameBytes)]) }

// end ends an attempt wherever it is counted. The lock is held.
func end(counted []*limited, o outcome) {
	for _, e := range counted {
		e.end(o)
	}
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

// entry finds what is counted, or begins to count it. The lock is held.
func (l *limiter) entry(c counter, now time.Time) *limited {
	e, ok := l.entries[c.key]
	if !ok {
		l.makeRoom()
		e = &limited{}
		for _, limit := range loginLimits {
			attempts := c.share * limit.attempts
			e.limits = append(e.limits, rate.NewLimiter(rate.Every(limit.period/time.Duration(attempts)), attempts))
		}
		l.entries[c.key] = e
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

// know notes where a user logged in. load is know for what was written before.
func (l *limiter) know(user store.User, address netip.Addr, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remember(user.Name, network(address), at)
	l.unsaved[store.Place{User: user.ID, Network: network(address)}] = at
}

func (l *limiter) load(places []store.KnownPlace) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range places {
		l.remember(p.Name, p.Network, p.Seen)
	}
}

// remember keeps the networks in which a user was last. The lock is held.
func (l *limiter) remember(name, network string, at time.Time) {
	places := l.known[folded(name)]
	if places == nil {
		places = make(map[string]time.Time)
		l.known[folded(name)] = places
	}
	places[network] = at
	if len(places) <= maxPlaces {
		return
	}
	oldest := network
	for other, seen := range places {
		if seen.Before(places[oldest]) {
			oldest = other
		}
	}
	delete(places, oldest)
}

// takePlaces gives where users logged in since the last time.
func (l *limiter) takePlaces() map[store.Place]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.unsaved
	l.unsaved = make(map[store.Place]time.Time)
	return taken
}

// putBackPlaces takes back what could not be written.
func (l *limiter) putBackPlaces(places map[store.Place]time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	putBack(l.unsaved, places)
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
func network(address netip.Addr) string { return prefix(address, 64) }

// site is the /48 of an IPv6 address, which is what a single customer has at
// most (RFC 6177 section 2).
func site(address netip.Addr) string { return prefix(address, 48) }

func prefix(address netip.Addr, bits int) string {
	if address.Is6() {
		if p, err := address.Prefix(bits); err == nil {
			return p.String()
		}
	}
	return address.String()
}

// Network is what limits count a request's client as: its address, or the /64 of
// one of IPv6, which is what a single client has.
func Network(r *http.Request) string { return network(clientAddress(r)) }

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
