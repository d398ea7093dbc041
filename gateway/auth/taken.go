package auth

import (
	"context"
	"errors"
	"maps"

	"framegate/gateway/store"
)

// unwritten is ErrUnwritten with why.
type unwritten struct{ cause error }

// Error does not say why: that is for the log, and for whoever asks for it.
func (e unwritten) Error() string {
	if errors.Is(e.cause, ErrApart) {
		return "it is over at this server, but the other nodes of the cluster could not be told: they are as soon as the nodes that keep what all have in common are reached"
	}
	return ErrUnwritten.Error()
}

// Is makes it an ErrUnwritten.
func (e unwritten) Is(target error) bool { return target == ErrUnwritten }

func (e unwritten) Unwrap() error { return e.cause }

// taken is what somebody may do no longer, although the database says so.
type taken struct {
	left  *permissions // what may be done still; nil: nothing
	write func(context.Context) error
}

// take takes an access away: all of it, or what is not left. Where that cannot
// be written, as on a full disk, it is over in this process all the same, Run
// goes on trying to write it, and the error is an ErrUnwritten. A process that
// does not Run has nobody to keep out, and gives the error as it is.
func (a *Auth) take(ctx context.Context, from accountKey, left *permissions, write func(context.Context) error) error {
	defer a.changed(ctx)
	err := write(ctx)
	switch {
	case err == nil:
		a.accounts.forgetTaken(from)
		return nil
	case errors.Is(err, ErrUnknown), errors.Is(err, ErrLastAdmin), !a.running.Load(), !a.leavesAnAdmin(ctx, from, left):
		return err
	}
	a.accounts.take(from, taken{left, write})
	a.log.Error("an access was taken away, which could not be written and is tried again; it would be back after a restart", "err", err)
	return unwritten{err}
}

// leavesAnAdmin says that somebody is admin still if this is taken away, as the
// store would say if it could.
func (a *Auth) leavesAnAdmin(ctx context.Context, from accountKey, left *permissions) bool {
	if from.kind != userAccount || left != nil && left.admin {
		return true
	}
	users, err := a.store.Users(context.WithoutCancel(ctx))
	if err != nil {
		return false
	}
	for _, u := range users {
		other := accountKey{kind: userAccount, id: u.ID}
		if other != from && a.accounts.isAdmin(userPrincipal(u, other)) {
			return true
		}
	}
	return false
}

// writeTaken tries again to write what was taken away.
func (a *Auth) writeTaken(ctx context.Context) error {
	for key, t := range a.accounts.allTaken() {
		err := t.write(ctx)
		if err != nil && !errors.Is(err, store.ErrUnknown) && !errors.Is(err, store.ErrLastAdmin) {
			return err
		}
		a.accounts.forgetTaken(key)
		a.log.Info("an access that was taken away is written so now")
	}
	return nil
}

func (c *accounts) take(from accountKey, t taken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken[from] = t
}

func (c *accounts) forgetTaken(from accountKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.taken, from)
}

func (c *accounts) allTaken() map[accountKey]taken {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.taken)
}

func (c *accounts) isAdmin(p Principal) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.without(p)
	return ok && p.permissions.admin
}

// without gives a principal without what was taken away from it, and false where
// that is all. The lock is held.
func (c *accounts) without(p Principal) (Principal, bool) {
	if len(c.taken) == 0 {
		return p, true
	}
	account := accountKey{kind: userAccount, id: p.id}
	switch p.kind {
	case TokenKind:
		account.kind = tokenAccount
	case LinkKind: // a lasting one; others go back to somebody else
		account.kind = linkAccount
	}
	if _, ok := c.taken[accountKey{kind: sessionAccount, id: p.session}]; ok && p.session != 0 {
		return Principal{}, false
	}
	t, ok := c.taken[account]
	if ok && t.left == nil {
		return Principal{}, false
	}
	if ok {
		p.permissions = p.permissions.and(*t.left)
	}
	return p, true
}

// and gives what both permit.
func (p permissions) and(q permissions) permissions {
	both := permissions{admin: p.admin && q.admin, metrics: (p.admin || p.metrics) && (q.admin || q.metrics), add: (p.admin || p.add) && (q.admin || q.add), all: p.all & q.all, cameras: make(map[string]actions)}
	set := func(of permissions, camera string) actions {
		if of.admin {
			return ^actions(0)
		}
		return of.all | of.cameras[camera]
	}
	if p.admin {
		both.all = q.all
	}
	if q.admin {
		both.all = p.all
	}
	for _, cameras := range []map[string]actions{p.cameras, q.cameras} {
		for camera := range cameras {
			both.cameras[camera] = set(p, camera) & set(q, camera)
		}
	}
	return both
}
