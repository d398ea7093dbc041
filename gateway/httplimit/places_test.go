package httplimit

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestPlaces(t *testing.T) {
	p := &places{room: func() Room { return Room{All: 3, PerAddress: 2} }}
	take := func(from string, ofAll bool, wantTaken, wantFull bool) {
		t.Helper()
		if taken, full := p.take(netip.MustParseAddr(from), ofAll); taken != wantTaken || full != wantFull {
			t.Errorf("%s: taken %v, full %v", from, taken, full)
		}
	}
	take("192.0.2.1", true, true, false)
	take("::ffff:192.0.2.1", true, true, false)
	take("192.0.2.1", true, false, false)
	take("2001:db8::1", true, true, false)
	take("192.0.2.2", true, false, true)
	take("127.0.0.1", false, true, false) // beyond all
	take("127.0.0.1", false, true, false)
	take("127.0.0.1", false, false, false)
	p.give(netip.MustParseAddr("192.0.2.1"))
	p.give(netip.MustParseAddr("127.0.0.1"))
	p.give(netip.MustParseAddr("127.0.0.1"))
	take("2001:db8::2:1", true, true, false) // the same customer
	take("2001:db8::3", true, false, false)
	take("2001:db8:0:1::3", true, false, true)
	p.give(netip.MustParseAddr("192.0.2.1"))
	p.give(netip.MustParseAddr("2001:db8::1"))
	p.give(netip.MustParseAddr("2001:db8::1"))
	if p.all != 0 || len(p.by) != 0 {
		t.Errorf("%d places are left: %v", p.all, p.by)
	}
}

// TestConnectionsAreBounded: one too many is closed, until another ends or is
// taken over.
func TestConnectionsAreBounded(t *testing.T) {
	s := newSite(t, Limits{
		HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: time.Minute,
		Room: func() Room { return Room{All: 100, PerAddress: 2} },
	}, false)
	first, second := s.dial(), s.dial()
	ask(first)
	ask(second)
	// It may be gone before it is seen to be there.
	if refused, err := net.Dial("tcp", s.Listener.Addr().String()); err == nil {
		defer refused.Close()
		_ = refused.SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprint(refused, request)
		if n, err := io.Copy(io.Discard, refused); n != 0 {
			t.Errorf("a connection too many gets %d bytes, %v", n, err)
		}
	}
	s.wasHit(LimitConnectionsPerAddress)
	fmt.Fprint(second, strings.Replace(request, "/ ", "/take ", 1))
	s.ended()
	third := s.dial()
	if err := asks(third); err != nil {
		t.Errorf("beside one that was taken over: %v", err)
	}
	first.Close()
	s.ended()
	if err := asks(s.dial()); err != nil {
		t.Errorf("after one that ended: %v", err)
	}
}

// asks sends a request, and says whether it is answered.
func asks(c net.Conn) error {
	fmt.Fprint(c, request)
	_, err := io.ReadFull(c, make([]byte, len("HTTP/1.1 200 OK")))
	return err
}

// TestRequestsAreBounded, of all connections of an address together.
func TestRequestsAreBounded(t *testing.T) {
	s := newSite(t, Limits{
		HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: time.Minute,
		Room: func() Room { return Room{All: 100, PerAddress: 3} },
	}, true)
	began, end := make(chan struct{}), make(chan struct{})
	s.Config.Handler.(*bounded).next = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		began <- struct{}{}
		<-end
	})
	answers := make(chan int)
	get := func() {
		status := 0
		if response, err := s.Client().Get(s.URL); err == nil {
			status = response.StatusCode
			response.Body.Close()
		}
		answers <- status
	}
	for range 3 {
		go get()
		<-began
	}
	go get()
	if status := <-answers; status != http.StatusServiceUnavailable {
		t.Errorf("one too many is answered with %d", status)
	}
	s.wasHit(LimitRequestsPerAddress)
	close(end)
	for range 3 {
		if status := <-answers; status != http.StatusOK {
			t.Errorf("one of those that may is answered with %d", status)
		}
	}
}
