// Package rtc holds the one port of WebRTC, and the sessions that go through it: ICE,
// of which it is the lite end (RFC 8445, 2.5), over UDP and TCP; DTLS, by which the two
// ends agree on keys; and packets that are sealed with those (RFC 5764). It reads
// offers and writes answers (RFC 8829), and what is in the packets is for others.
//
// It knows no camera and no HTTP but how the resource of a session is answered
// (RFC 9725). output/whep and input/whipin open sessions, after package front has let
// somebody in: before that nothing of a client is looked at, and while nobody was let
// in the port is not even open. What comes to the port of nobody's session is counted
// and dropped after a look into a map.
package rtc

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"framegate/gateway/httplimit"
)

// The limits of this package by name, as Options.Limited is told of them.
const (
	LimitStrangers = "webrtc_strangers"
	LimitConnect   = "webrtc_connect"
	LimitSessions  = "webrtc_sessions"
	LimitOffer     = "webrtc_offer_bytes"
	LimitConsent   = "webrtc_consent"
)

// LimitNames are the limits that this package knows.
var LimitNames = []string{LimitStrangers, LimitConnect, LimitSessions, LimitOffer, LimitConsent}

const (
	// ConnectTime is how long a session may take until it is connected.
	ConnectTime = 10 * time.Second
	// ConsentTime is how long the other end may not say that it is there (RFC 7675, 5.1).
	ConsentTime = 30 * time.Second
	// MaxOffer bounds the bytes of an offer.
	MaxOffer = 64 << 10
	// MaxSessions is how many there may be at a time.
	MaxSessions = 512
)

// Errors of this package, for the router's table.
var (
	// ErrOff: the configuration has no port for WebRTC, or it could not be opened.
	ErrOff = errors.New("there is no WebRTC here")
	// ErrFull: there are as many sessions as there may be.
	ErrFull = errors.New("too many sessions of WebRTC")
	// ErrBadOffer: an offer that cannot be read, or that has not what it takes.
	ErrBadOffer = errors.New("bad offer")
	// ErrTooLarge: a body of more than MaxOffer bytes.
	ErrTooLarge = errors.New("an offer is too large")
	// ErrNotSDP: a body of another type.
	ErrNotSDP = errors.New("it is Content-Type: application/sdp that is taken here")
	// ErrNoSession: no session has such a name, or it is over.
	ErrNoSession = errors.New("no such session")
	// ErrRestart: a client wants new names for the ICE of a session.
	ErrRestart = errors.New("the ICE of a session is not begun anew; make another session")
	// ErrLate: a session that was not connected in time.
	ErrLate = errors.New("WebRTC was not connected in time; the port is to be reachable, by UDP or TCP")
	// ErrGone: the other end is not heard of any more, or has ended the session.
	ErrGone = errors.New("the other end is gone")
	// ErrClosed: the port is closed.
	ErrClosed = errors.New("the port of WebRTC is closed")
)

// Options are what a port works with. Listen, Room and Limited are needed.
type Options struct {
	Listen string                // host:port of UDP and TCP; "" for nowhere
	Spare  int                   // how many ports behind that are tried where it is taken
	Hosts  func() []string       // addresses and names at which it can be reached besides those of interfaces
	Room   func() httplimit.Room // how many TCP connections there may be
	// Limited is told, by its name, of each hit of a limit. It is called from any
	// goroutine and must return at once.
	Limited func(limit string)
	// HeadTime is how long a TCP connection may take to say whose it is, and Patience
	// how long it may take nothing.
	HeadTime, Patience time.Duration
	Connect, Consent   time.Duration // 0: ConnectTime and ConsentTime
	Log                *slog.Logger  // nil discards
}

// Port is where packets of all sessions come and go. Its methods may be called from any
// goroutine.
type Port struct {
	options Options
	door    *httplimit.Door
	serving sync.WaitGroup // what reads the socket, and listens

	opening sync.Mutex // held while the port is opened; taken before mu
	mu      sync.RWMutex
	opened  bool
	closed  bool
	udp     *net.UDPConn // nil before it was opened
	tcp     net.Listener
	proof   tls.Certificate // of DTLS
	print   string          // its fingerprint, as an answer has it
	byFrag  map[string]*Session
	byName  map[string]*Session
	byAddr  map[netip.AddrPort]*Session
	ended   []ending // the newest last, mostEndings at most
}

