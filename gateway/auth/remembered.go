package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"sync"
	"time"

	"framegate/gateway/store"
)

const (
	// verifiedFor is how long a password that was right is not hashed again.
	verifiedFor = 5 * time.Minute
	maxVerified = 1024
	// wrongFor is how long a password that was wrong is no new guess.
	wrongFor = 24 * time.Hour
	maxWrong = 4096
)

// remembered knows for a while how passwords compared, by a hash with a key
// that lives in this process alone.
type remembered struct {
	lifetime time.Duration
	most     int
	secret   []byte

	mu      sync.Mutex // guards entries
	entries map[passwordKey]compared
}

type passwordKey [sha256.Size]byte

// compared is with whom a password was compared, as of which of theirs; zero
// for nobody.
type compared struct {
	user, generation int64
	until            time.Time
}

func newRemembered(lifetime time.Duration, most int) *remembered {
	r := &remembered{lifetime: lifetime, most: most, secret: make([]byte, 32), entries: make(map[passwordKey]compared)}
	rand.Read(r.secret)
	return r
}

// key gives the hash of a name and a password, and of where they came from if
// that matters: nobody may find out what others tried.
func (r *remembered) key(name, password, network string) (key passwordKey) {
	mac := hmac.New(sha256.New, r.secret)
	io.WriteString(mac, network+" "+name+":"+password) // a network has no space, and a name no colon
	mac.Sum(key[:0])
	return key
}

func (r *remembered) get(key passwordKey) (compared, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry, ok := r.entries[key]
	return entry, ok && time.Now().Before(entry.until)
}

func (r *remembered) add(key passwordKey, user store.User) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for other := range r.entries { // some one of them
		if len(r.entries) < r.most {
			break
		}
		delete(r.entries, other)
	}
	r.entries[key] = compared{user.ID, user.Generation, time.Now().Add(r.lifetime)}
}

func (r *remembered) remove(key passwordKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.entries, key)
}
