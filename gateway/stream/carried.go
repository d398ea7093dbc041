package stream

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/media"
)

const (
	// maxCarried bounds the frames that are kept for who takes a run over, and
	// maxCarriedBytes their bytes: a GOP beyond it is not kept.
	maxCarried      = maxRingFrames
	maxCarriedBytes = 16 << 20
)

// Carried is a source whose run is carried from one stream to another: to the one
// that has it as its source and runs it last, of whatever hub. What was begun goes
// on there without being begun again, with the frames from the last keyframe on; the
// stream that had it gets none any more, and rests until its life ends. So a camera
// that is kept ready aside (Ready) is shown at once by who takes it over, and there
// is one connection to it all the while.
//
// However many run it, the source itself runs once at a time. It has one goroutine
// more while it runs, since that belongs to no stream. It is safe for concurrent use.
type Carried struct {
	source Source
	taken  *atomic.Uint64

	mu  sync.Mutex  // guards run; taken before the lock of that
	run *carriedRun // that is on, or ends; nil where the source does not run
}

// NewCarried makes a source of another one, which nothing else may run. How often a run
// goes from one stream to another is counted in taken.
func NewCarried(source Source, taken *atomic.Uint64) *Carried {
	return &Carried{source: source, taken: taken}
}

// Running says whether the source runs, or has not returned yet.
func (c *Carried) Running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.run != nil
}

// Run runs the source, or takes over the run that is on.
func (c *Carried) Run(ctx context.Context, emit func(media.Frame)) error {
	return c.carry(ctx, emit, false)
}

// Ready gives the same source for a stream that nobody is shown. Of what goes there
// the frames from the last keyframe on are kept for who takes the run over.
func (c *Carried) Ready() Source { return ready{c} }

type ready struct{ carried *Carried }

// Run runs the source, and keeps frames.
func (r ready) Run(ctx context.Context, emit func(media.Frame)) error {
	return r.carried.carry(ctx, emit, true)
}

// carry is Run for either. It returns only when the source has, unless another took
// the run over.
func (c *Carried) carry(ctx context.Context, emit func(media.Frame), keeps bool) error {
	s, _ := ctx.Value(lifeKey{}).(*stream)
	h := &holder{stream: s, emit: emit, keeps: keeps, lost: make(chan struct{})}
	run := c.hold(ctx, h)
	if run == nil {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		if run.leave(h) {
			<-run.ended
		}
		return ctx.Err()
	case <-h.lost:
	case <-run.ended:
		if run.holds(h) {
			return run.result()
		}
	}
	<-ctx.Done() // another has it
	return ctx.Err()
}

// hold makes h the holder of the run that is on, or of one that it begins. It waits
// for a run that ends, and gives nil where ctx is done first.
func (c *Carried) hold(ctx context.Context, h *holder) *carriedRun {
	for {
		c.mu.Lock()
		run := c.run
		switch {
		case ctx.Err() != nil:
			c.mu.Unlock()
			return nil
		case run == nil:
			run = c.begin(h)
			c.mu.Unlock()
			return run
		case run.take(h):
			c.taken.Add(1)
			c.mu.Unlock()
			return run
		}
		c.mu.Unlock()
		select {
		case <-run.ended:
		case <-ctx.Done():
		}
	}
}

// begin has the source run. The carried is locked.
func (c *Carried) begin(h *holder) *carriedRun {
	h.begun = true // with what comes first
	run := &carriedRun{holder: h, ended: make(chan struct{})}
	run.life.Store(h.stream)
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), lifeKey{}, run))
	run.cancel, c.run = cancel, run
	go func() { // ends with the source, which leave ends; the holder waits for it
		defer c.end(run)
		defer func() { run.panicked = recover() }()
		run.err = c.source.Run(ctx, run.give)
	}()
	return run
}

// end notes that the source has returned.
func (c *Carried) end(run *carriedRun) {
	c.mu.Lock()
	c.run = nil
	c.mu.Unlock()
	run.cancel()
	close(run.ended)
}

// carriedRun is one run of the source.
type carriedRun struct {
	life   atomic.Pointer[stream] // which the source may look at
	cancel context.CancelFunc
	ended  chan struct{} // closed when the source has returned

	err      error // of the source; set before ended is closed
	panicked any

	mu     sync.Mutex // guards what follows; held while a frame is given, so that none goes between two holders
	holder *holder    // nil: the run is to end
	kept   []media.Frame
	bytes  int // of those
}

// holder is the stream that has the run.
type holder struct {
	stream *stream // nil for none
	emit   func(media.Frame)
	keeps  bool
	lost   chan struct{} // closed when another has it

	begun bool          // it was given a keyframe, or has the run from its beginning
	zero  time.Duration // PTS of its first picture
}

// give gives the holder a frame of the source.
func (r *carriedRun) give(f media.Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.holder == nil {
		return
	}
	if r.holder.keeps {
		r.keep(&f)
	}
	r.holder.give(f)
}

// keep keeps a frame for who takes the run over, with the time at which it came. The
// run is locked.
func (r *carriedRun) keep(f *media.Frame) {
	sound := f.Format.Codec.Kind() == media.Audio
	if f.Wall.IsZero() && !sound { // that of sound follows from the pictures'
		f.Wall = time.Now()
	}
	switch {
	case f.Key && !sound:
		clear(r.kept)
		r.kept, r.bytes = r.kept[:0], 0
	case len(r.kept) == 0:
		return
	case len(r.kept) == maxCarried, r.bytes+len(f.Data) > maxCarriedBytes:
		r.forget()
		return
	}
	r.kept, r.bytes = append(r.kept, *f), r.bytes+len(f.Data)
}

func (r *carriedRun) forget() { r.kept, r.bytes = nil, 0 }

// take makes another the holder, and gives it what is kept; false where the run
// ends. Its stream knows then of the sound what the one before it knew.
func (r *carriedRun) take(h *holder) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.holder
	if before == nil {
		return false
	}
	r.holder = h
	r.life.Store(h.stream)
	close(before.lost)
	heard := before.stream.letGo()
	if heard.Format != nil {
		h.emit(media.Frame{Format: heard.Format})
	}
	Life{stream: h.stream}.SoundTrouble(heard.Trouble)
	for i, f := range r.kept {
		f.Backlog = f.Backlog || i < len(r.kept)-1
		h.give(f)
	}
	if !h.keeps {
		r.forget()
	}
	return true
}

// letGo ends the rest of a source that runs for another stream from now on, and gives
// what is known of its sound.
func (s *stream) letGo() Sound {
	if s == nil {
		return Sound{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endRest()
	return s.heard
}

// leave has the run end, if h is its holder still.
func (r *carriedRun) leave(h *holder) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.holder != h {
		return false
	}
	r.holder = nil
	r.forget()
	r.cancel()
	return true
}

func (r *carriedRun) holds(h *holder) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.holder == h
}

// result gives what the source gave, which has returned, or panics as it did.
func (r *carriedRun) result() error {
	if r.panicked != nil {
		panic(r.panicked)
	}
	return r.err
}

// give gives the holder a frame whose media time it counts from its first picture.
// Before that it has no use for any.
func (h *holder) give(f media.Frame) {
	sound := f.Format.Codec.Kind() == media.Audio
	switch {
	case h.begun, sound && len(f.Data) == 0:
	case sound, !f.Key:
		return
	default:
		h.begun, h.zero = true, f.PTS
	}
	if sound && f.PTS < h.zero {
		return
	}
	if len(f.Data) > 0 {
		f.PTS -= h.zero
	}
	h.emit(f)
}
