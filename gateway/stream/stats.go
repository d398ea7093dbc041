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

	Failures    uint64 // runs of its source that ended by themselves
	LastError   error  // why the last of those did
	LastErrorAt time.Time
}

// counters is the part of a stream that counts. The stream's lock guards it.
type counters struct {
	runs, frames, bytes, refused, dropped uint64

	format   *media.Format
	newest   time.Time
	interval time.Duration // between frames, smoothed; 0 before the second of a run
}

func (c *counters) count(f *media.Frame, now time.Time) {
	if last := now.Sub(c.newest); c.newest.IsZero() || last > 10*time.Second {
		c.interval = 0
	} else if c.interval == 0 {
		c.interval = last
	} else {
		c.interval += (last - c.interval) / 8
	}
	c.frames++
	c.bytes += uint64(len(f.Data))
	c.format = f.Format
	c.newest = now
}

func (s *stream) stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{
		Key: s.key, State: s.state(), Readers: s.readers,
		Runs: s.runs, Frames: s.frames, Bytes: s.bytes, Refused: s.refused, Dropped: s.dropped,
		Format: s.format, Newest: s.newest,
		Failures: s.failures, LastError: s.lastError, LastErrorAt: s.lastErrorAt,
	}
	stats.FPS = s.fps()
	return stats
}

// fps is the rate of the present run. The stream is locked.
func (s *stream) fps() float64 {
	if s.interval <= 0 || s.state() != Online {
		return 0
	}
	return float64(time.Second) / float64(s.interval)
}
