package record

import (
	"context"
	"fmt"
	"time"

	"framegate/gateway/record/index"
)

// Look calls use with the index of the volume, which stays open until use
// returns, and gives its error. It is an ErrMissing where there is no volume.
func (r *Recorders) Look(use func(*index.Index) error) error {
	v, err := r.there()
	if err != nil {
		return err
	}
	defer v.users.Done()
	return use(v.index)
}

// there is use with an ErrMissing where there is no volume.
func (r *Recorders) there() (*volume, error) {
	v, why := r.use()
	switch {
	case v != nil:
		return v, nil
	case why != nil:
		return nil, fmt.Errorf("%w: %w", ErrMissing, why)
	}
	return nil, ErrMissing
}

// eraseAtOnce is how many segments are deleted while nobody else makes room.
const eraseAtOnce = 100

// Erase deletes all of a camera that has to do with a stretch of time, for
// privacy: whatever protects it, also what is being written, which is finished
// first. Recording goes on, and why there is a gap is in the index. It gives what
// was deleted, also beside an error.
// A file that is being read is gone from the folder, and from the disk when its
// reader closes it.
func (r *Recorders) Erase(ctx context.Context, camera string, from, to time.Time) (gone []index.Segment, err error) {
	if now := time.Now(); to.After(now) {
		to = now
	}
	// A disk that is behind may have more of that time to write than one file.
	for {
		g, ok := r.Growing(camera)
		if !ok || !g.Segment.Start.Before(to) || g.Segment.End.Before(from) {
			break
		}
		if err := r.Cut(ctx, camera); err != nil {
			return nil, fmt.Errorf("finishing the file that is being written: %w", err)
		}
	}
	v, err := r.there()
	if err != nil {
		return nil, err
	}
	defer v.users.Done()
	for {
		some, err := r.eraseSome(ctx, v, camera, from, to)
		gone = append(gone, some...)
		if err != nil || len(some) == 0 {
			return gone, err
		}
	}
}

// eraseSome deletes the first segments of a stretch of time.
func (r *Recorders) eraseSome(ctx context.Context, v *volume, camera string, from, to time.Time) ([]index.Segment, error) {
	v.room.Lock()
	defer v.room.Unlock()
	if err := v.check(); err != nil {
		return nil, err
	}
	found, err := v.index.Between(ctx, camera, from, to, eraseAtOnce)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	ids := make([]int64, len(found))
	for i, s := range found {
		ids[i] = s.ID
	}
	gone, err := v.index.Erase(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("deleting from the index: %w", diskError(err))
	}
	if err := r.unlink(ctx, v); err != nil {
		return gone, err
	}
	for _, g := range gapsOf(gone) {
		if err := v.index.AddGap(ctx, g); err != nil {
			return gone, fmt.Errorf("noting what was deleted: %w", diskError(err))
		}
	}
	return gone, nil
}

// reasonErased is the reason of gaps where somebody deleted what was recorded.
const reasonErased = "deleted"

// gapsOf gives the stretches of time of segments of a camera, which are in order.
func gapsOf(gone []index.Segment) (gaps []index.Gap) {
	for _, s := range gone {
		last := len(gaps) - 1
		if last >= 0 && s.Start.Sub(gaps[last].To) <= index.Joint {
			if s.End.After(gaps[last].To) {
				gaps[last].To = s.End
			}
			continue
		}
		gaps = append(gaps, index.Gap{Camera: s.Camera, From: s.Start, To: s.End, Reason: reasonErased})
	}
	return gaps
}
