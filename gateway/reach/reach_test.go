package reach

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestWhereCamerasMayBe(t *testing.T) {
	for address, allowed := range map[string]bool{
		"192.168.1.20:554":            true,
		"10.0.0.1:80":                 true,
		"172.31.255.254:80":           true,
		"100.64.0.1:80":               true, // carrier-grade NAT, and overlay networks
		"8.8.8.8:80":                  true,
		"[2606:4700::1111]:443":       true,
		"[fd12:3456::1]:554":          true,
		"[fc00::1]:554":               true,
		"[::ffff:192.168.1.20]:554":   true,
		"[64:ff9b::808:808]:80":       true,
		"[2002:808:808::1]:80":        true,
		"127.0.0.1:80":                false,
		"127.255.255.254:80":          false,
		"0.0.0.0:80":                  false,
		"0.1.2.3:80":                  false,
		"169.254.169.254:80":          false,
		"169.254.170.2:80":            false,
		"169.254.0.1:80":              false,
		"100.100.100.200:80":          false,
		"168.63.129.16:80":            false,
		"192.0.0.192:80":              false,
		"224.0.0.1:80":                false,
		"239.255.255.250:1900":        false,
		"240.0.0.1:80":                false,
		"255.255.255.255:80":          false,
		"[::]:80":                     false,
		"[::1]:80":                    false,
		"[::ffff:127.0.0.1]:80":       false,
		"[::ffff:169.254.169.254]:80": false,
		"[::127.0.0.1]:80":            false,
		"[64:ff9b::7f00:1]:80":        false,
		"[64:ff9b::a9fe:a9fe]:80":     false,
		"[64:ff9b:1::a9fe:a9fe]:80":   false,
		"[64:ff9b:1::808:808]:80":     false,
		// 169.254.169.254 behind prefixes of 48, 56 and 64 bits.
		"[64:ff9b:1:a9fe:a9:fe00::]:80":    false,
		"[64:ff9b:1:a9:fe:a9fe::]:80":      false,
		"[64:ff9b:1:0:a9:fea9:fe00:0]:80":  false,
		"[64:ff9b:1:a9fe:a9:fe00::808]:80": false,
		"[::ffff:0:127.0.0.1]:80":          false,
		"[2002:7f00:1::1]:80":              false,
		"[2002:a9fe:a9fe::1]:80":           false,
		"[2001:0:7f00:1::1]:80":            false,
		"[fe80::1]:80":                     false,
		"[fe80::1%eth0]:80":                false,
		"[fec0::1]:80":                     false,
		"[ff02::1]:80":                     false,
		"[fd00:ec2::254]:80":               false,
		"[fd20:ce::254]:80":                false,
		"[100::1]:80":                      false,
	} {
		err := Rule{}.Check(netip.MustParseAddrPort(address))
		if allowed != (err == nil) || err != nil && !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAllowedRanges(t *testing.T) {
	rule := Rule{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}, Own: []uint16{8080}}
	for address, allowed := range map[string]bool{
		"127.0.0.1:554":           true,
		"[::ffff:127.0.0.1]:554":  true,
		"[fe80::1%eth0]:554":      true,
		"[::1]:554":               false,
		"127.0.0.1:8080":          false,
		"[::ffff:127.0.0.5]:8080": false,
		"0.0.0.0:8080":            false,
		"192.168.250.250:8080":    true, // not this machine
	} {
		if err := rule.Check(netip.MustParseAddrPort(address)); allowed != (err == nil) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestOwnAddressesAndBroadcast(t *testing.T) {
	rule := Rule{Own: []uint16{8080}}
	for _, p := range interfaces() {
		if p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast() {
			continue
		}
		if err := rule.Check(netip.AddrPortFrom(p.Addr(), 8080)); err == nil {
			t.Errorf("%s is this server", p.Addr())
		}
		if err := rule.Check(netip.AddrPortFrom(p.Addr(), 554)); err != nil {
			t.Errorf("a camera on this machine's address in its network: %v", err)
		}
		if p.Addr().Is4() && p.Bits() < 31 {
			if err := rule.Check(netip.AddrPortFrom(last(p), 554)); err == nil {
				t.Errorf("%s is everybody in %s", last(p), p)
			}
		}
	}
	if got := last(netip.MustParsePrefix("192.168.1.7/22")); got != netip.MustParseAddr("192.168.3.255") {
		t.Error(got)
	}
}

// The decision is on the address that a name has come to mean.
func TestNameThatMeansLoopback(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	dialer := net.Dialer{Timeout: 5 * time.Second, Control: Rule{}.Control}
	c, err := dialer.Dial("tcp", net.JoinHostPort("localhost", port))
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, ErrForbidden) {
		t.Errorf("dialling localhost gives %v", err)
	}
	dialer.Control = Rule{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}.Control
	if c, err = dialer.Dial("tcp", net.JoinHostPort("127.0.0.1", port)); err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// TestWhatIsSaid: the words are those of what may not be there.
func TestWhatIsSaid(t *testing.T) {
	for of, want := range map[string]string{"": "169.254.169.254:80: no camera may be there: link-local", "no webhook may be there": "169.254.169.254:80: no webhook may be there: link-local"} {
		if err := (Rule{Said: of}).Check(netip.MustParseAddrPort("169.254.169.254:80")); err == nil || err.Error() != want || !errors.Is(err, ErrForbidden) {
			t.Errorf("%q: %v", of, err)
		}
	}
}
