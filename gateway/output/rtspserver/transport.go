package rtspserver

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// way is how the packets of one track go out.
type way struct {
	channels [2]int            // within the connection: of RTP and of RTCP
	to       [2]netip.AddrPort // over UDP: of RTP and of RTCP; invalid within the connection
	from     [2]uint16         // the ports that they come from, over UDP
}

// overUDP says that packets go out as datagrams.
func (w *way) overUDP() bool { return w.to[0].IsValid() }

// String gives the way as an answer's Transport has it (RFC 2326, 12.39).
func (w *way) String() string {
	if w.overUDP() {
		return fmt.Sprintf("RTP/AVP;unicast;client_port=%d-%d;server_port=%d-%d", w.to[0].Port(), w.to[1].Port(), w.from[0], w.from[1])
	}
	return fmt.Sprintf("RTP/AVP/TCP;unicast;interleaved=%d-%d", w.channels[0], w.channels[1])
}

// ways gives those of the tracks that are set up.
func (c *conn) ways() (all []*way) {
	for _, track := range c.tracks {
		if track != nil {
			all = append(all, track.way)
		}
	}
	for _, w := range c.sent {
		if w != nil {
			all = append(all, w)
		}
	}
	return all
}

// Why there is no way to a client.
var (
	errNoWay     = &Refusal{Status: 461, Words: "packets go within the connection (RTP/AVP/TCP), or to a pair of UDP ports where this server has that"}
	errElsewhere = &Refusal{Status: 463, Words: "packets go to the address that asks, to no port below 1024 and to none of this server"}
)

// chooseWay takes the first way that a client offers and that there is: each is a
// profile with parameters, and several stand behind commas (RFC 2326, 12.39).
func (c *conn) chooseWay(headers []string, track int) (*way, error) {
	for offer := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		profile, rest, _ := strings.Cut(strings.TrimSpace(offer), ";")
		parameters := make(map[string]string)
		for p := range strings.SplitSeq(rest, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			parameters[strings.ToLower(name)] = value
		}
		if _, multicast := parameters["multicast"]; multicast {
			continue
		}
		var w *way
		var err error
		switch strings.ToUpper(profile) {
		case "RTP/AVP/TCP":
			w = c.within(parameters["interleaved"], track)
		case "RTP/AVP", "RTP/AVP/UDP":
			w, err = c.datagrams(parameters, track)
		}
		if err != nil {
			return nil, err
		}
		if w != nil && c.sameWay(w) {
			return w, nil
		}
	}
	return nil, errNoWay
}

// sameWay says that the other tracks that are set up go in the same way.
func (c *conn) sameWay(w *way) bool {
	for _, other := range c.ways() {
		if other.overUDP() != w.overUDP() {
			return false
		}
	}
	return true
}

// within gives a way within the connection, on the channels that are asked for
// where no other track has them.
func (c *conn) within(asked string, track int) *way {
	first := 2 * track
	from, _, _ := strings.Cut(asked, "-")
	if n, err := strconv.ParseUint(from, 10, 8); err == nil && n < 255 {
		first = int(n)
	}
	for _, other := range c.ways() {
		if other.channels[0] == first || other.channels[1] == first || other.channels[0] == first+1 {
			return nil
		}
	}
	return &way{channels: [2]int{first, first + 1}}
}

// datagrams gives a way over UDP to the address that asks, or nil where there is
// none. What is asked for over TLS does not go out without.
func (c *conn) datagrams(parameters map[string]string, track int) (*way, error) {
	udp := c.server.options.UDP
	if udp == nil || c.secure || parameters["client_port"] == "" {
		return nil, nil
	}
	if to, ok := parameters["destination"]; ok {
		if a, err := netip.ParseAddr(to); err != nil || a.Unmap() != c.from {
			return nil, errElsewhere
		}
	}
	first, second, pair := strings.Cut(parameters["client_port"], "-")
	rtp, err := strconv.ParseUint(first, 10, 16)
	rtcp, err2 := rtp+1, error(nil)
	if pair {
		rtcp, err2 = strconv.ParseUint(second, 10, 16)
	}
	if err != nil || err2 != nil || rtp < 1024 || rtcp < 1024 || rtcp > 65535 || rtp == rtcp || c.isOurs(rtp) || c.isOurs(rtcp) {
		return nil, errElsewhere
	}
	return &way{
		channels: [2]int{2 * track, 2*track + 1},
		to:       [2]netip.AddrPort{netip.AddrPortFrom(c.from, uint16(rtp)), netip.AddrPortFrom(c.from, uint16(rtcp))},
		from:     udp.ports(),
	}, nil
}

// isOurs says that a port of the client's address is one that this server's packets come
// from: who asks from the same machine would have the server hear its own reports.
func (c *conn) isOurs(port uint64) bool {
	local := c.tcp.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().WithZone("")
	ours := c.server.options.UDP.ports()
	return (c.from.IsLoopback() || c.from == local) && (port == uint64(ours[0]) || port == uint64(ours[1]))
}
