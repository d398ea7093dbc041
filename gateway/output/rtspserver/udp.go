package rtspserver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// UDP is the pair of ports that packets come from which go out as datagrams: of RTP
// an even one, and of RTCP the one behind it.
type UDP struct {
	rtp, rtcp *net.UDPConn

	mu    sync.Mutex // guards what follows
	peers map[netip.AddrPort]*peer
}

// peer is where one viewer's datagrams go.
type peer struct {
	udp *UDP
	to  []netip.AddrPort // from which it may report
	at  atomic.Int64     // when it last did, in nanoseconds since 1970
	// take takes what comes from one of these addresses, by its place; nil: it sends
	// nothing but reports, which are signs of life.
	take func(place int, b []byte)
}

// LimitStrangers counts the datagrams that come from where nobody is to send them: nothing of them
// is looked at.
const LimitStrangers = "udp_strangers"

// LimitNames are the limits that this package alone knows.
var LimitNames = []string{LimitStrangers}

// udpBuffer holds the packets of a keyframe that come all at once. The system may
// allow less.
const udpBuffer = 2 << 20

// pairTries is how many pairs are tried where any will do.
const pairTries = 20

// ListenUDP takes the pair of ports that begins at an address, or any pair for port
// 0.
func ListenUDP(address string) (*UDP, error) {
	at, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	for range pairTries {
		u := &UDP{peers: make(map[netip.AddrPort]*peer)}
		if u.rtp, err = net.ListenUDP("udp", at); err != nil {
			return nil, err
		}
		_ = u.rtp.SetReadBuffer(udpBuffer) // as much as there is
		next := *at
		next.Port = u.rtp.LocalAddr().(*net.UDPAddr).Port + 1
		if next.Port%2 == 1 {
			if u.rtcp, err = net.ListenUDP("udp", &next); err == nil {
				return u, nil
			}
		}
		u.rtp.Close()
		if at.Port != 0 {
			break
		}
	}
	if err == nil {
		err = errors.New("the first port of a pair is even")
	}
	return nil, fmt.Errorf("UDP at %s: %w", address, err)
}

// TryUDP says why ListenUDP would not take what it is asked for; nil where it would.
func TryUDP(address string) error {
	u, err := ListenUDP(address)
	if err != nil {
		return err
	}
	u.close()
	return nil
}

// Port gives the first port of the pair.
func (u *UDP) Port() int { return u.rtp.LocalAddr().(*net.UDPAddr).Port }

func (u *UDP) ports() [2]uint16 { return [2]uint16{uint16(u.Port()), uint16(u.Port() + 1)} }

// listen hears, on both ports, until they are closed, reports of viewers and all that
// comes of who sends. Of others nothing is looked at, and limited is told of each.
func (u *UDP) listen(limited func(limit string)) {
	var both sync.WaitGroup
	for _, socket := range []*net.UDPConn{u.rtp, u.rtcp} {
		both.Go(func() { u.listenTo(socket, limited) }) // ends with the socket
	}
	both.Wait()
}

func (u *UDP) listenTo(socket *net.UDPConn, limited func(limit string)) {
	b := make([]byte, 64<<10)
	for {
		n, from, err := socket.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // as where a viewer has closed its port
		}
		at := netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port())
		u.mu.Lock()
		p := u.peers[at]
		u.mu.Unlock()
		switch {
		case p == nil:
			limited(LimitStrangers)
		case p.take != nil:
			p.at.Store(time.Now().UnixNano())
			p.take(slices.Index(p.to, at), b[:n])
		case socket == u.rtcp:
			p.at.Store(time.Now().UnixNano())
		}
	}
}

func (u *UDP) close() {
	u.rtp.Close()
	u.rtcp.Close()
}

// add says where a viewer's datagrams go: to a pair of addresses for each track.
func (u *UDP) add(to []netip.AddrPort) *peer {
	p := &peer{udp: u, to: to}
	u.put(p)
	return p
}

// hear takes what comes by ways of tracks, by their numbers.
func (u *UDP) hear(ways map[int]*way, take func(track int, report bool, b []byte)) *peer {
	var from []netip.AddrPort
	var tracks []int
	for track, w := range ways {
		from, tracks = append(from, w.to[:]...), append(tracks, track)
	}
	p := &peer{udp: u, to: from, take: func(place int, b []byte) { take(tracks[place/2], place%2 == 1, b) }}
	p.at.Store(time.Now().UnixNano())
	u.put(p)
	return p
}

// put adds a peer.
func (u *UDP) put(p *peer) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, a := range p.to {
		u.peers[a] = p
	}
}

// leave forgets a viewer, or who sends.
func (p *peer) leave() {
	p.udp.mu.Lock()
	defer p.udp.mu.Unlock()
	for _, a := range p.to {
		if p.udp.peers[a] == p {
			delete(p.udp.peers, a)
		}
	}
}

// heard says when the viewer reported last; 1970 is never.
func (p *peer) heard() time.Time { return time.Unix(0, p.at.Load()) }

// send sends packets, each behind the framing that it has within a connection, to
// where their channels go. One that cannot be sent is lost, as others are on their
// way.
func (p *peer) send(b []byte, to func(channel byte) netip.AddrPort) {
	for len(b) >= framing {
		n := framing + int(b[2])<<8 + int(b[3])
		socket := p.udp.rtp
		if b[1]%2 == 1 {
			socket = p.udp.rtcp
		}
		_, _ = socket.WriteToUDPAddrPort(b[framing:n], to(b[1]))
		b = b[n:]
	}
}
