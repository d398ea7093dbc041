package rtspcam

import (
	"bufio"
	"net"
	"time"
)

// While nobody waits for pictures, a connection is read this often at least,
// and before more than so many bytes are to be expected: half of what the
// system takes in of a connection at its beginning, so that a camera is never
// held up.
const (
	longestRest = 100 * time.Millisecond
	restedBytes = 32 << 10
)

// restingConn is an RTSP connection whose reader rests between reads, where it
// may. A camera sends a packet every few milliseconds. To be woken for each,
// and to ask the system for each, is most of what a camera costs that is only
// kept connected (BenchmarkRTSPCameras20).
type restingConn struct {
	net.Conn
	// rest waits for so long at most, unless somebody waits for what comes. It
	// says whether nobody does.
	rest func(time.Duration) bool

	// What follows belongs to the goroutine that reads.
	socket socket
	last   time.Time     // a read was
	pause  time.Duration // before the next; 0 where more is there already
}

func newResting(conn net.Conn, rest func(time.Duration) bool) *restingConn {
	return &restingConn{Conn: conn, rest: rest, socket: newSocket(conn)}
}

// Read reads what has come, and blocks until something has.
func (c *restingConn) Read(p []byte) (n int, err error) {
	if c.rest(c.pause) {
		c.socket.wakeFor(restedBytes)
		n = c.socket.readPresent(p)
	}
	if n == 0 {
		c.socket.wakeFor(1)
		n, err = c.Conn.Read(p)
	}
	now := time.Now()
	c.pause = 0
	if n < len(p) {
		c.pause = restAfter(n, now.Sub(c.last))
	}
	c.last = now
	return n, err
}

// restAfter says how long to rest where so many bytes came within a time.
func restAfter(bytes int, within time.Duration) time.Duration {
	within = min(within, longestRest) // which is long enough to tell
	return min(longestRest, within*restedBytes/time.Duration(max(bytes, 1)))
}

// bufferedBytes is how much is read at once below TLS, which by itself reads
// record by record, and a packet is a record.
const bufferedBytes = 64 << 10

// bufferedConn is a connection that is read in large pieces.
type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}

func newBuffered(conn net.Conn) bufferedConn {
	return bufferedConn{conn, bufio.NewReaderSize(conn, bufferedBytes)}
}

func (c bufferedConn) Read(p []byte) (int, error) { return c.r.Read(p) }
