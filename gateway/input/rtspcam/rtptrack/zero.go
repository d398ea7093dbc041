package rtptrack

import "time"

const (
	// seen is how long what was seen of arrivals is believed at least. Packets
	// are held up on their way, now and then, and never come too early.
	seen = 2 * time.Second
	// pause is how long packets stay away that make a pause.
	pause = time.Second
)

// zero is when a media time was 0: by our clock, of the packets that were least
// late, and by the camera's, in its last sender report. Both are zero times where
// they are not known. The zero value knows nothing.
type zero struct {
	told time.Time // by the camera

	least, before time.Time // by arrivals, in the present piece of time and in the one before it
	since         time.Time // when the present one began
	last          time.Time // arrival
	steady        time.Time // packets have come without a pause since then
}

// note takes an arrival. What comes ends at pts: it cannot come before that.
func (z *zero) note(pts time.Duration, arrived time.Time) {
	if arrived.Sub(z.since) >= seen {
		z.before, z.least, z.since = z.least, time.Time{}, arrived
	}
	if at := arrived.Add(-pts); z.least.IsZero() || at.Before(z.least) {
		z.least = at
	}
	if arrived.Sub(z.last) >= pause {
		z.steady = arrived
	}
	z.last = arrived
}

// arrived gives the zero by arrivals.
func (z *zero) arrived() time.Time {
	if !z.before.IsZero() && z.before.Before(z.least) {
		return z.before
	}
	return z.least
}

// forget has the zero by arrivals seen anew.
func (z *zero) forget() { z.least, z.before, z.since = time.Time{}, time.Time{}, time.Time{} }
