package passwords

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"sync"
	"time"

	"framegate/gateway/store"
)

// Remembered knows for a while how passwords compared, by a hash with a key
// that lives in this process alone. Its methods may be called from any goroutine.
type Remembered struct {
	lifetime time.Duration
	most     int
	secret   []byte

	mu      sync.Mutex // guards entries
	entries map[Key]Compared
}

// Key stands for a name and a password.
type Key [sha256.Size]byte

// Compared is with whom a password was compared, as of which of theirs; zero
// for nobody.
type Compared struct {
	User, Generation int64
	until            time.Time
}

// NewRemembered makes one that knows so many passwords at most, each for so long.
func NewRemembered(lifetime time.Duration, most int) *Remembered {
	r := &Remembered{lifetime: lifetime, most: most, secret: make([]byte, 32), entries: make(map[Key]Compared)}
	rand.Read(r.secret)
	return r
}

// Key gives the hash of a name and a password, and of where they came from if
// that matters: nobody may find out what others tried.
func (r *Remembered) Key(name, password, network string) (key Key) {
	mac := hmac.New(sha256.New, r.secret)
	io.WriteString(mac, network+" "+name+":"+password) // a network has no space, and a name no colon
	mac.Sum(key[:0])
	return key
}

// Get gives what is known of a password.
func (r *Remembered) Get(key Key) (Compared, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry, ok := r.entries[key]
	return entry, ok && time.Now().Before(entry.until)
}

// Add notes that a password was compared with that of a user, or of nobody.
func (r *Remembered) Add(key Key, user store.User) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for other := range r.entries { // some one of them
		if len(r.entries) < r.most {
			break
		}
		delete(r.entries, other)
	}
	r.entries[key] = Compared{user.ID, user.Generation, time.Now().Add(r.lifetime)}
}

// Remove forgets a password.
func (r *Remembered) Remove(key Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.entries, key)
}
