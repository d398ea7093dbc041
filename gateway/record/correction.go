package record

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"time"

	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// Hosts without a clock that runs while they are off believe for a while that it
// is when they were switched off, or 1970. What was recorded then has a wrong time
// in its file, its name and its row. When the host's clock is set, the rows are
// moved, and how the clock was wrong is written down for whoever makes the index
// anew.

const (
	correctionsName = "corrections.jsonl"
	// soon is how long after the start of the host a step puts its clock right.
	// Later ones may be somebody's mistake, and move nothing.
	soon = time.Hour
	// maxCorrections bounds what is read of the file, in bytes.
	maxCorrections = 1 << 20
)

// correction says how the host's clock was wrong after a start.
type correction struct {
	Boot string    `json:"boot"`
	From time.Time `json:"from"` // when the host was started, as was believed
	To   time.Time `json:"to"`   // and as it is known since
}

// applied gives the right time of what was recorded, by the clock as it was then.
// What was recorded after the step is right: the start of the host that follows
// from it is the known one.
func (c correction) applied(h segment.Head, start time.Time) time.Time {
	booted := start.Add(-h.Monotonic)
	if h.Monotonic == 0 || c.Boot != h.Boot.String() || booted.Sub(c.From).Abs() >= booted.Sub(c.To).Abs() {
		return start
	}
	return start.Add(c.To.Sub(c.From))
}

// corrected gives the right time of what a file has.
func (v *volume) corrected(h segment.Head, start time.Time) time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.corrections {
		start = c.applied(h, start)
	}
	return start
}

// readCorrections gives what the volume knows of clocks that were wrong. Lines
// that are damaged are left out.
func readCorrections(disk Disk) (all []correction, err error) {
	f, size, err := disk.Open(correctionsName, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, max(size-maxCorrections, 0), maxCorrections)) // the newest
	for line := range bytes.Lines(b) {
		var c correction
		if json.Unmarshal(line, &c) == nil && c.Boot != "" {
			all = append(all, c)
		}
	}
	return all, err
}

// keepCorrection writes one behind the others.
func keepCorrection(disk Disk, c correction) error {
	f, size, err := disk.Open(correctionsName, true)
	isNew := errors.Is(err, fs.ErrNotExist)
	if isNew {
		f, err = disk.Create(correctionsName)
	}
	if err != nil {
		return err
	}
	line, _ := json.Marshal(c)                                            // text and times
	_, err = f.WriteAt(append([]byte("\n"), append(line, '\n')...), size) // the last line may be torn
	err = errors.Join(err, f.Sync(), f.Close())
	if isNew && err == nil {
		err = disk.SyncFolder(".")
	}
	return err
}

// stepped is told that the host's clock was set.
func (r *Recorders) stepped(ctx context.Context, s step) {
	if s.uptime > 0 && s.uptime < soon {
		r.putRight(ctx, s)
	}
}

// putRight puts right what was recorded since the host was started.
func (r *Recorders) putRight(ctx context.Context, s step) {
	v, _ := r.use()
	if v == nil {
		r.mu.Lock()
		r.steps = append(r.steps, s)
		r.mu.Unlock()
		return
	}
	defer v.users.Done()
	c := correction{Boot: r.boot.String(), From: s.to.Add(-s.by - s.uptime).UTC(), To: s.to.Add(-s.uptime).UTC()}
	r.log.Warn("the host's clock was wrong since it was started, and what was recorded is moved", "by", s.by)
	v.mu.Lock()
	v.corrections = append(v.corrections, c)
	v.mu.Unlock()
	if err := keepCorrection(v.disk, c); err != nil {
		r.log.Warn("that the clock was wrong cannot be written down", "err", err)
	}
	if err := r.move(ctx, v, c, s.uptime); err != nil && ctx.Err() == nil {
		r.log.Warn("moving what was recorded before the clock was set", "err", err)
	}
	r.options.Changed()
}

// takeSteps gives those that came while there was no volume.
func (r *Recorders) takeSteps() (all []step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, r.steps = r.steps, nil
	return all
}

// move puts the rows right of what was recorded since the host was started.
// Pictures do not say when that was, and stay.
func (r *Recorders) move(ctx context.Context, v *volume, c correction, uptime time.Duration) error {
	cameras, err := v.index.Cameras(ctx)
	if err != nil {
		return err
	}
	for _, camera := range cameras {
		rows, err := v.index.Between(ctx, camera, c.From, c.From.Add(uptime), 0)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := v.moveRow(ctx, row); err != nil {
				return err
			}
		}
	}
	return v.index.Reorder(ctx)
}

// moveRow puts a row right where its file says that its time was wrong.
func (v *volume) moveRow(ctx context.Context, row index.Segment) error {
	if isPicture(row.Path) {
		return nil
	}
	f, size, err := v.disk.Open(row.Path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := segment.Open(f, size)
	if err != nil {
		return nil // the comparison says so
	}
	by := v.corrected(s.Summary.Head, row.Start).Sub(row.Start)
	if by == 0 {
		return nil
	}
	row.Start, row.End = row.Start.Add(by), row.End.Add(by)
	_, err = v.index.Replace(ctx, row)
	return err
}
