package cluster

import "time"

const (
	// clockKept is how many echoes of a node are kept.
	clockKept = 8
	// clockDrift is by how much two clocks may drift apart, a part of the time that passes.
	clockDrift = 100e-6
	// maxAhead is by how much a clock can be ahead of another, or behind: more than
	// pictures may be old.
	maxAhead = 366 * 24 * time.Hour
)

// sample is what one echo told: by how much the clock of the node is ahead of ours if
// both ways took as long, and how long they took together, so that half of it is the most
// by which that can be wrong (RFC 5905, 8).
type sample struct {
	ahead, trip time.Duration
	at          time.Time
}

// doubt is by how much a sample can be wrong by now.
func (s sample) doubt(now time.Time) time.Duration {
	return s.trip/2 + time.Duration(float64(now.Sub(s.at))*clockDrift)
}

// clock is that of another node. The zero value knows nothing. It is told the time, and
// not safe for concurrent use.
type clock struct{ samples []sample }

// note takes note of an echo. Where what was known cannot be true beside it one of the
// clocks was set, and nothing that was known counts any more.
func (c *clock) note(s sample) {
	if ahead, doubt, known := c.ahead(s.at); known && (s.ahead-ahead).Abs() > doubt+s.trip/2 {
		c.samples = nil
	}
	if len(c.samples) == clockKept {
		c.samples = append(c.samples[:0], c.samples[1:]...)
	}
	c.samples = append(c.samples, s)
}

// ahead gives by how much the clock is ahead of ours, and by how much that can be wrong,
// by the echo that says it best.
func (c *clock) ahead(now time.Time) (ahead, doubt time.Duration, known bool) {
	for _, s := range c.samples {
		if d := s.doubt(now); !known || d < doubt {
			ahead, doubt, known = s.ahead, d, true
		}
	}
	return ahead, doubt, known
}
