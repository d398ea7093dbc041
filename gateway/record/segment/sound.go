package segment

import (
	"framegate/gateway/media"
)

// What bounds how sound follows its pictures, in ticks.
const (
	soundStray = Timescale / 100  // how far from its time it may be without being moved
	soundPull  = Timescale / 1000 // by how much a sample is longer or shorter than it is heard, to come back
	soundLeap  = Timescale / 8    // from which distance on it is not moved but leaps, or is left out
)

// SoundSequencer gives frames of sound their times in the file of a Sequencer's
// pictures, of which it has one track: those of one Format, one after another, where
// the picture of their time is shown. The zero value is ready. It is not safe for
// concurrent use.
//
// A small distance from that time is made up for by a millisecond in each frame,
// since tables of durations that differ are long and imprecise clocks are many; a
// large one, as after sound that was away, is leapt over. What belongs where others
// are already, or before the first picture, is left out.
type SoundSequencer struct {
	format *media.Format
	next   int64 // decode time of the next sample
	rest   int64 // of a tick that the last samples were longer, in parts of the Format's Rate
}

// Push takes the next frame, with the run's media time of it in ticks, once the
// Sequencer has given the first picture of the file. The sample is good without
// regard to others; ok is false where the frame is left out.
func (s *SoundSequencer) Push(pictures *Sequencer, f media.Frame, media int64) (sample Sample, ok bool) {
	count, rate := int64(f.Samples()), int64(f.Format.Rate)
	at := media + pictures.shift - pictures.began
	switch {
	case count < 1 || s.format != nil && s.format != f.Format:
		return sample, false
	case s.format == nil && at <= -count*Timescale/rate, at < s.next-soundLeap:
		return sample, false
	case s.format == nil, at > s.next+soundLeap:
		s.next, s.rest = max(at, 0), 0
	}
	s.format = f.Format
	lasts := (count*Timescale + s.rest) / rate
	s.rest = (count*Timescale + s.rest) % rate
	if stray := at - s.next; stray > soundStray {
		lasts += soundPull
	} else if stray < -soundStray {
		lasts -= soundPull
	}
	sample = Sample{Decode: s.next, Duration: length(lasts), Key: true, Data: f.Data}
	s.next += int64(sample.Duration)
	return sample, true
}

// Begin begins another file.
func (s *SoundSequencer) Begin() { *s = SoundSequencer{} }
