package whep

import (
	"bytes"
	"testing"
)

// TestPicturesComeByWebRTC: each before there is another, as it was, with the parameter
// sets before keyframes; over UDP, and over TCP.
func TestPicturesComeByWebRTC(t *testing.T) {
	for name, tcp := range map[string]bool{"UDP": false, "TCP": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			camera := s.attach(own)
			f := format264(t)
			camera.give(pictures(f, 0, 1, 10)...)
			b := s.dial(offerOptions{tcp: tcp})
			for n := range 50 {
				frame := pictures(f, n, 1, 10+200*n)[0]
				if n > 0 { // which it begins with
					camera.give(frame)
				}
				got := b.see(n, n+1)[0]
				want := 1
				if frame.Key {
					want = 3
				}
				if len(got.units) != want || !bytes.Equal(got.units[want-1], frame.Data[4:]) || frame.Key && !bytes.Equal(got.units[0], sps264) {
					t.Fatalf("picture %d is of %d units, want %d", n, len(got.units), want)
				}
			}
			await(t, "all are counted", func() bool {
				forms := s.hub.Forms()
				return len(forms) == 1 && forms[0].Form == Form && forms[0].Viewers == 1 && forms[0].Frames == 50
			})
		})
	}
}
