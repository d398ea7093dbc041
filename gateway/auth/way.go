package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"framegate/gateway/store"
)

// A way is what stands in the address of a camera at another server that has the store
// in common with this one: it shows a viewer there what he may see of that camera here,
// the present and recordings, where his cookie does not go along. It is for opening a
// connection soon. Who came by one is given others for as long as his login lasts, at most
// chainFor: so whoever finds one in a log has nothing of it later.
const (
	wayFor   = time.Hour
	chainFor = 24 * time.Hour

	wayHead = 1 + 8 + 8 + 8 // kind and id of whom it goes back to, when it ends, when those end that come of it
	waySize = wayHead + sha256.Size
)

// ways are the actions that a way allows, as far as its maker may do them.
var ways = View.bit() | Playback.bit()

// SignWay gives what lets whoever has it see a camera for a while as far as p may, as the
// value of the query's way. It goes back to the session, the user or the token, and
// is worth nothing as soon as that is. It is "" for who needs none, since nobody must say who
// it is, or came by a link, which is as good everywhere. The error is
// ErrForbidden for what p may not see, ErrDenied where it is nobody any more, or of the store.
func (a *Auth) SignWay(ctx context.Context, p Principal, camera string) (string, error) {
	now := time.Now()
	until := now.Add(chainFor)
	switch {
	case !Authorize(p, View, camera):
		return "", ErrForbidden
	case p.way:
		until = p.expires
	case p.kind != UserKind && p.kind != TokenKind:
		return "", nil
	}
	from := p.lasts()
	present, err := a.accounts.principal(ctx, from)
	if err == nil && present.generation != p.generation {
		err = ErrDenied // the password is another than that by which p was let in
	}
	if err != nil {
		return "", err
	}
	expires := now.Add(wayFor)
	if expires.After(until) {
		expires = until
	}
	head := binary.BigEndian.AppendUint64([]byte{byte(from.kind)}, uint64(from.id))
	head = binary.BigEndian.AppendUint64(head, uint64(expires.Unix()))
	head = binary.BigEndian.AppendUint64(head, uint64(until.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(head, a.wayMAC(head, camera, present.generation)...)), nil
}

// lasts names by number what a principal goes back to: its session, if it has one.
func (p Principal) lasts() accountKey {
	switch {
	case p.way:
		return p.account
	case p.session != 0:
		return accountKey{kind: sessionAccount, id: p.session}
	}
	from, _ := p.maker()
	return from
}

// wayMAC signs all that a way allows.
func (a *Auth) wayMAC(head []byte, camera string, generation int64) []byte {
	mac := hmac.New(sha256.New, *a.linkKey.Load())
	fmt.Fprintf(mac, "framegate way 1\n%s\n%d\n%x\n", camera, generation, head)
	return mac.Sum(nil)
}

// checkWay gives the principal of a way, or ErrDenied. What it opens lasts until
// the ways end that come of it, unless the permission ends before.
func (a *Auth) checkWay(ctx context.Context, text string, use Use) (Principal, error) {
	b := decoded(text, waySize)
	if b == nil || use.Action.bit()&ways == 0 || !cameraPattern.MatchString(use.Camera) {
		return Principal{}, ErrDenied
	}
	head, mac := b[:wayHead], b[wayHead:]
	from := accountKey{kind: accountKind(head[0]), id: int64(binary.BigEndian.Uint64(head[1:]))}
	expires, until := unixTime(head[9:]), unixTime(head[17:])
	if from.id <= 0 || from.kind != userAccount && from.kind != tokenAccount && from.kind != sessionAccount || !time.Now().Before(expires) {
		return Principal{}, ErrDenied
	}
	maker, err := a.accounts.principal(ctx, from)
	if errors.Is(err, store.ErrUnknown) {
		err = ErrDenied
	}
	if err != nil {
		return Principal{}, err
	}
	if !hmac.Equal(mac, a.wayMAC(head, use.Camera, maker.generation)) {
		return Principal{}, ErrDenied
	}
	p := Principal{
		kind:        LinkKind,
		way:         true,
		account:     from,
		id:          maker.id,
		name:        maker.name,
		generation:  maker.generation,
		permissions: permissions{cameras: map[string]actions{use.Camera: ways}},
		expires:     until,
	}
	return p.boundBy(maker), nil
}

func unixTime(b []byte) time.Time { return time.Unix(int64(binary.BigEndian.Uint64(b)), 0) }
