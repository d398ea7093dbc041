package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"framegate/gateway/store"
)

// MaxLinkLifetime bounds how long an address with a signature is of use to
// whoever finds it, unless it can be listed and revoked (MakeLink).
const MaxLinkLifetime = 7 * 24 * time.Hour

// A signature is the kind and id of the link's maker and a MAC, in base64url
// without padding. The maker is in it so that a link never allows more than its
// maker may do at that moment.
const (
	signatureHead = 1 + 8
	signatureSize = signatureHead + sha256.Size
)

// link is what stands in an address. Of a lasting one the maker is itself, and
// the database knows when it expires.
type link struct {
	expires int64 // seconds since 1970; of a lasting one 0
	maker   accountKey
	mac     []byte
	valid   bool // it has the form of a link
}

func (l link) lasting() bool { return l.maker.kind == linkAccount }

// LastingLink is a link that is good until it is revoked, or for longer than
// others. Like a token it goes back to nobody: it outlives its maker's password.
type LastingLink struct {
	ID      int64
	Name    string // what it is for; may be empty
	Camera  string
	Action  Action
	Maker   string // as Principal.String gives it
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // zero: not yet; a minute late
}

// SignLink gives the query (exp and sig) that lets whoever has it do one action
// with one camera for a while, as long as p may do that: it dies with the
// user's password, the token and the permission. The error is ErrForbidden for
// what p may not do or delegate, and ErrBadLifetime for one that is not positive
// or above seven days.
func (a *Auth) SignLink(ctx context.Context, p Principal, action Action, camera string, lifetime time.Duration) (url.Values, error) {
	maker, ok := p.maker()
	if !ok || action == Admin || !Authorize(p, action, camera) {
		return nil, ErrForbidden
	}
	if lifetime < time.Second || lifetime > MaxLinkLifetime {
		return nil, fmt.Errorf("%w: a link lives from 1 s to %d days", ErrBadLifetime, MaxLinkLifetime/(24*time.Hour))
	}
	present, err := a.accounts.principal(ctx, maker)
	if err != nil {
		return nil, err
	}
	l := link{expires: time.Now().Add(lifetime).Unix(), maker: maker}
	mac := a.linkMAC(l, action, camera, present.generation)
	signature := binary.BigEndian.AppendUint64([]byte{byte(maker.kind)}, uint64(maker.id))
	return url.Values{
		"exp": {strconv.FormatInt(l.expires, 10)},
		"sig": {base64.RawURLEncoding.EncodeToString(append(signature, mac...))},
	}, nil
}

// MakeLink makes a lasting link, for an admin; a zero time never expires. The query
// (link and sig) is in the answer and nowhere else. The error is ErrForbidden
// for who is no admin that can make links, ErrBadName, ErrBadGrant,
// ErrBadLifetime, ErrTooMany or of the store.
func (a *Auth) MakeLink(ctx context.Context, p Principal, name string, action Action, camera string, expires time.Time) (LastingLink, url.Values, error) {
	if _, ok := p.maker(); !ok || !Authorize(p, Admin, "") {
		return LastingLink{}, nil, ErrForbidden
	}
	if name != "" {
		if err := checkName(name); err != nil {
			return LastingLink{}, nil, err
		}
	}
	if action.bit() == 0 || !cameraPattern.MatchString(camera) {
		return LastingLink{}, nil, fmt.Errorf("%w %s: a link is for one action with one camera", ErrBadGrant, quote(Grant{action, camera}.String()))
	}
	if !expires.IsZero() && !time.Now().Before(expires) {
		return LastingLink{}, nil, fmt.Errorf("%w: the link would have expired already", ErrBadLifetime)
	}
	kept, err := a.store.AddLink(ctx, store.Link{Name: name, Camera: camera, Action: string(action), Maker: p.String(), Expires: expires})
	if err != nil {
		return LastingLink{}, nil, err
	}
	l := link{maker: accountKey{kind: linkAccount, id: kept.ID}}
	return lastingOf(kept), url.Values{
		"link": {strconv.FormatInt(kept.ID, 10)},
		"sig":  {base64.RawURLEncoding.EncodeToString(a.linkMAC(l, action, camera, 0))},
	}, nil
}

func lastingOf(l store.Link) LastingLink {
	return LastingLink{l.ID, l.Name, l.Camera, Action(l.Action), l.Maker, l.Created, l.Expires, l.Used}
}

// Links gives all lasting links, expired ones as well, the oldest first.
func (a *Auth) Links(ctx context.Context) ([]LastingLink, error) {
	kept, err := a.store.Links(ctx)
	links := make([]LastingLink, len(kept))
	for i, l := range kept {
		links[i] = lastingOf(l)
	}
	return links, err
}

