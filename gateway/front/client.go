package front

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"framegate/gateway/config"
)

// clientAddress is the address a request came from, without its port.
func clientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// behindProxy gives a request that a trusted proxy sent as the client sent it
// to that: from the client's address, for the name that the client knows, and
// over TLS if it was. Where one trusted proxy stands behind another, it is what
// the first says. Of others such headers mean nothing, since anybody can write
// them.
func (f *Front) behindProxy(r *http.Request) *http.Request {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !f.Trusts(from.Addr()) {
		return underBase(r, f.options.Settings().BasePath)
	}
	seen := *r
	seen.Host = publicHost(r, f.options.Settings().Hosts)
	seen.RemoteAddr = netip.AddrPortFrom(f.Client(r), from.Port()).String()
	if r.TLS == nil && cameOverTLS(r.Header.Values("X-Forwarded-Proto")) {
		seen.TLS = &tls.ConnectionState{}
	}
	base := f.options.Settings().BasePath
	if prefix, err := config.BasePath(r.Header.Get("X-Forwarded-Prefix")); err == nil && prefix != "" {
		base = prefix
	}
	return underBase(&seen, base)
}

// publicHost is the host that the client asked a trusted proxy for. Proxies say
// it in X-Forwarded-Host, or pass it; but some say nothing and put their own
// name for us into Host. Then a browser's Origin tells, if it is of a name that
// the configuration lists: such a name has to be ours alone, at every port.
func publicHost(r *http.Request, ours []string) string {
	host := r.Host
	if first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Host"), ","); first != "" {
		host = strings.TrimSpace(first)
	}
	if origin, err := url.Parse(r.Header.Get("Origin")); err == nil && slices.Contains(ours, strings.ToLower(origin.Hostname())) {
		return origin.Host
	}
	return host
}

// hostOf is the name, or the address, by which a client asks for this server, as it
// stands in addresses.
func hostOf(r *http.Request) string {
	u := url.URL{Host: r.Host}
	if host := u.Hostname(); strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return u.Hostname()
}

// Trusts says whether an address is that of a proxy that is trusted.
func (f *Front) Trusts(address netip.Addr) bool {
	return contains(f.options.Settings().TrustedProxies, address)
}

// Client is the address that a request was sent from, which a trusted proxy may
// have passed on.
func (f *Front) Client(r *http.Request) netip.Addr {
	from, _ := netip.ParseAddrPort(r.RemoteAddr) // of a connection it is one
	return clientBehind(f.options.Settings().TrustedProxies, from.Addr(), r.Header.Values("X-Forwarded-For"))
}

// cameOverTLS follows X-Forwarded-Proto to the proxy that the client spoke to:
// most proxies replace what the one before said, some add to it.
func cameOverTLS(headers []string) bool {
	first, _, _ := strings.Cut(strings.Join(headers, ","), ",")
	return strings.EqualFold(strings.TrimSpace(first), "https")
}

// clientBehind follows X-Forwarded-For from its end, where each proxy added whom it
// heard from, to the first address that is no proxy of ours.
func clientBehind(proxies []netip.Prefix, address netip.Addr, headers []string) netip.Addr {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, ok := parseHop(hop)
		if !ok || !contains(proxies, address) {
			break
		}
		address = next
	}
	return address.Unmap().WithZone("")
}

// parseHop reads an address of X-Forwarded-For, to which some proxies add the
// port, and which then is in brackets if it is one of IPv6.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr(), true
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return address, err == nil
}

func contains(ranges []netip.Prefix, address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(address) })
}
