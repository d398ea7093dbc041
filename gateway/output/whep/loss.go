package whep

import "time"

const (
	// lossBound is the part of the packets that may be lost, and lossTime for how long
	// more may be until the viewer is shown less.
	lossBound = 0.05
	lossTime  = 3 * time.Second
)

// loss is what is known of the packets that a viewer loses. The zero value is ready.
type loss struct {
	rung  int       // how often it was shown less
	since time.Time // more than the bound is lost since then; zero: it is not
}

// note takes a report, and says whether too much was lost for too long, after which it
// is counted anew.
func (l *loss) note(part float64, now time.Time) bool {
	switch {
	case part <= lossBound:
		l.since = time.Time{}
	case l.since.IsZero():
		l.since = now
	case now.Sub(l.since) >= lossTime:
		l.since = time.Time{}
		return true
	}
	return false
}
