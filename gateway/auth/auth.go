// Package auth says who somebody is and what that principal may do.
//
// One function decides, Authorize. Principals come from Verify, by a session
// cookie, a bearer token, Basic, Digest or a signed link; Watch ends what a
// principal is doing when it may do so no longer. The rest of the package is
// managing: users and their passwords, tokens, sessions, and links.
//
// Passwords are kept as argon2id hashes, which are computed few at a time and
// counted against limits for each network and each user. Tokens, session
// cookies and login links are random and kept as hashes: whoever reads the
// database cannot use any of them. Sealed tokens are kept encrypted as well, for
// recorders that prove by Digest that they have one: whoever reads the database
// and the key beside it can use those.
//
// A change made by this process takes effect before the method that makes it
// returns, one made by another ("framegate user") within two seconds, on open
// streams as well. The former is why all changes to users, tokens and sessions
// go through this package rather than to the store.
//
// The package knows no routes and answers no requests; but cookies, which are
// its own.
package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"framegate/gateway/auth/passwords"
	"framegate/gateway/secret"
	"framegate/gateway/store"
)

// What callers branch on.
var (
	// ErrDenied means that a password, token or link is wrong, expired or
	// revoked; it never says which.
	ErrDenied = errors.New("wrong or expired login")
	// ErrTooManyAttempts means that no password is looked at for a while; see
	// RetryAfter.
	ErrTooManyAttempts = passwords.ErrTooManyAttempts
	// ErrForbidden means that a principal asks for what it may not do itself.
	ErrForbidden = errors.New("not allowed")
	// ErrRevoked is the cause (context.Cause) of a context of Watch that ended
	// because the principal may do what it was doing no longer.
	ErrRevoked = errors.New("the permission was taken away or has expired")

	// ErrUnwritten means that an access was taken away in this process and could
	// not be written.
	ErrUnwritten = errors.New("it is over here, but that could not be written: it would be back after a restart; see that the disk of the data folder has room, the server goes on trying")

	ErrBadName      = errors.New("bad name")
	ErrWeakPassword = errors.New("weak password")
	ErrBadPassword  = errors.New("bad password")
	ErrBadGrant     = errors.New("bad grant")
	ErrBadLifetime  = errors.New("bad lifetime")

	ErrExists    = store.ErrExists
	ErrUnknown   = store.ErrUnknown
	ErrLastAdmin = store.ErrLastAdmin
	ErrTooMany   = store.ErrTooMany
	ErrApart     = store.ErrApart
)

const (
	// pollInterval is how often the database is asked for changes of others.
	pollInterval = time.Second
	// flushInterval is how often is written what was last used when.
	flushInterval = time.Minute
	// pruneInterval is how often expired sessions are removed.
	pruneInterval = time.Hour
	// placeIdle is how long it is known that a user logged in somewhere.
	placeIdle = 180 * 24 * time.Hour
	// maintenanceTimeout bounds what is done on nobody's behalf.
	maintenanceTimeout = 10 * time.Second
	// lastFlushTimeout bounds the last flush, for which the end of the server
	// waits: what would be lost is when something was last used.
	lastFlushTimeout = time.Second
)

// Options say how an Auth works.
type Options struct {
	Store *store.Store
	// Open lets everybody do everything: auth: off.
	Open bool
	// Base is the path, as /cams, under which who asks knows the server, by the
	// context of the request; nil, or "", is the root.
	Base func(context.Context) string
	Log  *slog.Logger // nil: nothing is logged
}

// Auth knows the principals. Its methods may be called from any goroutine; those
// that read or change the database, or hash a password, block for it.
type Auth struct {
	store   *store.Store
	options Options
	log     *slog.Logger

	linkKey  atomic.Pointer[[]byte] // signs links
	hasher   *passwords.Hasher
	limits   *passwords.Limiter
	answers  *passwords.Limiter // of Digest
	accounts *accounts
	verified *passwords.Remembered // passwords that were right
	wrong    *passwords.Remembered // and that were not
	checking singleflight.Group    // Basic credentials that are being verified

	nobodysToken secret.Text // which nobody has

	failed, limited atomic.Int64 // see Stats
	running         atomic.Bool  // Run does

	mu      sync.Mutex // guards watches
	watches map[*watch]struct{}
}

