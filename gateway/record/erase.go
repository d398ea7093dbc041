package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
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
// before, what memory holds for the disk, and what was moved aside. Recording goes
// on, and why there is a gap is in the index. It gives what was deleted, also
// beside an error.
// A file that is being read is gone from the folder, and from the disk when its
// reader closes it.
func (r *Recorders) Erase(ctx context.Context, camera string, from, to time.Time) (gone []index.Segment, err error) {
	now, end := time.Now(), to // what is recorded from now on stays
	if to.After(now) {
		to = now
	}
	r.mu.Lock()
	rec := r.recorders[camera]
	r.mu.Unlock()
	if rec != nil {
		rec.forgo(from, to)
	}
	v, err := r.there()
	if err != nil {
		return nil, err
	}
	// What is finished first: on a full disk that makes the room to finish the rest.
	gone, err = r.eraseAll(ctx, v, camera, from, to)
	v.users.Done()
	if err != nil {
		return gone, err
	}
	if rec != nil {
		if err := rec.finish(ctx, to); err != nil {
			return gone, fmt.Errorf("finishing the file that is being written: %w", err)
		}
	}
	if v, err = r.there(); err != nil {
		return gone, err
	}
	defer v.users.Done()
	unknown := r.enterAll(ctx, v, camera, from, end)
	rest, err := r.eraseAll(ctx, v, camera, from, to)
	if gone = append(gone, rest...); err != nil {
		return gone, err
	}
	if ahead := now.Add(aheadBy); end.After(ahead) { // what a clock that was wrong dated
		rest, err := r.eraseAll(ctx, v, camera, slices.MaxFunc([]time.Time{from, ahead}, time.Time.Compare), end)
		if gone = append(gone, rest...); err != nil {
			return gone, err
		}
	}
	return gone, errors.Join(unknown, v.stuckOf(ctx, camera), v.eraseAside(camera, from, end))
}

// aheadBy is how far from now on something has to be dated to be none that is recorded
// while others are deleted.
const aheadBy = 5 * time.Minute

// eraseAll deletes all segments of a stretch of time that the index knows. A file that
// cannot be deleted, which may be another camera's, holds up no other.
func (r *Recorders) eraseAll(ctx context.Context, v *volume, camera string, from, to time.Time) (gone []index.Segment, err error) {
	for {
		some, err := r.eraseSome(ctx, v, camera, from, to)
		gone = append(gone, some...)
		if errors.As(err, new(*errStuck)) {
			err = nil
		}
		if err != nil || len(some) == 0 {
			return gone, err
		}
	}
}

// stuckOf says that files of a camera are still there though they were deleted; nil where none is.
func (v *volume) stuckOf(ctx context.Context, camera string) error {
	v.room.Lock() // or others may be deleting them
	defer v.room.Unlock()
	garbage, err := v.index.Garbage(ctx, index.MaxRows)
	if err != nil {
		return diskError(err)
	}
	for _, g := range garbage {
		if strings.HasPrefix(g.Path, camera+"/") {
			return &errStuck{g.Path, errors.New("it is there still")}
		}
	}
	return nil
}

// eraseSome deletes the first segments of a stretch of time.
func (r *Recorders) eraseSome(ctx context.Context, v *volume, camera string, from, to time.Time) ([]index.Segment, error) {
	v.room.Lock()
	defer v.room.Unlock()
	if err := v.check(); err != nil {
		return nil, err
	}
	found, err := v.index.WithLost(ctx, camera, from, to, eraseAtOnce)
	if err != nil {
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
	r.tell(Gone, "", slices.Clone(gone)...)
	stuck := r.unlink(ctx, v) // also what was deleted before, and is there yet
	if stuck != nil && !errors.As(stuck, new(*errStuck)) {
		return gone, stuck
	}
	for _, g := range gapsOf(gone) {
		if err := v.index.AddGap(ctx, g); err != nil {
			return gone, fmt.Errorf("noting what was deleted: %w", diskError(err))
		}
	}
	return gone, stuck
}

// enterAll has the index know all files of a camera that may have to do with a
// stretch of time, those too that nobody finished. The error says that some cannot
// be read, which the log names.
func (r *Recorders) enterAll(ctx context.Context, v *volume, camera string, from, to time.Time) error {
	c := comparison{v: v, mend: true, say: r.sayFound, news: r.tell, hold: r.makingRoom(v), found: make(map[string]bool)}
	days, err := c.folders(camera, dayFolder)
	if err != nil {
		return err
	}
	first, last := from.Add(-longestFile).UTC().Format(time.DateOnly), to.UTC().Format(time.DateOnly)
	for _, name := range days {
		if name < first || name > last {
			continue
		}
		folder := path.Join(camera, name)
		if err := c.unlessOne(ctx, folder, c.day(ctx, folder)); err != nil {
			return err
		}
	}
	if c.failed > 0 {
		return fmt.Errorf("%d files or folders of those days cannot be read, and may be of that time; the log names them", c.failed)
	}
	return nil
}

// eraseAside deletes what was moved aside and, by its name, began in a stretch of
// time, or so little before that it may reach into it.
func (v *volume) eraseAside(camera string, from, to time.Time) error {
	var names []string
	var walk func(string, int) error
	walk = func(folder string, depth int) error {
		entries, err := v.disk.List(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			name := path.Join(folder, e.Name())
			switch start, ours := startOf(e.Name()); {
			case e.IsDir() && depth < asideDepth && (depth != 1 || e.Name() == camera):
				if err := walk(name, depth+1); err != nil {
					return err
				}
			case ours && depth == asideDepth && start.Before(to) && start.Add(longestFile).After(from):
				names = append(names, name)
			}
		}
		return nil
	}
	err := walk(asideName, 0)
	for _, name := range names {
		if e := v.disk.Remove(name); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

const (
	// asideDepth is how deep files lie that were moved aside: below when that was,
	// the camera, the day and the hour.
	asideDepth = 4
	// longestFile is how long a file lasts of which nothing is known but its name.
	longestFile = time.Hour
)

// stretch is one of time.
type stretch struct{ from, to time.Time }

// forgo has nothing written any more that arrived in a stretch of time.
func (r *recorder) forgo(from, to time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.erased = append(r.erased, stretch{from, to})
}

// finish waits until what is being written is finished of what began before.
func (r *recorder) finish(ctx context.Context, to time.Time) error {
	for began := time.Now(); r.writes(to) != nil; {
		r.cutNow.Store(true)
		r.endNow.Store(time.Since(began) > keyPatience) // what needs it goes anyway
		if !pause(ctx, nil, retryPause/10) {
			return ctx.Err()
		}
	}
	r.keeping.Lock() // a picture that was to be kept is there now, or will not be
	defer r.keeping.Unlock()
	return nil
}

// keyPatience is how long the end of a file waits for a keyframe, from which recording
// would go on without a gap.
const keyPatience = 3 * time.Second

// writes gives the file that is being written, if it began before.
func (r *recorder) writes(before time.Time) *file {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil || !r.open.start.Load().Before(before) {
		return nil
	}
	return r.open
}

// isErased says whether what arrived then is not to be written any more. Frames
// come in order: a stretch that lies behind one is forgotten.
func (r *recorder) isErased(arrived time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.erased = slices.DeleteFunc(r.erased, func(s stretch) bool { return arrived.After(s.to) })
	return slices.ContainsFunc(r.erased, func(s stretch) bool { return !arrived.Before(s.from) })
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
