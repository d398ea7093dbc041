package rtc

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// TestTheWayIsTheOneThatIsChosen before a session is connected: the first one, until one is
// nominated, and then the one that was nominated last.
func TestTheWayIsTheOneThatIsChosen(t *testing.T) {
	var s Session
	at := func(port uint16) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), port)
	}
	for i, c := range []struct {
		port      uint16
		nominated bool
		want      uint16
	}{{1, false, 1}, {2, false, 1}, {3, true, 3}, {1, false, 3}, {3, true, 3}, {2, true, 2}} {
		if s.checked(&way{to: at(c.port), nominated: c.nominated}) && c.want == c.port {
			t.Errorf("step %d: it is asked", i)
		}
		if got := s.way.Load().to.Port(); got != c.want {
			t.Errorf("step %d: packets go to %d, want %d", i, got, c.want)
		}
	}
}

// TestAddressIsOfOneSession alone, however often two take it from each other, so that each
// has others that can be forgotten.
func TestAddressIsOfOneSession(t *testing.T) {
	p := &Port{byAddr: make(map[netip.AddrPort]*Session), byFrag: make(map[string]*Session)}
	a, b := &Session{frag: "a"}, &Session{frag: "b"}
	p.byFrag["a"], p.byFrag["b"] = a, b
	at := func(port uint16) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), port)
	}
	for range mostAddrs {
		if !p.know(b, at(1)) || !p.know(a, at(1)) {
			t.Fatal("an address that nobody holds cannot be had")
		}
	}
	a.way.Store(&way{to: at(1), proven: true})
	a.heard.Store(time.Now().UnixNano())
	if p.know(b, at(1)) {
		t.Error("an address that is held can be had by another")
	}
	for port := range uint16(2 * mostAddrs) {
		if !p.know(a, at(port+2)) {
			t.Errorf("address %d cannot be had", port)
		}
	}
	if p.byAddr[at(1)] != a || len(a.addrs) != mostAddrs || len(p.byAddr) != mostAddrs || len(b.addrs) != 0 {
		t.Errorf("%d and %d addresses of %d are known", len(a.addrs), len(b.addrs), len(p.byAddr))
	}
}

// place is where somebody sends packets from: a socket, or a connection.
type place struct {
	t    *testing.T
	conn net.Conn
	tcp  bool
}

// placeOf makes one.
func placeOf(t *testing.T, p *Port, network string) place {
	t.Helper()
	conn, err := net.Dial(network, p.tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(soon)) // of a connection that is open it cannot fail
	return place{t, conn, network == "tcp"}
}

// send sends a packet.
func (p place) send(b []byte) {
	p.t.Helper()
	if p.tcp {
		b = append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
	}
	if _, err := p.conn.Write(b); err != nil {
		p.t.Fatal(err)
	}
}

// hear gives the next packet, which is to be of a kind.
func (p place) hear(kind stun.MessageType) *stun.Message {
	p.t.Helper()
	b := make([]byte, 2048)
	n := 0
	var err error
	if p.tcp {
		if _, err = io.ReadFull(p.conn, b[:frameHead]); err == nil {
			n, err = io.ReadFull(p.conn, b[:binary.BigEndian.Uint16(b)])
		}
	} else {
		n, err = p.conn.Read(b)
	}
	m := &stun.Message{Raw: b[:n]}
	if err == nil {
		err = m.Decode()
	}
	if err != nil || m.Type != kind {
		p.t.Fatalf("%v comes, %v, want %v", m, err, kind)
	}
	return m
}

// at says that packets of a session go there, and to nobody else.
func (p place) at(s *Session) bool {
	w := s.way.Load()
	return w != nil && w.proven && w.to.String() == p.conn.LocalAddr().String() && (w.tcp != nil) == p.tcp
}

