package httplimit

import (
	"net"
	"sync"
	"sync/atomic"
)

const (
	// maxGathered is how much of a message is kept back until more of it comes.
	maxGathered = 64 << 10
	// recordBytes is what a record of TLS holds at most, and recordAround how much longer
	// than that it is at least, with whatever cipher.
	recordBytes, recordAround = 16 << 10, 21
)

// Gather says that n bytes are about to be written to a connection over TLS of a listener
// of Put's, in one piece or in several, none of which anybody waits for before the last is
// written. So their records go out together: a system call for each costs a seventh more.
// Nothing is kept back for longer than that, whatever the records are like.
func Gather(c net.Conn, n int) {
	if seen := seenBelow(c); seen != nil {
		seen.gather.expected.Store(int64(expect(n)))
	}
}

// expect gives how many bytes there are when the last record of n bytes has begun, at
// least.
func expect(n int) int {
	if n <= 0 {
		return 0
	}
	return n + (n-1)/recordBytes*recordAround + 1
}

// gather keeps records of TLS until all that is expected is there. It is for one writer at
// a time, as TLS is; expected may be set from any goroutine, and while it is not, as without
// TLS, several may write.
type gather struct {
	expected atomic.Int64 // bytes, from the next write on
	left     int          // bytes of these that did not come yet
	kept     *[maxGathered]byte
	n        int // bytes of it
}

// gathers lends the memory, which a connection needs only while it writes.
var gathers = sync.Pool{New: func() any { return new([maxGathered]byte) }}

// add writes bytes, or keeps them for the next that come.
func (g *gather) add(b []byte, write func([]byte) (int, error)) (int, error) {
	if g.expected.Load() > 0 {
		g.left = int(g.expected.Swap(0))
	}
	if g.left == 0 {
		return write(b)
	}
	if g.left = max(0, g.left-len(b)); g.n == 0 && g.left == 0 {
		return write(b)
	}
	if g.kept == nil {
		g.kept = gathers.Get().(*[maxGathered]byte)
	}
	var err error
	for rest := b; len(rest) > 0 && err == nil; {
		k := copy(g.kept[g.n:], rest)
		if g.n, rest = g.n+k, rest[k:]; g.n == maxGathered || g.left == 0 && len(rest) == 0 {
			_, err = write(g.kept[:g.n])
			g.n = 0
		}
	}
	if err != nil || g.left == 0 {
		gathers.Put(g.kept)
		g.kept, g.left, g.n = nil, 0, 0
	}
	if err != nil {
		return 0, err
	}
	return len(b), nil
}
