package rtpvideo

import (
	"slices"
	"sync"
	"time"
)

const (
	// ClockRate of video in RTP, in ticks a second (RFC 6184, RFC 2435).
	ClockRate = 90000
	// maxJump is how far a timestamp may be from the time that has passed. The
	// camera has begun to count anew if it is further.
	maxJump = 10 * time.Second
)

// How far the capture time that a camera claims may lie from the arrival.
const (
	maxAge   = 10 * time.Second
	maxAhead = time.Second
)

// ntpEpoch is 1900-01-01 in seconds before 1970 (RFC 5905, 6).
const ntpEpoch = 2208988800

// moment is when a packet was: in the camera's counting, as media time, and
// when it came.
type moment struct {
	ticks   uint32 // the RTP timestamp
	pts     time.Duration
	arrived time.Time
}

// clock reads the camera's clocks: the timestamps of its packets, which only
// count (RFC 3550, 5.1), and its sender reports, which say what time of day
// they mean (6.4.1). gortsplib has both, but its media time knows no camera
// that counts anew within a run, and its time of day misreads the fraction of
// a second. The zero value is ready. Reports may come from another goroutine.
type clock struct {
	begun bool
	anew  bool // the next packet is of another source
	last  moment

	mu      sync.Mutex // guards what follows
	source  uint32     // the SSRC of the packets
	known   bool       // a report says that
	ticks   uint32     // meant
	timeNTP time.Time  // this
}

// stamp reads the timestamp of a packet. Media time starts with 0 at the first.
func (c *clock) stamp(source, ticks uint32, arrived time.Time) moment {
	at := moment{ticks: ticks, arrived: arrived}
	if c.begun {
		passed := arrived.Sub(c.last.arrived)
		counted := duration(int32(ticks - c.last.ticks))
		if c.anew || counted < -maxJump || counted > passed+maxJump {
			counted = max(passed, time.Millisecond)
			c.distrust()
		}
		at.pts = c.last.pts + counted
	} else {
		c.mu.Lock()
		c.source = source
		c.mu.Unlock()
	}
	c.begun, c.anew, c.last = true, false, at
	return at
}

// follow has the clock go on with another source, which may count anew.
func (c *clock) follow(source uint32, anew bool) {
	c.anew = anew
	c.mu.Lock()
	defer c.mu.Unlock()
	c.source, c.known = source, false
}

// duration of a difference of timestamps.
func duration(ticks int32) time.Duration {
	return time.Duration(ticks) * time.Second / ClockRate
}

// report takes a sender report.
func (c *clock) report(source uint32, ntp uint64, ticks uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if source == c.source && ntp != 0 {
		c.known, c.ticks, c.timeNTP = true, ticks, ntpTime(ntp)
	}
}

// is says whether the packets are from one of these sources.
func (c *clock) is(sources ...uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(sources, c.source)
}

func (c *clock) distrust() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = false
}

// wall gives the capture time of a picture: what the camera says where that
// is plausible, or else when it arrived.
func (c *clock) wall(at moment) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		return at.arrived
	}
	taken := c.timeNTP.Add(duration(int32(at.ticks - c.ticks)))
	if at.arrived.Sub(taken) > maxAge || taken.Sub(at.arrived) > maxAhead {
		return at.arrived
	}
	return taken
}

// ntpTime reads an NTP timestamp: seconds since 1900 in the upper half, and in
// the lower one parts of a second in units of 2^-32 s.
func ntpTime(v uint64) time.Time {
	nanos := (v & 0xFFFFFFFF) * uint64(time.Second) >> 32
	return time.Unix(int64(v>>32)-ntpEpoch, int64(nanos))
}