// ending is why a session is over that this end ended, for a client that asks: nothing
// else tells it whether it is to come again.
type ending struct {
	name string
	why  error
}

const mostEndings = 256

// New makes a port. It opens nothing: the first session does.
func New(o Options) *Port {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.HeadTime, o.Patience = cmp.Or(o.HeadTime, 5*time.Second), cmp.Or(o.Patience, 10*time.Second)
	o.Connect, o.Consent = cmp.Or(o.Connect, ConnectTime), cmp.Or(o.Consent, ConsentTime)
	if o.Hosts == nil {
		o.Hosts = func() []string { return nil }
	}
	return &Port{
		options: o, door: httplimit.NewDoor(o.Room, o.Limited, o.Log),
		byFrag: make(map[string]*Session), byName: make(map[string]*Session), byAddr: make(map[netip.AddrPort]*Session),
	}
}

// On says that the port is to be had.
func (p *Port) On() bool { return p.options.Listen != "" }

// Number gives the port's number, and 0 before it was opened.
func (p *Port) Number() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.udp == nil {
		return 0
	}
	return p.udp.LocalAddr().(*net.UDPAddr).Port
}

// Sessions counts those that there are.
func (p *Port) Sessions() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.byName)
}

// open opens the port, where it is not open yet.
func (p *Port) open() error {
	if !p.On() {
		return fmt.Errorf("%w: webrtc.listen in the configuration is off", ErrOff)
	}
	p.opening.Lock()
	defer p.opening.Unlock()
	p.mu.RLock()
	opened, closed := p.opened, p.closed
	p.mu.RUnlock()
	switch {
	case closed:
		return ErrClosed
	case opened:
		return nil
	}
	udp, tcp, err := listenNear(p.options.Listen, p.options.Spare)
	if err != nil {
		p.options.Log.Error("the port of WebRTC cannot be opened", "err", err)
		return fmt.Errorf("%w: its port cannot be opened; the log says why", ErrOff)
	}
	proof, print, err := newProof()
	if err != nil {
		udp.Close()
		tcp.Close()
		return err
	}
	if at := udp.LocalAddr().String(); p.options.Spare > 0 && !sameNumber(at, p.options.Listen) {
		p.options.Log.Warn("the port of WebRTC is taken, and another is used", "taken", p.options.Listen, "address", at)
	} else {
		p.options.Log.Info("framegate listens for WebRTC", "address", at)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		udp.Close()
		tcp.Close()
		return ErrClosed
	}
	p.opened, p.udp, p.tcp, p.proof, p.print = true, udp, tcp, proof, print
	p.serving.Go(func() { p.hear(udp) })                   // ends with Close
	p.serving.Go(func() { p.door.Serve(tcp, p.serveTCP) }) // likewise
	return nil
}

// sameNumber says that two addresses have the same port.
func sameNumber(a, b string) bool {
	_, x, _ := net.SplitHostPort(a)
	_, y, _ := net.SplitHostPort(b)
	return x == y
}

// listenNear opens the two sockets of a number, or of one of those behind it where it is
// taken. The error is that of the first.
func listenNear(address string, spare int) (*net.UDPConn, net.Listener, error) {
	udp, tcp, err := listenAt(address)
	host, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	for i := 1; i <= spare && errors.Is(err, syscall.EADDRINUSE); i++ {
		if udp, tcp, failed := listenAt(net.JoinHostPort(host, strconv.Itoa(number+i))); failed == nil {
			return udp, tcp, nil
		}
	}
	return udp, tcp, err
}

// listenTries is how often two ports of the same number are tried where any will do.
const listenTries = 20

