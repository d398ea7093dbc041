package auth

import (
	"net"
	"net/http"
	"net/netip"
	"time"

	"framegate/gateway/auth/passwords"
)

// RetryAfter is how long to wait after an ErrTooManyAttempts, in whole seconds
// as the header Retry-After wants it, and 0 for other errors.
func RetryAfter(err error) time.Duration { return passwords.RetryAfter(err) }

// WaitWords puts how long to wait into words for people: "40 s", "3 min",
// "2 h", "5 days". It is rounded up, so that who waits so long is let in.
func WaitWords(d time.Duration) string { return passwords.WaitWords(d) }

// Network is what limits count a request's client as: its address, or the /64 of
// one of IPv6, which is what a single client has.
func Network(r *http.Request) string { return passwords.Network(clientAddress(r)) }

// clientAddress is where a request comes from, an IPv4 address as such, without
// port and zone.
func clientAddress(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}
