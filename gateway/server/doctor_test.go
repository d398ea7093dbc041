package server

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"framegate/gateway/config"
	"framegate/gateway/doctor"
)

// TestDoctorOfWebRTCsPort tells which one is used where the first is taken, and that there
// is none where that was named.
func TestDoctorOfWebRTCsPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	for _, c := range []struct {
		spare   int
		running bool
		state   doctor.State
		says    string
	}{{0, false, doctor.Bad, "does not answer as Framegate"}, {1000, false, doctor.Warn, "; the server uses 127.0.0.1:"}, {1000, true, doctor.OK, "as it should be"}} {
		if f := aboutWebRTC(address, c.spare, c.running); f.State != c.state || !strings.Contains(f.Text, c.says) || (f.State == doctor.OK) != (f.Next == "") {
			t.Errorf("%d spare, running %v: %+v", c.spare, c.running, f)
		}
	}
}

// TestDoctorLooksAtAllPorts that a configuration has the server listen on.
func TestDoctorLooksAtAllPorts(t *testing.T) {
	for text, want := range map[string]string{
		"auth: 'off'": "port tcp 127.0.0.1:8080",
		"rtsp: {listen: ':554', udp: '0.0.0.0:8000'}\nrtmp: {listen: ':1935'}": "port tcp 127.0.0.1:8080, RTSP port tcp :554, RTMP port tcp :1935, RTSP packets udp 0.0.0.0:8000, RTSP packets udp 0.0.0.0:8001",
		"cluster: {name: yard, advertise: a}":                                  "port tcp 127.0.0.1:8080, nodes' port tcp :7422, bus port tcp :7421",
		"cluster: {name: yard, advertise: a, nats: {urls: ['nats://a']}}":      "port tcp 127.0.0.1:8080, nodes' port tcp :7422",
	} {
		c, err := config.Parse("f.yaml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, at := range ports(c) {
			all = append(all, fmt.Sprint(at.name, " ", at.network, " ", at.address))
		}
		if got := strings.Join(all, ", "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
