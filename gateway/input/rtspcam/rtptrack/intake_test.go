package rtptrack

import (
	"testing"
	"time"

	"github.com/pion/rtp"
)

// TestRarePacketsAreNotHeldBack for long by one that is lost: a camera may send few.
func TestRarePacketsAreNotHeldBack(t *testing.T) {
	var intake Intake
	var given []uint16
	var gaps int
	now := time.Unix(1000, 0)
	take := func(number uint16, after time.Duration) {
		now = now.Add(after)
		intake.Take(&rtp.Packet{Header: rtp.Header{SequenceNumber: number, Timestamp: uint32(number) * 3000}}, now, func(p *rtp.Packet, _ time.Time, c Continuity) {
			given = append(given, p.SequenceNumber)
			if c == AfterGap {
				gaps++
			}
		})
	}
	take(1, 0)
	for n := uint16(3); n <= 8; n++ { // 2 is lost
		take(n, 200*time.Millisecond)
	}
	if len(given) < 4 || gaps != 1 {
		t.Errorf("after a second it gave %v, with %d gaps", given, gaps)
	}
	take(10, 200*time.Millisecond)
	take(9, 100*time.Millisecond) // late, and in time
	for n := uint16(11); n <= 15; n++ {
		take(n, 200*time.Millisecond)
	}
	want := uint16(1)
	for _, n := range given {
		if n != want {
			t.Errorf("%v: %d where %d should be", given, n, want)
		}
		if want = n + 1; n == 1 {
			want = 3
		}
	}
	if gaps != 1 || given[len(given)-1] != 15 {
		t.Errorf("it gave %v, with %d gaps", given, gaps)
	}
}
