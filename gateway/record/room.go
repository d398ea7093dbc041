package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"
	"syscall"
	"time"

	"framegate/gateway/record/index"
	"framegate/gateway/record/thumbs"
)

// errFilled says that what is protected leaves no room within a limit.
type errFilled struct{ limit string }

func (e *errFilled) Error() string {
	return fmt.Sprintf("marks protect so much that no more fits into %s: let some of it go, or allow more", e.limit)
}

func (e *errFilled) Unwrap() error { return syscall.ENOSPC }

// filled says whether a camera, "" for none, may record no more for what is protected.
func filled(plan index.Plan, camera string) error {
	switch {
	case camera == "":
	case slices.Contains(plan.Filled, camera):
		return &errFilled{"the camera's max_bytes"}
	case plan.AllFilled:
		return &errFilled{"recordings.max_bytes"}
	}
	return nil
}

// usualSegment is what a segment is taken for before there was one.
const usualSegment = 8 << 20

// makeRoom deletes what is to go, so that the segments which are open, and one
// more of a camera, can be written; "" is none. One does at a time.
func (r *Recorders) makeRoom(ctx context.Context, v *volume, camera string) error {
	v.room.Lock()
	defer v.room.Unlock()
	if err := v.check(); err != nil {
		return err
	}
	for {
		free, total, err := v.measure()
		if err != nil {
			return err
		}
		free = r.believed(v, free)
		limits := r.limits(v, free, total)
		forced := v.forced(limits)
		limits.Wanted = max(limits.Wanted, forced)
		plan, err := v.index.Plan(ctx, limits)
		if err != nil {
			return fmt.Errorf("what is to be deleted: %w", diskError(err))
		}
		r.noteRoom(v, plan)
		if len(plan.Segments) == 0 {
			return cmp.Or(r.sweep(ctx, v, plan, limits, forced > 0), filled(plan, camera))
		}
		v.refusal.none = nil
		if err := r.remove(ctx, v, plan.Segments); err != nil {
			return err
		}
		r.promise(v, free+plan.Bytes)
	}
}

// promise is how much room there is once the disk shows what was deleted: some
// file systems do that seconds later, and all would be deleted until then.
type promise struct {
	free         int64
	written      uint64 // by all recorders, when it was made
	since, until time.Time
}

const (
	// promiseLasts is how late a disk may show what was deleted.
	promiseLasts = 30 * time.Second
	// promisesLast is for how long one promise may be made upon another, without
	// a look at what the disk says.
	promisesLast = time.Minute
)

// believed gives how much room there is, as the disk says or is yet to show.
func (r *Recorders) believed(v *volume, measured int64) int64 {
	p, now := &v.promise, time.Now()
	if now.After(p.until) || now.Sub(p.since) > promisesLast {
		*p = promise{}
		return measured
	}
	return max(measured, p.free-int64(r.written()-p.written))
}

// promise notes how much room there is to be.
func (r *Recorders) promise(v *volume, free int64) {
	p, now := &v.promise, time.Now()
	if p.since.IsZero() {
		p.since = now
	}
	p.free, p.written, p.until = free, r.written(), now.Add(promiseLasts)
}

// written gives how many bytes all recorders have written.
func (r *Recorders) written() (bytes uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	bytes = r.wrote
	for _, rec := range r.recorders {
		rec.mu.Lock()
		bytes += rec.status.Bytes
		rec.mu.Unlock()
	}
	return bytes
}

// sweep unlinks what was to be unlinked already, and says if there is no room: forced
// says that there is none, whatever the disk says.
func (r *Recorders) sweep(ctx context.Context, v *volume, plan index.Plan, l index.Limits, forced bool) error {
	if err := r.unlinkMost(ctx, v); err != nil {
		return err
	}
	free, _, err := v.measure()
	if err != nil || !forced && (r.believed(v, free) >= r.settings().MinFree || l.Wanted == 0) {
		v.full = v.full && (err != nil || v.refusal.none != nil)
		return err
	}
	none := &errNoRoom{max(plan.Short, 1), plan.Protected, len(v.pinnedPaths())}
	if !v.full {
		r.log.Warn("nothing may be deleted to make room on the disk", "short", none.short, "protected", none.protected, "read", none.read)
	}
	if v.full = true; forced {
		v.refusal.none = none
	}
	return none
}

// limits says what recordings are bounded by at the moment.
func (r *Recorders) limits(v *volume, free, total int64) index.Limits {
	return r.limitsBy(r.settings(), v, free, total)
}

