package stream

import (
	"slices"
	"time"

	"framegate/gateway/media"
)

// Watcher is a viewer that is there.
type Watcher struct {
	Client
	ID      uint64      // of no other viewer, not even of one before a restart
	Key     Key         // of the stream that it reads
	Codec   media.Codec // of what it read; 0 before the first frame
	Since   time.Time
	Dropped uint64  // frames it skipped because it was slow
	Report  *Report // what it said last of itself; nil if it did not
}

// Report is what a viewer's player says of itself.
type Report struct {
	Shown   uint64        // pictures, since its start
	Dropped uint64        // pictures that came but were not shown
	Buffer  time.Duration // received and not shown yet
	Delay   time.Duration // from the camera to the screen
}

// watching is what the hub knows of a viewer. The hub's lock guards it.
type watching struct {
	id      uint64
	since   time.Time
	readers []*Reader // of the viewer, the first of which counts it; the last is what it reads
	report  *Report
}

// Watchers gives the viewers that are there, the oldest first. It looks at each
// of their streams, so it is for those who ask now and then.
func (h *Hub) Watchers() []Watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Watcher, 0, len(h.watchers))
	for r, w := range h.watchers {
		all = append(all, w.look(*r.options.Client))
	}
	slices.SortFunc(all, func(a, b Watcher) int { return a.Since.Compare(b.Since) })
	return all
}

// EndViewer has a viewer end, and gives it; false where there is none that can.
// It does not wait for the end.
func (h *Hub) EndViewer(id uint64) (Watcher, bool) {
	seen, there := h.watcher(id)
	if !there || seen.Exit == nil {
		return Watcher{}, false
	}
	seen.Exit.End()
	return seen, true
}

// watcher finds a viewer.
func (h *Hub) watcher(id uint64) (Watcher, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for r, w := range h.watchers {
		if w.id == id {
			return w.look(*r.options.Client), true
		}
	}
	return Watcher{}, false
}

// look gives what is known of a viewer. The hub is locked.
func (w *watching) look(c Client) Watcher {
	seen := Watcher{Client: c, ID: w.id, Since: w.since, Report: w.report}
	for _, r := range w.readers {
		seen.Dropped += r.Dropped()
	}
	reads := w.readers[len(w.readers)-1]
	seen.Key = reads.stream.key
	seen.Codec = reads.codec()
	return seen
}

// codec is that of the newest frame, for a reader that had one.
func (r *Reader) codec() media.Codec {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	if r.last == 0 {
		return 0
	}
	return r.stream.format.Codec
}

// Report notes what the viewer that the reader counts says of itself.
func (r *Reader) Report(said Report) {
	h := r.stream.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.watchers[r]; w != nil {
		w.report = &said
	}
}
