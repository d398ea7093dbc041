package metrics

import (
	"maps"
	"slices"
	"sync/atomic"
)

// Hits counts how often limits were hit. Its methods may be called from any
// goroutine.
type Hits struct {
	of    map[string]*atomic.Uint64 // not changed once limits are hit
	names []string                  // of the limits, sorted
}

// OtherLimits are those that NewHits was not told of. That there are some is a
// mistake in the wiring; a count without a name is better than none.
const OtherLimits = "other"

// NewHits makes counters for the limits with these names, at 0. A name may be
// there twice.
func NewHits(names ...string) *Hits {
	h := &Hits{of: make(map[string]*atomic.Uint64)}
	h.Add(OtherLimits)
	h.Add(names...)
	return h
}

// Add makes counters for more limits. It must not be called any more once limits
// are hit.
func (h *Hits) Add(names ...string) {
	for _, name := range names {
		if h.of[name] == nil {
			h.of[name] = new(atomic.Uint64)
		}
	}
	h.names = slices.Sorted(maps.Keys(h.of))
}

// Hit counts a hit of a limit. It allocates nothing and does not block.
func (h *Hits) Hit(limit string) {
	n := h.of[limit]
	if n == nil {
		n = h.of[OtherLimits]
	}
	n.Add(1)
}

// All calls yield with each limit, by name, and how often it was hit.
func (h *Hits) All(yield func(limit string, hits uint64)) {
	for _, name := range h.names {
		yield(name, h.of[name].Load())
	}
}