// listenAt opens the two sockets of a number.
func listenAt(address string) (*net.UDPConn, net.Listener, error) {
	at, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, nil, err
	}
	for range listenTries {
		udp, failed := net.ListenUDP("udp", at)
		if failed != nil {
			return nil, nil, failed
		}
		_, _ = udp.SetReadBuffer(socketBytes), udp.SetWriteBuffer(socketBytes) // as much as there is
		tcp, failed := net.ListenTCP("tcp", &net.TCPAddr{IP: at.IP, Port: udp.LocalAddr().(*net.UDPAddr).Port, Zone: at.Zone})
		if failed == nil {
			return udp, tcp, nil
		}
		udp.Close()
		if err = failed; at.Port != 0 {
			break
		}
	}
	return nil, nil, err
}

// socketBytes holds the packets of a keyframe. The system may allow less.
const socketBytes = 2 << 20

// Close ends all sessions, and waits until nothing runs any more. Whoever opened a
// session has to see it through.
func (p *Port) Close() {
	p.mu.Lock()
	p.closed = true
	all := make([]*Session, 0, len(p.byName))
	for _, s := range p.byName {
		all = append(all, s)
	}
	udp := p.udp
	p.mu.Unlock()
	for _, s := range all {
		s.End(ErrClosed)
	}
	p.door.Shut()
	if udp != nil {
		udp.Close()
	}
	p.serving.Wait()
	p.door.Wait()
}

// Find gives the session of a name. The error is why this end ended it, or
// ErrNoSession.
func (p *Port) Find(name string) (*Session, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	s := p.byName[name]
	if s != nil {
		return s, s.ending() // which it may not have left for
	}
	for _, e := range p.ended {
		if e.name == name {
			return nil, e.why
		}
	}
	return nil, ErrNoSession
}

// enter lists a session.
func (p *Port) enter(s *Session) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return ErrClosed
	case len(p.byName) >= MaxSessions:
		p.options.Limited(LimitSessions)
		return fmt.Errorf("%w: %d", ErrFull, MaxSessions)
	}
	p.byFrag[s.frag], p.byName[s.name] = s, s
	return nil
}

// leave forgets a session.
func (p *Port) leave(s *Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byFrag, s.frag)
	delete(p.byName, s.name)
	if why := s.ending(); why != nil {
		if len(p.ended) == mostEndings {
			p.ended = append(p.ended[:0], p.ended[1:]...)
		}
		p.ended = append(p.ended, ending{s.name, why})
	}
	for _, a := range s.addrs {
		delete(p.byAddr, a)
	}
}

// mostAddrs is from how many addresses one session may be heard at a time: each way
// through networks is one.
const mostAddrs = 16

// ending says why this end ended the session; nil: it has not.
func (s *Session) ending() error {
	why := context.Cause(s.ctx)
	if errors.Is(why, ErrGone) || errors.Is(why, ErrClosed) || errors.Is(why, ErrLate) {
		return nil
	}
	return why
}

// know has packets from an address be for a session, unless it is another's.
func (p *Port) know(s *Session, from netip.AddrPort) bool {
	p.mu.RLock()
	of := p.byAddr[from]
	p.mu.RUnlock()
	if of == s {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if of = p.byAddr[from]; p.byFrag[s.frag] != s || of != nil && of.holds(from) {
		return false
	}
	if of != nil {
		of.addrs = slices.DeleteFunc(of.addrs, func(a netip.AddrPort) bool { return a == from })
	}
	if len(s.addrs) >= mostAddrs {
		p.forget(s)
	}
	s.addrs = append(s.addrs, from)
	p.byAddr[from] = s
	return true
}

// forget forgets the oldest address of a session that packets do not go to. The lock is
// held.
func (p *Port) forget(s *Session) {
	i := slices.IndexFunc(s.addrs, func(a netip.AddrPort) bool { return !s.holds(a) }) // all but one are
	delete(p.byAddr, s.addrs[i])
	s.addrs = slices.Delete(s.addrs, i, i+1)
}

// Open makes a session of an offer, which is answered with the tracks as they are
// chosen. The session is to be ended; until it is connected it costs no goroutine.
func (p *Port) Open(ctx context.Context, o *Offer, a Answer) (*Session, string, error) {
	if err := p.open(); err != nil {
		return nil, "", err
	}
	s := newSession(ctx, p, o, a.Take)
	if err := p.enter(s); err != nil {
		s.end(err)
		return nil, "", err
	}
	return s, p.write(o, &a, s), nil
}
