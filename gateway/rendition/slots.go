package rendition

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"framegate/gateway/stream"
)

// Slots bound how many encoders run at a time and how many start in a second,
// and how many of them are for one viewer (shares). Those beyond wait. They also
// know how all encoders do. It may be used from any goroutine.
type Slots struct {
	atOnce int
	starts *rate.Limiter
	beside chan struct{} // holds who works without a slot

	mu        sync.Mutex // guards what follows; taken before a stream's lock
	holding   map[*job]bool
	waiting   []*job // in the order they came
	started   uint64
	queued    uint64
	refused   map[string]uint64 // by limit
	delayed   uint64
	dropped   uint64
	steps     uint64
	cpu       time.Duration         // of jobs that ended
	jobs      map[*job]EncoderStats // of the sources at work
	sounds    int                   // encoders of sound that run,
	ownSounds []*stream.Client      // and for whom, of those that somebody hears alone
}

// Stats is how encoders do at one moment. The counters only grow.
type Stats struct {
	Slots     int               // that there are
	Running   int               // of those, taken
	Waiting   int               // sources that wait for one
	Queued    uint64            // times that a source had to wait for one: hits of the limit LimitEncoders
	Refused   map[string]uint64 // hits of the limits on one viewer's encoders and one camera's, by their names
	Starts    uint64            // of encoders
	Delayed   uint64            // of those, that had to wait for others: hits of the limit LimitEncoderStarts
	Dropped   uint64            // frames left out because an encoder was too slow
	StepDowns uint64            // times that a rate was lowered for that reason
	Encoders  []EncoderStats
	CPU       time.Duration // that all ffmpegs took that encode
	Sounds    int           // encoders of sound that run, which take no slot
}

// EncoderStats is how one source does that needs an encoder, in its present
// run. Its stream is a camera's rendition, or a camera itself where the
// pictures that it sends are converted.
type EncoderStats struct {
	Stream  stream.Key
	Waiting bool   // for a slot
	Dropped uint64 // frames left out because the encoder was too slow
	// FPS is the rate that it stepped down to, in pictures a second; 0 while
	// it keeps up.
	FPS int

	CPU    time.Duration // that its ffmpegs took
	Lag    time.Duration // from the coming of the newest picture that was made to its being made
	Inside int           // pictures that are in ffmpeg

	works *encoder // nil while none does; its time is not in CPU yet
}

// used gives a job's figures as they are now. Whoever holds the slots' lock waits for
// no process, but for the kernel to tell of one.
func (e EncoderStats) used() EncoderStats {
	if e.works != nil {
		e.CPU += e.works.process.CPU()
		e.Lag, e.Inside = time.Duration(e.works.lag.Load()), e.works.process.Inside()
	}
	return e
}

// NewSlots makes slots for so many encoders at a time, and starts a second.
func NewSlots(atOnce, startsPerSecond int) *Slots {
	return &Slots{
		atOnce:  atOnce,
		starts:  rate.NewLimiter(rate.Limit(startsPerSecond), startsPerSecond),
		beside:  make(chan struct{}, 1),
		holding: make(map[*job]bool),
		refused: make(map[string]uint64),
		jobs:    make(map[*job]EncoderStats),
	}
}

// Stats tells how the encoders do.
func (s *Slots) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{
		Slots: s.atOnce, Running: len(s.holding), Waiting: len(s.waiting), Refused: maps.Clone(s.refused),
		Queued: s.queued, Starts: s.started, Delayed: s.delayed, Dropped: s.dropped, StepDowns: s.steps, Sounds: s.sounds,
		CPU: s.cpu,
	}
	for _, e := range s.jobs {
		used := e.used()
		stats.CPU += used.CPU
		stats.Encoders = append(stats.Encoders, used)
	}
	slices.SortFunc(stats.Encoders, func(a, b EncoderStats) int { return strings.Compare(a.Stream.String(), b.Stream.String()) })
	return stats
}

// job is what one run of a source wants of the slots: one of them at most, for
// one encoder after another. It is for one goroutine, and ended by end.
type job struct {
	slots   *Slots
	stream  stream.Key
	use     use
	life    stream.Life   // that it is for
	granted chan struct{} // closed when a slot is its own that it waited for
	yield   func()        // of a spare slot: somebody waits for it
}

// take waits for a slot, unless the job has one. An error that is no context's
// is a *refusal.
func (j *job) take(ctx context.Context) error {
	if !j.queue(stream.LifeOf(ctx)) {
		return nil
	}
	defer j.leaveQueue()
	impatient := time.NewTicker(sharePatience)
	defer impatient.Stop()
	for {
		select {
		case <-j.granted:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-impatient.C:
			if err := j.slots.overdrawn(j); err != nil {
				return err
			}
		}
	}
}

