package record

import (
	"context"
	"time"
)

// compareFiles compares the folder with the index whenever there is something
// to find, and has the index forget what is past, until the volume is gone or ctx
// is done.
func (r *Recorders) compareFiles(ctx context.Context, v *volume) {
	r.finishDeleting(ctx, v)
	forgot, checked := time.Now(), false
	var again retry
	for {
		v.reserve()
		if v.takeLeftover() || again.due() {
			again.after(r.compareOnce(ctx, v))
			r.options.Changed()
		}
		if !checked {
			_ = v.judge(v.index.Check(ctx)) // which says so itself
			checked = true
		}
		if now := time.Now(); now.Sub(forgot) > forgetPause {
			forgot = now
			if err := v.judge(forget(ctx, v)); err != nil && ctx.Err() == nil {
				r.log.Warn("forgetting what the index has of deleted recordings", "err", err)
			}
		}
		if !pause(ctx, v.gone, comparePause) {
			return
		}
	}
}

// compareOnce compares the folder with the index, and says whether all was done.
func (r *Recorders) compareOnce(ctx context.Context, v *volume) (done bool) {
	c := comparison{v: v, mend: true, known: r.keeps(), say: r.sayFound, news: r.tell, hold: r.makingRoom(v)}
	err := v.judge(c.all(ctx))
	if err != nil && c.over(ctx) == nil {
		r.log.Warn("comparing recordings with their index", "err", err)
	}
	return err == nil && c.failed == 0
}

// retry says when something that could not be done is tried again: each time
// after twice the time.
type retry struct {
	pause time.Duration
	at    time.Time // zero while there is nothing to try
}

func (t *retry) due() bool { return !t.at.IsZero() && !time.Now().Before(t.at) }

func (t *retry) after(done bool) {
	if done {
		*t = retry{}
		return
	}
	t.pause = min(max(2*t.pause, comparePause), longestPause)
	t.at = time.Now().Add(t.pause)
}

// forgetPause is the time between two passes over what the index need not know
// any more.
const forgetPause = time.Hour

// forget drops gaps, lost files and marks from before the oldest recording of
// each camera. Protecting marks stay.
func forget(ctx context.Context, v *volume) error {
	cameras, err := v.index.Cameras(ctx)
	for _, camera := range cameras {
		totals, err := v.index.Totals(ctx, camera)
		if err == nil && totals.Segments > 0 {
			err = v.index.Forget(ctx, camera, totals.Oldest)
		}
		if err != nil {
			return err
		}
	}
	return err
}

// finishDeleting unlinks what was deleted when the process died.
func (r *Recorders) finishDeleting(ctx context.Context, v *volume) {
	defer r.makingRoom(v)()()
	if err := r.unlink(ctx, v); err != nil && ctx.Err() == nil {
		r.log.Warn("unlinking deleted recordings; it is tried again before the next file", "err", err)
	}
}

// comparePause is after which time something that was left behind is looked for.
const comparePause = 5 * time.Second

// longestPause is after which time at most what failed is tried again.
const longestPause = time.Hour

func (r *Recorders) sayFound(f Finding) {
	r.log.Info("recordings: "+f.What, "file", f.Path, "done", f.Done)
}

// makingRoom keeps retention away for a moment.
func (r *Recorders) makingRoom(v *volume) func() func() {
	return func() func() { v.room.Lock(); return v.room.Unlock }
}
