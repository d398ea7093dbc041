package httplimit

import (
	"net/netip"
	"sync"
)

// places counts what each network address has, and all together. Its methods
// may be called from any goroutine.
type places struct {
	room func() Room

	mu  sync.Mutex // guards what follows
	all int
	by  map[netip.Prefix]int
}

// take takes a place for an address, if there is one: else it says which of the
// limits was met, that on all or that on one address. Of those that need none of
// all, such as this machine's own, only what they have themselves counts.
func (p *places) take(from netip.Addr, ofAll bool) (taken, full bool) {
	at, room := Network(from), p.room()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by[at] >= room.PerAddress {
		return false, false
	}
	if ofAll && p.all >= room.All {
		return false, true
	}
	if p.by == nil {
		p.by = make(map[netip.Prefix]int)
	}
	p.all++
	p.by[at]++
	return true, false
}

// give gives a place back.
func (p *places) give(from netip.Addr) {
	at := Network(from)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if p.by[at]--; p.by[at] == 0 {
		delete(p.by, at)
	}
}

// Network is what counts as one address: of IPv6 it is the half that a
// provider gives to one customer (RFC 6177), who has all the rest.
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // an address that is none counts as one
	return p
}
