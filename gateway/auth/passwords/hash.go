// Package passwords compares passwords, which strangers guess at: it computes
// their hashes, few at a time (Hasher), counts wrong ones for each network and
// each name (Limiter), and remembers how they compared (Remembered).
//
// It reads no request, asks no database and knows no rights: package auth does,
// which alone calls it.
package passwords

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

	"golang.org/x/crypto/argon2"
)

// maxHashesWaiting bounds those who wait for their turn.
const maxHashesWaiting = 64

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

// Hasher computes argon2id, a few at a time. Its methods may be called from any
// goroutine; they block until it is their turn, and while they compute.
type Hasher struct {
	slots    chan struct{} // cap is how many at a time
	waiting  atomic.Int64
	computed atomic.Int64
	nobody   Hash // of no password at all; what unknown users are compared with
}

// NewHasher makes one that computes so many hashes at a time.
func NewHasher(atOnce int) *Hasher {
	h := &Hasher{slots: make(chan struct{}, atOnce), nobody: newHash()}
	h.nobody.sum = make([]byte, hashBytes)
	return h
}

// Nobody is the hash of no password at all, at the present cost.
func (h *Hasher) Nobody() Hash { return h.nobody }

// Computed says how many hashes have been computed.
func (h *Hasher) Computed() int64 { return h.computed.Load() }

// Hash is a hash with what is needed to compute it again.
type Hash struct {
	memoryKiB uint32
	passes    uint32
	threads   uint8
	salt, sum []byte
}

// newHash gives the present cost and a new salt.
func newHash() Hash {
	p := Hash{memoryKiB: argonMemoryKiB, passes: argonPasses, threads: argonThreads, salt: make([]byte, saltBytes)}
	rand.Read(p.salt)
	return p
}

// String gives the PHC string format, which other argon2 programs read too.
func (p Hash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memoryKiB, p.passes, p.threads,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.sum))
}

var errBadHash = errors.New("the password's hash in the database is not one of argon2id; set the password anew")

// ParseHash reads what String gives, and refuses what would cost too much.
func ParseHash(text string) (p Hash, err error) {
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

// Outdated says that a new hash would cost something else.
func (p Hash) Outdated() bool {
	return p.memoryKiB != argonMemoryKiB || p.passes != argonPasses || p.threads != argonThreads
}

// Hash makes a hash of a new password. The error is ErrTooManyAttempts where too
// many wait already, or that of the context.
func (h *Hasher) Hash(ctx context.Context, password string) (Hash, error) {
	p := newHash()
	var err error
	p.sum, err = h.compute(ctx, p, password, hashBytes)
	return p, err
}

// Matches says whether it is the hash of this password, in the time that
// computing takes whatever the answer. Errors are as of Hash.
func (h *Hasher) Matches(ctx context.Context, p Hash, password string) (bool, error) {
	sum, err := h.compute(ctx, p, password, len(p.sum))
	return err == nil && subtle.ConstantTimeCompare(sum, p.sum) == 1, err
}

// compute waits for its turn.
func (h *Hasher) compute(ctx context.Context, p Hash, password string, size int) ([]byte, error) {
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
