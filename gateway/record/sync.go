package record

import (
	"context"
	"time"
)

const (
	// maxLag is how far the time between two syncs may grow.
	maxLag = time.Minute
	// share of the time between two rounds that a round may take: beyond it the
	// time doubles, and it halves again where it takes much less.
	share = 4
)

// syncFiles brings what was written to the disk, again and again, file after
// file, until the volume is gone or ctx is done.
func (r *Recorders) syncFiles(ctx context.Context, v *volume) {
	lag := time.Duration(0)
	for {
		usual := r.settings().Sync
		if usual == 0 {
			usual = v.disk.Lag()
		}
		lag = max(lag, usual)
		v.mu.Lock()
		v.lag, v.slowSync = lag, lag > usual
		v.mu.Unlock()
		if !pause(ctx, v.gone, lag) {
			return
		}
		began := time.Now()
		for _, f := range v.files() {
			f.sync(v.log)
		}
		v.synced.Add(1)
		switch took := time.Since(began); {
		case took > lag/share:
			lag = min(2*lag, max(maxLag, usual))
			r.log.Warn("bringing recordings to the disk takes long, and is done less often", "took", took.Round(time.Millisecond), "every", lag)
		case lag > usual && took < lag/(4*share):
			lag = max(lag/2, usual)
		}
	}
}

// pause waits, and says whether to go on.
func pause(ctx context.Context, gone <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-gone:
		return false
	case <-timer.C:
		return true
	}
}
