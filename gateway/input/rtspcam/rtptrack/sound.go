package rtptrack

import "time"

const (
	// tolerance is how far a timestamp of sound may be from the samples before it,
	// or from the time that has passed.
	tolerance = 30 * time.Millisecond
	// lossTolerance is the same where packets are known to be missing.
	lossTolerance = time.Second
	// unrelated is how far the times of the camera's reports may be from those of
	// arrivals: farther, the reports of pictures and sound are of two clocks.
	unrelated = 5 * time.Second
)

// How the distance between sound and pictures is taken out.
const (
	perFrame     = time.Millisecond       // at most, so that nobody hears it
	leap         = time.Second            // what is more is taken out at once
	settling     = 2 * time.Second        // as long as little is known,
	earlyLeap    = 100 * time.Millisecond // this is
	slack        = 10 * time.Millisecond  // arrivals are not known better than that,
	reportsSlack = 2 * time.Millisecond   // and reports than that
)

// Sound gives sound its place in the media time of the pictures that a camera
// sends beside it. RTP says nothing of that but by sender reports: until both
// tracks have one, what came at the same time was taken at the same time. The
// distance of the two is known better with time, and is taken out so slowly that
// nobody hears it.
//
// How long sound lasts is counted, since cameras' timestamps of it are often
// wrong: they run fast, stand still, or count at another rate than the camera
// says. They only tell where something is missing.
//
// It is ready once it has Pictures and a Rate. It is for one goroutine at a time.
type Sound struct {
	Pictures *Clock // of the pictures
	Rate     int    // ticks a second of the sound

	begun   bool
	source  uint32
	anew    bool
	ticks   uint32        // of the last packet
	last    time.Duration // where it begins, by samples,
	end     time.Duration // and ends
	arrived time.Time     // when it came
	zero    zero

	placed bool
	shift  time.Duration // from the time by samples to that of the pictures
	first  time.Time     // when the first was placed
}

// Follow has it go on with another source, which may count anew.
func (s *Sound) Follow(source uint32, anew bool) {
	s.source, s.zero.told, s.anew = source, time.Time{}, anew
}

// Report takes a sender report of the sound.
func (s *Sound) Report(source uint32, ntp uint64, ticks uint32) {
	if s.begun && source == s.source && ntp != 0 {
		s.zero.told = ntpTime(ntp).Add(-s.last - elapsed(ticks, s.ticks, s.Rate))
	}
}

// Place gives the PTS of sound that lasts for so long, came with these ticks, and
// was whole at a time; lost says that some is missing before it. ok is false where it
// has no place yet, or one before the first picture.
func (s *Sound) Place(source, ticks uint32, length time.Duration, arrived time.Time, lost bool) (pts time.Duration, ok bool) {
	pictures, known := s.Pictures.zeros()
	if s.begun {
		s.advance(ticks, arrived, lost, &pictures)
	} else {
		s.begun, s.source = true, source
	}
	s.ticks, s.last, s.end, s.anew, s.arrived = ticks, s.end, s.end+length, false, arrived
	s.zero.note(s.end, arrived)
	if !known {
		return 0, false
	}
	s.approach(&pictures, arrived)
	pts = s.last + s.shift
	return pts, pts >= 0
}

// advance has what comes next begin where the sound before it ends, or later if
// some is missing in between.
func (s *Sound) advance(ticks uint32, arrived time.Time, lost bool, pictures *zero) {
	counted, passed := elapsed(ticks, s.ticks, s.Rate), arrived.Sub(s.arrived)
	gap := counted - (s.end - s.last)
	most := passed + tolerance
	if lost {
		most = passed + lossTolerance
	}
	switch {
	case !s.anew && gap.Abs() <= tolerance:
	case !s.anew && gap > 0 && counted <= most:
		s.end += gap
	default:
		s.zero.told = time.Time{}
	}
	// Where pictures came on meanwhile, it is not the network that held the sound up.
	if passed >= pause && !pictures.steady.After(s.arrived) && arrived.Sub(pictures.last) < pause {
		s.zero.forget()
	}
}

// approach brings the sound nearer to the pictures.
func (s *Sound) approach(pictures *zero, now time.Time) {
	wanted, least := s.zero.arrived().Sub(pictures.arrived()), slack
	if !s.zero.told.IsZero() && !pictures.told.IsZero() {
		if told := s.zero.told.Sub(pictures.told); (told - wanted).Abs() < unrelated {
			wanted, least = told, reportsSlack
		}
	}
	if !s.placed {
		s.placed, s.shift, s.first = true, wanted, now
		return
	}
	most := leap
	if now.Sub(s.first) < settling {
		most = earlyLeap
	}
	switch off := wanted - s.shift; {
	case off.Abs() > most:
		s.shift = wanted
	case off.Abs() > least:
		s.shift += min(max(off, -perFrame), perFrame)
	}
}
