package export

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"framegate/gateway/playback/clip"
)

// tidies is how often it is looked for what is to go, and for folders that could
// not be brought in line, and looks how often whether recordings, or room, are
// there again.
const (
	tidies = 10 * time.Second
	looks  = time.Second
)

// Run makes what is to be made, one file at a time, until ctx is done. What it was
// making then has failed.
func (e *Exports) Run(ctx context.Context) {
	var tidying sync.WaitGroup
	tidying.Go(func() { e.tidy(ctx) })
	defer tidying.Wait()
	defer e.close()
	for ctx.Err() == nil {
		var later <-chan time.Time
		if e.waits() {
			if e.options.Ready() {
				e.makeNext(ctx)
				continue
			}
			later = time.After(looks)
		}
		select {
		case <-ctx.Done():
		case <-e.wake:
		case <-later:
		}
	}
}

// waits says whether a job does.
func (e *Exports) waits() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.jobs, func(j *job) bool { return j.State == Waiting })
}

func (e *Exports) tidy(ctx context.Context) {
	ticker := time.NewTicker(tidies)
	defer ticker.Stop()
	for {
		e.expire(time.Now())
		e.giveWay()
		e.catchUp()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// close has nothing added any more.
func (e *Exports) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
}

// next gives the job that has waited for longest, as the one that runs, and what
// its life is; nil where none waits.
func (e *Exports) next(ctx context.Context) (*job, context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ctx.Err() != nil {
		return nil, nil
	}
	for _, j := range e.jobs {
		if j.State == Waiting {
			working, cancel := context.WithCancelCause(ctx)
			j.State, j.cancel, e.running, e.spent = Running, cancel, j, 0
			return j, working
		}
	}
	return nil, nil
}

// makeNext makes the file of the next job, if one waits, and notes how that ended.
func (e *Exports) makeNext(ctx context.Context) {
	j, working := e.next(ctx)
	if j == nil {
		return
	}
	defer j.cancel(nil)
	_ = e.bring(j) // which says so itself: after a death it would run again
	e.options.Changed()
	w := &work{exports: e, job: j, request: j.Request, dir: e.path(j.ID, workName)}
	err := w.contained(working)
	if working.Err() != nil {
		err = context.Cause(working)
	}
	e.finish(ctx, j, err)
	e.options.Changed()
}

// finish notes how a job ended, unless that is known, and leaves nothing of its
// work.
func (e *Exports) finish(ctx context.Context, j *job, err error) {
	e.mu.Lock()
	e.running, e.spent = nil, 0
	switch {
	case j.State.Ended(): // whoever ended it noted that
	case err == nil:
		j.Progress = 1
		e.note(j, Done, "")
	case ctx.Err() != nil:
		j.State, j.Progress = Waiting, 0
	default:
		e.note(j, Failed, wordsFor(err))
		e.log.Warn("an export failed", "export", j.ID, "cameras", j.Cameras, "from", j.From, "to", j.To, "err", err)
	}
	e.mu.Unlock()
	_ = e.bring(j) // which says so itself
	close(j.gone)
}

// work is the making of one file.
type work struct {
	exports *Exports
	job     *job
	request Request
	dir     string
	zone    *time.Location
	parts   int       // of which the whole is made
	part    int       // which is being made
	told    time.Time // when it was told how far that is
}

// contained makes an error of a panic: it ends what is made, and not the process.
func (w *work) contained(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.exports.log.Error("making an export panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	return w.do(ctx)
}

// do makes the file, and gives it its name once it is whole.
func (w *work) do(ctx context.Context) (err error) {
	if _, w.zone, err = w.request.checked(time.Now()); err != nil {
		return err
	}
	if err := w.exports.awaitDisk(ctx, patience); err != nil {
		return err
	}
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return err
	}
	name := w.exports.path(w.job.ID, workName, fileName)
	bytes, err := w.write(ctx, name)
	if err != nil {
		return err
	}
	if err := os.Rename(name, w.exports.path(w.job.ID, fileName)); err != nil {
		return err
	}
	if err := os.RemoveAll(w.dir); err != nil {
		return err
	}
	w.exports.mu.Lock()
	defer w.exports.mu.Unlock()
	w.job.Bytes = bytes
	return nil
}

// write writes the file, and brings it to the disk.
func (w *work) write(ctx context.Context, name string) (bytes int64, err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	out := &paid{w: f, spend: func(n int64) error { return w.exports.spend(ctx, n, patience) }}
	if w.parts = len(w.request.Cameras); w.parts == 1 {
		err = w.movie(ctx, w.request.Cameras[0], func(m movie) error { return w.copy(ctx, out, m.Clip) })
	} else {
		err = w.bundle(ctx, out)
	}
	if err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	return out.bytes, f.Close()
}

// movie is what a camera gives, with its name, and when its first picture was taken
// and its last one ends.
type movie struct {
	*clip.Clip
	name     string
	from, to time.Time
}

// movie calls use with that of a camera, which is encoded where that is asked for.
func (w *work) movie(ctx context.Context, camera string, use func(movie) error) error {
	if w.request.encodes() {
		return w.encoded(ctx, camera, use)
	}
	c, err := clip.New(ctx, w.exports.options.Finder, w.exports.options.Opener, clip.Request{
		Camera: camera, From: w.request.From, To: w.request.To, Exact: w.request.Start == Exact, Silent: w.request.Silent,
	})
	if err != nil {
		return err
	}
	defer c.Close()
	return use(movie{c, c.Name(w.zone), c.Start, c.End})
}

// copyAtOnce is how many bytes are copied at a time.
const copyAtOnce = 256 << 10

// copy writes all of a clip.
func (w *work) copy(ctx context.Context, out io.Writer, c *clip.Clip) error {
	if err := w.exports.fits(c.Size()); err != nil {
		return err
	}
	b := make([]byte, copyAtOnce)
	for done := int64(0); done < c.Size(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := c.Read(b)
		if err != nil {
			return err
		}
		if _, err := out.Write(b[:n]); err != nil {
			return err
		}
		done += int64(n)
		if !w.request.encodes() { // which is what takes time
			w.progress(float64(done) / float64(c.Size()))
		}
	}
	return nil
}

// progress notes how much of the present part is done.
func (w *work) progress(share float64) {
	w.exports.mu.Lock()
	defer w.exports.mu.Unlock()
	now := (float64(w.part) + min(max(share, 0), 1)) / float64(max(w.parts, 1))
	w.job.Progress = max(w.job.Progress, now)
	if time.Since(w.told) >= progressPause {
		w.told = time.Now()
		w.exports.options.Changed()
	}
}

// progressPause is how long nothing is told of how far a job is after that was.
const progressPause = time.Second

// paid is a writer each of whose bytes is asked for before.
type paid struct {
	w     io.Writer
	spend func(int64) error
	bytes int64
}

func (p *paid) Write(b []byte) (int, error) {
	if err := p.spend(int64(len(b))); err != nil {
		return 0, err
	}
	n, err := p.w.Write(b)
	p.bytes += int64(n)
	return n, err
}
