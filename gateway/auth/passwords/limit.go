package passwords

import (
	"context"
	"errors"
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
	// countedNameBytes is how much of a name is looked at; no user has more.
	countedNameBytes = 64
)

// Limiter counts wrong passwords for each network and for each name. Right ones
// cost nothing, so a household behind one address does not lock itself out. A
// user in a network in which the user logged in before is counted apart from
// both, so that neither strangers nor those next door lock the user out there. Its methods may be
// called from any goroutine.
type Limiter struct {
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

// NewLimiter makes one that knows nothing yet.
func NewLimiter() *Limiter {
	return &Limiter{
		entries: make(map[string]*limited),
		known:   make(map[string]map[string]time.Time),
		unsaved: make(map[store.Place]time.Time),
		ended:   make(chan struct{}),
	}
}

// Outcome is how an attempt ended.
type Outcome uint8

// The outcomes.
const (
	NotLooked Outcome = iota // the password was not compared; this tells nobody anything
	Wrong
	Right
)

// Await begins an attempt to log in. done must be called with its outcome. Where
// it depends on the outcome of others that are being looked at it waits for
// those: users who log in from one address at the same moment do so one after the
// other, and none is refused for it. The error is ErrTooManyAttempts, or that of
// the context.
func (l *Limiter) Await(ctx context.Context, address netip.Addr, name string) (done func(Outcome), err error) {
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

// attempt is Await that does not wait, but says how long to.
func (l *Limiter) attempt(address netip.Addr, name string) (done func(Outcome), err error) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	var counted []*limited
	for _, c := range l.counters(address, name) {
		e := l.entry(c, now)
		if wait := e.wait(now); wait > 0 {
			end(counted, NotLooked)
			return nil, l.refuse(wait, e, now)
		}
		e.trying++ // before another entry is made, so that this one stays
		counted = append(counted, e)
	}
	return func(o Outcome) {
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
func (l *Limiter) counters(address netip.Addr, name string) []counter {
	from, who := Network(address), folded(name)
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
func folded(name string) string { return strings.ToLower(name[:min(len(name), countedNameBytes)]) }

// end ends an attempt wherever it is counted. The lock is held.
func end(counted []*limited, o Outcome) {
	for _, e := range counted {
		e.end(o)
	}
}

// refuse says how long to wait, and whether that may turn out to be shorter.
// The lock is held.
func (l *Limiter) refuse(wait time.Duration, e *limited, now time.Time) error {
	refused := &tooMany{after: wait}
	if e.trying > 0 && e.waitBeside(0, now) == 0 {
		refused.open = l.ended
	}
	return refused
}

// entry finds what is counted, or begins to count it. The lock is held.
func (l *Limiter) entry(c counter, now time.Time) *limited {
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
func (l *Limiter) makeRoom() {
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

// Know notes where a user logged in. Load is Know for what was written before.
func (l *Limiter) Know(user store.User, address netip.Addr, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remember(user.Name, Network(address), at)
	l.unsaved[store.Place{User: user.ID, Network: Network(address)}] = at
}

// Load notes where users logged in before.
func (l *Limiter) Load(places []store.KnownPlace) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range places {
		l.remember(p.Name, p.Network, p.Seen)
	}
}

// remember keeps the networks in which a user was last. The lock is held.
func (l *Limiter) remember(name, network string, at time.Time) {
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

// TakePlaces gives where users logged in since the last time.
func (l *Limiter) TakePlaces() map[store.Place]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.unsaved
	l.unsaved = make(map[store.Place]time.Time)
	return taken
}

// PutBackPlaces takes back what could not be written.
func (l *Limiter) PutBackPlaces(places map[store.Place]time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for place, at := range places {
		if at.After(l.unsaved[place]) {
			l.unsaved[place] = at
		}
	}
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

func (e *limited) end(o Outcome) {
	e.trying--
	if o != Wrong {
		return
	}
	for _, limit := range e.limits {
		limit.Allow()
	}
}

// Network is what an address is counted as: itself, or the /64 of an IPv6
// address, since that is what a single client has.
func Network(address netip.Addr) string { return prefix(address, 64) }

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
