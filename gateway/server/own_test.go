package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/config"
	"framegate/gateway/reach"
	"framegate/gateway/roster"
	"framegate/gateway/rtc"
)

// TestNoListenerOfOursIsACamera where loopback is allowed: all that we listen on is
// refused as it is added and as it is dialled, in words, and for webhooks too; what else
// listens on this machine is not.
func TestNoListenerOfOursIsACamera(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	nodes := wiredNodes(t, 1, `network: {allow: [127.0.0.0/8]}
tls: {mode: self-signed}
rtsp: {listen: '127.0.0.1:0', tls_listen: '127.0.0.1:0'}
rtmp: {listen: '127.0.0.1:0', tls_listen: '127.0.0.1:0'}
webrtc: {listen: '127.0.0.1:0'}
cameras: {pushed: {source: 'tcp-listen://127.0.0.1:47999'}}`, func(string, *server) {})
	s := nodes[0]
	openWebRTC(t, s)
	for what, at := range map[string]string{
		"HTTP": "127.0.0.1:1", "RTSP": s.rtsp.plain.Addr().String(), "RTSP in TLS": s.rtsp.inTLS.Addr().String(),
		"RTMP": s.rtmp.plain.Addr().String(), "RTMP in TLS": s.rtmp.inTLS.Addr().String(),
		"WebRTC": fmt.Sprintf("127.0.0.1:%d", s.webrtc.Number()), "the relay": s.node.listener.Addr().String(), "the bus": s.node.cluster.Address(),
		"a camera that connects to us": "127.0.0.1:47999",
	} {
		for scheme, check := range map[string]func(string) error{
			"rtsp": func(address string) error { return s.checkSource(config.Source{URL: address}) }, "https": s.checkNotified,
		} {
			if err := check(scheme + "://" + at + "/front"); !errors.Is(err, reach.ErrOwn) || !strings.Contains(err.Error(), "it is this server itself") {
				t.Errorf("%s at %s by %s: %v", what, at, scheme, err)
			}
		}
		if c, err := dialAdded(t, s, strings.Replace(at, "127.0.0.1", "localhost", 1)); !errors.Is(err, reach.ErrOwn) {
			t.Errorf("%s at %s is dialled: %v, %v", what, at, c, err)
		}
	}
	c, err := dialAdded(t, s, other.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func openWebRTC(t *testing.T, s *server) {
	t.Helper()
	o, err := rtc.ReadOffer(camtest.Offer)
	if err != nil {
		t.Fatal(err)
	}
	session, _, err := s.webrtc.Open(t.Context(), o, rtc.Answer{})
	if err != nil {
		t.Fatal(err)
	}
	session.End(errors.New("the port is open"))
}

// dialAdded connects as to a camera that was added while we run.
func dialAdded(t *testing.T, s *server, address string) (net.Conn, error) {
	ctx, end := context.WithTimeout(t.Context(), ceiling)
	defer end()
	return s.dialerFor(roster.Camera{Added: true})(ctx, "tcp", address)
}

// TestPortsOfAServerThatDoesNotRun are those that its configuration names: where any
// port near one will do another program may have it.
func TestPortsOfAServerThatDoesNotRun(t *testing.T) {
	for lines, want := range map[string]string{
		"": "[8080]",
		"listen: ':9000'\nrtsp: {listen: ':8554'}\nrtmp: {listen: ':1935'}\nwebrtc: {listen: ':8555'}": "[9000 8554 1935 8555]",
		"cameras: {a: {source: 'tcp-listen://:7000'}, b: {source: 'tcp://192.0.2.1:7001'}}":            "[7000 8080]",
	} {
		c, err := config.Parse("framegate.yaml", []byte(lines), []string{"FRAMEGATE_AUTH=off"})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(configuredPorts(c)); got != want {
			t.Errorf("%q: %s, want %s", lines, got, want)
		}
	}
}
