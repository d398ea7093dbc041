package cluster

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// hanging is a line to another node that can be had take nothing, while it stays open.
type hanging struct {
	net.Listener
	takes sync.RWMutex // held while it takes nothing
}

func newHanging(t *testing.T, to string) *hanging {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hanging{Listener: listener}
	var all sync.WaitGroup
	all.Go(func() { // ends with the listener
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				all.Go(func() { // ends when either is closed
					_, _ = io.Copy(through{pair[0], h}, pair[1])
					pair[0].Close()
					pair[1].Close()
				})
			}
		}
	})
	t.Cleanup(func() { listener.Close(); all.Wait() })
	return h
}

// through is a connection on that line.
type through struct {
	net.Conn
	line *hanging
}

func (c through) Write(b []byte) (int, error) {
	c.line.takes.RLock()
	defer c.line.takes.RUnlock()
	return c.Conn.Write(b)
}

// TestWhatWaitsForANodeIsKnown that takes nothing.
func TestWhatWaitsForANodeIsKnown(t *testing.T) {
	t.Parallel()
	ids := identities(t, "a-1", "b-2")                // as servers' names go on
	a := startWith(t, ids[0], nil, func(o *Options) { // whose server has another kind of name
		o.Stores, o.Disk = []string{"a-1"}, t.TempDir()
	})
	hangs := newHanging(t, a.Address())
	b := start(t, ids[1], []string{hangs.Addr().String()})
	await(t, "both know of both", func() bool {
		_, ofB := a.Routes()["b-2"]
		_, ofA := b.Routes()["a-1"]
		return ofA && ofB
	})
	if waits := a.Routes()["b-2"]; waits > StuckRoute {
		t.Errorf("%v bytes wait for b-2, which takes them", waits)
	}
	hangs.takes.Lock()
	defer hangs.takes.Unlock()
	await(t, "what waits for b-2", func() bool {
		for range 32 {
			a.bus.tellEcho("b-2", make([]byte, 256<<10))
		}
		_ = a.bus.conn.FlushTimeout(time.Second) // so that it is with the server
		return a.Routes()["b-2"] > 1<<20
	})
}
