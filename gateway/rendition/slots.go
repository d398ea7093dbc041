package rendition

import (
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"framegate/gateway/stream"
)

// Slots bound how many encoders run at a time and how many start in a second.
// Those beyond wait. They also know how all encoders do. It may be used from
// any goroutine.
type Slots struct {
	free   chan struct{} // holds one for each that may start
	starts *rate.Limiter

	mu      sync.Mutex // guards what follows
	started uint64
	queued  uint64
	delayed uint64
	dropped uint64
	steps   uint64
	jobs    map[*job]EncoderStats // of the sources at work
}

// The limits on encoders by name. Their hits are counted in Stats.
const (
	LimitEncoders      = "encoders"
	LimitEncoderStarts = "encoder_starts"
)

// Stats is how encoders do at one moment. The counters only grow.
type Stats struct {
	Slots     int    // that there are
	Running   int    // of those, taken
	Waiting   int    // sources that wait for one
	Queued    uint64 // times that a source had to wait for one: hits of the limit LimitEncoders
	Starts    uint64 // of encoders
	Delayed   uint64 // of those, that had to wait for others: hits of the limit LimitEncoderStarts
	Dropped   uint64 // frames left out because an encoder was too slow
	StepDowns uint64 // times that a rate was lowered for that reason
	Encoders  []EncoderStats
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
}

// NewSlots makes slots for so many encoders at a time, and starts a second.
func NewSlots(atOnce, startsPerSecond int) *Slots {
	s := &Slots{
		free:   make(chan struct{}, atOnce),
		starts: rate.NewLimiter(rate.Limit(startsPerSecond), startsPerSecond),
		jobs:   make(map[*job]EncoderStats),
	}
	for range atOnce {
		s.free <- struct{}{}
	}
	return s
}

// Stats tells how the encoders do.
func (s *Slots) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{
		Slots: cap(s.free), Running: cap(s.free) - len(s.free),
		Queued: s.queued, Starts: s.started, Delayed: s.delayed, Dropped: s.dropped, StepDowns: s.steps,
	}
	for _, e := range s.jobs {
		stats.Encoders = append(stats.Encoders, e)
		if e.Waiting {
			stats.Waiting++
		}
	}
	slices.SortFunc(stats.Encoders, func(a, b EncoderStats) int { return strings.Compare(a.Stream.String(), b.Stream.String()) })
	return stats
}

// job is what one run of a source wants of the slots: one of them at most, for
// one encoder after another. It is for one goroutine, and ended by end.
type job struct {
	slots   *Slots
	stream  stream.Key
	slotted bool
}

// take waits for a slot, unless the job has one.
func (j *job) take(ctx context.Context) error {
	if j.slotted {
		return nil
	}
	select {
	case <-j.slots.free:
		j.slotted = true
		j.change(func(*EncoderStats) {})
		return nil
	default:
	}
	j.slots.count(&j.slots.queued)
	j.change(func(e *EncoderStats) { e.Waiting = true })
	defer j.change(func(e *EncoderStats) { e.Waiting = false })
	select {
	case <-j.slots.free:
		j.slotted = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pace waits until another encoder may start, and counts it.
func (j *job) pace(ctx context.Context) error {
	if !j.slots.starts.Allow() {
		j.slots.count(&j.slots.delayed)
		if err := j.slots.starts.Wait(ctx); err != nil {
			return err
		}
	}
	j.slots.count(&j.slots.started)
	return nil
}

// count adds one to one of the counters.
func (s *Slots) count(counter *uint64) {
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

// end gives the slot back and forgets the job.
func (j *job) end() {
	j.slots.mu.Lock()
	delete(j.slots.jobs, j)
	j.slots.mu.Unlock()
	if j.slotted {
		j.slotted = false
		j.slots.free <- struct{}{}
	}
}
