package record

import (
	"bytes"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/segment"
	"framegate/gateway/stream"
)

// soundKey is the rendition that is recorded where a camera's own sound is not.
const soundKey = "aac"

// sound is what a recorder hears beside the pictures. Whatever becomes of it, they
// are recorded. The zero value is silent. It belongs to the recorder's goroutine.
type sound struct {
	key    stream.Key // that is read
	along  *stream.Companion
	run    uint64        // of the pictures
	format *media.Format // of what came last
	times  segment.SoundSequencer
	heard  []piece          // that goes into the file, and has no place there yet
	batch  []segment.Sample // that has one
	joined time.Time        // when a file was ended so that the next one has the sound
}

// piece is a frame of sound, and the run's media time of it in ticks.
type piece struct {
	media.Frame
	ticks int64
}

// listen begins to read the sound of the camera, or of a rendition of it.
func (r *recorder) listen(key stream.Key) {
	r.deafen()
	reader, err := r.all.options.Hub.Open(key, stream.ReadOptions{Sound: true, Sequential: true})
	if err != nil {
		r.all.log.Warn("sound is not recorded", "camera", r.id, "err", err)
		return
	}
	r.sound.key, r.sound.along = key, stream.NewCompanion(reader)
	if r.last.Seq > 0 {
		r.sound.along.From(r.last.Run, r.last.PTS)
	}
}

// deafen ends to read sound.
func (r *recorder) deafen() {
	if r.sound.along != nil {
		r.sound.along.Close()
	}
	r.sound.along, r.sound.format = nil, nil
}

// hear takes the sound that comes before a picture. What the file has no track for is
// left out, and the next one has it, which begins soon, but not again and again.
func (r *recorder) hear(f media.Frame) {
	s := &r.sound
	if s.along == nil {
		return
	}
	if own := (stream.Key{Camera: r.id}); f.Run != s.run && s.key != own && r.stored(own) != nil {
		r.listen(own) // which is another camera than it was
	}
	s.run = f.Run
	for {
		next, ok := s.along.Next(&f)
		if !ok {
			return
		}
		if next.Format.Codec != media.AAC {
			if s.key.Rendition == "" {
				r.listen(stream.Key{Camera: r.id, Rendition: soundKey})
			}
			return
		}
		s.format = next.Format
		switch {
		case r.file == nil:
		case soundsAlike(r.file.sound, next.Format):
			next.Format = r.file.sound
			s.heard = append(s.heard, piece{next, inTicks(next.PTS + r.shift)})
		case f.Arrived.Sub(s.joined) >= r.all.settings().Segment:
			s.joined, r.cutAt = f.Arrived, f.Arrived
		}
	}
}

// soundsAlike says whether one decoder plays sound of both formats.
func soundsAlike(a, b *media.Format) bool {
	return a == b || a != nil && b != nil && a.Codec == b.Codec && bytes.Equal(a.Config, b.Config)
}

// stored gives the format of a stream's sound, nil where there is none or it is not
// recorded as it is.
func (r *recorder) stored(key stream.Key) *media.Format {
	if f := r.all.options.Hub.Sounds(key).Format; f != nil && f.Codec == media.AAC {
		return f
	}
	return nil
}

// soundOf gives the format of the sound that a file which begins now is to have, nil
// for none.
func (r *recorder) soundOf() *media.Format {
	switch {
	case r.sound.along == nil:
		return nil
	case r.sound.format != nil:
		return r.sound.format
	}
	return r.stored(r.sound.key)
}

// place gives what was heard its place beside the pictures of the file, some of which
// have theirs.
func (s *sound) place(pictures *segment.Sequencer) []segment.Sample {
	for _, p := range s.heard {
		if sample, ok := s.times.Push(pictures, p.Frame, p.ticks); ok {
			s.batch = append(s.batch, sample)
		}
	}
	clear(s.heard)
	s.heard = s.heard[:0]
	return s.batch
}

// written forgets what was placed.
func (s *sound) written() {
	clear(s.batch)
	s.batch = s.batch[:0]
}

// begin begins another file.
func (s *sound) begin() {
	s.times.Begin()
	s.written()
	clear(s.heard)
	s.heard = s.heard[:0]
}
