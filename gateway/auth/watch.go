package auth

import (
	"context"
	"errors"
	"time"
)

// watch is something a principal is doing.
type watch struct {
	principal Principal
	action    Action // "": to be logged in is enough
	camera    string
	same      bool // and to be permitted the same
	end       context.CancelCauseFunc
}

// Watch gives a context that ends when the principal may no longer do this
// action with this camera: when it logs out, is removed, gets another
// password, loses the grant, or its session, token or link is revoked or
// expires. Its cause is then ErrRevoked. A handler wraps the context of its
// request in it before it opens a stream, and calls stop when it is done. It
// costs no goroutine. Run must be running for changes by other processes and
// for expiry.
//
// Who may not do it now gets a context that has ended.
func (a *Auth) Watch(parent context.Context, p Principal, action Action, camera string) (ctx context.Context, stop func()) {
	if action == "" {
		action = "none" // which nobody may do
	}
	return a.watch(parent, &watch{principal: p, action: action, camera: camera})
}

// WatchLogin is Watch for what everybody who is logged in may do: its context
// ends when the principal is nobody any more.
func (a *Auth) WatchLogin(parent context.Context, p Principal) (ctx context.Context, stop func()) {
	return a.watch(parent, &watch{principal: p})
}

// WatchPermissions is WatchLogin whose context ends as well when the principal may do
// something else than it could: for who is told all that it may know.
func (a *Auth) WatchPermissions(parent context.Context, p Principal) (ctx context.Context, stop func()) {
	return a.watch(parent, &watch{principal: p, same: true})
}

func (a *Auth) watch(parent context.Context, w *watch) (context.Context, func()) {
	ctx, end := context.WithCancelCause(parent)
	w.end = end
	a.mu.Lock()
	a.watches[w] = struct{}{}
	a.mu.Unlock()
	// Only now that it is listed, so that no change can come between.
	if err := a.recheckOne(parent, w); err != nil && parent.Err() == nil {
		a.log.Error("a permission could not be checked again; it stays until it can", "principal", w.principal.String(), "err", err)
	}
	return ctx, func() { a.unwatch(w, context.Canceled) }
}

func (a *Auth) unwatch(w *watch, cause error) {
	a.mu.Lock()
	delete(a.watches, w)
	a.mu.Unlock()
	w.end(cause)
}

// recheck looks at all that is going on, and ends what may not.
func (a *Auth) recheck(ctx context.Context) error {
	a.mu.Lock()
	watches := make([]*watch, 0, len(a.watches))
	for w := range a.watches {
		watches = append(watches, w)
	}
	a.mu.Unlock()
	for _, w := range watches {
		if err := a.recheckOne(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// recheckOne ends what a principal is doing if it may not. While nothing
// changed in the database this is a look into a map, and it keeps the session
// from being idle.
func (a *Auth) recheckOne(ctx context.Context, w *watch) error {
	present, err := a.Present(ctx, w.principal)
	if errors.Is(err, ErrDenied) || err == nil && !w.allows(present) {
		a.log.Info("access ended", "principal", w.principal.String(), "action", string(w.action), "camera", w.camera)
		a.unwatch(w, ErrRevoked)
		return nil
	}
	return err
}

// allows says whether what goes on may go on.
func (w *watch) allows(p Principal) bool {
	if w.action == "" {
		return p.Known() && !(w.same && !p.permissions.equal(w.principal.permissions))
	}
	return Authorize(p, w.action, w.camera)
}

// Present gives a principal with the permissions it has now, which may be others
// than when it was identified. The error is ErrDenied where it is nobody any
// more, or of the store.
func (a *Auth) Present(ctx context.Context, p Principal) (Principal, error) {
	switch p.kind {
	case Anyone:
		return p, nil
	case Nobody:
		return p, ErrDenied
	}
	if !p.expires.IsZero() && !time.Now().Before(p.expires) {
		return Principal{}, ErrDenied
	}
	present, err := a.accounts.principal(ctx, p.account)
	if err != nil {
		return Principal{}, err
	}
	if present.generation != p.generation {
		return Principal{}, ErrDenied
	}
	if p.kind == LinkKind {
		return p.boundBy(present), nil
	}
	return present, nil
}
