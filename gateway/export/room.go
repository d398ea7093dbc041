package export

import (
	"cmp"
	"context"
	"slices"
	"time"
)

const (
	// looksEach is how many bytes are written from one look at the disk to the
	// next.
	looksEach = 16 << 20
	// patience is how long somebody else may take to make room on the disk:
	// retention does so once a minute.
	patience = 2 * time.Minute
)

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

// limit gives what all files may have. It is called with mu held.
func (e *Exports) limit() int64 {
	most := cmp.Or(e.options.Bytes, maxBytes)
	if e.total > 0 {
		most = min(most, e.total/diskShare)
	}
	return most
}

// spend makes room for bytes that the running job is about to write: the oldest
// files go for it, and others have so long to make some.
func (e *Exports) spend(ctx context.Context, n int64, patience time.Duration) error {
	e.mu.Lock()
	look := e.spent == 0 || e.spent/looksEach != (e.spent+n)/looksEach
	e.mu.Unlock()
	if look {
		if err := e.awaitDisk(ctx, patience); err != nil {
			return err
		}
	}
	e.mu.Lock()
	if e.spent+n > e.limit() {
		e.mu.Unlock()
		return errTooBig // whatever else went
	}
	e.spent += n
	var old []*job
	for e.used() > e.limit() {
		oldest := e.forgetFirst(isDone)
		if oldest == nil {
			break
		}
		old = append(old, oldest...)
	}
	fits := e.used() <= e.limit()
	e.mu.Unlock()
	e.dropped(old)
	if !fits {
		return errTooBig
	}
	return nil
}

// fits says whether a file may have so many bytes at all, before others go for it.
func (e *Exports) fits(n int64) error {
	if _, err := e.disk(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.spent+n > e.limit() {
		return errTooBig
	}
	return nil
}

// refund takes back what was spent on what is gone.
func (e *Exports) refund(n int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spent -= n
}

// disk says how the disk is; one that nobody asks has room.
func (e *Exports) disk() (Disk, error) {
	if e.options.Disk == nil {
		return Disk{Free: minFree}, nil
	}
	d, err := e.options.Disk()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.total = d.Total
	return d, err
}

// awaitDisk waits until there is room on the disk. First the oldest files go, and
// then whoever makes room is waited for.
func (e *Exports) awaitDisk(ctx context.Context, patience time.Duration) error {
	freed := int64(0) // which the disk may show later
	for began := time.Now(); ; {
		d, err := e.disk()
		if err != nil || !d.Wanted && d.Free+freed >= minFree {
			return err
		}
		if !d.Wanted && e.finished() >= minFree-d.Free-freed { // or it would be for nothing
			if bytes, ok := e.dropFile(); ok {
				freed += bytes
				continue
			}
		}
		if d.Wanted || !d.Coming || time.Since(began) >= patience {
			return ErrFull
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(looks):
		}
	}
}

// finished is how many bytes all finished files have.
func (e *Exports) finished() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.used() - e.spent
}

// dropFile removes the oldest file, and says how large it was, and whether there
// was one.
func (e *Exports) dropFile() (bytes int64, ok bool) {
	e.mu.Lock()
	oldest := e.forgetFirst(isDone)
	e.mu.Unlock()
	if oldest == nil {
		return 0, false
	}
	e.dropped(oldest)
	return oldest[0].Bytes, true
}

// giveWay removes the oldest file where somebody who cannot do without has no room
// on the disk. One at a time: the next look may find that it was enough.
func (e *Exports) giveWay() {
	e.mu.Lock()
	some := slices.ContainsFunc(e.jobs, func(j *job) bool { return j.State == Done })
	e.mu.Unlock()
	if !some {
		return
	}
	if d, err := e.disk(); err == nil && d.Wanted {
		bytes, _ := e.dropFile()
		e.log.Warn("an export was deleted, since recordings have no room on its disk", "bytes", bytes)
	}
}
