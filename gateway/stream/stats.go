package stream

import (
	"time"

	"framegate/gateway/media"
)

// State says how a stream is, in one word.
type State uint8

// The states of a stream.
const (
	Idle       State = iota // nobody reads it, nothing runs
	Connecting              // its source runs and has given no frame yet
	Online                  // its source runs and has given frames
	Offline                 // it is wanted, but nothing runs: between runs, or without a publisher
)

// String gives the state as documents, logs and JSON spell it.
func (s State) String() string {
	return [...]string{"idle", "connecting", "online", "offline"}[s]
}

// Stats is what is known of a stream at one moment. The counters only grow.
type Stats struct {
	Key     Key
	State   State
	Readers int
	Runs    uint64 // times its source was started or a publisher attached
	Frames  uint64 // taken from the source
	Bytes   uint64 // of those
	Refused uint64 // frames not taken: before a run's first keyframe, or after its end
	Dropped uint64 // frames that slow readers skipped, added up
	FPS     float64
	Format  *media.Format // of the newest frame; nil before any
	Newest  time.Time     // arrival of the newest frame; zero before any
	Sound   Sound

	Failures    uint64          // runs of its source that ended by themselves
	Failed      [reasons]uint64 // of those, by Reason
	LastError   error           // why the last of those did
	LastErrorAt time.Time
}

// counters is the part of a stream that counts. The stream's lock guards it.
type counters struct {
	runs, frames, bytes, refused, dropped uint64

	format *media.Format
	newest time.Time
	pace   pace
	heard  Sound
}

func (c *counters) count(f *media.Frame, now time.Time) {
	c.pace.count(now, c.newest, f.PTS)
	c.frames++
	c.bytes += uint64(len(f.Data))
	c.format = f.Format
	c.newest = now
}

const (
	// paceSpan is for how long frames are counted at least, to say how fast they
	// come. The first two say it for the beginning.
	paceSpan = time.Second
	// paceGroup is how close frames are that came together, as from a source
	// that rests (Rest).
	paceGroup = time.Millisecond
	// paceLost is how long a run may have no frame without being counted anew.
	paceLost = 10 * time.Second
	// paceBurst is how many times as far apart frames are in media time as they came where they
	// came at once, as what a new rendition is made of first. Reordered ones are four times at most.
	paceBurst = 4
)

// pace is how fast the frames of a run come, one by one or in groups. The zero
// value is ready.
type pace struct {
	interval time.Duration // between frames; 0 while that is not known
	since    time.Time     // the first frame of a group that came then,
	at       time.Duration // of that media time,
	frames   int           // and those after it, are so many
}

// count takes a frame of a media time that came now, where the one before it came last.
func (p *pace) count(now, last time.Time, at time.Duration) {
	gap, span := now.Sub(last), now.Sub(p.since)
	if p.since.IsZero() || gap > paceLost {
		*p = pace{since: now, at: at, frames: 1}
		return
	}
	if shown := at - p.at; shown > paceBurst*span && shown < paceLost {
		span = shown
	}
	if gap < paceGroup || span < paceSpan && p.interval > 0 {
		p.frames++
		return
	}
	mean := span / time.Duration(p.frames)
	if p.interval > 0 {
		mean = (mean + p.interval) / 2
	}
	*p = pace{interval: mean, since: now, at: at, frames: 1}
}

func (s *stream) stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{
		Key: s.key, State: s.state(), Readers: s.readers,
		Runs: s.runs, Frames: s.frames, Bytes: s.bytes, Refused: s.refused, Dropped: s.dropped,
		Format: s.format, Newest: s.newest, Sound: s.heard,
		Failures: s.failures, Failed: s.failed, LastError: s.lastError, LastErrorAt: s.lastErrorAt,
	}
	stats.FPS = s.fps()
	return stats
}

// fps is the rate of the present run, which falls while nothing comes. The
// stream is locked.
func (s *stream) fps() float64 {
	interval := s.pace.interval
	if interval <= 0 || s.state() != Online {
		return 0
	}
	if quiet := time.Since(s.newest); quiet > max(2*interval, paceSpan) {
		interval = quiet
	}
	return float64(time.Second) / float64(interval)
}
