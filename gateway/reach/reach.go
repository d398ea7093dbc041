// Package reach decides which network addresses a camera may have that was
// added while the server runs, and so may a webhook and a broker. Whoever adds them must not come to places
// through the server that they do not reach themselves: the server's own
// listeners, services of its machine, and the metadata services of clouds,
// which give away keys.
//
// The decision is made on the address of each connection as it is dialled,
// after names are resolved, so that a name that comes to mean something else
// gains nothing. Cameras of the configuration file are the operator's word and
// are not asked about.
package reach

import (
	"cmp"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// ErrForbidden: an address where no camera may be, or whatever else the Rule is for. Package main
// says "unreachable" to those who may not know more.
var ErrForbidden = errors.New("no camera may be there")

// ErrOwn is the ErrForbidden of our own listeners, which no range opens.
var ErrOwn = errors.New("it is this server itself")

// refusal is ErrForbidden of an address, or ErrOwn as well.
type refusal struct {
	to, said, why string
	own           bool
}

func (r refusal) Error() string { return r.to + ": " + r.said + ": " + r.why }

// Is says which of the errors it is.
func (r refusal) Is(target error) bool { return target == ErrForbidden || r.own && target == ErrOwn }

// Rule says where cameras may be. The zero value allows what is allowed
// anywhere: unicast addresses, private and public.
type Rule struct {
	// Allow are ranges that are allowed besides. They do not open our own
	// listeners.
	Allow []netip.Prefix
	// Own are the ports of TCP this server listens on, for whatever and at whatever address.
	Own []uint16
	// Said is what is said of an address where nothing may be; "" is what ErrForbidden says.
	Said string
}

// refuse gives the error of an address.
func (r Rule) refuse(to, why string) error {
	return refusal{to, cmp.Or(r.Said, ErrForbidden.Error()), why, false}
}

// never are the ranges that are refused unless the operator allows them. Those
// of IPv6 that carry an address of IPv4 inside are judged by that one; see
// inner.
var never = []struct {
	in  netip.Prefix
	why string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this machine"},                // RFC 1122 section 3.2.1.3
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},                  // RFC 1122 section 3.2.1.3
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},             // RFC 3927; clouds' metadata too
	{netip.MustParsePrefix("100.100.100.200/32"), "a metadata service"}, // Alibaba Cloud
	{netip.MustParsePrefix("168.63.129.16/32"), "a metadata service"},   // Azure
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved"},                 // RFC 6890; Oracle's metadata
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},                 // RFC 5771
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved, or broadcast"},    // RFC 1112 section 4
	{netip.MustParsePrefix("::/127"), "this machine"},                   // RFC 4291 sections 2.5.2 and 2.5.3
	{netip.MustParsePrefix("fe80::/10"), "link-local"},                  // RFC 4291 section 2.5.6
	{netip.MustParsePrefix("fec0::/10"), "site-local"},                  // RFC 3879
	{netip.MustParsePrefix("ff00::/8"), "multicast"},                    // RFC 4291 section 2.7
	{netip.MustParsePrefix("fd00:ec2::/32"), "a metadata service"},      // AWS
	{netip.MustParsePrefix("fd20:ce::254/128"), "a metadata service"},   // Google Cloud
	{netip.MustParsePrefix("100::/64"), "discard-only"},                 // RFC 6666
	{netip.MustParsePrefix("2001::/32"), "Teredo"},                      // RFC 4380
	// Where in such an address the one of IPv4 is depends on the length of the
	// network's own prefix (RFC 6052 section 2.2), which only its operator knows.
	{netip.MustParsePrefix("64:ff9b:1::/48"), "NAT64 of this network's own, which may lead anywhere"}, // RFC 8215
}

// Check says whether a camera may be at an address. The error is one of ErrForbidden,
// and names the address.
func (r Rule) Check(to netip.AddrPort) error {
	ip := inner(to.Addr())
	if slices.Contains(r.Own, to.Port()) && isOurs(ip) {
		return refusal{to.String(), cmp.Or(r.Said, ErrForbidden.Error()), ErrOwn.Error(), true}
	}
	for _, p := range r.Allow {
		if p.Contains(ip) {
			return nil
		}
	}
	for _, n := range never {
		if n.in.Contains(ip) {
			return r.refuse(to.String(), n.why)
		}
	}
	if !ip.IsValid() || isBroadcast(ip) {
		return r.refuse(to.String(), "broadcast")
	}
	return nil
}

// Control is for net.Dialer.Control and net.ListenConfig.Control: it refuses a
// connection, or the first datagram, to where no camera may be.
func (r Rule) Control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return r.refuse(address, "not an address")
	}
	return r.Check(to)
}

// The ranges of IPv6 addresses that lead to the IPv4 address in them.
var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96")    // RFC 6052 section 2.1: the last four bytes
	sixToFour = netip.MustParsePrefix("2002::/16")       // RFC 3056 section 2: bytes 2 to 5
	translate = netip.MustParsePrefix("::ffff:0:0:0/96") // RFC 2765: the last four bytes
	compat    = netip.MustParsePrefix("::/96")           // RFC 4291 section 2.5.5.1
)

// inner gives the address that a connection to ip ends at.
func inner(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() {
		return ip
	}
	b := ip.As16()
	switch {
	case nat64.Contains(ip), translate.Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:]))
	case sixToFour.Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6]))
	case compat.Contains(ip) && !ip.IsLoopback() && !ip.IsUnspecified():
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip
}

// isOurs says whether a connection to ip ends on this machine.
func isOurs(ip netip.Addr) bool {
	if ip.IsLoopback() || ip.IsUnspecified() {
		return true
	}
	for _, p := range interfaces() {
		if p.Addr() == ip {
			return true
		}
	}
	return false
}

// isBroadcast says whether ip is that of all machines of a network we are in.
func isBroadcast(ip netip.Addr) bool {
	if !ip.Is4() {
		return false
	}
	for _, p := range interfaces() {
		if p.Addr().Is4() && p.Bits() < 31 && p.Contains(ip) && ip == last(p) {
			return true
		}
	}
	return false
}

// last gives the last address of a range of IPv4.
func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(b)
}

// interfaces gives the addresses of this machine with their networks. Where
// they cannot be read there are none.
func interfaces() []netip.Prefix {
	addresses, _ := net.InterfaceAddrs()
	prefixes := make([]netip.Prefix, 0, len(addresses))
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			prefixes = append(prefixes, netip.PrefixFrom(p.Addr().Unmap(), p.Bits()))
		}
	}
	return prefixes
}
