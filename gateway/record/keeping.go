package record

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"framegate/gateway/record/index"
)

const (
	// day is over how long is looked back to know how much is recorded.
	day = 24 * time.Hour
	// leastLooked is from how much on that is known.
	leastLooked = 5 * time.Minute
)

// Kept is what there is of a camera, and for how long it lasts.
type Kept struct {
	Segments  int
	Bytes     int64
	Protected int64     // bytes that marks protect
	Oldest    time.Time // zero where there is nothing
	PerDay    int64     // bytes of a day, by what is there of the last; 0 where not known
	Keep      Keep      // in effect
	// Lasts is how long what is recorded now, and not marked, stays about, if things
	// go on as they do; 0 for what nothing bounds, as far as is known.
	Lasts time.Duration
	Bound Bound // by what; "" where nothing is
}

// Bound is what bounds how long something is kept.
type Bound string

// By the camera's own limits, or those of all recordings.
const (
	ByAge      Bound = "max_age"
	BySpace    Bound = "max_bytes"
	ByAllSpace Bound = "recordings.max_bytes"
	ByDisk     Bound = "recordings.min_free"
)

// Forecast is what limits would do.
type Forecast struct {
	Segments int // that would be deleted at once
	Bytes    int64
	From, To time.Time // zero where none would be
	After    Kept
	Crowded  bool // marks protect more than half of MaxBytes
	Filled   bool // marks protect so much of it that nothing more could be recorded
}

// Kept gives what there is of each camera, a minute late, also of those that are not
// recorded any more, by id, and for how long it lasts by the limits of this moment.
func (r *Recorders) Kept() map[string]Kept {
	r.mu.Lock()
	if r.current == nil {
		r.mu.Unlock()
		return nil
	}
	all := make(map[string]Kept, len(r.tallied))
	maps.Copy(all, r.tallied)
	for id, c := range r.cameras {
		k := all[id]
		k.Keep = c.Keep
		all[id] = k
	}
	r.mu.Unlock()
	r.reckon(all)
	return all
}

