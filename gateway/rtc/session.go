package rtc

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v5/packetio"
)

// Session is one client's. It is made by Port.Open; Connect and the sending belong to
// one goroutine, and all else may be called from any.
type Session struct {
	port           *Port
	offer          *Offer
	name           string // of its resource
	frag, password string // of its ICE
	take           func(packet []byte, report bool)
	ctx            context.Context
	end            context.CancelCauseFunc

	addrs []netip.AddrPort // from which it was heard, each of one session alone; the port's lock guards it
	way   atomic.Pointer[way]
	heard atomic.Int64  // when the other end last said by it that it is there, in nanoseconds since 1970
	moves atomic.Uint32 // how often it became another that was proven

	connected atomic.Bool         // the handshake is over
	shook     atomic.Pointer[way] // by which it began
	strayed   atomic.Bool         // and went by another, too

	shaking *packetio.Buffer // what comes of DTLS
	dtls    *dtls.Conn       // once it is connected; of who connects

	opening    sync.Mutex    // guards what follows
	in         *srtp.Context // nil before it is connected
	opened     []byte        // room for what was sealed
	mediaHead  rtp.Header    // of the packet, which opening reads
	reportHead rtcp.Header

	sealing sync.Mutex // guards what follows
	out     *srtp.Context
	head    rtp.Header // of the packet, which sealing reads
	sealed  []byte     // room for what is sealed, behind that for the length of a frame
}

// newSession makes one that nobody knows of yet.
func newSession(ctx context.Context, p *Port, o *Offer, take func([]byte, bool)) *Session {
	s := &Session{port: p, offer: o, name: rand.Text(), frag: rand.Text()[:8], password: rand.Text(), take: take, shaking: packetio.NewBuffer()}
	s.shaking.SetLimitSize(64 << 10)
	s.heard.Store(time.Now().UnixNano())
	s.ctx, s.end = context.WithCancelCause(ctx)
	return s
}

// Name gives the name of the session's resource, which nobody can guess.
func (s *Session) Name() string { return s.name }

// Context ends with the session; its cause says why.
func (s *Session) Context() context.Context { return s.ctx }

// End ends the session, and does not wait. Whoever connected it then closes it.
func (s *Session) End(why error) { s.end(why) }

// Restarts says that a client's name for its ICE is another than it was offered.
func (s *Session) Restarts(frag string) bool { return frag != "" && frag != s.offer.frag }

// Connect waits until the other end has found a way here, and has agreed on keys. The
// error is ErrLate, or why the session ended.
func (s *Session) Connect() error {
	ctx, cancel := context.WithTimeoutCause(s.ctx, s.port.options.Connect, ErrLate)
	defer cancel()
	conn, err := dtls.ServerWithOptions((*pipe)(s), s.RemoteAddr(),
		dtls.WithCertificates(s.port.proof),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithClientAuth(dtls.RequireAnyClientCert),
		dtls.WithInsecureSkipVerify(true), // it is known by its fingerprint
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error { return s.offer.shows(raw) }),
		dtls.WithInsecureSkipVerifyHello(true), // who comes here has shown by ICE that it is where it says
		dtls.WithMTU(1200),
		dtls.WithLoggerFactory(silent{}),
	)
	if err == nil {
		err = conn.HandshakeContext(ctx)
	}
	if err == nil {
		err = s.agree(conn)
	}
	if err == nil {
		return nil
	}
	if conn != nil {
		_ = conn.Close() // there is nobody to be told
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if errors.Is(err, ErrLate) {
		s.port.options.Limited(LimitConnect)
	}
	s.end(fmt.Errorf("%w: %w", ErrGone, err)) // for who asks later, it is gone
	return err
}

// agree takes the keys that a handshake agreed on.
func (s *Session) agree(conn *dtls.Conn) error {
	profile, ok := conn.SelectedSRTPProtectionProfile()
	state, known := conn.ConnectionState()
	if !ok || !known {
		return fmt.Errorf("%w: no way of sealing packets was agreed on", ErrBadOffer)
	}
	c := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := c.ExtractSessionKeysFromDTLS(&state, false); err != nil {
		return err
	}
	in, err := srtp.CreateContext(c.Keys.RemoteMasterKey, c.Keys.RemoteMasterSalt, c.Profile, srtp.SRTPReplayProtection(512), srtp.SRTCPReplayProtection(64))
	if err != nil {
		return err
	}
	out, err := srtp.CreateContext(c.Keys.LocalMasterKey, c.Keys.LocalMasterSalt, c.Profile)
	if err != nil {
		return err
	}
	s.opening.Lock()
	s.in = in
	s.opening.Unlock()
	s.sealing.Lock()
	s.out = out
	s.sealing.Unlock()
	s.dtls = conn
	s.settle()
	return nil
}

// Watch waits until the other end says that it is done, or the session is closed. It is
// for a goroutine of its own once Connect has been.
func (s *Session) Watch() {
	var b [1 << 10]byte
	for {
		if _, err := s.dtls.Read(b[:]); errors.Is(err, io.EOF) { // else it is a packet that cannot be read
			s.end(ErrGone)
			return
		}
	}
}

// Consents says that the other end has said lately that it is there. Who sees that it
// has not ends the session.
func (s *Session) Consents() bool {
	if time.Since(time.Unix(0, s.heard.Load())) < s.port.options.Consent {
		return true
	}
	s.port.options.Limited(LimitConsent)
	return false
}

// Hang says goodbye, so that Watch ends. It comes before Close, from whoever connected.
func (s *Session) Hang() {
	if s.dtls != nil {
		_ = s.dtls.Close() // which may find nobody
	}
}

