package cluster

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

func TestNodesAreNotDialledWhereNoneCanBe(t *testing.T) {
	for _, row := range []struct {
		own, to string
		may     bool
	}{
		{"192.168.1.10", "192.168.1.11", true},
		{"192.168.1.10", "203.0.113.5", true},
		{"192.168.1.10", "127.0.0.1", false},
		{"192.168.1.10", "::1", false},
		{"192.168.1.10", "::ffff:127.0.0.1", false},
		{"192.168.1.10", "169.254.169.254", false},
		{"192.168.1.10", "0.0.0.0", false},
		{"192.168.1.10", "224.0.0.1", false},
		{"fd00::1", "fe80::1", false},
		{"127.0.0.1", "127.0.0.1", true},
		{"127.0.0.1", "::1", true},
	} {
		if err := mayConnect(netip.MustParseAddr(row.own), netip.MustParseAddr(row.to).Unmap()); (err == nil) != row.may {
			t.Errorf("who is at %s connects to %s: %v", row.own, row.to, err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for host, may := range map[string]bool{"node-a.example": false, "localhost": true, "127.0.0.1": true} {
		conn, err := Dialer(host).Dial("tcp", "localhost:"+port)
		if err == nil {
			conn.Close()
		}
		if (err == nil) != may || !may && !strings.Contains(err.Error(), "not where another machine can be") {
			t.Errorf("a node at %s connects to this machine: %v", host, err)
		}
	}
}
