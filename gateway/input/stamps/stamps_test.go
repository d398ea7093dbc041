package stamps

import (
	"testing"
	"time"
)

// clocks are those of the containers there are.
func clocks() map[string]*Clock {
	return map[string]*Clock{"MPEG-TS": {Bits: 33, Rate: 90_000}, "FLV": {Bits: 32, Rate: 1000}}
}

// TestStampsGoRound: media time runs on where stamps begin again at 0, also out of order.
func TestStampsGoRound(t *testing.T) {
	for name, c := range clocks() {
		now, mask := time.Unix(1000, 0), uint64(1)<<c.Bits-1
		first := mask - uint64(c.Rate)/2 // half a second before the end
		if got := c.Set(first, true, now, 3*time.Second); got != 3*time.Second {
			t.Errorf("%s: the first picture is at %v", name, got)
		}
		for _, ms := range []int64{1000, 500, 1500} {
			stamp := (first + uint64(ms*c.Rate/1000)) & mask
			now = now.Add(500 * time.Millisecond)
			if c.Broken(stamp, false, now) {
				t.Errorf("%s: %d ms on is taken for another time", name, ms)
			}
			if got, want := c.Set(stamp, false, now, 0), (3000+time.Duration(ms))*time.Millisecond; got != want {
				t.Errorf("%s: %d ms on is %v, want %v", name, ms, got, want)
			}
		}
		year := 365 * 24 * time.Hour
		c.Stop()
		if got := c.Set(5, true, now, year); got != year {
			t.Errorf("%s: a year is %v", name, got)
		}
	}
}

// TestSenderBeginsAnew: what cannot follow is told, and media time goes on with what has
// passed, never backwards.
func TestSenderBeginsAnew(t *testing.T) {
	for name, c := range clocks() {
		now := time.Unix(1000, 0)
		stamp := func(ms int64) uint64 { return uint64(ms * c.Rate / 1000) }
		if c.Broken(stamp(5), true, now) {
			t.Errorf("%s: the first stamp is taken for another time", name)
		}
		c.Set(stamp(50_000), true, now, time.Second)
		for _, at := range []struct {
			ms     int64
			key    bool
			broken bool
		}{
			{50_040, true, false}, {49_100, false, false}, {59_900, false, false},
			{50_000, true, true}, {49_900, true, true}, {48_900, false, true}, {60_100, false, true}, {0, false, true},
		} {
			if got := c.Broken(stamp(at.ms), at.key, now); got != at.broken {
				t.Errorf("%s: %+v is broken: %v", name, at, got)
			}
		}
		if c.Broken(stamp(60_100), false, now.Add(time.Second)) {
			t.Errorf("%s: what comes after a second of silence is taken for another time", name)
		}
		if _, ok := c.Near(stamp(50_900)); !ok {
			t.Errorf("%s: sound a second on is of no time", name)
		}
		for _, ms := range []int64{0, 61_000} {
			if _, ok := c.Near(stamp(ms)); ok {
				t.Errorf("%s: sound at %d ms is of a time", name, ms)
			}
		}
		c.Stop()
		if _, ok := c.Near(stamp(50_000)); ok {
			t.Errorf("%s: sound of a sender that begins anew is of a time", name)
		}
		if got := c.Set(0, true, now, 0); got <= time.Second || got > time.Second+2*time.Millisecond {
			t.Errorf("%s: a sender that begins anew goes on at %v", name, got)
		}
	}
}

// TestFewPicturesASecond, which come in the order of decoding, are all of one time, also
// those that are shown before a keyframe.
func TestFewPicturesASecond(t *testing.T) {
	for name, c := range clocks() {
		now := time.Unix(1000, 0)
		for n, at := range []struct {
			s      int64
			key    bool
			broken bool
		}{
			{100, true, false}, {104, false, false}, {102, false, false}, {101, false, false}, {103, false, false},
			{108, true, false}, {106, false, false}, {105, false, false}, {107, false, false},
			{112, false, false}, {103, false, true}, {109, false, false}, {108, true, true},
		} {
			now = now.Add(time.Second)
			stamp := uint64(at.s * c.Rate)
			if got := c.Broken(stamp, at.key, now); got != at.broken {
				t.Errorf("%s: picture %d, at %d s, is broken: %v", name, n, at.s, got)
			}
			if !at.broken {
				c.Set(stamp, at.key, now, 0)
			}
		}
	}
}
