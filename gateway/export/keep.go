package export

import (
	"context"
	"errors"
	"time"
)

// Why a job ends before it is done.
var (
	errCanceled = errors.New("canceled")
	errErased   = errors.New("what was recorded then was deleted")
)

// Remove cancels a job that has not ended, and removes its file; of one that has
// ended nothing is left. The error is ErrUnknown.
func (e *Exports) Remove(ctx context.Context, id string) error {
	e.mu.Lock()
	j, err := e.find(id)
	if err != nil {
		e.mu.Unlock()
		return err
	}
	if j.State.Ended() {
		e.forget(j)
	} else {
		e.stop(j, Canceled, errCanceled)
	}
	e.mu.Unlock()
	e.options.Changed()
	return await(ctx, j)
}

// Erase removes all files in which a camera is between two times, and ends what
// makes some. It returns when nothing of them is left.
func (e *Exports) Erase(ctx context.Context, camera string, from, to time.Time) (removed int, err error) {
	var stopped []*job
	e.mu.Lock()
	for i := len(e.jobs) - 1; i >= 0; i-- {
		j := e.jobs[i]
		switch {
		case !j.shows(camera, from, to):
			continue
		case j.State == Done:
			e.forget(j)
		case j == e.running && !j.State.Ended():
			e.stop(j, Failed, errErased)
		case j == e.running: // it ends
		default:
			continue // it has nothing of it
		}
		stopped = append(stopped, j)
	}
	e.mu.Unlock()
	if len(stopped) > 0 {
		e.options.Changed()
	}
	for _, j := range stopped {
		if err := await(ctx, j); err != nil {
			return len(stopped), err
		}
	}
	return len(stopped), nil
}

// shows says whether a camera is in the file of a job between two times.
func (j *Job) shows(camera string, from, to time.Time) bool {
	for _, c := range j.Cameras {
		if c == camera {
			return j.Covers.Before(to) && j.To.After(from)
		}
	}
	return false
}

// await waits until nothing is made of a job.
func await(ctx context.Context, j *job) error {
	select {
	case <-j.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends a job that has not ended. It is called with mu held.
func (e *Exports) stop(j *job, s State, why error) {
	words := why.Error()
	if s == Canceled {
		words = ""
	}
	e.note(j, s, words)
	if j == e.running {
		j.cancel(why)
	} else {
		close(j.gone)
	}
}

// note ends a job in the list and the folder. It is called with mu held.
func (e *Exports) note(j *job, s State, why string) {
	j.end(s, why)
	e.ended[s]++
	if err := e.save(&j.Job); err != nil {
		e.log.Error("how an export ended is not written down", "export", j.ID, "err", err)
	}
}

// forget removes a job that has ended. It is called with mu held.
func (e *Exports) forget(j *job) {
	for i, other := range e.jobs {
		if other == j {
			e.jobs = append(e.jobs[:i:i], e.jobs[i+1:]...)
			break
		}
	}
	if j == e.running { // what it makes goes first
		j.drop = true
		return
	}
	e.unlink(j.ID)
}

// forgetOldest removes the job that ended first, and says whether there was one. It
// is called with mu held.
func (e *Exports) forgetOldest() bool {
	for _, j := range e.jobs {
		if j.State.Ended() && j != e.running {
			e.forget(j)
			return true
		}
	}
	return false
}

// forgetFile removes the oldest file, and says how large it was, and whether there
// was one. It is called with mu held.
func (e *Exports) forgetFile() (bytes int64, ok bool) {
	for _, j := range e.jobs {
		if j.State == Done {
			e.forget(j)
			e.options.Changed()
			return j.Bytes, true
		}
	}
	return 0, false
}

// expire removes what has been there for long enough.
func (e *Exports) expire(now time.Time) {
	e.mu.Lock()
	before := len(e.jobs)
	for i := len(e.jobs) - 1; i >= 0; i-- {
		if j := e.jobs[i]; j.State.Ended() && !now.Before(j.Expires) {
			e.forget(j)
		}
	}
	changed := len(e.jobs) != before
	e.mu.Unlock()
	if changed {
		e.options.Changed()
	}
}

// used gives what all files have. It is called with mu held.
func (e *Exports) used() int64 {
	bytes := e.spent
	for _, j := range e.jobs {
		if j.State == Done {
			bytes += j.Bytes
		}
	}
	return bytes
}

// spend makes room for bytes that the running job is about to write.
func (e *Exports) spend(n int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	const looks = 16 << 20 // how often the disk is looked at
	look := e.options.Free != nil && (e.spent == 0 || e.spent/looks != (e.spent+n)/looks)
	e.spent += n
	for e.used() > e.limit() {
		if _, ok := e.forgetFile(); !ok {
			return errTooBig
		}
	}
	if !look {
		return nil
	}
	free, err := e.options.Free()
	for err == nil && free < minFree { // which the disk may show later
		bytes, ok := e.forgetFile()
		if !ok {
			return ErrFull
		}
		free += bytes
	}
	return err
}

// refund takes back what was spent on what is gone.
func (e *Exports) refund(n int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spent -= n
}

func (e *Exports) limit() int64 {
	if e.options.Bytes > 0 {
		return e.options.Bytes
	}
	return maxBytes
}
