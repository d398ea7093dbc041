package index

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"
)

// Keep is what is kept of a camera. Zero values are no limit.
type Keep struct {
	MaxAge    time.Duration // since the end of a segment
	MarkedAge time.Duration // the same for what a mark reaches, where it is longer
	MaxBytes  int64
	Open      int64 // bytes of its open segment, grown until the next cut: they count as well
}

// Limits are what Plan goes by.
type Limits struct {
	// Now, and whether the clock is to be believed; else nothing goes for its age.
	Now     time.Time
	Trusted bool

	Cameras map[string]Keep
	Others  Keep // for cameras with rows that are not in Cameras

	MaxBytes int64 // of all together, 0 for no limit
	Wanted   int64 // bytes that have to come free, whatever the limits say
	Budget   int64 // what recordings may take in all, where MaxBytes is 0; 0 where nobody knows

	Pinned func(id int64) bool // what is being read stays; nil for nothing
	Most   int                 // segments in the answer; 0: MaxRows
}

// Plan is what is to be deleted, in this order: what is too old, then, for
// space, what was written first. Nothing that is protected, pinned or lost.
type Plan struct {
	Segments []Segment
	Bytes    int64 // that they have
	More     bool  // there is more to delete than Limits.Most
	Short    int64 // bytes that limits ask for and that nothing is left to give: all the rest is protected or pinned

	Protected int64    // bytes that marks protect, of all cameras
	Crowded   []string // cameras of which more than half of MaxBytes is protected
	Crammed   bool     // more than half of all that recordings may take is protected

	// Cameras of which so much is protected that MaxBytes has no room for their open
	// segments, and whether all together have none. Of these nothing is deleted for the
	// sake of open segments, which could not be kept.
	Filled    []string
	AllFilled bool
}

// Plan says what is to be deleted. It changes nothing: Delete does.
func (x *Index) Plan(ctx context.Context, l Limits) (Plan, error) {
	p := &planner{index: x, limits: l, most: clamp(l.Most), taken: make(map[int64]bool)}
	err := p.make(ctx)
	return p.plan, err
}

// Forecast is a Plan of all that is to go, however much that is, and says what is the
// oldest of a camera then, the zero time where nothing is. It is for telling what
// limits would do.
func (x *Index) Forecast(ctx context.Context, l Limits, camera string) (plan Plan, oldest time.Time, err error) {
	p := &planner{index: x, limits: l, most: math.MaxInt, taken: make(map[int64]bool)}
	if err := p.make(ctx); err != nil {
		return Plan{}, time.Time{}, err
	}
	err = x.each(ctx, func(s Segment) bool {
		if !p.taken[s.ID] {
			oldest = s.Start
		}
		return p.taken[s.ID]
	}, `WHERE s.camera = (SELECT id FROM cameras WHERE name = ?) AND s.lost = 0 ORDER BY s.start_us`, camera)
	return p.plan, oldest, x.explain("looking for the oldest", err)
}

// make makes the plan.
func (p *planner) make(ctx context.Context) error {
	err := p.look(ctx)
	if err == nil && p.limits.Trusted {
		err = p.byAge(ctx)
	}
	for _, c := range p.cameras {
		if err == nil {
			err = p.bySpace(ctx, c)
		}
	}
	if err == nil {
		err = p.byAllSpace(ctx)
	}
	return p.index.explain("planning what to delete", err)
}

// planner makes one plan.
type planner struct {
	index   *Index
	limits  Limits
	most    int
	cameras []*planned
	plan    Plan
	taken   map[int64]bool
}

// planned is a camera in a plan.
type planned struct {
	name             string
	bytes, protected int64
	going            int64 // bytes that the plan takes
	keep             Keep
}

// look finds out what there is, and what of it is protected.
func (p *planner) look(ctx context.Context) (err error) {
	p.cameras, err = list(ctx, &p.index.reader, func(row scanner) (*planned, error) {
		c := new(planned)
		err := row.Scan(&c.name, &c.bytes, &c.protected)
		return c, err
	}, "SELECT name, bytes, protected FROM cameras ORDER BY name")
	for _, c := range p.cameras {
		known := false
		if c.keep, known = p.limits.Cameras[c.name]; !known {
			c.keep = p.limits.Others
		}
		if most := c.keep.MaxBytes; most > 0 && c.protected > most/2 {
			p.plan.Crowded = append(p.plan.Crowded, c.name)
		}
		if filled(c.protected, c.keep.Open, c.keep.MaxBytes) {
			p.plan.Filled = append(p.plan.Filled, c.name)
		}
		p.plan.Protected += c.protected
	}
	p.plan.AllFilled = filled(p.plan.Protected, p.limits.open(), p.limits.MaxBytes)
	budget := cmp.Or(p.limits.MaxBytes, p.limits.Budget)
	p.plan.Crammed = budget > 0 && p.plan.Protected > budget/2
	return err
}

