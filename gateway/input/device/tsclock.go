package device

import "time"

// ticksPerSecond is the rate of the time stamps in a transport stream.
const ticksPerSecond = 90_000

// clock makes the media time of a run out of a sender's time stamps, which
// have 33 bits, begin anywhere and begin anew when the sender does. Media time
// never does: it goes on with the time that has passed. The zero value waits
// for the first stamp.
type clock struct {
	running bool
	stamp   uint64    // the last one
	at      int64     // its media time, in ticks
	newest  int64     // the largest media time so far, in ticks
	arrived time.Time // when the last one came
}

// What a sender's time may do without having begun anew: fall back, because
// pictures come in the order of decoding; and run ahead of what has passed.
const (
	mostBack  = 1 * ticksPerSecond
	mostAhead = 10 * ticksPerSecond
)

// next gives the media time of a stamp, in ticks.
func (c *clock) next(stamp uint64) int64 {
	const unused = 64 - 33 // bits of an int64
	return c.at + int64(stamp-c.stamp)<<unused>>unused
}

// broken says that a picture cannot follow the one before in the same time.
// What is decoded after a keyframe is shown after what was decoded before it
// (ITU-T H.264, 7.4.1.2.4; H.265, 7.4.2.2), so a keyframe is never earlier than anything.
func (c *clock) broken(stamp uint64, key bool, now time.Time) bool {
	if !c.running {
		return false
	}
	at, passed := c.next(stamp), ticks(now.Sub(c.arrived))
	return key && at <= c.newest || at < c.at-mostBack || at > c.at+passed+mostAhead
}

// set takes the stamp of a picture that arrived now, since past the begin of
// the run, and gives its media time. The first one after the clock was stopped
// has the time of its arrival.
func (c *clock) set(stamp uint64, now time.Time, since time.Duration) time.Duration {
	if c.running {
		c.at = c.next(stamp)
	} else {
		c.at = max(ticks(since), c.newest+1)
	}
	c.running, c.stamp, c.arrived = true, stamp, now
	c.newest = max(c.newest, c.at)
	return time.Duration(c.at * 100_000 / 9)
}

func ticks(d time.Duration) int64 { return int64(d) * 9 / 100_000 } // 9e4/1e9
