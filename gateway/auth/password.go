package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"framegate/gateway/secret"
)

const (
	minPasswordRunes = 12
	maxPasswordBytes = 256
	maxNameBytes     = 64

	// hashesAtOnce bounds the memory that logins take: argonMemoryKiB each.
	hashesAtOnce = 2
	// maxHashesWaiting bounds those who wait for their turn.
	maxHashesWaiting = 64
)

// The cost of new hashes: the second of the equal choices of OWASP's Password
// Storage Cheat Sheet for argon2id.
const (
	argonMemoryKiB = 19 << 10
	argonPasses    = 2
	argonThreads   = 1
	saltBytes      = 16
	hashBytes      = 32
)

// What a hash in the database may cost at most.
const (
	maxArgonMemoryKiB = 256 << 10
	maxArgonPasses    = 16
	maxArgonThreads   = 16
)

// hasher computes argon2id, a few at a time.
type hasher struct {
	slots    chan struct{} // cap hashesAtOnce
	waiting  atomic.Int64
	computed atomic.Int64
	nobody   passwordHash // of no password at all; what unknown users are compared with
}

func newHasher() *hasher {
	h := &hasher{slots: make(chan struct{}, hashesAtOnce), nobody: newPasswordHash()}
	h.nobody.sum = make([]byte, hashBytes)
	return h
}

// passwordHash is a hash with what is needed to compute it again.
type passwordHash struct {
	memoryKiB uint32
	passes    uint32
	threads   uint8
	salt, sum []byte
}

// newPasswordHash gives the present cost and a new salt.
func newPasswordHash() passwordHash {
	p := passwordHash{memoryKiB: argonMemoryKiB, passes: argonPasses, threads: argonThreads, salt: make([]byte, saltBytes)}
	rand.Read(p.salt)
	return p
}

// String gives the PHC string format, which other argon2 programs read too.
func (p passwordHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memoryKiB, p.passes, p.threads,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.sum))
}

var errBadHash = errors.New("the password's hash in the database is not one of argon2id; set the password anew")

// parseHash reads what String gives, and refuses what would cost too much.
func parseHash(text string) (p passwordHash, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, errBadHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memoryKiB, &p.passes, &p.threads); err != nil {
		return p, errBadHash
	}
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return p, errBadHash
	}
	if p.sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return p, errBadHash
	}
	sane := p.memoryKiB <= maxArgonMemoryKiB && p.passes >= 1 && p.passes <= maxArgonPasses && p.threads >= 1 && p.threads <= maxArgonThreads &&
		len(p.salt) >= 8 && len(p.salt) <= 64 && len(p.sum) >= 16 && len(p.sum) <= 64
	if !sane || p.String() != text {
		return p, errBadHash
	}
	return p, nil
}

// outdated says that a new hash would cost something else.
func (p passwordHash) outdated() bool {
	return p.memoryKiB != argonMemoryKiB || p.passes != argonPasses || p.threads != argonThreads
}

// hash makes a hash of a new password.
func (h *hasher) hash(ctx context.Context, password string) (passwordHash, error) {
	p := newPasswordHash()
	var err error
	p.sum, err = h.compute(ctx, p, password, hashBytes)
	return p, err
}

// matches says whether it is the hash of this password, in the time that
// computing takes whatever the answer.
func (h *hasher) matches(ctx context.Context, p passwordHash, password string) (bool, error) {
	sum, err := h.compute(ctx, p, password, len(p.sum))
	return err == nil && subtle.ConstantTimeCompare(sum, p.sum) == 1, err
}

// compute waits for its turn.
func (h *hasher) compute(ctx context.Context, p passwordHash, password string, size int) ([]byte, error) {
	if h.waiting.Add(1) > maxHashesWaiting {
		h.waiting.Add(-1)
		return nil, &tooMany{after: time.Second}
	}
	select {
	case h.slots <- struct{}{}:
		h.waiting.Add(-1)
	case <-ctx.Done():
		h.waiting.Add(-1)
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	h.computed.Add(1)
	return argon2.IDKey([]byte(password), p.salt, p.passes, p.memoryKiB, p.threads, uint32(size)), nil
}

// checkPassword says whether a password may be chosen. Length is what makes it
// strong (NIST SP 800-63B section 3.1.1.2).
func checkPassword(name, password string) error {
	switch {
	case password == secret.Redacted:
		return fmt.Errorf("%w: this is what is shown in place of passwords", ErrBadPassword)
	case utf8.RuneCountInString(password) < minPasswordRunes:
		return fmt.Errorf("%w: it needs at least %d characters", ErrWeakPassword, minPasswordRunes)
	case strings.EqualFold(name, password):
		return fmt.Errorf("%w: it is the name", ErrWeakPassword)
	case len(password) > maxPasswordBytes:
		return fmt.Errorf("%w: it has more than %d bytes", ErrBadPassword, maxPasswordBytes)
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		return fmt.Errorf("%w: it has control characters", ErrBadPassword)
	}
	return nil
}

// checkName says whether a user or token may be called so. A colon would end
// the name in HTTP Basic (RFC 7617 section 2).
func checkName(name string) error {
	wrong := func(r rune) bool { return r == ':' || !unicode.IsPrint(r) }
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrBadName)
	case len(name) > maxNameBytes:
		return fmt.Errorf("%w: it has more than %d bytes", ErrBadName, maxNameBytes)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, wrong):
		return fmt.Errorf("%w %s: colons and control characters may not be in it", ErrBadName, quote(name))
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("%w %s: spaces may not be at its ends", ErrBadName, quote(name))
	}
	return nil
}

// checkUserName is checkName for a user, who has an address in the API: browsers
// and proxies make another of one with these names in it.
func checkUserName(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if name == "." || name == ".." || strings.ContainsAny(name, `/\`) {
		return fmt.Errorf("%w %s: it cannot stand in an address; leave out slashes, and take more than dots", ErrBadName, quote(name))
	}
	return nil
}
