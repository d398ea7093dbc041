package whep

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// TestWhatIsForged harms no viewer: packets that somebody writes who knows its address, and
// its own checks, sent again from elsewhere.
func TestWhatIsForged(t *testing.T) {
	s := newSite(t)
	camera := s.attach(own)
	f := format264(t)
	camera.Give(pictures(f, 0, 1, 10)...)
	r := newRelay(t, func(int) bool { return false })
	b := s.dial(offerOptions{relay: r})
	b.see(0, 1)

	elsewhere, err := net.Dial("udp", r.back.RemoteAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	r.mu.Lock()
	checks := r.checks
	r.mu.Unlock()
	for n := 1; n < 30; n++ {
		for _, check := range checks {
			_, _ = elsewhere.Write(check) // which comes, or is lost
		}
		for _, forged := range [][]byte{
			{21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 0},                                                                    // an alert that is not sealed
			{21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0},                                                                    // "I am done"
			{23, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0},                                                                       // data
			{40, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0},                                                                       // nothing that there is
			{23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 9, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, // not by its keys
			bytes.Repeat([]byte{22}, 100),
			append([]byte{0x80, 203, 0, 1}, bytes.Repeat([]byte{byte(n)}, 40)...), // BYE
			append([]byte{0x80, 100, 0, byte(n)}, bytes.Repeat([]byte{byte(n)}, 40)...),
		} {
			_, _ = r.back.Write(forged) // likewise
		}
		camera.Give(pictures(f, n, 1, 10)...)
		b.see(n, n+1)
	}
	if s.visits.Load() != 1 {
		t.Error("the viewer is gone")
	}
	_ = elsewhere.SetReadDeadline(time.Now().Add(soon)) // of a socket that is open it cannot fail
	answered, questions := make([]byte, 2048), 0
	for questions < 10 {
		n, err := elsewhere.Read(answered)
		if err != nil {
			t.Fatal(err)
		}
		if !stun.IsMessage(answered[:n]) {
			t.Fatalf("elsewhere comes %x", answered[:n])
		}
		if answered[0] == 0 {
			questions++
		}
	}
}
