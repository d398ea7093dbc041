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
	if kindOf(b) == kindSTUN {
		if s, nominated := e.check(b, from); s != nil {
			e.port.know(s, from)
			s.prefer(&way{to: from, nominated: nominated})
			return
		}
	} else {
		e.port.mu.RLock()
		s := e.port.byAddr[from]
		e.port.mu.RUnlock()
		if s != nil {
			s.packet(b)
			return
		}
	}
	e.port.options.Limited(LimitStrangers)
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

// check takes a check of ICE (RFC 8445, 7.3) and answers it, and gives whose it is: nil
// is a stranger's, or none.
func (e *ear) check(b []byte, from netip.AddrPort) (s *Session, nominated bool) {
	m := &e.message
	m.Raw = append(m.Raw[:0], b...)
	if !stun.IsMessage(b) || m.Decode() != nil || m.Type != stun.BindingRequest {
		return nil, false
	}
	name, err := m.Get(stun.AttrUsername)
	if err != nil {
		return nil, false
	}
	ours, theirs, _ := strings.Cut(string(name), ":")
	e.port.mu.RLock()
	s = e.port.byFrag[ours]
	e.port.mu.RUnlock()
	if s == nil || theirs != s.offer.frag || stun.MessageIntegrity(s.password).Check(m) != nil {
		return nil, false
	}
	s.heard.Store(time.Now().UnixNano())
	nominated = m.Contains(stun.AttrUseCandidate)
	answer, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: from.Addr().AsSlice(), Port: int(from.Port())}, stun.MessageIntegrity(s.password), stun.Fingerprint)
	if err != nil {
		return nil, false
	}
	e.respond(answer.Raw, from)
	return s, nominated
}

// prefer has packets go by a way, if it is the first, or the one that the other end
// chose last.
func (s *Session) prefer(w *way) {
	now := s.way.Load()
	if now != nil && (!w.nominated || now.nominated && now.to == w.to && now.tcp == w.tcp) {
		return
	}
	s.way.Store(w)
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
		s, nominated := e.check(b[:n], from)
		if s == nil || of != nil && of != s {
			p.options.Limited(LimitStrangers)
			return
		}
		if of == nil {
			of = s
			defer s.closing(tcp)()
		}
		_ = tcp.SetReadDeadline(time.Now().Add(p.options.Consent)) // as above
		s.prefer(&way{to: from, tcp: tcp, nominated: nominated})
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