// Close gives back what the session has. It must be called once, at the end.
func (s *Session) Close() {
	s.end(ErrClosed)
	s.port.leave(s)
	_ = s.shaking.Close() // never fails
	if w := s.way.Load(); w != nil && w.tcp != nil {
		w.tcp.Close()
	}
}

// mostPacket bounds a packet, of which sealing makes no more than a few bytes more.
const mostPacket = 2048

// errTooLong: a packet that nobody makes.
var errTooLong = errors.New("a packet is too long")

// Send seals a packet and sends it. One that cannot be sent over UDP is lost, as others
// are on their way.
func (s *Session) Send(packet []byte) error {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	if s.out == nil || len(packet) > mostPacket {
		return errTooLong
	}
	sealed, err := s.out.EncryptRTP(s.room(), packet, &s.head)
	if err != nil {
		return err
	}
	return s.deliver(sealed)
}

// Report is Send for reports (RTCP).
func (s *Session) Report(packet []byte) error {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	if s.out == nil || len(packet) > mostPacket {
		return errTooLong
	}
	sealed, err := s.out.EncryptRTCP(s.room(), packet, nil)
	if err != nil {
		return err
	}
	return s.deliver(sealed)
}

// room gives room for what is sealed. sealing is locked.
func (s *Session) room() []byte {
	if s.sealed == nil {
		s.sealed = make([]byte, frameHead+mostPacket+64)
	}
	return s.sealed[frameHead:frameHead]
}

// deliver sends what was sealed into room. sealing is locked.
func (s *Session) deliver(sealed []byte) error {
	w := s.way.Load()
	switch {
	case w == nil || !w.proven:
		return nil // it is lost
	case w.tcp == nil:
		_, err := s.port.udp.WriteToUDPAddrPort(sealed, w.to)
		return onlyClosed(err)
	}
	return s.frame(w, s.sealed[:frameHead+len(sealed)])
}

// onlyClosed gives an error if nothing can be sent any more.
func onlyClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// pipe is a session as DTLS has it: a connection with packets of one other end.
type pipe Session

// ReadFrom gives what comes of DTLS.
func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, _, err := p.shaking.Read(b, nil)
	return n, (*Session)(p).RemoteAddr(), err
}

// WriteTo sends a packet of DTLS.
func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	s := (*Session)(p)
	w := s.way.Load()
	if w == nil || len(b) > mostPacket {
		return len(b), nil // it is lost, and comes again
	}
	s.shaken(w)
	if w.tcp == nil {
		_, err := s.port.udp.WriteToUDPAddrPort(b, w.to)
		return len(b), onlyClosed(err)
	}
	framed := make([]byte, frameHead+len(b))
	copy(framed[frameHead:], b)
	return len(b), s.frame(w, framed)
}

// Close does nothing: the session ends otherwise.
func (p *pipe) Close() error { return nil }

// LocalAddr gives nothing that matters.
func (p *pipe) LocalAddr() net.Addr { return &net.UDPAddr{} }

// SetDeadline is SetReadDeadline.
func (p *pipe) SetDeadline(t time.Time) error { return p.shaking.SetReadDeadline(t) }

// SetReadDeadline has ReadFrom end then.
func (p *pipe) SetReadDeadline(t time.Time) error { return p.shaking.SetReadDeadline(t) }

// SetWriteDeadline does nothing: writes over UDP do not wait, and those over TCP have
// their own.
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

// RemoteAddr gives where the other end is, as far as that is known.
func (s *Session) RemoteAddr() net.Addr {
	if w := s.way.Load(); w != nil {
		return net.UDPAddrFromAddrPort(w.to)
	}
	return &net.UDPAddr{}
}

// shake hands a packet to DTLS.
func (s *Session) shake(b []byte) {
	if s.connected.Load() && !plausible(b) {
		return
	}
	if _, err := s.shaking.Write(b, nil); err != nil && !errors.Is(err, os.ErrClosed) {
		return // it is lost, and comes again
	}
}

// unseal takes a packet, or a report, of the other end.
func (s *Session) unseal(b []byte) {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.in == nil || s.take == nil {
		return
	}
	if s.opened == nil {
		s.opened = make([]byte, 0, mostPacket)
	}
	report := b[1] >= 192 && b[1] <= 223 // RFC 5761, 4
	var opened []byte
	var err error
	if report {
		opened, err = s.in.DecryptRTCP(s.opened[:0], b, &s.reportHead)
	} else {
		opened, err = s.in.DecryptRTP(s.opened[:0], b, &s.mediaHead)
	}
	if err == nil {
		s.opened = opened
		s.take(opened, report)
	}
}

const (
	recordHead      = 13 // bytes before each record (RFC 6347, 4.1)
	recordChange    = 20 // of the cipher
	recordHandshake = 22
)

// plausible says that what comes of DTLS once there are keys may be the other end's. What
// is not sealed anybody can write who knows two addresses, and pion would end the
// connection for it. Only of a handshake that the other end repeats is it of use.
func plausible(b []byte) bool {
	for len(b) > 0 {
		if len(b) < recordHead {
			return false
		}
		kind, sealed, body := b[0], b[3] != 0 || b[4] != 0, b[recordHead:]
		n := int(b[11])<<8 | int(b[12])
		if n > len(body) || !sealed && kind != recordHandshake && (kind != recordChange || n != 1 || body[0] != 1) {
			return false
		}
		b = body[n:]
	}
	return true
}
