package rendition

import "time"

// patience is how long a load is looked at before it is judged. The tests have
// less.
type patience struct {
	window   time.Duration // over which it is looked at
	calm     time.Duration // without overload, before the next higher rate is tried
	mostCalm time.Duration // what calm grows to where that was in vain
}

var usualPatience = patience{window: 3 * time.Second, calm: 10 * time.Second, mostCalm: 5 * time.Minute}

const (
	leastFrames = 10  // in a window
	tooMuch     = 0.1 // share of frames lost that is overload
	twice       = 2   // windows of it in a row, since a hiccup is none; and steps up that are trusted
)

// load finds out whether an encoder keeps up with its frames, and otherwise
// which rate it could keep up with: pictures that are left out before the
// encoder, evenly, are better than those that get lost on their way to it when
// it happens to be busy. It steps down by what was lost, and up by one step of
// the ladder of rates after a calm. The zero value with patience set is ready. It
// knows no clock but the times it is told.
type load struct {
	patience
	fps int // stepped down to; 0 is all there are

	began   time.Time     // of the window
	seen    int           // frames in it
	written int           // of those, JPEGs that the encoder took
	lost    uint64        // frames lost in it
	bad     int           // windows with overload in a row
	changed time.Time     // the last step, or the last overload
	patient time.Duration // what calm has grown to
	ups     int           // steps up in a row
}

// note notes that a frame came at a time, and that so many before it were
// lost. It says whether fps has changed. most bounds the rate that would be
// encoded anyway; 0 does not.
func (l *load) note(now time.Time, lost uint64, most int) (stepped bool) {
	if l.began.IsZero() {
		l.began, l.changed, l.patient = now, now, l.calm
	}
	l.seen++
	l.lost += lost
	frames, elapsed := l.seen+int(l.lost), now.Sub(l.began)
	if elapsed < l.window || frames < leastFrames {
		return false
	}
	offered := float64(frames) / elapsed.Seconds()
	share := float64(l.lost) / float64(frames)
	effective := l.effective(offered, most)
	likely := effective * (1 - share)
	if l.written > 0 {
		likely = float64(l.written) / elapsed.Seconds()
	}
	l.restart(now)
	if share <= tooMuch {
		l.bad = 0
		return l.recover(now, offered)
	}
	l.changed = now
	if l.bad++; l.bad < twice {
		return false
	}
	return l.stepDown(now, effective, likely)
}

// restart begins another window.
func (l *load) restart(now time.Time) { l.began, l.seen, l.written, l.lost = now, 0, 0, 0 }

// wrote notes that the encoder took a JPEG. Of H.264 it takes all there is,
// and the rate is lowered behind its decoder.
func (l *load) wrote() { l.written++ }

// effective is the rate that is encoded, as far as one knows.
func (l *load) effective(offered float64, most int) float64 {
	for _, bound := range []int{l.fps, most} {
		if bound > 0 {
			offered = min(offered, float64(bound))
		}
	}
	return offered
}

// stepDown goes to the highest rate of the ladder that the encoder is likely to
// keep up with.
func (l *load) stepDown(now time.Time, effective, likely float64) bool {
	next := rates[0]
	for _, rate := range rates {
		if float64(rate) <= likely && float64(rate) < effective {
			next = rate
		}
	}
	if next == l.fps || float64(next) >= effective {
		return false // it is as low as can be
	}
	if l.ups > 0 {
		l.patient = min(2*l.patient, l.mostCalm)
	}
	l.fps, l.changed, l.ups, l.bad = next, now, 0, 0
	return true
}

// recover goes one step up after a calm.
func (l *load) recover(now time.Time, offered float64) bool {
	if now.Sub(l.changed) < l.patient {
		return false
	}
	l.changed = now
	if l.fps == 0 {
		l.patient, l.ups = l.calm, 0
		return false
	}
	if l.ups >= twice { // and each went well
		l.patient = max(l.patient/2, l.calm)
	}
	next := step(rates, l.fps+1)
	if next == l.fps || float64(next) >= offered {
		next = 0
	}
	l.fps, l.ups = next, l.ups+1
	return true
}
