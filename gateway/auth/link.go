package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"framegate/gateway/store"
)

// maxLinkLifetime bounds how long an address with a signature is of use to
// whoever finds it.
const maxLinkLifetime = 7 * 24 * time.Hour

// A signature is the kind and id of the link's maker and a MAC, in base64url
// without padding. The maker is in it so that a link never allows more than its
// maker may do at that moment.
const (
	signatureHead = 1 + 8
	signatureSize = signatureHead + sha256.Size
)

// link is what stands in an address.
type link struct {
	expires int64 // seconds since 1970
	maker   accountKey
	mac     []byte
	valid   bool // it has the form of a link
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
	if lifetime < time.Second || lifetime > maxLinkLifetime {
		return nil, fmt.Errorf("%w: a link lives from 1 s to %d days", ErrBadLifetime, maxLinkLifetime/(24*time.Hour))
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
	mac := hmac.New(sha256.New, a.linkKey)
	fmt.Fprintf(mac, "framegate link 1\n%s\n%s\n%d\n%d\n%d\n%d\n", action, camera, l.expires, l.maker.kind, l.maker.id, generation)
	return mac.Sum(nil)
}

// linkOf finds the link in a request's address. ok says that there is something
// that means to be one.
func linkOf(r *http.Request) (l link, ok bool) {
	query := r.URL.Query()
	exp, sig := query["exp"], query["sig"]
	if len(exp) == 0 && len(sig) == 0 {
		return link{}, false
	}
	if len(exp) != 1 || len(sig) != 1 || len(sig[0]) != base64.RawURLEncoding.EncodedLen(signatureSize) {
		return link{}, true
	}
	expires, err := strconv.ParseInt(exp[0], 10, 64)
	if err != nil || strconv.FormatInt(expires, 10) != exp[0] {
		return link{}, true
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(sig[0])
	if err != nil {
		return link{}, true
	}
	return link{
		expires: expires,
		maker:   accountKey{kind: accountKind(signature[0]), id: int64(binary.BigEndian.Uint64(signature[1:signatureHead]))},
		mac:     signature[signatureHead:],
		valid:   true,
	}, true
}

// checkLink gives the principal of a link, or ErrDenied.
func (a *Auth) checkLink(ctx context.Context, l link, use Use) (Principal, error) {
	expires := time.Unix(l.expires, 0)
	bit := use.Action.bit()
	madeBySomebody := (l.maker.kind == userAccount || l.maker.kind == tokenAccount) && l.maker.id > 0
	if !l.valid || !madeBySomebody || bit == 0 || !cameraPattern.MatchString(use.Camera) || !time.Now().Before(expires) {
		return Principal{}, ErrDenied
	}
	maker, err := a.accounts.principal(ctx, l.maker)
	if errors.Is(err, store.ErrUnknown) {
		err = ErrDenied
	}
	if err != nil {
		return Principal{}, err
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
		for _, action := range []Action{View, Publish, Playback} {
			if set&action.bit() != 0 && Authorize(maker, action, camera) {
				bound[camera] |= action.bit()
			}
		}
	}
	p.permissions = permissions{cameras: bound}
	return p
}
