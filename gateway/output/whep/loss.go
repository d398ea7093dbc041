package whep

import "time"

const (
	// lossBound is the part of the packets that may be lost, and lossTime for how long
	// more may be until the viewer is shown less.
	lossBound = 0.05
	lossTime  = 3 * time.Second
	// cleanBound is the part that may be missing, whether or not it was sent again, of a
	// line that bears more than it is given.
	cleanBound = 0.02
	// cleanTime is for how long a line has to be clean until the viewer is shown more. It
	// is twice as long each time that this was of no use, and longestClean at most.
	cleanTime    = 30 * time.Second
	longestClean = 16 * time.Minute
	// uselessTime is within which a viewer has to lose too much again that was shown more,
	// for that to have been of no use. Later it is another line.
	uselessTime = time.Minute
)

// loss is what is known of the packets that a viewer loses.
type loss struct {
	clean time.Duration // cleanTime, but in tests

	rung   int           // how often it is shown less than at first
	bad    time.Time     // more than the bound is lost since then; zero: it is not
	good   time.Time     // next to nothing is missing since then; zero: more is
	wait   time.Duration // for which it is to be so; zero: clean
	raised time.Time     // when it was shown more last; zero: never, or that is counted
}

// note takes a report: the part that was lost for good by then, and the part that was
// missing at first. It says what the viewer is to be shown from now on.
func (l *loss) note(lost, missing float64, now time.Time) (less, more bool) {
	if lost <= lossBound {
		l.bad = time.Time{}
	} else if l.bad.IsZero() {
		l.bad = now
	}
	if max(lost, missing) > cleanBound {
		l.good = time.Time{}
	} else if l.good.IsZero() {
		l.good = now
	}
	switch {
	case !l.bad.IsZero() && now.Sub(l.bad) >= lossTime:
		l.bad = time.Time{}
		return true, false
	case l.rung > 0 && !l.good.IsZero() && now.Sub(l.good) >= max(l.wait, l.clean):
		l.good = time.Time{}
		return false, true
	}
	return false, false
}

// lessened notes that the viewer is shown less. Who was shown more in vain is to wait
// longer for the next time.
func (l *loss) lessened(now time.Time) {
	l.rung++
	if l.raised.IsZero() {
		return
	}
	if now.Sub(l.raised) < uselessTime {
		l.wait = min(2*max(l.wait, l.clean), longestClean)
	} else {
		l.wait = 0
	}
	l.raised = time.Time{}
}

// shownMore notes that the viewer is shown more.
func (l *loss) shownMore(now time.Time) { l.rung, l.raised = l.rung-1, now }
