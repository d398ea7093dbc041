package segment

import (
	"math"
	"slices"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/transcode/h264"
)

// MaxSample bounds how long one sample lasts, in ticks.
const MaxSample = 120 * Timescale

// What else bounds the times, in ticks.
const (
	firstDelta = Timescale / 30 // between two frames while nothing tells
	maxBack    = Timescale      // how far back reordered frames, or imprecise times, go
	settled    = 8              // frames after which reordering would have been seen
)

// Sequencer gives the frames of one camera their times in a file: one Format,
// one file, in the order of their decoding. The zero value is ready. It is not
// safe for concurrent use.
//
// A frame is shown at its media time, counted from the first one. Decode times
// are the same times in order, as many frames later as frames are reordered, so
// that no frame is shown before it is decoded; how many that are the Format
// says, or is seen. The durations of all samples together are the time from the
// earliest picture to the end of the last, or a little more where the last ones
// are far closer than usual.
type Sequencer struct {
	format *media.Format
	depth  int  // frames that come before one that is shown earlier
	fixed  bool // the stream can have no reordered frames
	feared bool // depth is what is assumed where nothing tells
	usual  int64

	frames                 int                    // of this file
	shift                  int64                  // from the run's media time to the file's
	newest, first, decoded int64                  // the latest and the earliest time shown; the latest decode time
	began                  int64                  // the first decode time, on the file's time
	recent                 [h264.MaxReorder]int64 // when the latest frames are shown
	waiting                []int64                // times, ascending, that become decode times
	held                   []Sample               // the last of which times are known lacks its duration
	placed                 int                    // of held, those with a decode time
	out                    []Sample
}

// Follows says whether a frame may come next in the same file: it is of the
// Format of those before, and not farther from them than a sample may last; the
// first is one that pictures begin with. A frame that does not follow begins
// another file, and another run where it is for its time.
func (s *Sequencer) Follows(f media.Frame, media int64) bool {
	if s.frames == 0 {
		return f.Key
	}
	gap := media + s.shift - s.newest
	return f.Format == s.format && gap >= -s.back() && gap <= MaxSample
}

// Push takes the next frame, with the run's media time of it in ticks, and gives
// the samples that are certain now: one frame is held back, whose duration the
// next one tells, and at the start as many more as frames are reordered.
//
// The result is good until the next call, but for the Data, which is the frames'.
// What does not follow is taken too, at the longest distance or the usual one.
func (s *Sequencer) Push(f media.Frame, media int64) []Sample {
	if s.format != f.Format {
		s.enter(f.Format)
	}
	shown := s.place(f, media)
	// Decode is when it is shown until its decode time is known.
	s.held = append(s.held, Sample{Decode: shown, Key: f.Key, Data: f.Data})
	s.await(shown)
	s.recent[s.frames%len(s.recent)] = shown
	s.frames++
	if s.placed == 0 {
		if s.frames <= s.depth {
			return nil
		}
		s.begin()
	}
	s.decode()
	return s.take(len(s.held) - 1)
}

// Flush gives what is held back, of which the picture that is shown last lasts so
// many ticks, or as long as usual where that is 0. The next frame begins another
// file.
func (s *Sequencer) Flush(lastDuration int64) []Sample {
	s.out = s.out[:0]
	if s.frames == 0 {
		return nil
	}
	if lastDuration <= 0 {
		lastDuration = s.usual
	}
	if s.placed == 0 { // fewer than are reordered
		depth := s.depth
		s.depth = len(s.held) - 1
		s.begin()
		s.decode()
		s.depth = depth
	}
	end := s.began + s.newest - s.first + min(lastDuration, MaxSample)
	s.held[len(s.held)-1].Duration = length(end - s.decoded)
	if s.feared && s.frames >= settled {
		s.depth, s.feared = 0, false
	}
	s.frames, s.waiting = 0, s.waiting[:0]
	return s.take(len(s.held))
}

// enter begins the frames of another Format.
func (s *Sequencer) enter(f *media.Format) {
	s.format, s.usual = f, firstDelta
	s.depth, s.fixed, s.feared = 0, true, false
	if f.Codec == media.JPEG {
		return
	}
	depth, certain := f.Reordering()
	s.depth, s.fixed, s.feared = min(depth, h264.MaxReorder), f.InOrder(), !certain
	if delta, ok := f.FrameTicks(Timescale); ok {
		s.usual = max(delta, 1)
	}
}