// filled says that what is protected leaves too little of a limit to go on.
func filled(protected, open, most int64) bool {
	return most > 0 && protected > 0 && protected+open > most
}

// open gives the bytes of all open segments, grown.
func (l Limits) open() (bytes int64) {
	for _, keep := range l.Cameras {
		bytes += keep.Open
	}
	return bytes
}

// take puts a segment into the plan, unless it is in use or in it already. It
// says whether there is room for more.
func (p *planner) take(c *planned, s Segment) bool {
	if p.taken[s.ID] || p.limits.Pinned != nil && p.limits.Pinned(s.ID) {
		return true
	}
	if len(p.plan.Segments) == p.most {
		p.plan.More = true
		return false
	}
	p.taken[s.ID] = true
	p.plan.Segments = append(p.plan.Segments, s)
	p.plan.Bytes += s.Bytes
	c.going += s.Bytes
	return true
}

// byAge takes what is too old: of each camera that what marks reach, and the
// rest; all of them by their ends.
func (p *planner) byAge(ctx context.Context) error {
	var old []Segment
	of := make(map[string]*planned)
	for _, c := range p.cameras {
		of[c.name] = c
		ages := [...]time.Duration{0: c.keep.MaxAge, marking: max(c.keep.MaxAge, c.keep.MarkedAge)}
		for hold, age := range ages {
			if c.keep.MaxAge <= 0 {
				continue
			}
			some := 0
			err := p.index.each(ctx, func(s Segment) bool {
				if p.limits.Pinned == nil || !p.limits.Pinned(s.ID) {
					old = append(old, s)
					some++
				}
				return some <= p.most // one more, to know that there is
			}, `WHERE s.camera = (SELECT id FROM cameras WHERE name = ?) AND s.lost = 0 AND s.hold = ? AND s.end_us < ? ORDER BY s.end_us, s.id`,
				c.name, hold, micros(p.limits.Now.Add(-age), 0))
			if err != nil {
				return err
			}
		}
	}
	slices.SortFunc(old, func(a, b Segment) int {
		return cmp.Or(a.End.Compare(b.End), cmp.Compare(a.ID, b.ID))
	})
	for _, s := range old {
		if !p.take(of[s.Camera], s) {
			break
		}
	}
	return nil
}

// bySpace takes what a camera has too much.
func (p *planner) bySpace(ctx context.Context, c *planned) error {
	over := c.bytes + c.keep.Open - c.keep.MaxBytes - c.going
	if c.keep.MaxBytes <= 0 || over <= 0 || p.plan.More {
		return nil
	}
	already, enough := c.going, over
	if filled(c.protected, c.keep.Open, c.keep.MaxBytes) {
		enough -= c.keep.Open
	}
	err := p.index.each(ctx, func(s Segment) bool {
		return c.going-already < enough && p.take(c, s)
	}, `WHERE s.camera = (SELECT id FROM cameras WHERE name = ?) AND s.lost = 0 AND s.hold < 2 ORDER BY s.sequence, s.id`, c.name)
	if !p.plan.More {
		p.plan.Short += max(0, over-(c.going-already))
	}
	return err
}

// byAllSpace takes what all cameras together have too much, or what has to come
// free.
func (p *planner) byAllSpace(ctx context.Context) error {
	of := make(map[string]*planned)
	used := -p.plan.Bytes
	for _, c := range p.cameras {
		of[c.name] = c
		used += c.bytes
	}
	over := p.limits.Wanted - p.plan.Bytes
	enough := over
	if p.limits.MaxBytes > 0 {
		over = max(over, used+p.limits.open()-p.limits.MaxBytes)
		enough = max(enough, used-p.limits.MaxBytes)
	}
	if !p.plan.AllFilled {
		enough = over
	}
	if over <= 0 || p.plan.More {
		return nil
	}
	already := p.plan.Bytes
	err := p.index.each(ctx, func(s Segment) bool {
		return of[s.Camera] == nil || p.plan.Bytes-already < enough && p.take(of[s.Camera], s)
	}, `WHERE s.lost = 0 AND s.hold < 2 ORDER BY s.written, s.sequence, s.id`)
	if !p.plan.More {
		p.plan.Short = max(p.plan.Short, over-(p.plan.Bytes-already))
	}
	return err
}

// each calls f with segments as long as it says true. f only notes them: a
// snapshot of the database is held meanwhile.
func (x *Index) each(ctx context.Context, f func(Segment) bool, where string, args ...any) error {
	statement, err := x.reader.statement(ctx, `SELECT `+segmentColumns+where)
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		s, err := readSegment(rows)
		if err != nil {
			return err
		}
		if !f(s) {
			return nil
		}
	}
	return rows.Err()
}
