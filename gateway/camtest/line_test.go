package camtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

const lineCeiling = 30 * time.Second

// said is what those say who are asked at the other end of a line, again and again
// until they are not heard.
var said = bytes.Repeat([]byte("what is said is heard as it is said. "), 500)

// speaker is the other end of a line: it repeats what it has to say to all who come.
func speaker(t *testing.T) (address string) {
	t.Helper()
	c, err := NewHTTPCamera(func(conn *HTTPConn) {
		for conn.Send(said) {
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return strings.TrimPrefix(c.URL(""), "http://")
}

func lineTo(t *testing.T, o LineOptions) *Line {
	t.Helper()
	l, err := NewLine(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// dial connects to a line, which may have reset that already.
func (l *Line) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.Address())
	if errors.Is(err, syscall.ECONNRESET) {
		reset, other := net.Pipe()
		other.Close()
		return reset
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(lineCeiling)) // of an open connection it cannot fail
	return conn
}

// hears reads from a line what is said at its other end, so often, and says whether
// it came as it was said.
func hears(conn net.Conn, times int) (bool, error) {
	heard := make([]byte, times*len(said))
	_, err := io.ReadFull(conn, heard)
	return bytes.Equal(heard, bytes.Repeat(said, times)), err
}

func TestLineDoesAsItIsTold(t *testing.T) {
	to := speaker(t)
	for fault, happens := range map[Fault]func(as bool, err error) bool{
		Garbage: func(as bool, err error) bool { return !as && err == nil },
		Lengths: func(as bool, err error) bool { return !as && err == nil },
		Cut:     func(_ bool, err error) bool { return errors.Is(err, syscall.ECONNRESET) },
		Reboot:  func(_ bool, err error) bool { return errors.Is(err, syscall.ECONNRESET) },
		Half:    func(_ bool, err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF },
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			l := lineTo(t, LineOptions{To: to})
			conn := l.dial(t)
			if as, err := hears(conn, 2); !as || err != nil {
				t.Fatalf("of a good line it hears %v, %v", as, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { // ends with the fault
				defer close(done)
				l.Do(ctx, fault, lineCeiling)
			}()
			for l.Happened(fault) == 0 {
				time.Sleep(time.Millisecond)
			}
			if as, err := hears(conn, 400); !happens(as, err) { // beyond what stands in queues
				t.Errorf("it hears %v, %v", as, err)
			}
			if again := l.dial(t); fault == Reboot {
				if _, err := hears(again, 1); err == nil {
					t.Error("while it reboots there is a connection")
				}
			}
			cancel()
			<-done
			if as, err := hears(l.dial(t), 2); !as || err != nil {
				t.Errorf("when it is over it hears %v, %v", as, err)
			}
		})
	}
}

// TestStalledLineGoesOn where it stood.
func TestStalledLineGoesOn(t *testing.T) {
	l := lineTo(t, LineOptions{To: speaker(t)})
	conn := l.dial(t)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { // ends with the fault
		defer close(over)
		l.Do(ctx, Stall, lineCeiling)
	}()
	for l.Happened(Stall) == 0 {
		time.Sleep(time.Millisecond)
	}
	came := make(chan bool)
	go func() { // ends with the connection
		as, err := hears(conn, 400)
		came <- as && err == nil
	}()
	select {
	case <-came:
		t.Error("what is more than queues hold came over a line that stands still")
	case <-time.After(100 * time.Millisecond): // too short only lets it pass
	}
	cancel()
	<-over
	if !<-came {
		t.Error("then it comes otherwise")
	}
}

// TestSeedDrawsTheSame faults after the same bytes, each kind once before any again.
func TestSeedDrawsTheSame(t *testing.T) {
	to := speaker(t)
	heard := func(seed uint64) (all [][]byte) { // on each connection
		l := lineTo(t, LineOptions{To: to, Seed: seed, Every: 16 << 10})
		for l.Happened(Cut) == 0 || l.Happened(Half) == 0 {
			b, _ := io.ReadAll(l.dial(t)) // it ends as the fault has it
			all = append(all, b)
		}
		for _, f := range LineFaults {
			if n := l.Happened(f); n > 2 {
				t.Errorf("%s happened %d times before all had", f, n)
			}
		}
		l.Calm()
		if as, err := hears(l.dial(t), 50); !as || err != nil {
			t.Errorf("when it is calm it hears %v, %v", as, err)
		}
		return all
	}
	first, again, other := heard(7), heard(7), heard(8)
	same := func(a, b [][]byte) bool {
		for i := range min(len(a), len(b)) {
			if both := min(len(a[i]), len(b[i])); !bytes.Equal(a[i][:both], b[i][:both]) { // a reset takes what stands in queues
				return false
			}
		}
		return len(a) == len(b)
	}
	if !same(first, again) {
		t.Error("the same seed draws other faults")
	}
	if same(first, other) {
		t.Error("another seed draws the same faults")
	}
}

func TestParseScript(t *testing.T) {
	script, err := ParseScript("30s:reboot:20s, 10s:stall:5s,1m:cut")
	if err != nil || len(script) != 3 || script[0] != (Event{10 * time.Second, Stall, 5 * time.Second}) || script[2] != (Event{At: time.Minute, Fault: Cut}) {
		t.Errorf("%v, %v", script, err)
	}
	for _, bad := range []string{"10s", "soon:cut", "1s:burn", "1s:stall:long", "1s:cut:1s:1s"} {
		if script, err := ParseScript(bad); err == nil {
			t.Errorf("%q is %v", bad, script)
		}
	}
	if a, b := RandomScript(7, 10*time.Second, time.Hour), RandomScript(7, 10*time.Second, time.Hour); len(a) < 100 || len(a) != len(b) || a[50] != b[50] {
		t.Errorf("the same seed draws %d and %d events", len(a), len(b))
	}
}
