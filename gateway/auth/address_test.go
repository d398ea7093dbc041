package auth

import (
	"net/netip"
	"testing"
)

var somewhere = netip.MustParseAddr("192.0.2.1")

func TestOneClientIsOneNetwork(t *testing.T) {
	for a, b := range map[string]string{
		"192.0.2.1:1":        "[::ffff:192.0.2.1]:2",
		"[2001:db8::1]:1":    "[2001:db8::ffff:2]:1",
		"[fe80::1%eth0]:1":   "[fe80::1%eth1]:1",
		"[2001:db8:0:1::]:1": "[2001:db8:0:1:ffff::]:1",
	} {
		if x, y := Network(request(from(a))), Network(request(from(b))); x != y {
			t.Errorf("%s is %s, %s is %s", a, x, b, y)
		}
	}
	for a, b := range map[string]string{"192.0.2.1:1": "192.0.2.2:1", "[2001:db8:0:1::1]:1": "[2001:db8:0:2::1]:1"} {
		if x, y := Network(request(from(a))), Network(request(from(b))); x == y {
			t.Errorf("%s and %s are both %s", a, b, x)
		}
	}
	if a := clientAddress(request(from("@"))); a.IsValid() {
		t.Errorf("a UNIX socket is %v", a)
	}
}