// tally looks what there is of each camera.
func (r *Recorders) tally(ctx context.Context, v *volume) {
	all, err := r.look(ctx, v.index)
	if err != nil {
		if ctx.Err() == nil {
			r.log.Debug("looking what there is", "err", err) // whoever records tells of it
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tallied = all
}

// look adds up what there is of each camera.
func (r *Recorders) look(ctx context.Context, x *index.Index) (map[string]Kept, error) {
	cameras, err := x.Cameras(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string]Kept, len(cameras))
	for _, camera := range cameras {
		k, err := r.lookAt(ctx, x, camera)
		if err != nil {
			return nil, err
		}
		all[camera] = k
	}
	r.reckon(all)
	return all, nil
}

// lookAt adds up what there is of a camera, but for how long it lasts.
func (r *Recorders) lookAt(ctx context.Context, x *index.Index, camera string) (k Kept, err error) {
	totals, err := x.Totals(ctx, camera)
	if err != nil {
		return k, err
	}
	k = Kept{Segments: totals.Segments, Bytes: totals.Bytes, Protected: totals.Protected, Oldest: totals.Oldest, Keep: r.keepOf(camera)}
	now := time.Now()
	from := now.Add(-day)
	if totals.Oldest.After(from) {
		from = totals.Oldest
	}
	looked := now.Sub(from)
	if totals.Oldest.IsZero() || looked < leastLooked {
		return k, nil
	}
	bytes, err := x.BytesSince(ctx, camera, from)
	k.PerDay = int64(float64(bytes) * float64(day) / float64(looked))
	return k, err
}

// keepOf gives what is kept of a camera, also of one that is not there any more.
func (r *Recorders) keepOf(camera string) Keep {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, there := r.cameras[camera]; there {
		return c.Keep
	}
	return r.kept[camera]
}

// reckon finds out how long each camera's recordings last.
func (r *Recorders) reckon(all map[string]Kept) {
	var flows []flow
	recorded, protected := int64(0), int64(0)
	for _, k := range all {
		recorded, protected = recorded+k.Bytes, protected+k.Protected
		own, _ := k.own()
		flows = append(flows, flow{float64(k.PerDay), own})
	}
	s, room := r.settings(), r.Room()
	together, bound := horizon(flows, float64(recorded+room.Free-s.MinFree-protected)), ByDisk
	if s.MaxBytes > 0 {
		if most := horizon(flows, float64(s.MaxBytes-protected)); most <= together {
			together, bound = most, ByAllSpace
		}
	}
	for camera, k := range all {
		days, by := k.own()
		if together < days {
			days, by = together, bound
		}
		if k.Bound = by; by != "" {
			k.Lasts = time.Duration(min(days*float64(day), math.MaxInt64/2))
		}
		all[camera] = k
	}
}

// own gives for how many days a camera's own limits let what is recorded stay.
func (k Kept) own() (days float64, by Bound) {
	days = math.Inf(1)
	if k.Keep.MaxAge > 0 {
		days, by = float64(k.Keep.MaxAge)/float64(day), ByAge
	}
	if k.Keep.MaxBytes > 0 && k.PerDay > 0 {
		if space := max(float64(k.Keep.MaxBytes-k.Protected), 0) / float64(k.PerDay); space < days {
			days, by = space, BySpace
		}
	}
	return days, by
}

// flow is what comes of a camera in a day, in bytes, and for how many days its own
// limits let it stay.
type flow struct{ perDay, days float64 }

// horizon gives after how many days cameras together fill a number of bytes, where
// each stays within its own limits; it is infinite where they never do.
func horizon(flows []flow, bytes float64) float64 {
	slices.SortFunc(flows, func(a, b flow) int {
		switch {
		case a.days < b.days:
			return -1
		case a.days > b.days:
			return 1
		}
		return 0
	})
	bytes = max(bytes, 0)
	rate, now := 0.0, 0.0
	for _, f := range flows {
		rate += f.perDay
	}
	for _, f := range flows {
		if rate <= 0 {
			break
		}
		if full := now + bytes/rate; full <= f.days {
			return full
		}
		bytes -= rate * (f.days - now)
		now = f.days
		rate -= f.perDay
	}
	return math.Inf(1)
}

// Forecast says what would become of a camera's recordings if it was to be recorded
// so. It changes nothing. The error is ErrMissing where there are none, or of the
// index.
func (r *Recorders) Forecast(ctx context.Context, c Camera) (f Forecast, err error) {
	err = r.Look(func(x *index.Index) error {
		r.mu.Lock()
		keep, v := r.lastKept(c), r.current
		r.mu.Unlock()
		if v == nil {
			return ErrMissing
		}
		f, err = r.forecast(ctx, x, v, c.ID, keep)
		return err
	})
	return f, err
}

// ForecastAll says what of all cameras would be deleted at once by such settings: the
// answer has nothing of what there would be then. It changes nothing. The error is
// ErrMissing where there are no recordings, or of the index.
func (r *Recorders) ForecastAll(ctx context.Context, s Settings) (f Forecast, err error) {
	err = r.Look(func(x *index.Index) error {
		r.mu.Lock()
		v := r.current
		r.mu.Unlock()
		if v == nil {
			return ErrMissing
		}
		room := r.Room()
		limits := r.limitsBy(s, v, room.Free, room.Total)
		limits.Pinned, limits.Trusted = nil, true
		plan, _, err := x.Forecast(ctx, limits, "")
		for _, s := range plan.Segments {
			f.add(s)
		}
		return err
	})
	return f, err
}

func (r *Recorders) forecast(ctx context.Context, x *index.Index, v *volume, camera string, keep Keep) (f Forecast, err error) {
	room := r.Room()
	limits := r.limits(v, room.Free, room.Total)
	limits.Pinned, limits.Trusted = nil, true // what is being read, or waits for the clock, goes a little later
	limits.Cameras[camera] = index.Keep{MaxAge: keep.MaxAge, MarkedAge: keep.MarkedAge, MaxBytes: keep.MaxBytes, Open: limits.Cameras[camera].Open}
	plan, oldest, err := x.Forecast(ctx, limits, camera)
	if err != nil {
		return f, err
	}
	all, err := r.look(ctx, x)
	if err != nil {
		return f, err
	}
	for _, s := range plan.Segments {
		if s.Camera == camera {
			f.add(s)
		}
	}
	k := all[camera]
	k.Segments, k.Bytes, k.Oldest, k.Keep = k.Segments-f.Segments, k.Bytes-f.Bytes, oldest, keep
	all[camera] = k
	r.reckon(all)
	f.After = all[camera]
	f.Crowded, f.Filled = slices.Contains(plan.Crowded, camera), slices.Contains(plan.Filled, camera)
	return f, nil
}

// add adds a segment that would be deleted.
func (f *Forecast) add(s index.Segment) {
	f.Segments++
	f.Bytes += s.Bytes
	if f.From.IsZero() || s.Start.Before(f.From) {
		f.From = s.Start
	}
	if s.End.After(f.To) {
		f.To = s.End
	}
}
