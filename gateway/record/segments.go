package record

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// begin begins a segment with a keyframe, whose media time in the run is given.
// It waits for the disk for as long as it takes.
func (r *recorder) begin(ctx context.Context, f media.Frame, at time.Duration) error {
	for {
		v, err := r.volume(ctx)
		if err != nil {
			return err
		}
		err = r.beginOn(ctx, v, f, at)
		v.users.Done()
		if err == nil {
			return nil
		}
		if err := r.unlessGone(ctx, err); err != nil {
			return err
		}
		if errors.Is(err, segment.ErrFormat) {
			r.set(Waiting, err.Error())
			return nil
		}
	}
}

// volume waits for the volume, which the caller gives back.
func (r *recorder) volume(ctx context.Context) (*volume, error) {
	for {
		v, why := r.all.use()
		if v != nil {
			return v, nil
		}
		if why != nil {
			r.set(problem(why))
		}
		if !pause(ctx, nil, retryPause/4) {
			return nil, ctx.Err()
		}
	}
}

func (r *recorder) beginOn(ctx context.Context, v *volume, f media.Frame, at time.Duration) error {
	if err := r.persist(ctx, v, false, func() error { return r.recall(ctx, v) }); err != nil {
		return err
	}
	head := segment.Head{
		Camera: r.id, Run: r.run, Boot: r.all.boot, Sequence: r.sequence + 1,
		Start: r.clock.Wall(f.PTS), Monotonic: r.all.uptime(f.Arrived), Media: inTicks(at),
	}
	length := r.all.settings().Segment
	expect := expected(length)
	if r.flaps.often {
		expect = 0 // it gets few
	}
	var opened *file
	err := r.persist(ctx, v, false, func() (err error) {
		if err = r.all.makeRoom(ctx, v, r.id); err != nil {
			return err
		}
		head.Sequence = r.sequence + 1
		r.sequence++ // also after an error, so that no name comes twice
		opened, err = newFile(v, head, f.Format, r.soundOf(), r.epoch(), expect)
		return err
	})
	if err != nil {
		return err
	}
	v.users.Add(1) // the file does
	r.hold(opened)
	r.sound.begin()
	r.first, r.ticks, r.latest = at, inTicks(at), inTicks(at)
	r.cutAt = nextCut(r.id, f.Arrived, length)
	r.resume(ctx, v, head.Start, reasonAway)
	r.ended(head.Start, reasonSilent)
	r.settle()
	return nil
}

// expected is how many samples a segment has place for in its head: at 30 a
// second, and half a minute longer than it is to be.
func expected(length time.Duration) int { return int((length + 30*time.Second).Seconds() * 30) }

// recall finds out where the recordings of the camera ended the last time.
func (r *recorder) recall(ctx context.Context, v *volume) error {
	if r.known == v.id {
		return nil
	}
	totals, err := v.index.Totals(ctx, r.id)
	if err != nil {
		return err
	}
	r.sequence = max(r.sequence, totals.Sequence, newestSequence(v.disk, r.id))
	if c := r.config(); r.atStart && r.known == "" && r.end.IsZero() && !totals.Newest.IsZero() && c.Mode != ModeScheduled {
		end := totals.Newest
		if c.Mode == ModePictures {
			end = end.Add(max(c.Every-longestPicture, 0)) // before which no picture was due
		}
		r.ended(end, reasonNotRun)
	}
	if totals.Segments > 0 {
		r.count(func(*Status) { r.usual = totals.Bytes / int64(totals.Segments) })
	}
	r.known = v.id
	return nil
}

// newestSequence looks into the newest folder of a camera, for what the index
// does not know yet.
func newestSequence(disk Disk, camera string) (highest uint64) {
	for _, e := range newestFiles(disk, camera) {
		if n, ok := sequenceOf(e.Name()); ok && n < farSequence {
			highest = max(highest, n)
		}
	}
	return highest
}

// farSequence is what no camera counts to: a name that somebody made up must not
// leave it without numbers.
const farSequence = 1 << 53

