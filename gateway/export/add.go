package export

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"framegate/gateway/playback/clip"
)

// Add has a file made for somebody. The error is ErrBad, ErrCrowded, ErrClosed, one
// of clip.New, or says what cannot be read or written.
func (e *Exports) Add(ctx context.Context, by Asker, r Request) (Job, error) {
	r, zone, err := r.checked(time.Now())
	if err != nil {
		return Job{}, err
	}
	if err := e.room(by.ID); err != nil { // before many files are looked at
		return Job{}, err
	}
	j := newJob(Job{
		ID: strings.ToLower(rand.Text()), By: by, Request: r, State: Waiting, Made: time.Now().UTC(), Covers: r.From,
	})
	if err := e.look(ctx, &j.Job, zone); err != nil {
		return Job{}, err
	}
	made := j.Job // it may run at once
	if err := e.enter(j); err != nil {
		return Job{}, err
	}
	e.options.Changed()
	return made, nil
}

// checked refuses what cannot be made, and puts in what is so anyway.
func (r Request) checked(now time.Time) (Request, *time.Location, error) {
	zone := time.Local
	if r.TimeZone != "" {
		var err error
		if zone, err = time.LoadLocation(r.TimeZone); err != nil {
			return r, nil, fmt.Errorf("%w: tz %.40q is no zone; one is Europe/Berlin", ErrBad, r.TimeZone)
		}
	}
	r.Cameras = slices.Compact(slices.Sorted(slices.Values(r.Cameras)))
	if r.Start == "" {
		r.Start = Keyframe
	}
	if r.To.After(now) {
		r.To = now
	}
	switch {
	case len(r.Cameras) == 0:
		return r, nil, fmt.Errorf("%w: name a camera, or several in cameras", ErrBad)
	case len(r.Cameras) > maxCameras:
		return r, nil, fmt.Errorf("%w: it has %d cameras, of at most %d", ErrBad, len(r.Cameras), maxCameras)
	case !r.From.Before(r.To):
		return r, nil, fmt.Errorf("%w: to must be later than from, which cannot be in the future", ErrBad)
	case r.Start != Keyframe && r.Start != Exact && r.Start != Encode:
		return r, nil, fmt.Errorf("%w: start %.20q is not keyframe, exact or encode", ErrBad, r.Start)
	case r.Speed != 0 && r.Speed != 1 && !(r.Speed >= 2 && r.Speed <= clip.MaxSpeed):
		return r, nil, fmt.Errorf("%w: speed %v is not a number from 2 to %d", ErrBad, r.Speed, clip.MaxSpeed)
	case r.encodes() && r.lasts() > maxEncoded:
		return r, nil, fmt.Errorf("%w: what is encoded is %v long at most; ask for a shorter stretch of time, or a higher speed", ErrBad, maxEncoded)
	case r.Width < 0 || r.Width > maxWidth || r.Width > 0 && r.Width < 16:
		return r, nil, fmt.Errorf("%w: width is from 16 to %d pixels", ErrBad, maxWidth)
	case r.Width > 0 && !r.encodes():
		return r, nil, fmt.Errorf("%w: a width takes start encode, a clock, or a speed", ErrBad)
	}
	return r, zone, nil
}

// look sees to it that something is recorded of one camera at least, and finds
// what a job is to be called and from when on its pictures are.
func (e *Exports) look(ctx context.Context, j *Job, zone *time.Location) error {
	var nothing error
	found := false
	j.Name = "export_" + clip.Between(j.From.In(zone), j.To.In(zone)) + ".zip"
	for _, camera := range j.Cameras {
		request := clip.Request{Camera: camera, From: j.From, To: j.To}
		if j.lapses() {
			var err error
			if request, err = e.firstOf(ctx, request); err != nil {
				return err
			}
		}
		c, err := clip.New(ctx, e.options.Finder, e.options.Opener, request)
		if errors.Is(err, clip.ErrNothing) {
			nothing = err
			continue
		}
		if err != nil {
			return err
		}
		c.Close()
		found = true
		if c.Start.Before(j.Covers) {
			j.Covers = c.Start
		}
		if len(j.Cameras) == 1 {
			j.Name = c.Name(zone)
		}
		if len(j.Cameras) == 1 && j.lapses() { // it is not known yet when the last picture was taken
			j.Name = clip.NameOf(camera, later(j.From, c.Start).In(zone), j.To.In(zone), j.Speed)
		}
	}
	if !found {
		return nothing
	}
	return nil
}

// room says whether somebody may have another file made.
func (e *Exports) room(by string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.roomFor(by)
}

// roomFor is called with mu held.
func (e *Exports) roomFor(by string) error {
	if e.closed {
		return ErrClosed
	}
	all, own := 0, 0
	for _, j := range e.jobs {
		if j.State.Ended() {
			continue
		}
		all++
		if j.By.ID == by {
			own++
		}
	}
	if all >= maxWaiting || own >= maxWaitingOne {
		return ErrCrowded
	}
	return nil
}

// enter puts a job into the folder and the list, and wakes who makes it.
func (e *Exports) enter(j *job) error {
	if err := e.save(&j.Job); err != nil {
		return errors.Join(inWords(err), os.RemoveAll(e.path(j.ID)))
	}
	e.mu.Lock()
	refused := e.roomFor(j.By.ID)
	var outdated []*job
	if refused == nil {
		e.jobs = append(e.jobs, j)
	} else {
		j.removed = true
		outdated = append(outdated, j)
	}
	if len(e.jobs) > maxJobs {
		outdated = append(outdated, e.forgetFirst(State.Ended)...)
	}
	e.mu.Unlock()
	if err := errors.Join(refused, e.bring(outdated...)); refused != nil {
		return err
	}
	select {
	case e.wake <- struct{}{}:
	default:
	}
	return nil
}
