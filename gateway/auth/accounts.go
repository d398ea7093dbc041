package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"strconv"
	"sync"
	"time"

	"framegate/gateway/store"
)

const (
	// sessionLifetime is how long after its login a session ends in any case.
	sessionLifetime = 90 * 24 * time.Hour
	// sessionIdle is how long a session lives without being used.
	sessionIdle = 14 * 24 * time.Hour
	// maxAccounts bounds those kept in memory.
	maxAccounts = 4096
)

type accountKind uint8

const (
	noAccount accountKind = iota
	userAccount
	tokenAccount
	sessionAccount
	linkAccount // a lasting link
)

// accountKey names what a principal goes back to: a user by its id, a session by
// the hash of its cookie or, for ways, by its id, a token by its hash or, for links, by its id, a lasting
// link by its id.
type accountKey struct {
	kind accountKind
	id   int64 // 0: by hash
	hash [sha256.Size]byte
}

// accounts gives principals from the database. It keeps them as long as the
// database says that nothing was taken or given, so that a request costs no
// more than a look into a map.
type accounts struct {
	store *store.Store

	mu       sync.Mutex // guards what follows
	revision int64      // of the store, when it was last asked
	asked    time.Time  // when that was; zero: ask again
	forgets  int        // how often it was made to ask again
	kept     map[accountKey]kept
	sessions map[int64]time.Time // used since it was last written
	tokens   map[int64]time.Time
	links    map[int64]time.Time
	taken    map[accountKey]taken // by id: sessions too
}

// kept is an account as of a revision.
type kept struct {
	principal Principal
	revision  int64
	seen      time.Time // of a session
}

func newAccounts(s *store.Store) *accounts {
	return &accounts{
		store:    s,
		kept:     make(map[accountKey]kept),
		sessions: make(map[int64]time.Time),
		tokens:   make(map[int64]time.Time),
		links:    make(map[int64]time.Time),
		taken:    make(map[accountKey]taken),
	}
}

// presentRevision asks the database at most once in pollInterval, however many
// requests come.
func (c *accounts) presentRevision(ctx context.Context) (int64, error) {
	c.mu.Lock()
	revision, fresh := c.revision, !c.asked.IsZero() && time.Since(c.asked) < pollInterval
	forgets := c.forgets
	c.mu.Unlock()
	if fresh {
		return revision, nil
	}
	asking := time.Now()
	revision, err := c.store.AccessRevision(ctx)
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revision = max(c.revision, revision)
	if c.forgets == forgets { // or the answer may be older than the change to forget for
		c.asked = asking
	}
	return c.revision, nil
}

// forget makes the next request ask the database again.
func (c *accounts) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = time.Time{}
	c.forgets++
}

// principal gives the account's principal as it is now, and notes that it was
// used. ErrDenied says that it is gone or has expired.
func (c *accounts) principal(ctx context.Context, key accountKey) (Principal, error) {
	revision, err := c.presentRevision(ctx)
	if err != nil {
		return Principal{}, err
	}
	now := time.Now()
	if p, ok, err := c.keptPrincipal(key, revision, now); ok || err != nil {
		return p, err
	}
	fresh, err := c.read(ctx, key)
	if errors.Is(err, store.ErrUnknown) {
		return Principal{}, ErrDenied
	}
	if err != nil {
		return Principal{}, err
	}
	fresh.revision = revision
	return c.keep(key, fresh, now)
}

// keptPrincipal looks the account up in memory.
func (c *accounts) keptPrincipal(key accountKey, revision int64, now time.Time) (p Principal, ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.kept[key]
	if !ok || k.revision != revision {
		return Principal{}, false, nil
	}
	p, err = c.use(key, k, now)
	return p, true, err
}

// keep puts an account just read into memory.
func (c *accounts) keep(key accountKey, k kept, now time.Time) (Principal, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.kept[key]; ok && old.seen.After(k.seen) {
		k.seen = old.seen // which is not written yet
	}
	for other := range c.kept {
		if len(c.kept) < maxAccounts {
			break
		}
		delete(c.kept, other)
	}
	return c.use(key, k, now)
}

