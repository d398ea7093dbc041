package server

import (
	"crypto/tls"
	"strings"
	"testing"

	"framegate/gateway/cluster"
	"framegate/gateway/cluster/passage"
)

// TestNodesAreAskedWhereTheyCanBe alone, whatever address they say is theirs.
func TestNodesAreAskedWhereTheyCanBe(t *testing.T) {
	by := passage.New(passage.Options{
		Self: "a", Dialer: cluster.Dialer("192.0.2.1"), TLS: func(string) *tls.Config { return &tls.Config{} },
		Where: func(node string) (passage.Place, bool) { return passage.Place{Address: "127.0.0.1:1"}, node == "b" },
	})
	defer by.Close()
	_, err := newAsking(by.Dial, askDial).Get("https://b/relays")
	if err == nil || !strings.Contains(err.Error(), "not where another machine can be") {
		t.Errorf("a node that is reached from others connects to itself: %v", err)
	}
	if _, err := newAsking(by.Dial, askDial).Get("https://192.0.2.1/relays"); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("what is no node is connected to: %v", err)
	}
}