// New makes an Auth on an open store, which the caller closes after the last
// use and the end of Run. It makes the key for links where there is none yet, and starts nothing.
func New(ctx context.Context, options Options) (*Auth, error) {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	key, err := linkKey(ctx, options.Store)
	if err != nil {
		return nil, err
	}
	places, err := options.Store.Places(ctx)
	if err != nil {
		return nil, err
	}
	a := &Auth{
		store:    options.Store,
		options:  options,
		log:      options.Log,
		hasher:   passwords.NewHasher(hashesAtOnce),
		limits:   passwords.NewLimiter(),
		answers:  passwords.NewLimiter(),
		accounts: newAccounts(options.Store),
		verified: passwords.NewRemembered(verifiedFor, maxVerified),
		wrong:    passwords.NewRemembered(wrongFor, maxWrong),
		watches:  make(map[*watch]struct{}),

		nobodysToken: secret.New(tokenPrefix + randomText()),
	}
	a.limits.Load(places)
	a.linkKey.Store(&key)
	return a, nil
}

// Changed makes what other servers changed take effect at once, which have the store in
// common with this one.
func (a *Auth) Changed(ctx context.Context) {
	if key, err := linkKey(ctx, a.store); err != nil {
		a.log.Error("links go on being signed by the key from before", "err", err)
	} else {
		a.linkKey.Store(&key)
	}
	a.changed(ctx)
}

// linkKey reads the key that signs links, which all processes share.
func linkKey(ctx context.Context, s *store.Store) ([]byte, error) {
	fresh := make([]byte, 32)
	rand.Read(fresh)
	secret, err := s.SecretOrSet(ctx, "link key", secret.New(base64.StdEncoding.EncodeToString(fresh)))
	if err != nil {
		return nil, fmt.Errorf("the key for links: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(secret.Reveal())
	if err != nil || len(key) < 32 {
		return nil, fmt.Errorf("the key for links: %w", store.ErrDamaged)
	}
	return key, nil
}

// Run looks for changes that other processes make and for what expires, ends
// what must end because of them, and keeps the times of last use. It returns
// when ctx is done, with nil: a database that fails for a while is logged, and
// leaves open what is open. One Run is enough.
func (a *Auth) Run(ctx context.Context) error {
	a.running.Store(true)
	defer a.running.Store(false)
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	flush := time.NewTicker(flushInterval)
	defer flush.Stop()
	prune := time.NewTicker(pruneInterval)
	defer prune.Stop()
	polling := chore{what: "looking for changes to users, tokens and sessions", do: a.recheck}
	flushing := chore{what: "noting what was used last", do: a.flush}
	pruning := chore{what: "removing expired sessions", do: a.prune}
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlushTimeout)
			defer cancel()
			a.tend(last, &flushing)
			return nil
		case <-poll.C:
			a.tend(ctx, &polling)
		case <-flush.C:
			a.tend(ctx, &flushing)
		case <-prune.C:
			a.tend(ctx, &pruning)
		}
	}
}

// chore is something that is done from time to time.
type chore struct {
	what    string
	do      func(context.Context) error
	failing bool // the last time
}

// tend does a chore, and says when it begins to fail.
func (a *Auth) tend(ctx context.Context, c *chore) {
	err := maintain(ctx, c.do)
	if err != nil && !c.failing && ctx.Err() == nil {
		a.log.Error(c.what, "err", err)
	}
	c.failing = err != nil
}

// maintain bounds what is done on nobody's behalf.
func maintain(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, maintenanceTimeout)
	defer cancel()
	return do(ctx)
}

func (a *Auth) flush(ctx context.Context) error {
	if err := a.writeTaken(ctx); err != nil {
		return err
	}
	used := a.accounts.takeUsed()
	used.Places = a.limits.TakePlaces()
	err := a.store.Touch(ctx, used)
	if err != nil {
		a.accounts.putBackUsed(used)
		a.limits.PutBackPlaces(used.Places)
	}
	return err
}

func (a *Auth) prune(ctx context.Context) error {
	if err := a.flush(ctx); err != nil { // or a session in use would look unused
		return err
	}
	now := time.Now()
	return a.store.Prune(ctx, now, now.Add(-sessionIdle), now.Add(-placeIdle))
}

// changed makes a change that was just written take effect. The change is
// made whatever becomes of the caller, so this is too.
func (a *Auth) changed(ctx context.Context) {
	a.accounts.forget()
	if err := maintain(context.WithoutCancel(ctx), a.recheck); err != nil {
		a.log.Error("open streams could not be checked after a change; tried again", "err", err)
	}
}
