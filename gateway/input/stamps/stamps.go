// Package stamps makes media time of the time stamps that senders put into containers,
// as MPEG-TS and FLV are: a few bits that go round, begin anywhere, and begin anew when
// the sender does. Packages device and flv call it; RTP, which has reports of what its
// stamps mean, has package rtptrack.
package stamps

import "time"

// Clock makes the media time of a run out of a sender's stamps. Media time never begins
// anew: it goes on with the time that has passed. It waits for the first stamp, and is
// not safe for concurrent use.
type Clock struct {
	Bits uint  // of a stamp, up to 63
	Rate int64 // of stamps, a second

	running bool
	stamp   uint64    // the last one
	at      int64     // its media time, in ticks
	newest  int64     // the largest media time so far, in ticks
	before  int64     // the largest one before the last keyframe
	arrived time.Time // when the last one came
}

// What a sender's time may do without having begun anew, in seconds: fall back, because
// pictures come in the order of decoding, by more where there are few a second; and run
// ahead of what has passed.
const (
	mostBack      = 1
	mostReordered = 10 // to nothing from before the last keyframe
	mostAhead     = 10
)

// Stop says that the next stamp is of a sender that begins anew.
func (c *Clock) Stop() { c.running = false }

// Runs says that there was a stamp since it was stopped.
func (c *Clock) Runs() bool { return c.running }

// Broken says that a picture that arrived now cannot follow the one before in the same
// time. What is decoded after a keyframe is shown after what was decoded before it
// (ITU-T H.264, 7.4.1.2.4; H.265, 7.4.2.2), so a keyframe is never earlier than anything.
func (c *Clock) Broken(stamp uint64, key bool, now time.Time) bool {
	if !c.running {
		return false
	}
	at, passed := c.next(stamp), c.ticks(now.Sub(c.arrived))
	earliest := max(min(c.at-mostBack*c.Rate, c.before+1), c.at-mostReordered*c.Rate)
	return key && at <= c.newest || at < earliest || at > c.at+passed+mostAhead*c.Rate
}

// Set takes the stamp of a picture that arrived now, since past the begin of the run,
// and gives its media time. The first one after the clock was stopped is a keyframe, and
// has the time of its arrival.
func (c *Clock) Set(stamp uint64, key bool, now time.Time, since time.Duration) time.Duration {
	if c.running {
		c.at = c.next(stamp)
	} else {
		c.at = max(c.ticks(since), c.newest+1)
	}
	if key || !c.running {
		c.before = c.newest
	}
	c.running, c.stamp, c.arrived = true, stamp, now
	c.newest = max(c.newest, c.at)
	return c.time(c.at)
}

// Near gives the media time of a stamp of sound; ok is false where there is no time of
// pictures that it could be of.
func (c *Clock) Near(stamp uint64) (at time.Duration, ok bool) {
	ticks := c.next(stamp)
	return c.time(ticks), c.running && ticks >= max(0, c.at-mostAhead*c.Rate) && ticks <= c.at+mostAhead*c.Rate
}

// next gives the media time of a stamp, in ticks.
func (c *Clock) next(stamp uint64) int64 {
	unused := 64 - c.Bits // of an int64
	return c.at + int64((stamp-c.stamp)<<unused)>>unused
}

func (c *Clock) ticks(d time.Duration) int64 {
	whole, rest := int64(d/time.Second), int64(d%time.Second) // so that no product is too large
	return whole*c.Rate + rest*c.Rate/int64(time.Second)
}

func (c *Clock) time(ticks int64) time.Duration {
	whole, rest := ticks/c.Rate, ticks%c.Rate
	return time.Duration(whole)*time.Second + time.Duration(rest*int64(time.Second)/c.Rate)
}