// newestFiles gives what is in the newest folder of a camera.
func newestFiles(disk Disk, camera string) []fs.DirEntry {
	folder := camera
	for _, ours := range []*regexp.Regexp{dayFolder, hourFolder} {
		entries, err := disk.List(folder)
		entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() || !ours.MatchString(e.Name()) })
		if err != nil || len(entries) == 0 {
			return nil
		}
		folder = path.Join(folder, entries[len(entries)-1].Name())
	}
	entries, _ := disk.List(folder)
	return entries
}

// sequenceOf reads the number in the name of a segment.
func sequenceOf(name string) (uint64, bool) {
	_, n, ok := nameParts(name)
	return n, ok
}

// startOf reads the time in the name of a segment.
func startOf(name string) (time.Time, bool) {
	t, _, ok := nameParts(name)
	return t, ok
}

// nameParts reads the name of a segment, or of a part of one.
func nameParts(name string) (start time.Time, sequence uint64, ok bool) {
	stem, ok := strings.CutSuffix(withoutPart(name), ".mp4")
	if !ok {
		stem, ok = strings.CutSuffix(withoutPart(name), pictureSuffix)
	}
	stamp, number, dash := strings.Cut(stem, "-")
	start, err := time.Parse("20060102T150405.000Z", stamp)
	if !ok || !dash || err != nil {
		return time.Time{}, 0, false
	}
	number, epoch, of := strings.Cut(number, "-e")
	n, err := strconv.ParseUint(number, 10, 63) // as far as the index counts
	if err == nil && of {
		_, err = strconv.ParseUint(epoch, 10, 63)
	}
	return start, n, err == nil
}

// hold makes a file the one that is written.
func (r *recorder) hold(f *file) {
	r.file = f
	r.cutNow.Store(false)
	r.endNow.Store(false)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = f
}

// drop lets go of the file that is written.
func (r *recorder) drop() {
	f := r.file
	r.hold(nil)
	if err := f.close(); err != nil {
		r.all.log.Debug("closing a recording", "file", f.part, "err", err)
	}
	f.volume.users.Done()
	clear(r.batch)
	r.batch = r.batch[:0]
	r.sound.begin()
}

// abandon leaves a file as it is, for the comparison with the index to mend.
func (r *recorder) abandon(err error) {
	r.all.log.Warn("a recording is left as it is, and mended later", "file", r.file.part, "err", err)
	r.ended(r.clock.Wall(fromTicks(r.ticks)), reason(err))
	r.times.Flush(0)
	r.file.volume.later()
	r.drop()
}

// cut finishes the file, whose last picture lasts for so many ticks, or as long
// as usual for 0. The next one begins with the next keyframe.
func (r *recorder) cut(ctx context.Context, lasts int64) error {
	if r.file == nil {
		return nil
	}
	if lasts > segment.MaxSample {
		lasts = 0
	}
	r.batch = append(r.batch, r.times.Flush(max(lasts, 0))...)
	if n := len(r.batch); lasts <= 0 && n > 0 {
		lasts = int64(r.batch[n-1].Duration)
	}
	ctx, cancel := lastly(ctx)
	defer cancel()
	if err := r.flush(ctx, true); err != nil || r.file == nil {
		return err
	}
	r.ticks = r.latest + lasts
	f := r.file
	var s segment.Summary
	err := r.persist(ctx, f.volume, true, func() (err error) {
		s, err = f.finish(r.clock.Rate())
		return err
	})
	switch {
	case errors.Is(err, segment.ErrNothing):
		_ = f.volume.disk.Remove(f.part) // else the comparison does
		r.drop()
		return nil
	case err != nil:
		r.abandon(err)
		return r.unlessGone(ctx, err)
	}
	last := fromTicks(r.ticks)
	r.ended(r.clock.Wall(last), reasonSilent)
	r.enter(ctx, f, s, last)
	r.drop()
	return nil
}

