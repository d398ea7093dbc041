package rtc

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// maxCandidates bounds the addresses of an answer.
const maxCandidates = 24

// writeCandidates writes where the port is, over UDP and over TCP (RFC 8839, 5.1; RFC
// 6544, 4.5), and that this is all.
func (p *Port) writeCandidates(b *strings.Builder, asked string) {
	port := p.Number()
	for i, address := range p.addresses(asked) {
		for _, way := range []struct {
			name, more string
			preference uint32
		}{{"udp", "", 65535}, {"tcp", " tcptype passive", 30000}} {
			priority := 126<<24 | (way.preference-uint32(i))<<8 | 255 // RFC 8445, 5.1.2
			fmt.Fprintf(b, "a=candidate:%s%d 1 %s %d %s %d typ host%s\r\n", way.name[:1], i+1, way.name, priority, address, port, way.more)
		}
	}
	b.WriteString("a=end-of-candidates\r\n")
}

// addresses gives those at which the port may be reached, the likeliest first: the one by
// which the client came to us, since it has come there; those that the configuration
// names; and those of the interfaces. Names that a client asked for are never
// resolved.
func (p *Port) addresses(asked string) []string {
	var all []string
	add := func(a string) {
		if !slices.Contains(all, a) && len(all) < maxCandidates {
			all = append(all, a)
		}
	}
	if at, ok := literal(asked); ok {
		add(at.String())
	}
	for _, host := range p.options.Hosts() {
		add(host)
	}
	bound := p.udp.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	if !bound.IsUnspecified() {
		add(bound.WithZone("").String())
		return all
	}
	interfaces, _ := net.InterfaceAddrs() // without them there are the others
	for _, loopback := range []bool{false, true} {
		for _, a := range interfaces {
			at, ok := usable(a)
			if ok && at.IsLoopback() == loopback && (at.Is4() || bound.Is6()) {
				add(at.String())
			}
		}
	}
	return all
}

// usable gives the address of an interface, if others may come by it.
func usable(a net.Addr) (netip.Addr, bool) {
	network, ok := a.(*net.IPNet)
	if !ok {
		return netip.Addr{}, false
	}
	at, ok := netip.AddrFromSlice(network.IP)
	at = at.Unmap()
	return at, ok && !at.IsLinkLocalUnicast() && !at.IsMulticast() && !at.IsUnspecified()
}

// literal gives the address that a client asked for, if it was one.
func literal(asked string) (netip.Addr, bool) {
	host := asked
	if name, _, err := net.SplitHostPort(asked); err == nil {
		host = name
	}
	at, err := netip.ParseAddr(strings.Trim(host, "[]"))
	at = at.Unmap().WithZone("")
	return at, err == nil && !at.IsUnspecified() && !at.IsMulticast()
}
