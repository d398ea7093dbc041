package stream

import (
	"cmp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// DelayBounds are the upper ends of what a Tally tells delays apart by.
var DelayBounds = [...]time.Duration{
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// Tally counts what the viewers of one form were given, since the start. Its methods
// may be called from any goroutine, and take no lock.
type Tally struct {
	old    atomic.Uint64 // frames that were old when their viewer came
	delays [len(DelayBounds) + 1]atomic.Uint64
	nanos  atomic.Int64 // of all delays

	dropped uint64 // by viewers that are gone; the audience's lock guards it
}

// Given counts a frame that so many viewers were given so long after it came.
func (t *Tally) Given(viewers int, delay time.Duration) {
	i := 0
	for i < len(DelayBounds) && delay > DelayBounds[i] {
		i++
	}
	t.delays[i].Add(uint64(viewers))
	t.nanos.Add(int64(viewers) * int64(delay))
}

// GivenOld counts one that was old when the viewer came, which says nothing of delays.
func (t *Tally) GivenOld() { t.old.Add(1) }

// FormStats is how the viewers of a form do. The counters only grow.
type FormStats struct {
	Form    string
	Viewers int // now
	Frames  uint64
	Dropped uint64 // frames that they skipped because they were slow
	// Delays counts frames by how long after they came they were given: those up to the
	// bound of the same place, and in the end all others. Those that were old already are
	// not among them.
	Delays [len(DelayBounds) + 1]uint64
	Delay  time.Duration // all of those
}

// TallyOf gives the tally of the form in which a reader's viewer gets pictures now.
func (a *Audience) TallyOf(r *Reader) *Tally {
	a.mu.Lock()
	defer a.mu.Unlock()
	counts := cmp.Or(r.options.Besides, r)
	if w := a.counts[counts]; w != nil {
		return a.tally(w.form)
	}
	return new(Tally) // of nobody
}

// tally gives that of a form. The audience is locked.
func (a *Audience) tally(form string) *Tally {
	t := a.forms[form]
	if t == nil {
		t = new(Tally)
		a.forms[form] = t
	}
	return t
}

// Forms tells of each form that somebody watched by since the start, by name. It looks
// at each viewer, so it is for those who ask now and then.
func (a *Audience) Forms() []FormStats {
	a.mu.Lock()
	defer a.mu.Unlock()
	stats := make(map[string]*FormStats)
	for form, t := range a.forms {
		s := &FormStats{Form: form, Dropped: t.dropped, Delay: time.Duration(t.nanos.Load()), Frames: t.old.Load()}
		for i := range t.delays {
			s.Delays[i] = t.delays[i].Load()
			s.Frames += s.Delays[i]
		}
		stats[form] = s
	}
	for r, w := range a.counts {
		s := stats[w.form]
		s.Viewers++
		s.Dropped += w.drops(r)
	}
	for _, w := range a.others {
		stats[w.Form].Viewers++
	}
	all := make([]FormStats, 0, len(stats))
	for _, s := range stats {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b FormStats) int { return strings.Compare(a.Form, b.Form) })
	return all
}
