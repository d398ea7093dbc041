package server

import (
	"crypto/tls"
	"strings"
	"testing"

	"framegate/gateway/cluster"
)

// TestNodesAreAskedWhereTheyCanBe alone, whatever address they say is theirs.
func TestNodesAreAskedWhereTheyCanBe(t *testing.T) {
	_, err := newAsking(&tls.Config{}, cluster.Dialer("192.0.2.1"), askDial).Get("https://127.0.0.1:1/relays")
	if err == nil || !strings.Contains(err.Error(), "not where another machine can be") {
		t.Errorf("a node that is reached from others connects to itself: %v", err)
	}
}