// use checks that the account has not expired or been taken away, and notes that it is used. The
// lock is held.
func (c *accounts) use(key accountKey, k kept, now time.Time) (Principal, error) {
	p := k.principal
	if !p.expires.IsZero() && !now.Before(p.expires) || key.kind == sessionAccount && now.Sub(k.seen) >= sessionIdle {
		delete(c.kept, key)
		return Principal{}, ErrDenied
	}
	p, ok := c.without(p)
	if !ok {
		return Principal{}, ErrDenied
	}
	k.seen = now
	c.kept[key] = k
	switch key.kind {
	case sessionAccount:
		c.sessions[p.session] = now
	case tokenAccount:
		c.tokens[p.id] = now
	case linkAccount:
		c.links[p.id] = now
	}
	return p, nil
}

// read reads an account from the database.
func (c *accounts) read(ctx context.Context, key accountKey) (kept, error) {
	switch key.kind {
	case userAccount:
		user, err := c.store.User(ctx, key.id)
		return kept{principal: userPrincipal(user, key)}, err
	case tokenAccount:
		token, err := c.readToken(ctx, key)
		return kept{principal: tokenPrincipal(token, key)}, err
	case linkAccount:
		link, err := c.store.Link(ctx, key.id)
		return kept{principal: linkPrincipal(link, key)}, err
	case sessionAccount:
		session, err := c.readSession(ctx, key)
		if err != nil {
			return kept{}, err
		}
		user, err := c.store.User(ctx, session.User)
		p := userPrincipal(user, key)
		p.session, p.expires = session.ID, session.Expires
		return kept{principal: p, seen: session.Seen}, err
	}
	return kept{}, store.ErrUnknown
}

func (c *accounts) readSession(ctx context.Context, key accountKey) (store.Session, error) {
	if key.id != 0 {
		return c.store.Session(ctx, key.id)
	}
	return c.store.SessionOf(ctx, key.hash[:])
}

func (c *accounts) readToken(ctx context.Context, key accountKey) (store.Token, error) {
	if key.id != 0 {
		return c.store.Token(ctx, key.id)
	}
	return c.store.TokenOf(ctx, key.hash[:])
}

func userPrincipal(u store.User, key accountKey) Principal {
	return Principal{
		kind:        UserKind,
		account:     key,
		id:          u.ID,
		name:        u.Name,
		generation:  u.Generation,
		first:       u.First,
		permissions: permit(fromStored(u.Grants)),
	}
}

func tokenPrincipal(t store.Token, key accountKey) Principal {
	return Principal{
		kind:        TokenKind,
		account:     key,
		id:          t.ID,
		name:        t.Name,
		permissions: permit(fromStored(t.Grants)),
		expires:     t.Expires,
	}
}

// linkPrincipal gives who comes by a lasting link: it goes back to nobody else.
func linkPrincipal(l store.Link, key accountKey) Principal {
	return Principal{
		kind:        LinkKind,
		account:     key,
		id:          l.ID,
		name:        cmp.Or(l.Name, strconv.FormatInt(l.ID, 10)),
		permissions: permit([]Grant{{Action(l.Action), l.Camera}}),
		expires:     l.Expires,
	}
}

// fromStored and toStored translate grants. The store writes admin with no
// camera.
func fromStored(stored []store.Grant) []Grant {
	grants := make([]Grant, len(stored))
	for i, g := range stored {
		grants[i] = Grant{Action(g.Action), g.Camera}
	}
	return grants
}

func toStored(grants []Grant) []store.Grant {
	stored := make([]store.Grant, len(grants))
	for i, g := range grants {
		stored[i] = store.Grant{Camera: g.Camera, Action: string(g.Action)}
	}
	return stored
}

// takeUsed gives what was used since the last time.
func (c *accounts) takeUsed() store.Used {
	c.mu.Lock()
	defer c.mu.Unlock()
	used := store.Used{Sessions: c.sessions, Tokens: c.tokens, Links: c.links}
	c.sessions, c.tokens, c.links = make(map[int64]time.Time), make(map[int64]time.Time), make(map[int64]time.Time)
	return used
}

// putBackUsed takes back what could not be written.
func (c *accounts) putBackUsed(used store.Used) {
	c.mu.Lock()
	defer c.mu.Unlock()
	putBack(c.sessions, used.Sessions)
	putBack(c.tokens, used.Tokens)
	putBack(c.links, used.Links)
}

func putBack[K comparable](to, from map[K]time.Time) {
	for key, at := range from {
		if at.After(to[key]) {
			to[key] = at
		}
	}
}
