package stream

import (
	"context"
	"math/rand/v2"
	"time"
)

// A source that ended is run again after a random time below a ceiling that
// doubles with each failure ("full jitter"), so that cameras that went down
// together do not come back in step. None of this is for an operator to turn:
// nobody waits gladly longer than two seconds for a camera that is back, and to
// ask more often, or sooner after a refused login, is what gets one locked out.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 2 * time.Second
	steadyRun  = 10 * time.Second // a run of this length forgives what was before

	// After a refused login the pause is long: cameras lock accounts.
	minDeniedPause = 30 * time.Second
	maxDeniedPause = 15 * time.Minute
)

// networkPause gives the pause after a run that failed, where failures runs
// failed before it.
func networkPause(failures int) time.Duration {
	return rand.N(min(firstPause<<min(failures, 16), maxPause))
}

// deniedPause is networkPause after a refused login, where denials were before.
func deniedPause(denials int) time.Duration {
	return minDeniedPause + rand.N(min(minDeniedPause<<min(denials, 16), maxDeniedPause-minDeniedPause))
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
