package export

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"time"
)

// Why a job ends before it is done.
var (
	errCanceled = errors.New("canceled")
	errErased   = errors.New("what was recorded then was deleted")
)

// Remove cancels a job that has not ended, and removes its file; of one that has
// ended nothing is left. The error is ErrUnknown, or says what could not be
// removed: the list has it no more, and that is tried again.
func (e *Exports) Remove(ctx context.Context, id string) error {
	e.mu.Lock()
	j, err := e.find(id)
	if err != nil {
		e.mu.Unlock()
		return err
	}
	ended := j.State.Ended()
	if ended {
		e.forget(j)
	} else {
		e.stop(j, Canceled, errCanceled)
	}
	e.mu.Unlock()
	e.options.Changed()
	if err := e.bring(j); err != nil && ended {
		return err
	}
	return await(ctx, j)
}

// Erase removes all files in which a camera is between two times, and ends what
// makes or reads some. It returns when nothing of them is left; else the error says what
// is, which is tried again.
func (e *Exports) Erase(ctx context.Context, camera string, from, to time.Time) (removed int, err error) {
	stopped := e.eraseFromList(camera, from, to)
	if len(stopped) > 0 {
		e.options.Changed()
	}
	for _, j := range stopped {
		err = errors.Join(err, await(ctx, j), e.bring(j))
	}
	return len(stopped), err
}

// eraseFromList does so in the list, and gives the jobs that were in it.
func (e *Exports) eraseFromList(camera string, from, to time.Time) (stopped []*job) {
	e.mu.Lock()
	defer e.mu.Unlock()
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
	for j := range e.reading {
		if j.shows(camera, from, to) {
			j.erase()
		}
	}
	for j := range e.behind { // of which something may be left
		if j.shows(camera, from, to) && !slices.Contains(stopped, j) {
			stopped = append(stopped, j)
		}
	}
	return stopped
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

// stop ends a job that has not ended. It is called with mu held, and bring is to
// follow.
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

// note ends a job in the list. It is called with mu held, and bring is to follow.
func (e *Exports) note(j *job, s State, why string) {
	j.end(s, why)
	e.ended[s]++
}

// forget takes a job that has ended out of the list. It is called with mu held, and
// bring is to follow.
func (e *Exports) forget(j *job) {
	e.jobs = slices.DeleteFunc(e.jobs, func(other *job) bool { return other == j })
	j.removed = true
}

// forgetFirst forgets the job that was asked for first of those in certain states,
// and gives it, or nothing. It is called with mu held, and bring is to follow.
func (e *Exports) forgetFirst(in func(State) bool) []*job {
	for _, j := range e.jobs {
		if in(j.State) && j != e.running {
			e.forget(j)
			return []*job{j}
		}
	}
	return nil
}

// isDone says that there is a file.
func isDone(s State) bool { return s == Done }

// bring has the folders of jobs become as the list says. What cannot be done is
// said once, and tried again by tidy.
func (e *Exports) bring(jobs ...*job) (failed error) {
	for _, j := range jobs {
		err := e.bringOne(j)
		failed = errors.Join(failed, err)
		e.mu.Lock()
		_, before := e.behind[j]
		if err == nil {
			delete(e.behind, j)
		} else {
			e.behind[j] = struct{}{}
		}
		e.mu.Unlock()
		if err != nil && !before {
			e.log.Error("the folder of an export is not as it is to be; it is tried again", "export", j.ID, "err", err)
		}
	}
	return failed
}

// bringOne looks at the list and changes the folder before anybody else does, so
// that the latest change is also the last on the disk.
func (e *Exports) bringOne(j *job) error {
	e.folders.Lock()
	defer e.folders.Unlock()
	e.mu.Lock()
	now, removed, runs := j.Job, j.removed, j == e.running
	e.mu.Unlock()
	switch {
	case removed && runs: // what it makes goes first
		return nil
	case removed:
		return inWords(os.RemoveAll(e.path(j.ID)))
	case runs || now.State == Done:
		return inWords(e.save(&now))
	}
	return inWords(errors.Join(e.save(&now), e.clean(j.ID)))
}

// expire removes what has been there for long enough.
func (e *Exports) expire(now time.Time) {
	e.mu.Lock()
	var old []*job
	for i := len(e.jobs) - 1; i >= 0; i-- {
		if j := e.jobs[i]; j.State.Ended() && !now.Before(j.Expires) {
			e.forget(j)
			old = append(old, j)
		}
	}
	e.mu.Unlock()
	e.dropped(old)
}

// dropped is told which jobs were forgotten without having been asked for that.
func (e *Exports) dropped(jobs []*job) {
	if len(jobs) > 0 {
		_ = e.bring(jobs...) // which says so itself
		e.options.Changed()
	}
}

// catchUp tries again what could not be done to folders.
func (e *Exports) catchUp() {
	e.mu.Lock()
	behind := slices.Collect(maps.Keys(e.behind))
	e.mu.Unlock()
	_ = e.bring(behind...) // which has said so
}