// answerOf makes an answer to a question.
func answerOf(t *testing.T, id [stun.TransactionIDSize]byte, password string) []byte {
	t.Helper()
	m, err := stun.Build(stun.NewTransactionIDSetter(id), stun.BindingSuccess, stun.NewShortTermIntegrity(password), stun.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

// connectedAt makes a session that is connected from a place.
func connectedAt(t *testing.T, p *Port) (*Session, place) {
	t.Helper()
	s, _ := open(t, p, "")
	t.Cleanup(s.Close)
	home := placeOf(t, p, "udp")
	home.send(checkOf(t, s.frag+":them", s.password, stun.RawAttribute{Type: stun.AttrUseCandidate}))
	home.hear(stun.BindingSuccess)
	await(t, "it is known", func() bool { return s.way.Load() != nil })
	s.shaken(s.way.Load())
	s.settle()
	if !home.at(s) {
		t.Fatal("the way of the handshake is not proven")
	}
	return s, home
}

// theirs is the word of the client's, in offered.
const theirs = "their-password-of-enough-letters"

// TestAWayIsProvenBeforePacketsGoByIt: who sends a check from another place than that by
// which a session was connected, even one that is the client's, gets no packets there
// before it has answered what was sent to it.
func TestAWayIsProvenBeforePacketsGoByIt(t *testing.T) {
	p, hits := newPort(t, nil)
	s, home := connectedAt(t, p)
	seen := checkOf(t, s.frag+":them", s.password, stun.RawAttribute{Type: stun.AttrUseCandidate})
	for _, network := range []string{"udp", "tcp"} {
		thief := placeOf(t, p, network)
		thief.send(seen) // again, as it was
		thief.hear(stun.BindingSuccess)
		question := thief.hear(stun.BindingRequest)
		if stun.NewShortTermIntegrity(theirs).Check(question) != nil {
			t.Errorf("%s: the question is not signed", network)
		}
		if !home.at(s) {
			t.Fatalf("%s: packets go to who sent a check again", network)
		}
		other := placeOf(t, p, "udp")
		for i, wrong := range []struct {
			from place
			b    []byte
		}{
			{thief, answerOf(t, question.TransactionID, "another")}, {thief, answerOf(t, question.TransactionID, s.password)},
			{thief, answerOf(t, stun.NewTransactionID(), theirs)}, {other, answerOf(t, question.TransactionID, theirs)},
			{home, answerOf(t, question.TransactionID, theirs)},
		} {
			if wrong.from.tcp {
				continue // which is cut for it
			}
			before := hits.of(LimitStrangers)
			wrong.from.send(wrong.b)
			await(t, "it is counted", func() bool { return hits.of(LimitStrangers) == before+1 })
			if !home.at(s) {
				t.Fatalf("%s: answer %d moves the session", network, i)
			}
		}
		right := answerOf(t, question.TransactionID, theirs)
		thief.send(right) // it is the client
		await(t, "packets go there", func() bool { return thief.at(s) })
		home.send(checkOf(t, s.frag+":them", s.password, stun.RawAttribute{Type: stun.AttrUseCandidate}))
		home.hear(stun.BindingSuccess)
		home.send(answerOf(t, home.hear(stun.BindingRequest).TransactionID, theirs))
		await(t, "they go back", func() bool { return home.at(s) })
		if network == "udp" {
			before := hits.of(LimitStrangers)
			thief.send(right)
			await(t, "an answer holds once", func() bool { return hits.of(LimitStrangers) == before+1 && home.at(s) })
		}
	}
}

// TestWhatIsNotSignedCountsForNothing: of a check that somebody adds to; and a check that
// nominates nothing neither moves a session that is connected nor keeps it.
func TestWhatIsNotSignedCountsForNothing(t *testing.T) {
	p, _ := newPort(t, nil)
	s, home := connectedAt(t, p)
	s.heard.Store(0)
	thief := placeOf(t, p, "udp")
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(s.frag+":them"), stun.NewShortTermIntegrity(s.password))
	if err != nil {
		t.Fatal(err)
	}
	m.Add(stun.AttrUseCandidate, nil)
	for _, b := range [][]byte{checkOf(t, s.frag+":them", s.password), m.Raw} {
		thief.send(b)
		thief.hear(stun.BindingSuccess)
	}
	thief.send(checkOf(t, s.frag+":them", s.password, stun.RawAttribute{Type: stun.AttrUseCandidate}))
	thief.hear(stun.BindingSuccess) // and no question before
	thief.hear(stun.BindingRequest)
	if !home.at(s) || s.heard.Load() != 0 {
		t.Errorf("it is moved, or heard at %d", s.heard.Load())
	}
}

// of gives the session that packets from an address are for.
func (p *Port) of(from netip.AddrPort) *Session {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byAddr[from]
}

// TestAnAddressIsOneSessions for as long as that is heard by it: nobody who is let in
// himself takes a client's packets by writing its address into his own.
func TestAnAddressIsOneSessions(t *testing.T) {
	p, hits := newPort(t, nil)
	s, home := connectedAt(t, p)
	thief, _ := open(t, p, "")
	defer thief.Close()
	home.send(checkOf(t, thief.frag+":them", thief.password, stun.RawAttribute{Type: stun.AttrUseCandidate}))
	await(t, "it is counted", func() bool { return hits.of(LimitStrangers) == 1 })
	if p.of(s.way.Load().to) != s || thief.way.Load() != nil {
		t.Fatal("the address is another's")
	}
	for range mostAddrs + 1 {
		from := placeOf(t, p, "udp")
		from.send(checkOf(t, s.frag+":them", s.password))
		from.hear(stun.BindingSuccess)
	}
	if n := p.known(s); n != mostAddrs || p.of(s.way.Load().to) != s {
		t.Errorf("%d addresses are known, and not the one that counts", n)
	}
	s.heard.Store(time.Now().Add(-holdTime).UnixNano())
	home.send(checkOf(t, thief.frag+":them", thief.password))
	home.hear(stun.BindingSuccess)
}

// TestAHandshakeThatStrays from the way that it began by proves none.
func TestAHandshakeThatStrays(t *testing.T) {
	p, _ := newPort(t, nil)
	s, _ := open(t, p, "")
	defer s.Close()
	first, second := placeOf(t, p, "udp"), placeOf(t, p, "udp")
	for _, from := range []place{first, second} {
		from.send(checkOf(t, s.frag+":them", s.password, stun.RawAttribute{Type: stun.AttrUseCandidate}))
		from.hear(stun.BindingSuccess)
		await(t, "it is known", func() bool {
			w := s.way.Load()
			return w != nil && w.to.String() == from.conn.LocalAddr().String()
		})
		s.shaken(s.way.Load())
	}
	s.settle()
	if s.way.Load().proven {
		t.Fatal("it is proven")
	}
	second.send(checkOf(t, s.frag+":them", s.password)) // the next that it sends, of whatever kind
	second.hear(stun.BindingSuccess)
	second.send(answerOf(t, second.hear(stun.BindingRequest).TransactionID, theirs))
	await(t, "it is proven", func() bool { return second.at(s) })
}

// TestRecordsThatAnybodyCanWrite are kept from DTLS once there are keys.
func TestRecordsThatAnybodyCanWrite(t *testing.T) {
	record := func(kind, epoch byte, body ...byte) []byte {
		return append([]byte{kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, 9, 0, byte(len(body))}, body...)
	}
	repeated := append(append(record(22, 0, 16, 0, 0), record(20, 0, 1)...), record(22, 1, 1, 2, 3)...)
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{
		"sealed": {record(23, 1, 1, 2, 3), true}, "a sealed alert": {record(21, 1, 1, 2, 3), true}, "a handshake again": {repeated, true},
		"an alert": {record(21, 0, 2, 0), false}, "data": {record(23, 0, 1), false}, "another kind": {record(40, 0, 1), false},
		"a change of nothing": {record(20, 0), false}, "another change": {record(20, 0, 2), false}, "behind another": {append(repeated, record(23, 0, 1)...), false},
		"half a head": {record(22, 0)[:12], false}, "half a record": {record(22, 1, 1, 2, 3)[:15], false},
	} {
		if got := plausible(c.b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
