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

func (e *Exports) open(id string) (*os.File, error) { return os.Open(e.path(id, fileName)) }

// save writes what a job is, whole or not at all.
func (e *Exports) save(j *Job) error {
	b, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(e.path(j.ID), 0o700); err != nil {
		return err
	}
	name := e.path(j.ID, jobName)
	if err := os.WriteFile(name+".new", b, 0o600); err != nil {
		return errors.Join(err, os.Remove(name+".new"))
	}
	return os.Rename(name+".new", name)
}

// unlink removes all of a job. What cannot be removed is tried again at the next
// start.
func (e *Exports) unlink(id string) {
	if err := os.RemoveAll(e.path(id)); err != nil {
		e.log.Error("an export is not removed, or not all of it", "export", id, "err", err)
	}
}

// load takes the jobs that an earlier process left. Those that waited go on to;
// one that ran when it died has failed, for it might be why. What is no whole job
// is removed.
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
		if err != nil {
			e.log.Warn("an export is removed, being damaged", "export", entry.Name(), "err", err)
			e.unlink(entry.Name())
			continue
		}
		e.jobs = append(e.jobs, j)
	}
	if len(e.jobs) > 0 {
		e.wake <- struct{}{}
	}
	slices.SortFunc(e.jobs, func(a, b *job) int { return a.Made.Compare(b.Made) })
}

// read reads a job, and removes what it was making.
func (e *Exports) read(id string) (*job, error) {
	b, err := os.ReadFile(e.path(id, jobName))
	if err != nil {
		return nil, err
	}
	j := &job{gone: make(chan struct{})}
	if err := json.Unmarshal(b, &j.Job); err != nil {
		return nil, err
	}
	if info, err := os.Stat(e.path(id, fileName)); j.ID != id || j.State == Done && (err != nil || info.Size() != j.Bytes) {
		return nil, fmt.Errorf("its file is not what it was: %v", err)
	}
	if j.State != Done {
		e.clean(id)
	}
	if j.State == Running {
		j.end(Failed, "framegate was restarted; ask again")
		err = e.save(&j.Job)
	}
	if j.State.Ended() {
		close(j.gone)
	}
	return j, err
}

// clean removes what was made of a job.
func (e *Exports) clean(id string) {
	for _, name := range []string{workName, fileName} {
		if err := os.RemoveAll(e.path(id, name)); err != nil {
			e.log.Error("what is left of an export is not removed", "export", id, "err", err)
		}
	}
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
	for _, known := range []error{errTooBig, ErrFull, errErased, errUndecodable, playback.ErrMissing} {
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