// RevokeLink removes a lasting link, and ends what goes on by it, or gives
// ErrUnknown. After ErrUnwritten that has ended too.
func (a *Auth) RevokeLink(ctx context.Context, id int64) error {
	return a.take(ctx, accountKey{kind: linkAccount, id: id}, nil, func(ctx context.Context) error {
		return a.store.RemoveLink(ctx, id)
	})
}

// maker gives whom a link made by p goes back to: users and tokens can make
// some, links cannot.
func (p Principal) maker() (accountKey, bool) {
	switch p.kind {
	case UserKind:
		return accountKey{kind: userAccount, id: p.id}, true
	case TokenKind:
		return accountKey{kind: tokenAccount, id: p.id}, true
	}
	return accountKey{}, false
}

// linkMAC signs all that a link allows. Nothing in it can have a line's end, so
// no two links are signed alike.
func (a *Auth) linkMAC(l link, action Action, camera string, generation int64) []byte {
	mac := hmac.New(sha256.New, *a.linkKey.Load())
	if l.lasting() {
		fmt.Fprintf(mac, "framegate lasting link 1\n%s\n%s\n%d\n", action, camera, l.maker.id)
		return mac.Sum(nil)
	}
	fmt.Fprintf(mac, "framegate link 1\n%s\n%s\n%d\n%d\n%d\n%d\n", action, camera, l.expires, l.maker.kind, l.maker.id, generation)
	return mac.Sum(nil)
}

// linkOf finds the link in an address. ok says that there is something that means
// to be one.
func linkOf(query url.Values) (l link, ok bool) {
	exp, id, sig := query["exp"], query["link"], query["sig"]
	switch {
	case len(exp)+len(id)+len(sig) == 0:
		return link{}, false
	case len(exp)+len(id) != 1 || len(sig) != 1:
		return link{}, true
	case len(id) == 1:
		return lastingLink(id[0], sig[0]), true
	}
	return timedLink(exp[0], sig[0]), true
}

// timedLink reads what SignLink gives.
func timedLink(exp, sig string) link {
	expires, err := strconv.ParseInt(exp, 10, 64)
	signature := decoded(sig, signatureSize)
	if err != nil || strconv.FormatInt(expires, 10) != exp || signature == nil {
		return link{}
	}
	maker := accountKey{kind: accountKind(signature[0]), id: int64(binary.BigEndian.Uint64(signature[1:signatureHead]))}
	return link{
		expires: expires,
		maker:   maker,
		mac:     signature[signatureHead:],
		valid:   (maker.kind == userAccount || maker.kind == tokenAccount) && maker.id > 0,
	}
}

// lastingLink reads what MakeLink gives.
func lastingLink(number, sig string) link {
	id, err := strconv.ParseInt(number, 10, 64)
	mac := decoded(sig, sha256.Size)
	if err != nil || strconv.FormatInt(id, 10) != number || mac == nil {
		return link{}
	}
	return link{maker: accountKey{kind: linkAccount, id: id}, mac: mac, valid: id > 0}
}

// decoded gives the bytes of a signature of this size, or nil.
func decoded(text string, size int) []byte {
	if len(text) != base64.RawURLEncoding.EncodedLen(size) {
		return nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

// checkLink gives the principal of a link, or ErrDenied.
func (a *Auth) checkLink(ctx context.Context, l link, use Use) (Principal, error) {
	bit := use.Action.bit()
	if !l.valid || bit == 0 || !cameraPattern.MatchString(use.Camera) {
		return Principal{}, ErrDenied
	}
	expires := time.Unix(l.expires, 0)
	if !l.lasting() && !time.Now().Before(expires) {
		return Principal{}, ErrDenied
	}
	// Before the database is asked, where that can be.
	if l.lasting() && !hmac.Equal(l.mac, a.linkMAC(l, use.Action, use.Camera, 0)) {
		return Principal{}, ErrDenied
	}
	maker, err := a.accounts.principal(ctx, l.maker)
	if errors.Is(err, store.ErrUnknown) {
		err = ErrDenied
	}
	if err != nil {
		return Principal{}, err
	}
	if l.lasting() {
		return maker, nil
	}
	if !hmac.Equal(l.mac, a.linkMAC(l, use.Action, use.Camera, maker.generation)) {
		return Principal{}, ErrDenied
	}
	p := Principal{
		kind:        LinkKind,
		account:     l.maker,
		id:          maker.id,
		name:        maker.name,
		generation:  maker.generation,
		permissions: permissions{cameras: map[string]actions{use.Camera: bit}},
		expires:     expires,
	}
	return p.boundBy(maker), nil
}

// boundBy gives a link's principal with no more permissions than its maker has
// now.
func (p Principal) boundBy(maker Principal) Principal {
	bound := make(map[string]actions, len(p.permissions.cameras))
	for camera, set := range p.permissions.cameras {
		for _, action := range ofCameras {
			if set&action.bit() != 0 && Authorize(maker, action, camera) {
				bound[camera] |= action.bit()
			}
		}
	}
	p.permissions = permissions{cameras: bound}
	return p
}