// back is how far before the newest picture a reordered one may be shown.
func (s *Sequencer) back() int64 { return max(maxBack, (h264.MaxReorder+1)*s.usual) }

// place gives when a frame is shown, on the file's time.
func (s *Sequencer) place(f media.Frame, media int64) int64 {
	if s.frames == 0 {
		s.shift, s.newest, s.first = -media, 0, 0
		return 0
	}
	at := media + s.shift
	gap := at - s.newest
	switch {
	case gap > MaxSample:
		at = s.rebase(media, MaxSample)
	case gap < -s.back():
		at = s.rebase(media, s.usual)
	case gap < 0 && s.reordered(f):
		return s.goBack(at)
	case gap <= 0:
		at = s.newest + 1
	case s.depth == 0:
		s.learn(gap)
	}
	s.newest = at
	return at
}

// goBack notes that a frame is shown before others that came earlier: frames
// are reordered at least as deep as there are of those.
func (s *Sequencer) goBack(at int64) int64 {
	s.feared = false
	recent := s.recent[:min(s.frames, len(s.recent))]
	for slices.Contains(recent, at) {
		at++
	}
	depth := 0
	for _, other := range recent {
		if other > at {
			depth++
		}
	}
	s.depth = max(s.depth, depth)
	s.first = min(s.first, at)
	return at
}

// learn notes a distance between two pictures. One long one says little.
func (s *Sequencer) learn(gap int64) { s.usual = max(1, min(gap, 2*s.usual)) }

// rebase has media time go on so far after what was there.
func (s *Sequencer) rebase(media, after int64) (at int64) {
	at = s.newest + after
	s.shift = at - media
	return at
}

// reordered says whether a frame whose time does not go on is one that is shown
// before others that came earlier, and is not only imprecise.
func (s *Sequencer) reordered(f media.Frame) bool {
	return !f.Key && !s.fixed && (s.depth > 0 || mp4.Bidirectional(f.Data))
}

// await puts a time where it belongs among those that become decode times.
func (s *Sequencer) await(at int64) {
	s.waiting = append(s.waiting, at)
	for i := len(s.waiting) - 1; i > 0 && s.waiting[i-1] > at; i-- {
		s.waiting[i], s.waiting[i-1] = s.waiting[i-1], at
	}
}

// begin gives the first frames, which come before the first time in order, their
// decode times: the usual distance apart.
func (s *Sequencer) begin() {
	s.began = s.waiting[0] - int64(s.depth)*s.usual
	s.decoded = s.began - 1
	for i := range s.held[:len(s.held)-1] {
		s.set(&s.held[i], s.began+int64(i)*s.usual)
	}
}

// decode gives the frame that came last the next time in order as its decode
// time, or a little one where frames are reordered deeper than was known before.
func (s *Sequencer) decode() {
	next := s.decoded + 1
	if len(s.waiting) > s.depth {
		if gap := s.waiting[0] - s.decoded; s.depth > 0 && gap > 1 && gap <= maxBack {
			s.learn(gap)
		}
		next = max(next, s.waiting[0])
		s.waiting = s.waiting[:copy(s.waiting, s.waiting[1:])]
	}
	s.set(&s.held[len(s.held)-1], next)
}

// set gives a frame, which has when it is shown, its decode time.
func (s *Sequencer) set(at *Sample, decode int64) {
	shown := at.Decode
	at.Decode, at.Offset = decode-s.began, offset(shown-decode)
	if s.placed > 0 {
		s.held[s.placed-1].Duration = length(decode - s.decoded)
	}
	s.placed++
	s.decoded = decode
}

// take gives the first n frames that are held, which have their durations.
func (s *Sequencer) take(n int) []Sample {
	s.out = append(s.out[:0], s.held[:n]...)
	s.held = append(s.held[:0], s.held[n:]...)
	clear(s.held[len(s.held):cap(s.held)]) // lets go of their Data
	s.placed -= n
	return s.out
}

func length(ticks int64) uint32 { return uint32(max(1, min(ticks, MaxSample))) }

func offset(ticks int64) int32 { return int32(max(math.MinInt32, min(ticks, math.MaxInt32))) }
