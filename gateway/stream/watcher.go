package stream

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"framegate/gateway/media"
)

// Watcher is a viewer that is there.
type Watcher struct {
	Client
	ID      uint64      // of no other viewer, not even of one before a restart
	Key     Key         // of the stream that it reads
	Past    bool        // what it is shown was recorded
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

// Audience is the viewers that are there, those of one hub or of several, and who is
// shown what no hub has. Its methods may be called from any goroutine.
type Audience struct {
	mu     sync.Mutex            // guards what follows; taken after a hub's lock, before a stream's
	lastID uint64                // that a viewer got; the first is the time, in microseconds, so that none comes again after a restart
	counts map[*Reader]*watching // by the reader that counts them
	others map[uint64]Watcher    // who read no stream, by id
	forms  map[string]*Tally     // by the name of the form
}

// NewAudience makes an audience without viewers.
func NewAudience() *Audience {
	return &Audience{lastID: uint64(time.Now().UnixMicro()), counts: make(map[*Reader]*watching), others: make(map[uint64]Watcher), forms: make(map[string]*Tally)}
}

// watching is what is known of a viewer of a stream. The audience's lock guards it.
type watching struct {
	id      uint64
	form    string // its client's, or what SetForm said
	since   time.Time
	reads   *Reader // now: what counts the viewer, or one besides it
	dropped uint64  // by those besides it that it read before
	report  *Report
}

// Watchers gives the viewers that are there, the oldest first. It looks at each
// of their streams, so it is for those who ask now and then.
func (a *Audience) Watchers() []Watcher {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]Watcher, 0, len(a.counts)+len(a.others))
	for r, w := range a.counts {
		all = append(all, w.look(r))
	}
	for _, w := range a.others {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b Watcher) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// EndViewer has a viewer end, and gives it; false where there is none that can.
// It does not wait for the end.
func (a *Audience) EndViewer(id uint64) (Watcher, bool) {
	seen, there := a.watcher(id)
	if !there || seen.Exit == nil {
		return Watcher{}, false
	}
	seen.Exit.End()
	return seen, true
}

// watcher finds a viewer.
func (a *Audience) watcher(id uint64) (Watcher, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for r, w := range a.counts {
		if w.id == id {
			return w.look(r), true
		}
	}
	w, there := a.others[id]
	return w, there
}

// Show adds a viewer who is shown what was recorded of a camera, and reads no
// stream. leave is to be called when it is gone, at least once.
func (a *Audience) Show(camera string, c Client) (leave func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lastID++
	id := a.lastID
	a.tally(c.Form)
	a.others[id] = Watcher{Client: c, ID: id, Key: Key{Camera: camera}, Past: true, Since: time.Now()}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.others, id)
	}
}

// join notes what a viewer reads.
func (a *Audience) join(r *Reader) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.options.counted() {
		a.lastID++
		a.tally(r.options.Client.Form)
		a.counts[r] = &watching{id: a.lastID, form: r.options.Client.Form, since: time.Now(), reads: r}
		return
	}
	counts := r.options.Besides
	w := a.counts[counts]
	if w == nil || r.options.Sound {
		return
	}
	if w.reads != counts {
		w.dropped += w.reads.Dropped()
	}
	w.reads = r
}

// leave forgets a viewer by the reader that counts it.
func (a *Audience) leave(r *Reader) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := a.counts[r]; w != nil {
		a.forms[w.form].dropped += w.drops(r)
	}
	delete(a.counts, r)
}

// look gives what is known of a viewer that a reader counts. The audience is locked.
func (w *watching) look(counts *Reader) Watcher {
	client := *counts.options.Client
	client.Form = w.form
	return Watcher{
		Client: client, ID: w.id, Since: w.since, Report: w.report,
		Key: w.reads.stream.key, Past: w.reads.stream.hub.options.Past, Codec: w.reads.codec(),
		Dropped: w.drops(counts),
	}
}

// drops gives how many frames a viewer skipped that a reader counts. The audience is
// locked.
func (w *watching) drops(counts *Reader) uint64 {
	dropped := w.dropped + counts.Dropped()
	if w.reads != counts {
		dropped += w.reads.Dropped()
	}
	return dropped
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

// SetForm notes in which form the viewer that the reader counts gets pictures, where
// that is agreed on after it came. What its seat counts it counts by the form at which
// that was taken.
func (r *Reader) SetForm(form string) {
	a := r.stream.hub.Audience
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := a.counts[r]; w != nil {
		w.form = form
		a.tally(form)
	}
}

// Report notes what the viewer that the reader counts says of itself.
func (r *Reader) Report(said Report) {
	a := r.stream.hub.Audience
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := a.counts[r]; w != nil {
		w.report = &said
	}
}
