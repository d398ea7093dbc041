package transcode_test

import (
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/transcode"
)

// TestTimesThatDoNotRise: whatever a camera says of time, and however its
// pictures are reordered, every picture comes out once, as itself, in the order
// of output, and as soon as with good times.
func TestTimesThatDoNotRise(t *testing.T) {
	needFfmpeg(t)
	const count = 48
	for kind, c := range map[string]struct {
		options []string
		behind  int // packets that are written before a picture comes out
	}{
		"in order":       {[]string{"-bf", "0", "-g", "12", "-refs", "2"}, 0},
		"one B-frame":    {[]string{"-bf", "1", "-b_strategy", "0", "-g", "12"}, 1},
		"three B-frames": {[]string{"-bf", "3", "-b_strategy", "0", "-g", "12"}, 2},
	} {
		h264 := encodedWith(t, count, c.options)
		for name, told := range camtest.OddTimes {
			t.Run(kind+", "+name, func(t *testing.T) {
				t.Parallel()
				packets := append([]transcode.Packet(nil), h264...)
				for n := range packets {
					packets[n].PTS = told(n, packets[n].PTS)
				}
				expectEach(t, packets, c.behind)
			})
		}
	}
}

// expectEach has packets decoded, and wants to see each picture with its own
// capture time, when so many more than are out were written.
func expectEach(t *testing.T, packets []transcode.Packet, behind int) {
	p := decoder(t, packets[0], transcode.Spec{})
	late := time.AfterFunc(time.Minute, p.Close)
	defer late.Stop()
	shown := 0
	expect := func() {
		picture, err := p.Read()
		if err != nil {
			t.Fatalf("picture %d: %v", shown, err)
		}
		if got := number(t, picture.Data); got != shown*257 || !picture.Wall.Equal(time.Unix(int64(shown), 0)) {
			t.Fatalf("picture %d reads %d, taken at %d", shown, got/257, picture.Wall.Unix())
		}
		shown++
	}
	for n, packet := range packets {
		if err := p.Write(packet); err != nil {
			t.Fatalf("packet %d: %v", n, err)
		}
		for shown <= n-behind {
			expect()
		}
	}
	p.CloseWrite()
	for shown < len(packets) {
		expect()
	}
}
