package stream

import (
	"slices"
	"time"
)

// Watcher is a viewer that is there.
type Watcher struct {
	Viewer
	Key     Key
	Since   time.Time
	Dropped uint64 // frames it skipped because it was slow
}

// Watchers gives the viewers that are there, the oldest first. It looks at each
// of their streams, so it is for those who ask now and then.
func (h *Hub) Watchers() []Watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Watcher, 0, len(h.watchers))
	for r, since := range h.watchers {
		all = append(all, Watcher{Viewer: *r.options.Viewer, Key: r.stream.key, Since: since, Dropped: r.Dropped()})
	}
	slices.SortFunc(all, func(a, b Watcher) int { return a.Since.Compare(b.Since) })
	return all
}
