package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"framegate/gateway/playback"
	"framegate/gateway/playback/clip"
)

// What is in the folder of a job.
const (
	jobName  = "job.json"
	fileName = "file"
	workName = "work"
)

// idPattern is what rand.Text gives, in small letters.
var idPattern = regexp.MustCompile(`^[a-z2-7]{26}$`)

func (e *Exports) path(parts ...string) string {
	return filepath.Join(append([]string{e.options.Dir}, parts...)...)
}

// save writes what a job is, whole or not at all, also where the power fails.
func (e *Exports) save(j *Job) error {
	b, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(e.path(j.ID), 0o700); err != nil {
		return err
	}
	name := e.path(j.ID, jobName)
	if err := writeFile(name+".new", b); err != nil {
		return errors.Join(err, os.RemoveAll(name+".new"))
	}
	return os.Rename(name+".new", name)
}

// writeFile writes a file, and brings it to the disk.
func writeFile(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// load takes the jobs that an earlier process left. Those that waited go on to;
// one that ran when it died has failed, for it might be why, unless its file was
// whole. What is no whole job is removed, and not moved aside: it can be made
// again, and nobody could tell whether it shows what is erased later.
func (e *Exports) load() {
	entries, err := os.ReadDir(e.options.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		e.log.Error("exports cannot be read", "err", err)
	}
	for _, entry := range entries {
		if !idPattern.MatchString(entry.Name()) {
			continue // it is not ours
		}
		j, err := e.read(entry.Name())
		switch {
		case errors.Is(err, errDamaged):
			e.log.Warn("an export is removed, being damaged", "export", entry.Name(), "err", err)
			if err := os.RemoveAll(e.path(entry.Name())); err != nil {
				e.log.Error("it is not removed; that is tried at the next start", "export", entry.Name(), "err", err)
			}
		case err != nil:
			e.log.Error("an export cannot be read; that is tried at the next start", "export", entry.Name(), "err", err)
		default:
			e.jobs = append(e.jobs, j)
		}
	}
	if len(e.jobs) > 0 {
		e.wake <- struct{}{}
	}
	slices.SortFunc(e.jobs, func(a, b *job) int { return a.Made.Compare(b.Made) })
}

// errDamaged says that something is no whole job.
var errDamaged = errors.New("it is no whole export")

// read reads a job, and removes what it was making. The error is errDamaged, or says
// what cannot be read.
func (e *Exports) read(id string) (*job, error) {
	b, err := os.ReadFile(e.path(id, jobName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if err != nil {
		return nil, err
	}
	j := newJob(Job{})
	if err := json.Unmarshal(b, &j.Job); err != nil || j.ID != id || !slices.Contains(states, j.State) {
		return nil, fmt.Errorf("%w: %s is not what it was: %v", errDamaged, jobName, err)
	}
	size, err := sizeOfFile(e.path(id, fileName))
	if err != nil {
		return nil, err
	}
	switch {
	case j.State == Done && size != j.Bytes:
		return nil, fmt.Errorf("%w: its file has %d bytes of %d", errDamaged, size, j.Bytes)
	case j.State == Running && size > 0: // it has its name once it is whole
		j.Progress, j.Bytes = 1, size
		j.end(Done, "")
		_ = e.bring(j) // which says so itself
	case j.State == Running:
		j.end(Failed, "framegate was restarted; ask again")
		_ = e.bring(j) // which says so itself
	case j.State != Done:
		if err := e.clean(id); err != nil {
			e.log.Error("what is left of an export is not removed", "export", id, "err", err)
		}
	}
	if j.State.Ended() {
		close(j.gone)
	}
	return j, nil
}

// sizeOfFile gives how large a file is, and 0 where there is none.
func sizeOfFile(name string) (int64, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// clean removes what was made of a job.
func (e *Exports) clean(id string) error {
	return errors.Join(os.RemoveAll(e.path(id, workName)), os.RemoveAll(e.path(id, fileName)), os.RemoveAll(e.path(id, jobName+".new")))
}

// end notes that nothing more is made of a job.
func (j *Job) end(s State, why string) {
	j.State, j.Error, j.Ended = s, why, time.Now().UTC()
	j.Expires = j.Ended.Add(Lasts)
	if s != Done {
		j.Bytes = 0
	}
}

// errTooBig ends a job that there is no room for.
var errTooBig = errors.New("there is no room for a file of that size; ask for a shorter stretch of time, or delete other exports")

// inWords makes of an error of a full disk one that says so.
func inWords(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// wordsFor gives what whoever asked is told of an error.
func wordsFor(err error) string {
	err = inWords(err)
	for _, known := range []error{errTooBig, ErrFull, errErased, errUndecodable, playback.ErrMissing, playback.ErrAway} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	switch {
	case errors.Is(err, clip.ErrNothing), errors.Is(err, clip.ErrTooLong), errors.Is(err, playback.ErrNothing):
		return err.Error()
	case errors.Is(err, clip.ErrChanged), errors.Is(err, fs.ErrNotExist):
		return "some of what was recorded went while it was exported; ask again"
	}
	return "it could not be made; the server's log says why"
}
