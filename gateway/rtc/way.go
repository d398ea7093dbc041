package rtc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// way is how packets go to the other end. It is not changed once it is stored.
type way struct {
	to        netip.AddrPort
	tcp       *net.TCPConn // nil: over UDP
	nominated bool
	// proven: the other end has what was sent by it. A check says that somebody wants
	// packets there, and not that this is who gets them: a client may write any address
	// into its packets, and who sees a check may send it again from another.
	proven bool
}

// is says that two ways are the same.
func (w *way) is(other *way) bool { return w.to == other.to && w.tcp == other.tcp }

// holdTime is for how long an address is a session's without a check: as often as
// clients have to send one, twice (RFC 7675, 5.1).
const holdTime = 10 * time.Second

// holds says that an address is a session's, and that another cannot have it.
func (s *Session) holds(from netip.AddrPort) bool {
	w := s.way.Load()
	return w != nil && w.tcp == nil && w.to == from && w.proven && time.Since(time.Unix(0, s.heard.Load())) < holdTime
}

// checked notes that a check came by a way. Packets go by the first, and then by the one
// that is nominated; once the session is connected not before the way is proven, for
// which the result says that it is to be asked by.
func (s *Session) checked(w *way) (ask bool) {
	connected := s.connected.Load()
	for {
		now := s.way.Load()
		switch {
		case now != nil && now.is(w):
			s.heard.Store(time.Now().UnixNano())
			if w.nominated && !now.nominated {
				w.proven = now.proven
				if !s.way.CompareAndSwap(now, w) {
					continue
				}
			}
			return connected && !now.proven
		case now == nil || w.nominated && !connected:
			if !s.way.CompareAndSwap(now, w) {
				continue
			}
			s.heard.Store(time.Now().UnixNano())
			return connected
		}
		return w.nominated
	}
}

// shaken notes by which way a packet of the handshake goes out.
func (s *Session) shaken(w *way) {
	if first := s.shook.Load(); first == nil {
		s.shook.Store(w)
	} else if !first.is(w) {
		s.strayed.Store(true)
	}
}

// settle is the end of the handshake. It proves the way by which all of it went: what
// came back was made of that.
func (s *Session) settle() {
	s.connected.Store(true)
	now, shook := s.way.Load(), s.shook.Load()
	if now == nil || shook == nil {
		return
	}
	if now.is(shook) && !s.strayed.Load() {
		proven := *now
		proven.proven = true
		s.way.CompareAndSwap(now, &proven) // else it has just become another
	}
}

// question makes a check of our own, to be sent by a way: who answers it has got it, and
// knows what only the other end knows.
func (s *Session) question(w *way) []byte {
	id := s.token(w)
	m, err := stun.Build(stun.NewTransactionIDSetter(id), stun.BindingRequest, stun.NewUsername(s.offer.frag+":"+s.frag),
		stun.RawAttribute{Type: stun.AttrPriority, Value: []byte{0x7E, 0xFF, 0xFF, 0xFF}}, // RFC 8445, 5.1.2: a host's
		stun.RawAttribute{Type: stun.AttrICEControlled, Value: id[:8]},
		stun.NewShortTermIntegrity(s.offer.password), stun.Fingerprint)
	if err != nil {
		return nil
	}
	return m.Raw
}

// token gives what only who gets a question knows of it. It is another after each move.
func (s *Session) token(w *way) (id [stun.TransactionIDSize]byte) {
	sum := hmac.New(sha256.New, []byte(s.name))
	at, _ := w.to.MarshalBinary() // never fails
	kind := byte(0)
	if w.tcp != nil {
		kind = 1
	}
	_, _ = sum.Write(append(binary.BigEndian.AppendUint32([]byte{kind}, s.moves.Load()), at...)) // likewise
	copy(id[:], sum.Sum(nil))
	return id
}

// answered takes an answer to a question, after which packets go by its way.
func (s *Session) answered(m *stun.Message, w *way) bool {
	if m.TransactionID != s.token(w) || stun.NewShortTermIntegrity(s.offer.password).Check(m) != nil {
		return false
	}
	w.nominated, w.proven = true, true
	s.moves.Add(1)
	s.way.Store(w)
	s.heard.Store(time.Now().UnixNano())
	return true
}
