package stream

import (
	"cmp"
	"time"
)

const (
	// LeastSilence is how long a run may give no picture, however fast it was.
	LeastSilence = 5 * time.Second
	// FirstPicture is how long a run may take to its first picture.
	FirstPicture = 30 * time.Second

	// silentIntervals is how many of its own intervals a run may be silent.
	silentIntervals = 10
	// mostSilence is what the silence allowed grows to for a source that is
	// silent again and again.
	mostSilence = time.Minute
)

// Silence says how long the runs of a source may give no picture: for Least,
// and for ten of their own intervals. A source keeps one, each run notes its
// pictures in a copy, and a run that was silent for too long leaves what it
// taught (Next). The zero value is ready. It is not safe for concurrent use.
type Silence struct {
	Least time.Duration // 0 = LeastSilence
	// Uneven says that the pace of a source promises nothing: a file may hold
	// one picture for long. What silent runs teach then counts throughout, and
	// else only up to the second picture, which shows the pace.
	Uneven bool

	grown    time.Duration // what silent runs taught; 0: nothing
	last     time.Time     // when the last picture came; zero: none did
	interval time.Duration // between pictures, smoothed; 0: none is known
}

// Picture notes a picture that came then.
func (s *Silence) Picture(at time.Time) {
	if !s.last.IsZero() {
		gap := max(at.Sub(s.last), 0)
		if s.interval == 0 {
			s.interval = gap
		}
		s.interval += (gap - s.interval) / 8
	}
	s.last = at
}

// Allowed gives how long the run may be silent now, from its last picture or
// else its beginning.
func (s *Silence) Allowed() time.Duration {
	least := s.least()
	switch {
	case s.last.IsZero():
		least = max(least, s.grown, FirstPicture)
	case s.Uneven || s.interval == 0:
		least = max(least, s.grown)
	}
	return max(least, silentIntervals*s.interval)
}

// Until gives the end of the silence that is allowed after the last picture.
func (s *Silence) Until() time.Time { return s.last.Add(s.Allowed()) }

// Next gives the silence of the source's next run after this one was ended for
// its own: twice as much where this run's pace did not show how much it needed.
func (s *Silence) Next() Silence {
	next := Silence{Least: s.Least, Uneven: s.Uneven, grown: s.grown}
	if s.Uneven || !s.last.IsZero() && s.interval == 0 {
		next.grown = min(2*max(s.least(), s.grown), mostSilence)
	}
	return next
}

func (s *Silence) least() time.Duration { return cmp.Or(s.Least, LeastSilence) }
