package flv

import "time"

// clock makes the media time of a run out of a sender's, which have 32 bits of
// milliseconds. Media time never begins anew: it goes on with the time that has passed.
// The zero value waits for the first.
type clock struct {
	running bool
	stamp   uint32    // the last one
	at      int64     // its media time, in ms
	newest  int64     // the largest media time so far, in ms
	arrived time.Time // when the last one came
}

// What a sender's time may do without having begun anew, in ms: fall back, because
// pictures come in the order of decoding; and run ahead of what has passed.
const (
	mostBack  = 1_000
	mostAhead = 10_000
)

// next gives the media time of a stamp.
func (c *clock) next(stamp uint32) int64 { return c.at + int64(int32(stamp-c.stamp)) }

// broken says that a picture cannot follow the one before in the same time. What is
// decoded after a keyframe is shown after what was decoded before it, so a keyframe is
// never earlier than anything.
func (c *clock) broken(stamp uint32, key bool, now time.Time) bool {
	if !c.running {
		return false
	}
	at, passed := c.next(stamp), now.Sub(c.arrived).Milliseconds()
	return key && at <= c.newest || at < c.at-mostBack || at > c.at+passed+mostAhead
}

// set takes the stamp of a picture that arrived now, since past the begin of the run,
// and gives its media time. The first one after the clock was stopped has the time of
// its arrival.
func (c *clock) set(stamp uint32, now time.Time, since time.Duration) time.Duration {
	if c.running {
		c.at = c.next(stamp)
	} else {
		c.at = max(since.Milliseconds(), c.newest+1)
	}
	c.running, c.stamp, c.arrived = true, stamp, now
	c.newest = max(c.newest, c.at)
	return time.Duration(c.at) * time.Millisecond
}

// near gives the media time of a stamp of sound; ok is false where there is no time of
// pictures that it could be of.
func (c *clock) near(stamp uint32) (at time.Duration, ok bool) {
	ms := c.next(stamp)
	return time.Duration(ms) * time.Millisecond, c.running && ms >= 0 && ms >= c.at-mostAhead && ms <= c.at+mostAhead
}
