package cluster

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// Dialer gives what connects to the addresses that other nodes say are theirs. They are
// believed only as far as this node's own host goes: where that is reached from other
// machines, nothing that is only of this machine, or of one wire, is connected to,
// whatever name stands for it. So a node that lies has the others knock at no door that
// it could not knock at itself.
func Dialer(ownHost string) *net.Dialer {
	own, _ := netip.ParseAddr(ownHost) // a name is reached from other machines
	if ownHost == "localhost" {
		own = netip.IPv6Loopback()
	}
	return &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return mayConnect(own.Unmap(), to.Addr().Unmap())
	}}
}

// mayConnect says why a node that is reached at one address does not connect to another.
func mayConnect(own, to netip.Addr) error {
	switch {
	case to.IsUnspecified(), to.IsMulticast(), to.IsLoopback() && !own.IsLoopback(), to.IsLinkLocalUnicast() && !own.IsLinkLocalUnicast():
		return fmt.Errorf("%s is not where another machine can be", to)
	}
	return nil
}
