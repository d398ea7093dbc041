package delivery

import (
	"bytes"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

// drainedConn gives a connection to a peer that reads everything.
func drainedConn(tb testing.TB) *tcpConn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	drained := make(chan struct{})
	go func() { // ends when near is closed
		defer close(drained)
		b := make([]byte, 1<<20)
		for {
			if _, err := far.Read(b); err != nil {
				return
			}
		}
	}()
	tb.Cleanup(func() { near.Close(); <-drained; far.Close() })
	return newTCPConn(near.(*net.TCPConn))
}

// writers are the two ways to write a message to a viewer that keeps up.
var writers = map[string]func(*tcpConn, Message) error{
	"by itself": (*tcpConn).Write,
	"by the pump": func(c *tcpConn, m Message) error {
		if !c.try(m) {
			return c.finish() // the peer may be late now and then
		}
		return nil
	},
}

func TestMessageAllocatesNothing(t *testing.T) {
	m := Message{Head: []byte("Content-Length: 75000\r\n\r\n"), Body: bytes.Repeat([]byte{1}, 75_000), Tail: []byte("\r\n--boundary\r\n"), End: []byte("shared")}
	for name, write := range writers {
		c := drainedConn(t)
		allocs := testing.AllocsPerRun(500, func() {
			if err := write(c, m); err != nil {
				t.Fatal(err)
			}
		})
		if allocs > 0 {
			t.Errorf("%s: %v allocations for a message", name, allocs)
		}
	}
}

// TestMessageIsOneWrite counts the process's write calls, as the kernel does. The
// runtime's own wake-ups are among them, so the bound is two.
func TestMessageIsOneWrite(t *testing.T) {
	m := Message{Head: []byte("Content-Length: 75000\r\n\r\n"), Body: bytes.Repeat([]byte{1}, 75_000), Tail: []byte("\r\n--boundary\r\n"), End: []byte("shared")}
	for name, write := range writers {
		c := drainedConn(t)
		const messages = 500
		before := writeCalls(t)
		for range messages {
			if err := write(c, m); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Microsecond) // far faster than any camera
		}
		if n := writeCalls(t) - before; n >= 2*messages {
			t.Errorf("%s: %d write calls for %d messages", name, n, messages)
		}
	}
}

func writeCalls(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/io")
	if os.IsNotExist(err) {
		t.Skip("this system does not count write calls")
	}
	m := regexp.MustCompile(`syscw: (\d+)`).FindSubmatch(b)
	if m == nil {
		t.Fatalf("%v, %q", err, b)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

func BenchmarkMessage(b *testing.B) {
	m := Message{Head: []byte("Content-Length: 75000\r\n\r\n"), Body: bytes.Repeat([]byte{1}, 75_000), Tail: []byte("\r\n--boundary\r\n"), End: []byte("shared")}
	for name, write := range writers {
		b.Run(name, func(b *testing.B) {
			c := drainedConn(b)
			b.SetBytes(75_000)
			b.ReportAllocs()
			for b.Loop() {
				if err := write(c, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestStreamIsWrittenInFewPieces counts what a message costs above TCP.
func TestStreamIsWrittenInFewPieces(t *testing.T) {
	for _, c := range []struct{ body, writes int }{{0, 1}, {100, 1}, {maxWrite - 11, 1}, {maxWrite - 10, 1}, {maxWrite, 2}, {75_000, 5}} {
		var w pieces
		conn := &streamConn{Writer: &w, setDeadline: func(time.Time) error { return nil }}
		m := Message{Head: []byte("head-"), Body: bytes.Repeat([]byte{1}, c.body), Tail: []byte("-ta"), End: []byte("il")}
		if err := conn.Write(m); err != nil {
			t.Fatal(err)
		}
		if want := slices.Concat(m.Head, m.Body, m.Tail, m.End); !bytes.Equal(w.all, want) || w.writes != c.writes {
			t.Errorf("%d bytes in %d writes, want %d in %d", len(w.all), w.writes, len(want), c.writes)
		}
	}
}

// pieces counts writes.
type pieces struct {
	all    []byte
	writes int
}

func (p *pieces) Write(b []byte) (int, error) {
	p.all = append(p.all, b...)
	p.writes++
	return len(b), nil
}
