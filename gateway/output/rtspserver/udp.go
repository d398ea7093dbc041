package rtspserver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
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
}

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

// Port gives the first port of the pair.
func (u *UDP) Port() int { return u.rtp.LocalAddr().(*net.UDPAddr).Port }

func (u *UDP) ports() [2]uint16 { return [2]uint16{uint16(u.Port()), uint16(u.Port() + 1)} }

// listen hears reports of viewers, until the ports are closed. What they say in them
// is not looked at: they are signs of life.
func (u *UDP) listen() {
	var b [64]byte // of which the rest is cut off
	for {
		_, from, err := u.rtcp.ReadFromUDPAddrPort(b[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // as where a viewer has closed its port
		}
		u.mu.Lock()
		p := u.peers[netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port())]
		u.mu.Unlock()
		if p != nil {
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
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, a := range to {
		u.peers[a] = p
	}
	return p
}

// leave forgets a viewer.
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
