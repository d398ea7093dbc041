package server

import (
	"net"
	"strings"
	"testing"

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
