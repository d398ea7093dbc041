package httplimit

import (
	"io"
	"log/slog"
	"math"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// poor is a listener whose process may open no more files for a while.
type poor struct {
	net.Listener // nil
	until        time.Time
	closed       chan struct{}
}

func (p *poor) Accept() (net.Conn, error) {
	if time.Now().Before(p.until) {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	<-p.closed
	return nil, net.ErrClosed
}

func (p *poor) Addr() net.Addr { return &net.TCPAddr{Port: 554} }
func (p *poor) Close() error   { close(p.closed); return nil }

// TestDoorOutlastsFilesThatAreMissing, says it once, and is shut meanwhile, too.
func TestDoorOutlastsFilesThatAreMissing(t *testing.T) {
	for what, lasts := range map[string]time.Duration{"for an hour": time.Hour, "for good": math.MaxInt64} {
		synctest.Test(t, func(t *testing.T) {
			var log strings.Builder
			d := NewDoor(func() Room { return Room{1, 1} }, func(string) {}, slog.New(slog.NewTextHandler(&log, nil)))
			l := &poor{until: time.Now().Add(lasts), closed: make(chan struct{})}
			served := make(chan struct{})
			go func() {
				defer close(served)
				d.Serve(l, func(*net.TCPConn) {})
			}()
			time.Sleep(2 * time.Hour)
			synctest.Wait()
			select {
			case <-served:
				t.Errorf("%s: it gives up", what)
			default:
			}
			l.until = time.Time{}
			d.Shut()
			<-served
			d.Wait()
			if n := strings.Count(log.String(), "too many open files"); n != 1 {
				t.Errorf("%s: it says so %d times: %s", what, n, log.String())
			}
		})
	}
}

// TestConnectionsOfADoorAreServed, and Shut ends it.
func TestConnectionsOfADoorAreServed(t *testing.T) {
	d := NewDoor(func() Room { return Room{1, 1} }, func(string) {}, slog.New(slog.DiscardHandler))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		d.Serve(l, func(tcp *net.TCPConn) {
			_, _ = io.WriteString(tcp, "hello")
			tcp.Close()
		})
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c); string(b) != "hello" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	c.Close()
	d.Shut()
	<-served
	d.Wait()
	d.Serve(l, nil) // of one that is shut, which ends at once
}