// lastly is a context for what has to be done although another is done.
func lastly(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return ctx, func() {}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), lastWords)
}

// lastWords is how long a recorder that is to end may take for its file.
const lastWords = 2 * time.Second

// enter puts a finished segment into the index.
func (r *recorder) enter(ctx context.Context, f *file, s segment.Summary, last time.Duration) {
	x := f.volume.index
	var of index.Segment
	start, end := r.clock.Wall(r.first), r.end
	err := r.timed(func() (err error) {
		by := f.volume.corrected(f.head, start).Sub(start)
		of, err = row(ctx, x, s, f.name, start.Add(by), end.Add(by))
		if err == nil {
			of.ID, err = x.Add(ctx, of)
		}
		if errors.Is(err, index.ErrExists) { // the comparison found the file before
			of.ID, err = x.Replace(ctx, of)
		}
		if now := f.volume.corrected(f.head, start).Sub(start); now != by && err == nil { // meanwhile
			of.Start, of.End = start.Add(now), end.Add(now)
			of.ID, err = x.Replace(ctx, of)
		}
		return err
	})
	if !of.End.IsZero() {
		r.ended(of.End, r.why)
	}
	if f.volume.judge(err) != nil {
		r.all.log.Warn("a recording is not in the index yet", "file", f.name, "err", err)
		f.volume.later()
	} else {
		r.all.options.Finished(of)
		r.all.tell(Came, "", of)
	}
	r.rows = append(r.rows, past{f.name, f.head, r.first, last})
	r.correct(ctx, f.volume)
	r.count(func(st *Status) { st.Segments++; r.usual = max(s.Bytes, r.usual*3/4) })
	r.all.options.Changed()
}

// maxRows is how many segments of a run are put right when its clock learns
// better.
const maxRows = 20

// correct moves the rows of the run, where the clock has become another.
func (r *recorder) correct(ctx context.Context, v *volume) {
	if over := len(r.rows) - maxRows; over > 0 {
		r.rows = r.rows[over:]
	}
	if r.revision == r.clock.Revision() {
		return
	}
	r.revision = r.clock.Revision()
	for _, p := range r.rows {
		s, err := v.index.SegmentByPath(ctx, p.path)
		if err != nil {
			continue
		}
		start := r.clock.Wall(p.first)
		s.Start = v.corrected(p.head, start)
		s.End = r.clock.Wall(p.last).Add(s.Start.Sub(start))
		if _, err := v.index.Replace(ctx, s); err != nil {
			r.all.log.Warn("the time of a recording is not put right in the index", "file", p.path, "err", err)
		}
	}
}

// persist does something with the disk, again and again until it is done, the
// volume is gone or ctx is done; with a file of its own no longer than perFile
// where the disk is not full.
func (r *recorder) persist(ctx context.Context, v *volume, own bool, do func() error) error {
	refused := false
	for began := time.Now(); ; {
		err := v.judge(r.timed(do))
		if refused && err == nil {
			v.relieved()
		}
		if err == nil || errors.Is(err, segment.ErrFormat) || errors.Is(err, segment.ErrNothing) {
			return err
		}
		lost := errors.As(err, new(errNotKept))
		if noSpace(err) && !lost {
			refused = true
			err = r.all.relieve(ctx, v, own, time.Since(began), err)
		}
		state, why := problem(err)
		r.set(state, why)
		if lost {
			return err // the next time it would be the same
		}
		if own && state != Full && time.Since(began) > perFile {
			return err
		}
		r.overtaken(ctx, v)
		if !pause(ctx, v.gone, retryPause) {
			return err
		}
	}
}

// timed does something with the disk, watched by whoever looks how long it takes.
func (r *recorder) timed(do func() error) error {
	r.busy.Store(int64(time.Since(r.all.start)) | 1)
	defer r.busy.Store(0)
	return do()
}

// unlessGone gives an error only where the recorder is to end.
func (r *recorder) unlessGone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	state, why := problem(err)
	r.set(state, why)
	return nil
}
