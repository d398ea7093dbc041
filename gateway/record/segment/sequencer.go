package segment

import "framegate/gateway/media"

// MaxSample bounds how long one sample lasts, in ticks.
const MaxSample = 120 * Timescale

// Sequencer gives the frames of one camera their times in a file: one Format,
// one file, in the order of their decoding. The zero value is ready. It is not
// safe for concurrent use.
type Sequencer struct{}

// Follows says whether a frame may come next in the same file: it is of the
// Format of those before, and not farther from them than a sample may last. A
// frame that does not follow begins another file, and another run where it is
// for its time.
func (s *Sequencer) Follows(f media.Frame, media int64) bool { return false }

// Push takes the next frame, with the run's media time of it in ticks, and gives
// the samples that are certain now: one frame is held back, whose duration the
// next one tells. A file begins with a keyframe.
//
// The result is good until the next call, but for the Data, which is the frames'.
func (s *Sequencer) Push(f media.Frame, media int64) []Sample { return nil }

// Flush gives what is held back, of which the picture that is shown last lasts so
// many ticks, or as long as usual where that is 0. The next frame begins another
// file.
func (s *Sequencer) Flush(lastDuration int64) []Sample { return nil }
