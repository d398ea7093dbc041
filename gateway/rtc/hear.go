package rtc

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/pion/stun/v4"
)

// hear reads the socket until it is closed. It is one goroutine for all sessions: what a
// packet asks for is done at once, or left to the session's own.
func (p *Port) hear(socket *net.UDPConn) {
	b := make([]byte, mostPacket)
	e := ear{port: p, respond: func(answer []byte, to netip.AddrPort) { _, _ = socket.WriteToUDPAddrPort(answer, to) }} // else it is asked again
	for {
		n, from, err := socket.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // as where somebody has closed his port
		}
		e.datagram(b[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
	}
}

// ear is what one goroutine hears with.
type ear struct {
	port    *Port
	message stun.Message
	respond func(answer []byte, to netip.AddrPort)
}

// datagram takes one of the socket. A panic ends nothing but what is done with it.
func (e *ear) datagram(b []byte, from netip.AddrPort) {
	defer e.recovered()
	e.port.mu.RLock()
	s := e.port.byAddr[from]
	e.port.mu.RUnlock()
	if kindOf(b) == kindSTUN {
		s = e.check(b, s, &way{to: from})
	} else if s != nil {
		s.packet(b)
	}
	if s == nil {
		e.port.options.Limited(LimitStrangers)
	}
}

// recovered keeps a panic from ending the process.
func (e *ear) recovered() {
	if p := recover(); p != nil {
		e.port.options.Log.Error("a packet of WebRTC panicked", "panic", p, "stack", string(debug.Stack()))
	}
}

// Kinds of packets, by their first byte (RFC 7983, 7).
type kind uint8

const (
	kindNone kind = iota
	kindSTUN
	kindDTLS
	kindMedia
)

func kindOf(b []byte) kind {
	switch {
	case len(b) < 12:
		return kindNone
	case b[0] < 4:
		return kindSTUN
	case b[0] >= 20 && b[0] < 64:
		return kindDTLS
	case b[0] >= 128 && b[0] < 192:
		return kindMedia
	}
	return kindNone
}

// packet takes one of the other end that is no check.
func (s *Session) packet(b []byte) {
	switch kindOf(b) {
	case kindDTLS:
		s.shake(b)
	case kindMedia:
		s.unseal(b)
	}
}

// check takes a message of ICE that came by a way, by which a session is known or nil: a
// check (RFC 8445, 7.3), which it answers, or an answer to one of ours. It gives whose it
// is: nil is a stranger's, or none.
func (e *ear) check(b []byte, known *Session, w *way) *Session {
	m := &e.message
	m.Raw = append(m.Raw[:0], b...)
	if !stun.IsMessage(b) || m.Decode() != nil {
		return nil
	}
	if m.Type == stun.BindingSuccess {
		if known == nil || !known.answered(m, w) {
			return nil
		}
		return known
	}
	s := e.asker(m)
	if s == nil || w.tcp == nil && !e.port.know(s, w.to) || w.tcp != nil && known != nil && known != s {
		return nil
	}
	answer, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: w.to.Addr().AsSlice(), Port: int(w.to.Port())}, stun.MessageIntegrity(s.password), stun.Fingerprint)
	if err != nil {
		return nil
	}
	e.respond(answer.Raw, w.to)
	if w.nominated = m.Contains(stun.AttrUseCandidate); s.checked(w) {
		e.respond(s.question(w), w.to)
	}
	return s
}

// asker gives the session that a check is for, if it is signed with what only who was let
// in knows. What stands behind the signature pion leaves out.
func (e *ear) asker(m *stun.Message) *Session {
	name, err := m.Get(stun.AttrUsername)
	if m.Type != stun.BindingRequest || err != nil {
		return nil
	}
	ours, theirs, _ := strings.Cut(string(name), ":")
	e.port.mu.RLock()
	s := e.port.byFrag[ours]
	e.port.mu.RUnlock()
	if s == nil || theirs != s.offer.frag || stun.MessageIntegrity(s.password).Check(m) != nil {
		return nil
	}
	return s
}

// frameHead is what stands before each packet over TCP: its length (RFC 4571, 2).
const frameHead = 2

// frame sends a packet over TCP, in front of which there is room for its length.
func (s *Session) frame(w *way, framed []byte) error {
	binary.BigEndian.PutUint16(framed, uint16(len(framed)-frameHead))
	_ = w.tcp.SetWriteDeadline(time.Now().Add(s.port.options.Patience)) // fails where the write will
	if _, err := w.tcp.Write(framed); err != nil {
		w.tcp.Close() // half a packet may be on its way
		s.way.CompareAndSwap(w, nil)
	}
	return nil // the other end may find another way
}

// serveTCP takes the packets of a connection, whose first has to be a check of ICE for a
// session; what comes then is that session's.
func (p *Port) serveTCP(tcp *net.TCPConn) {
	defer tcp.Close()
	from := tcp.RemoteAddr().(*net.TCPAddr).AddrPort()
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	e := ear{port: p}
	var of *Session
	defer e.recovered()
	e.respond = func(answer []byte, _ netip.AddrPort) {
		framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)
		_ = tcp.SetWriteDeadline(time.Now().Add(p.options.Patience)) // fails where the write will
		_, _ = tcp.Write(framed)                                     // likewise the next read
	}
	_ = tcp.SetReadDeadline(time.Now().Add(p.options.HeadTime)) // fails where the read will
	b := make([]byte, mostPacket)
	for {
		if _, err := io.ReadFull(tcp, b[:frameHead]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(b))
		if n > len(b) {
			return
		}
		if _, err := io.ReadFull(tcp, b[:n]); err != nil {
			return
		}
		if kindOf(b[:n]) != kindSTUN && of != nil {
			of.packet(b[:n])
			continue
		}
		s := e.check(b[:n], of, &way{to: from, tcp: tcp})
		if s == nil {
			p.options.Limited(LimitStrangers)
			return
		}
		if of == nil {
			of = s
			defer s.closing(tcp)()
		}
		_ = tcp.SetReadDeadline(time.Now().Add(p.options.Consent)) // as above
	}
}

// closing has a connection be closed with the session.
func (s *Session) closing(tcp *net.TCPConn) (stop func()) {
	undo := afterEnd(s, func() { tcp.Close() })
	return func() {
		undo()
		if w := s.way.Load(); w != nil && w.tcp == tcp {
			s.way.CompareAndSwap(w, nil)
		}
	}
}
