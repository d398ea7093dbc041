package rtptrack

import (
	"slices"
	"sync"
	"time"
)

// maxJump is how far a timestamp may be from the time that has passed. The
// camera has begun to count anew if it is further.
const maxJump = 10 * time.Second

// How far the capture time that a camera claims may lie from the arrival.
const (
	maxAge   = 10 * time.Second
	maxAhead = time.Second
)

// ntpEpoch is 1900-01-01 in seconds before 1970 (RFC 5905, 6).
const ntpEpoch = 2208988800

// Moment is when a packet was: in the camera's counting, as media time, and
// when it came.
type Moment struct {
	Ticks   uint32 // the RTP timestamp
	PTS     time.Duration
	Arrived time.Time
}

// Clock reads the clocks of a camera's pictures: the timestamps of their packets,
// which only count (RFC 3550, 5.1), and the sender reports, which say what time of
// day they mean (6.4.1). gortsplib has both, but its media time knows no camera
// that counts anew within a run, and its time of day misreads the fraction of
// a second. It is ready once it has a Rate. Stamp and Follow are called by one
// goroutine, the others by any.
type Clock struct {
	Rate int // ticks a second; set before use

	anew bool // the next packet is of another source

	mu     sync.Mutex // guards what follows
	begun  bool
	last   Moment
	source uint32 // the SSRC of the packets
	report report
	zero   zero // of the media time
}

// report is what a sender report says.
type report struct {
	known bool
	ticks uint32    // meant
	ntp   time.Time // this
}

// Stamp reads the timestamp of a packet. Media time starts with 0 at the first.
func (c *Clock) Stamp(source, ticks uint32, arrived time.Time) Moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := Moment{Ticks: ticks, Arrived: arrived}
	if c.begun {
		passed := arrived.Sub(c.last.Arrived)
		counted := c.duration(ticks, c.last.Ticks)
		if c.anew || counted < -maxJump || counted > passed+maxJump {
			counted = max(passed, time.Millisecond)
			c.report.known, c.zero.told = false, time.Time{}
		}
		at.PTS = c.last.PTS + counted
	} else {
		c.source = source
	}
	c.begun, c.anew, c.last = true, false, at
	c.zero.note(at.PTS, arrived)
	return at
}

// Follow has the clock go on with another source, which may count anew.
func (c *Clock) Follow(source uint32, anew bool) {
	c.anew = anew
	c.mu.Lock()
	defer c.mu.Unlock()
	c.source, c.report.known, c.zero.told = source, false, time.Time{}
}

// duration of a difference of timestamps.
func (c *Clock) duration(ticks, since uint32) time.Duration { return elapsed(ticks, since, c.Rate) }

// elapsed is how much later one timestamp is than another, at so many ticks a
// second.
func elapsed(ticks, since uint32, rate int) time.Duration {
	return time.Duration(int32(ticks-since)) * time.Second / time.Duration(rate)
}

// Report takes a sender report.
func (c *Clock) Report(source uint32, ntp uint64, ticks uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if source == c.source && ntp != 0 {
		c.report = report{true, ticks, ntpTime(ntp)}
		c.zero.told = c.report.ntp.Add(-c.last.PTS - c.duration(ticks, c.last.Ticks))
	}
}

// Is says whether the packets are from one of these sources.
func (c *Clock) Is(sources ...uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(sources, c.source)
}

// Wall gives the capture time of a picture: what the camera says where that
// is plausible, or else when it arrived.
func (c *Clock) Wall(at Moment) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.report.known {
		return at.Arrived
	}
	taken := c.report.ntp.Add(c.duration(at.Ticks, c.report.ticks))
	if at.Arrived.Sub(taken) > maxAge || taken.Sub(at.Arrived) > maxAhead {
		return at.Arrived
	}
	return taken
}

// zeros gives when the media time was 0, and since when packets come without a
// pause. ok is false before the first packet.
func (c *Clock) zeros() (z zero, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.zero, c.begun
}

// ntpTime reads an NTP timestamp: seconds since 1900 in the upper half, and in
// the lower one parts of a second in units of 2^-32 s.
func ntpTime(v uint64) time.Time {
	nanos := (v & 0xFFFFFFFF) * uint64(time.Second) >> 32
	return time.Unix(int64(v>>32)-ntpEpoch, int64(nanos))
}
