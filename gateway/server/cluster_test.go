package server

import (
	"net"
	"strings"
	"testing"

	"framegate/gateway/config"
)

// TestReachedAt: other machines are not told of an address that is this one's own alone.
func TestReachedAt(t *testing.T) {
	nats := config.NATS{URLs: []string{"nats://127.0.0.1:4222"}}
	for name, c := range map[string]struct {
		config.Cluster
		host, wrong string
	}{
		"as it says":             {config.Cluster{Advertise: "yard.lan", NATS: nats}, "yard.lan", ""},
		"where it listens":       {config.Cluster{RelayListen: "127.0.0.1:7422", NATS: nats}, "127.0.0.1", ""},
		"beside its NATS":        {config.Cluster{RelayListen: ":7422", NATS: nats}, "", "cluster.advertise"},
		"a seed that is its own": {config.Cluster{Listen: ":7421", Seeds: []string{"127.0.1.1:7421"}}, "", "127.0.1.1"},
	} {
		host, err := reachedAt(c.Cluster)
		if host != c.host || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %q, %v", name, host, err)
		}
	}
	conn, err := net.Dial("udp", "192.0.2.1:7421")
	if err != nil {
		return // this machine has no way to others
	}
	defer conn.Close()
	host, err := reachedAt(config.Cluster{Listen: ":7421", Seeds: []string{"127.0.1.1:7421", "192.0.2.1:7421"}})
	if want := conn.LocalAddr().(*net.UDPAddr).IP.String(); err != nil || host != want {
		t.Errorf("by the second seed: %q, %v", host, err)
	}
}
