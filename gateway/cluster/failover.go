package cluster

import (
	"slices"
	"time"
)

// FailoverBounds are by which failovers are told apart, as those of a histogram.
var FailoverBounds = []time.Duration{
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 2500 * time.Millisecond, 3 * time.Second,
	5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute,
}

// Failovers counts how long cameras were without an owner who lives, as one node saw it:
// from when their owner was heard of last to when another had them.
type Failovers struct {
	Took  []uint64 // by FailoverBounds, the last beyond all of them; nil where there were none
	Sum   time.Duration
	Count uint64
}

func (f *Failovers) add(took time.Duration) {
	if f.Took == nil {
		f.Took = make([]uint64, len(FailoverBounds)+1)
	}
	i, _ := slices.BinarySearch(FailoverBounds, took)
	f.Took[i]++
	f.Sum += took
	f.Count++
}

// vacancies are the cameras that lost their owner, and since when. They are the table's.
type vacancies struct {
	since map[string]time.Time
	took  Failovers
}

// goes takes note of a camera that was elsewhere before. One that its owner handed over
// was not without one, and one whose pictures are sent in has none where nobody sends.
func (t *table) goes(c Camera, before Place, now time.Time) {
	since, vacant := t.vacant.since[c.ID]
	if m := t.members[before.Node]; !vacant && m != nil && !m.alive {
		since, vacant = m.heard, true
	}
	delete(t.vacant.since, c.ID)
	_, owned := t.where[c.ID]
	switch {
	case !vacant || c.Sent:
	case owned:
		t.vacant.took.add(max(0, now.Sub(since)))
	default:
		if t.vacant.since == nil {
			t.vacant.since = make(map[string]time.Time)
		}
		t.vacant.since[c.ID] = since
	}
}