// limitsBy says what recordings would be bounded by with such settings.
func (r *Recorders) limitsBy(s Settings, v *volume, free, total int64) index.Limits {
	l := index.Limits{
		Now: time.Now(), Trusted: r.clock.trusted(), Cameras: make(map[string]index.Keep),
		MaxBytes: s.MaxBytes, Budget: max(total-s.MinFree, 0),
		Most: 200,
	}
	pinned := v.pinnedPaths()
	l.Pinned = func(id int64) bool {
		if len(pinned) == 0 {
			return false
		}
		of, err := v.index.Segment(context.Background(), id)
		return err == nil && pinned[of.Path]
	}
	growing := int64(0)
	r.mu.Lock()
	for id, c := range r.cameras {
		l.Cameras[id] = index.Keep{MaxAge: c.Keep.MaxAge, MarkedAge: c.Keep.MarkedAge, MaxBytes: c.Keep.MaxBytes}
	}
	for id, keep := range r.kept {
		l.Cameras[id] = index.Keep{MaxAge: keep.MaxAge, MarkedAge: keep.MarkedAge, MaxBytes: keep.MaxBytes}
	}
	for id, rec := range r.recorders {
		grown, size := rec.grown()
		keep := l.Cameras[id]
		keep.Open = grown
		l.Cameras[id] = keep
		growing += max(grown-size, 0)
	}
	r.mu.Unlock()
	l.Wanted = max(s.MinFree+growing+v.owed()-free, 0)
	return l
}

// grown gives what the segment that is written, or comes next, will have in the
// end, and what it has.
func (r *recorder) grown() (grown, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open != nil {
		size = r.open.w.Size()
	}
	switch {
	case !r.wants && r.open == nil:
		return 0, 0
	case r.usual == 0:
		return max(usualSegment, size), size
	}
	return max(r.usual, size), size
}

func (r *Recorders) noteRoom(v *volume, p index.Plan) {
	total, err := v.index.Total(context.Background())
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, camera := range p.Crowded {
		if !slices.Contains(r.room.Crowded, camera) {
			r.log.Warn("more than half of what a camera's recordings may take is protected", "camera", camera)
		}
	}
	if p.Crammed != r.room.Crammed || !slices.Equal(p.Crowded, r.room.Crowded) {
		defer r.options.Changed()
	}
	if p.Crammed && !r.room.Crammed {
		r.log.Warn("more than half of what recordings may take is protected", "bytes", p.Protected)
	}
	if err == nil {
		r.room.Recorded = total.Bytes
	}
	r.room.Protected, r.room.Crammed, r.room.Crowded = p.Protected, p.Crammed, p.Crowded
}

// crowded says whether more than half of what recordings of a camera may take is
// protected.
func (r *Recorders) crowded(camera string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.room.Crowded, camera)
}

