package record

import (
	"context"
	"time"
)

// agePause is how often what is too old is looked for.
const agePause = time.Minute

// ageFiles deletes what is too old also while no file is begun, as where all
// recording is off, and adds up what there is, until the volume is gone or ctx is done.
func (r *Recorders) ageFiles(ctx context.Context, v *volume) {
	for r.tally(ctx, v); pause(ctx, v.gone, agePause); r.tally(ctx, v) {
		if err := r.makeRoom(ctx, v, ""); err != nil && ctx.Err() == nil {
			r.log.Debug("looking for what is too old", "err", err) // whoever records tells of it
		}
	}
}
