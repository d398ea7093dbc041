package stream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A source that ended is run again after a random time below a ceiling that
// doubles with each failure ("full jitter"), so that cameras that went down
// together do not come back in step. None of this is for an operator to turn:
// nobody waits gladly longer than two seconds for a camera that was there just
// now, one that never was and fails in the same way again and again needs
// somebody to mend it, and to ask more often, or sooner after a refused login,
// is what gets one locked out.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 2 * time.Second
	steadyRun  = 10 * time.Second // a run of this length with frames forgives what was before

	// longPause is what the pause grows to while the reason stays the same,
	// unless the camera gave frames lately. A viewer who comes has it tried at
	// once, but not so soon after the last time as newcomerPause.
	longPause     = 30 * time.Second
	newcomerPause = 5 * time.Second
	lately        = 15 * time.Minute

	// After a refused login the pause is long: cameras lock accounts.
	minDeniedPause = 30 * time.Second
	maxDeniedPause = 15 * time.Minute
)

// retries says when a source that failed is run again. The zero value runs it
// at once. The stream's lock guards it.
type retries struct {
	failures int       // since the last steady run
	row      int       // of those, the last ones that had the same reason
	reason   string    // which that is
	denials  int       // refused logins in a row
	seen     time.Time // the end of the last run with frames
	due      time.Time // the source is not run before,
	soonest  time.Time // and this is how far viewers who come can bring that forward
}

// ended notes that a run ended that gave so many frames.
func (r *retries) ended(began, now time.Time, frames uint64) {
	if frames == 0 {
		return
	}
	r.denials, r.seen = 0, now
	if now.Sub(began) > steadyRun {
		r.failures, r.row, r.reason = 0, 0, ""
	}
}

// failed notes why a run ended by itself, and says whether that is news.
func (r *retries) failed(now time.Time, err error) (news bool) {
	reason := gist(err)
	if news = reason != r.reason || r.row == 0; news {
		r.row, r.reason = 0, reason
	}
	if errors.Is(err, ErrDenied) {
		r.due = now.Add(deniedPause(r.denials))
		r.soonest = r.due
		r.denials++
	} else {
		r.due = now.Add(r.pause(now, err))
		r.soonest = now.Add(newcomerPause)
	}
	if errors.Is(err, ErrFull) {
		r.soonest = now // who comes may be somebody else
	}
	r.failures++
	r.row++
	return news
}

// pause gives the time until the next run. A limit of our own is no camera's
// fault, and soon has room again.
func (r *retries) pause(now time.Time, err error) time.Duration {
	if now.Sub(r.seen) < lately || errors.Is(err, ErrFull) {
		return networkPause(r.failures)
	}
	ceiling := min(firstPause<<min(r.row, 16), longPause)
	if ceiling <= maxPause {
		return networkPause(r.failures)
	}
	return ceiling/2 + rand.N(ceiling/2)
}

// hasten has a viewer's coming bring the next run forward.
func (r *retries) hasten() {
	if r.soonest.Before(r.due) {
		r.due = r.soonest
	}
}

// networkPause gives the pause after a run that failed, where failures runs
// failed before it.
func networkPause(failures int) time.Duration {
	return rand.N(min(firstPause<<min(failures, 16), maxPause))
}

// deniedPause is networkPause after a refused login, where denials were before.
func deniedPause(denials int) time.Duration {
	return minDeniedPause + rand.N(min(minDeniedPause<<min(denials, 16), maxDeniedPause-minDeniedPause))
}

// gist gives what an error says but for its numbers: our own port is another
// with each connection.
func gist(err error) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, fmt.Sprint(err))
}

// sleep waits for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