// remove deletes segments: their rows, and then their files.
func (r *Recorders) remove(ctx context.Context, v *volume, victims []index.Segment) error {
	ids := make([]int64, len(victims))
	for i, s := range victims {
		ids[i] = s.ID
	}
	gone, err := v.index.Delete(ctx, ids...)
	if errors.Is(err, index.ErrFull) {
		// There is no place to write down what is deleted, so one goes before.
		if err := v.disk.Remove(victims[0].Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		gone, err = v.index.Delete(ctx, ids[0])
	}
	r.tell(Gone, "", gone...)
	if err != nil {
		return fmt.Errorf("deleting from the index: %w", diskError(err))
	}
	return r.unlinkMost(ctx, v)
}

// errStuck is a file that cannot be unlinked. The others are.
type errStuck struct {
	path string
	err  error
}

func (e *errStuck) Error() string { return fmt.Sprintf("deleting %s: %v", e.path, e.err) }

func (e *errStuck) Unwrap() error { return e.err }

// unlinkMost is unlink that says of a file that stays there, once, and goes on:
// nobody is to be recorded less for it.
func (r *Recorders) unlinkMost(ctx context.Context, v *volume) error {
	err := r.unlink(ctx, v)
	var stuck *errStuck
	if !errors.As(err, &stuck) {
		return err
	}
	if v.stuck != stuck.path {
		v.stuck = stuck.path
		v.log.Error("a recording cannot be deleted; delete it by hand, or let Framegate", "file", stuck.path, "err", stuck.err)
	}
	return nil
}

// unlink deletes the files whose rows are gone, and the folders that are empty
// then. A file that cannot be deleted is an errStuck, in the end.
func (r *Recorders) unlink(ctx context.Context, v *volume) (stuck error) {
	for most := 500; ; {
		garbage, err := v.index.Garbage(ctx, most)
		if err != nil || len(garbage) == 0 {
			return diskError(err)
		}
		var paths []string
		if paths, stuck = r.unlinkAll(v, garbage); len(paths) == 0 && (len(garbage) < most || most == index.MaxRows) {
			return stuck
		} else if len(paths) == 0 {
			most = index.MaxRows // behind those that are stuck
			continue
		}
		if err := v.index.Swept(ctx, paths...); err != nil {
			return diskError(err)
		}
		r.log.Debug("recordings deleted", "files", len(paths), "first", paths[0])
		r.options.Changed()
	}
}

// unlinkAll deletes files with what belongs to them, and gives those that are not
// there any more.
func (r *Recorders) unlinkAll(v *volume, garbage []index.Garbage) (gone []string, stuck error) {
	sequences, paths := make(map[string][]uint64), make(map[string][]string) // by folder
	for _, g := range garbage {
		sequence, ok := sequenceOf(path.Base(g.Path))
		if !ok {
			gone = append(gone, g.Path) // none of ours, whoever wrote it there: the comparison moves it aside
			continue
		}
		if err := v.disk.Remove(g.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			stuck = cmp.Or(stuck, error(&errStuck{g.Path, err}))
			continue
		}
		folder := path.Dir(g.Path)
		sequences[folder], paths[folder] = append(sequences[folder], sequence), append(paths[folder], g.Path)
		r.countRemoved(g.Camera)
	}
	for folder := range sequences {
		if err := v.eraseThumbnails(folder, sequences[folder]); err != nil {
			stuck = cmp.Or(stuck, error(&errStuck{folder, err}))
			continue
		}
		r.tidy(v, folder)
		gone = append(gone, paths[folder]...)
	}
	return gone, stuck
}

func (r *Recorders) countRemoved(camera string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.removed[camera]++
}

// tidy removes the folder of an hour, and that of its day, where they are empty.
func (r *Recorders) tidy(v *volume, folder string) {
	for ; path.Dir(folder) != "."; folder = path.Dir(folder) {
		if v.disk.Remove(folder) != nil {
			_ = v.disk.SyncFolder(folder) // it has something: the rest is gone for good
			return
		}
		v.forgetFolder(folder)
		_ = v.disk.Remove(thumbs.Name(path.Join(folder, "x"))) // which shows nothing any more
	}
}

// diskError gives what the index says in the words of the disk.
func diskError(err error) error {
	switch {
	case errors.Is(err, index.ErrFull):
		return errors.Join(err, syscall.ENOSPC)
	case errors.Is(err, index.ErrReadOnly):
		return errors.Join(err, syscall.EROFS)
	}
	return err
}

const (
	// stepTrust is how long after a step of the host's clock nothing goes for
	// its age.
	stepTrust = 10 * time.Minute
	// startTrust is the same after a start at a time that the recordings make
	// unlikely.
	startTrust = time.Hour
	// unlikely is how long recordings may end before a start.
	unlikely = 30 * 24 * time.Hour
)

// tellClock knows whether the host's clock is to be believed.
type tellClock struct {
	mu     sync.Mutex // guards what follows
	last   time.Time
	steps  []step    // that nobody has taken
	doubts time.Time // until when, by the monotonic clock
}

// look compares the clock with one that never steps.
func (c *tellClock) look(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.last.IsZero() {
		by := now.Round(0).Sub(c.last.Round(0)) - now.Sub(c.last)
		if by.Abs() > 2*time.Second {
			c.doubts = now.Add(stepTrust)
			c.steps = append(c.steps, step{by, now.Round(0), sinceBoot()})
		}
	}
	c.last = now
}

// step is one of the host's clock, which was set.
type step struct {
	by     time.Duration
	to     time.Time
	uptime time.Duration // since the host was started; 0 where that is not known
}

// taken gives the steps since it was called last.
func (c *tellClock) taken() (all []step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, c.steps = c.steps, nil
	return all
}

// started is told when the newest recording ended, at the start, or that nobody can
// tell.
func (c *tellClock) started(newest time.Time, err error) {
	now := time.Now()
	if err == nil && (newest.IsZero() || !newest.After(now.Add(time.Minute)) && now.Sub(newest) < unlikely) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubts = now.Add(startTrust)
}

func (c *tellClock) trusted() bool {
	c.look(time.Now())
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().After(c.doubts)
}
