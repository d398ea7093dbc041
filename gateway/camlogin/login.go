// Package camlogin logs in at cameras that ask for it, over HTTP or RTSP: it
// reads challenges as cameras write them, and answers the strongest. Package
// httpcam and package rtspcam call it. It knows nothing of our own logins.
package camlogin

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/icholy/digest"

	"framegate/gateway/stream"
)

// MaxNonces is how often a camera may replace its nonce within one request.
const MaxNonces = 3

// Login answers a camera's challenges (RFC 7617 Basic, RFC 7616 Digest). It
// gives nothing away before the camera asks; after that it keeps to the
// challenge, so that a request costs one exchange and not two. It is not safe
// for concurrent use.
type Login struct {
	Username, Password string

	origin    string     // that the challenge is from
	challenge *challenge // nil before the camera asked
	uses      int        // of the challenge
	old       bool       // the challenge is from an earlier request
	nonces    int        // taken within this request
}

// Begin is called before a request. A challenge counts only where it came
// from: origin names the scheme, host and port.
func (l *Login) Begin(origin string) {
	if origin != l.origin {
		l.origin, l.challenge = origin, nil
	}
	l.old, l.nonces = l.challenge != nil, 0
}

// Authorize gives the Authorization header for a request; empty as long as the
// camera has not asked for one.
func (l *Login) Authorize(method, uri string) (string, error) {
	if l.challenge == nil {
		return "", nil
	}
	l.uses++
	if l.challenge.basic {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(l.Username+":"+l.Password)), nil
	}
	return l.challenge.answer(digest.Options{
		Method: method, URI: uri, Count: l.uses, Username: l.Username, Password: l.Password,
	})
}

// Challenged takes the WWW-Authenticate headers of a 401. It gives an error,
// which is stream.ErrDenied, if there is no use in trying again: cameras lock
// accounts that fail often. A new nonce for an outdated one is no refusal.
func (l *Login) Challenged(headers []string) error {
	sent := l.challenge != nil
	best := strongest(parseChallenges(headers))
	switch outdated := best != nil && !best.basic && (best.Stale || l.old) && l.nonces < MaxNonces; {
	case l.Username == "" && l.Password == "":
		return fmt.Errorf("%w: it asks for a user name and password, and none are configured", stream.ErrDenied)
	case best == nil:
		l.challenge = nil
		return fmt.Errorf("%w: it asks for a login of a kind that is not supported", stream.ErrDenied)
	case sent && !outdated:
		l.challenge = nil
		return fmt.Errorf("%w: wrong user name or password", stream.ErrDenied)
	}
	l.challenge, l.uses, l.old = best, 0, false
	l.nonces++
	return nil
}

// challenge is one way of logging in that a camera offers.
type challenge struct {
	basic bool
	digest.Challenge
	session bool // the algorithm is its "-sess" form, and Algorithm the plain one
}

// algorithms of Digest, from the weakest on.
var algorithms = []string{"MD5", "SHA-256", "SHA-512-256", "SHA-512"}

// strength orders challenges; a negative one cannot be answered.
func (c *challenge) strength() int {
	switch {
	case c.basic:
		return 0
	case len(c.QOP) > 0 && !c.SupportsQOP("auth") && !c.SupportsQOP("auth-int"):
		return -1
	case c.session && (len(c.QOP) == 0 || c.Algorithm != "MD5" && c.Algorithm != "SHA-256"):
		return -1
	case c.Algorithm == "":
		return 1
	}
	return slices.Index(algorithms, c.Algorithm)*2 + 1
}

func strongest(offered []*challenge) (best *challenge) {
	for _, c := range offered {
		if c.strength() >= 0 && (best == nil || c.strength() > best.strength()) {
			best = c
		}
	}
	return best
}

// answer gives the Authorization header for a Digest challenge.
func (c *challenge) answer(o digest.Options) (string, error) {
	if c.session {
		o.Cnonce = rand.Text()
		newHash := md5.New
		if c.Algorithm == "SHA-256" {
			newHash = sha256.New
		}
		secret := hexHash(newHash(), o.Username, c.Realm, o.Password)
		o.A1 = hexHash(newHash(), secret, c.Nonce, o.Cnonce)
	}
	credentials, err := digest.Digest(&c.Challenge, o)
	if err != nil {
		return "", fmt.Errorf("answering the camera's challenge: %w", err)
	}
	if c.session {
		credentials.Algorithm += "-sess"
	}
	return credentials.String(), nil
}

func hexHash(h hash.Hash, parts ...string) string {
	h.Write([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(h.Sum(nil))
}