// queue takes a slot if one is free for the job, and otherwise has it wait for
// one: those that nobody reads any more end for it.
func (j *job) queue(life stream.Life) (waits bool) {
	s := j.slots
	s.mu.Lock()
	defer s.mu.Unlock()
	j.life = life // which whoever else queues looks at
	if s.holding[j] {
		return false
	}
	j.granted = make(chan struct{})
	s.waiting = append(s.waiting, j)
	s.jobs[j] = EncoderStats{Stream: j.stream}
	limit := s.share(j)
	s.grant()
	if s.holding[j] {
		return false
	}
	if limit != nil {
		s.refused[limit.limit]++
	} else {
		s.queued++
	}
	e := s.jobs[j]
	e.Waiting = true
	s.jobs[j] = e
	return true
}

func (j *job) leaveQueue() {
	s := j.slots
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.DeleteFunc(s.waiting, func(w *job) bool { return w == j })
	e := s.jobs[j]
	e.Waiting = false
	s.jobs[j] = e
}

// grant gives slots to those that wait and may have one: the first who came,
// but of those whose use counts most. While some wait still, whoever holds a
// slot gives it back once nobody reads what it makes. The slots are locked.
func (s *Slots) grant() {
	for u := range uses {
		for _, j := range slices.Clone(s.waiting) {
			if j.use == u && s.room(j) && s.share(j) == nil {
				s.holding[j] = true
				close(j.granted)
				s.waiting = slices.DeleteFunc(s.waiting, func(w *job) bool { return w == j })
			}
		}
	}
	if len(s.waiting) > 0 {
		for j := range s.holding {
			if j.yield != nil {
				j.yield()
			}
			j.life.Yield()
		}
	}
}

// spareLook is the time between two looks for a slot that nobody wants, and
// sparePatience how long one is looked for.
const (
	spareLook     = 250 * time.Millisecond
	sparePatience = time.Minute
)

// Spare waits for a slot that nobody wants, for what can be done at any other time in
// the background. give gives it back. yield is called when somebody waits for a slot:
// it must return at once, may be called again, and calls nothing of s. Who has waited
// for a minute goes on without a slot, one at a time, since all may be taken for good.
// The error is ctx's cause.
func (s *Slots) Spare(ctx context.Context, yield func()) (give func(), err error) {
	ticker := time.NewTicker(spareLook)
	defer ticker.Stop()
	late := time.NewTimer(sparePatience)
	defer late.Stop()
	var beside chan<- struct{} // nil until it is late
	for {
		if give, ok := s.spare(yield); ok {
			return give, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-late.C:
			beside = s.beside
		case beside <- struct{}{}:
			return func() { <-s.beside }, nil
		case <-ticker.C:
		}
	}
}

// spare gives a slot that nobody wants at the moment; ok is false where there is
// none.
func (s *Slots) spare(yield func()) (give func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) > 0 || len(s.holding) >= s.atOnce-s.reserve() {
		return nil, false
	}
	j := &job{slots: s, use: forLater, yield: yield}
	s.holding[j] = true
	return j.end, true
}

// awaitStart waits until another encoder may start, and counts it.
func (j *job) awaitStart(ctx context.Context) error {
	if !j.slots.starts.Allow() {
		j.slots.add(&j.slots.delayed)
		if err := j.slots.starts.Wait(ctx); err != nil {
			return err
		}
	}
	j.slots.add(&j.slots.started)
	return nil
}

// add adds one to one of the counters.
func (s *Slots) add(counter *uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*counter++
}

// drop counts frames that were left out.
func (j *job) drop(frames uint64) {
	if frames > 0 {
		j.change(func(e *EncoderStats) { e.Dropped += frames })
		j.slots.mu.Lock()
		defer j.slots.mu.Unlock()
		j.slots.dropped += frames
	}
}

// step notes the rate stepped down to, or 0.
func (j *job) step(fps int, down bool) {
	j.change(func(e *EncoderStats) { e.FPS = fps })
	if down {
		j.slots.mu.Lock()
		defer j.slots.mu.Unlock()
		j.slots.steps++
	}
}

// change changes what is known of the job.
func (j *job) change(how func(*EncoderStats)) {
	j.slots.mu.Lock()
	defer j.slots.mu.Unlock()
	e := j.slots.jobs[j]
	e.Stream = j.stream
	how(&e)
	j.slots.jobs[j] = e
}

// works notes which encoder works for the job now; nil, none, which must have ended.
func (j *job) works(e *encoder) {
	j.change(func(s *EncoderStats) {
		if s.works != nil {
			s.CPU += s.works.process.CPU()
		}
		s.works = e
	})
}

// end gives the slot back and forgets the job.
func (j *job) end() {
	s := j.slots
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cpu += s.jobs[j].used().CPU
	delete(s.jobs, j)
	delete(s.holding, j)
	s.grant()
}
