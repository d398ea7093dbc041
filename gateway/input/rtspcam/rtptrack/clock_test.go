package rtptrack

import (
	"testing"
	"time"
)

func TestNTPTime(t *testing.T) {
	for v, want := range map[uint64]time.Time{
		ntpEpoch << 32:                 time.Unix(0, 0),
		(ntpEpoch+5)<<32 | 0x80000000:  time.Unix(5, 500_000_000),
		(ntpEpoch+5)<<32 | 0xFFFFFFFF:  time.Unix(5, 999_999_999),
		3_900_000_000<<32 | 0x19999999: time.Unix(3_900_000_000-ntpEpoch, 99_999_999),
	} {
		if got := ntpTime(v); !got.Equal(want) {
			t.Errorf("%x is %v, want %v", v, got, want)
		}
	}
}

// TestMediaTime: it follows the camera's timestamps past their wrap and back
// for pictures that depend on later ones, and goes on where the camera counts
// anew.
func TestMediaTime(t *testing.T) {
	c := Clock{Rate: 90000}
	start := time.Now()
	for i, step := range []struct {
		ticks   uint32
		arrived time.Duration
		want    time.Duration
	}{
		{0xFFFFFFFF - 2999, 0, 0},
		{0, 33 * time.Millisecond, 33333333},
		{9000, 66 * time.Millisecond, 133333333},
		{6000, 99 * time.Millisecond, 100 * time.Millisecond},
		{9000 + 30*90000, 30 * time.Second, 30133333333},               // slow, as is the clock on the wall
		{123456789, 31 * time.Second, 31133333333},                     // anew, a second later
		{123456789 + 3000, 31 * time.Second, 31166666666},              // and on
		{123456789 + 6000, 90 * time.Second, 31200 * time.Millisecond}, // held up on the way
		{5, 90 * time.Second, 31201 * time.Millisecond},                // anew, at once
	} {
		at := c.Stamp(1, step.ticks, start.Add(step.arrived))
		if gap := at.PTS - step.want; gap.Abs() > time.Microsecond {
			t.Errorf("step %d: media time %v, want %v", i, at.PTS, step.want)
		}
	}
}

// TestWallAfterCountingAnew: a report from before says nothing any more.
func TestWallAfterCountingAnew(t *testing.T) {
	c := Clock{Rate: 90000}
	now := time.Unix(1_700_000_000, 0)
	c.Stamp(7, 1000, now)
	ntp := uint64(now.Unix()-1+ntpEpoch) << 32
	c.Report(8, ntp, 1000)
	if got := c.Wall(c.Stamp(7, 1000, now)); !got.Equal(now) {
		t.Errorf("a report of another source is believed: %v", got)
	}
	c.Report(7, ntp, 1000)
	if got := c.Wall(c.Stamp(7, 91000, now.Add(2*time.Second))); !got.Equal(now) {
		t.Errorf("taken at %v, want %v", got, now)
	}
	later := now.Add(3 * time.Second)
	if got := c.Wall(c.Stamp(7, 1<<31, later)); !got.Equal(later) {
		t.Errorf("an outdated report is believed: %v", got)
	}
}
