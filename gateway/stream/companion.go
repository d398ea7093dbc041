package stream

import (
	"time"

	"framegate/gateway/media"
)

// Companion reads the sound that goes along with the pictures of another reader,
// of the same stream or of another of the same camera: of each run from its first
// picture on, and none without pictures. It belongs to whoever has that reader.
type Companion struct {
	sound *Reader
	run   uint64        // that of the last picture; 0 before there was one
	from  time.Duration // PTS of the first picture of that run
}

// NewCompanion makes one of a reader of sound (ReadOptions.Sound), which is the
// companion's from now on.
func NewCompanion(sound *Reader) *Companion {
	sound.stream.mu.Lock()
	defer sound.stream.mu.Unlock()
	sound.patient = true
	return &Companion{sound: sound}
}

// From has the sound go along with pictures that are shown already, the last of
// them at a time in a run (Frame.Run, Frame.PTS).
func (c *Companion) From(run uint64, pts time.Duration) { c.run, c.from = run, pts }

// Next gives the next frame of sound that goes out before the picture f, which is
// about to; or, if f is nil, the next of the run of the last one. It gives false
// where there is none, and waits for nothing.
func (c *Companion) Next(f *media.Frame) (sound media.Frame, ok bool) {
	r := c.sound
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	if f != nil && f.Run != c.run {
		c.run, c.from = f.Run, f.PTS
	}
	next := c.seek()
	if next == nil || f != nil && next.PTS > f.PTS {
		return sound, false
	}
	r.last, r.next = next.Seq, next.Seq+1
	return *next, true
}

// seek moves the reader of sound to what goes along with the present run, and
// gives it; nil is nothing yet. Its stream is locked.
func (c *Companion) seek() *media.Frame {
	r := c.sound
	ring := &r.track.ring
	for r.next = max(r.next, ring.first); r.next < ring.next && c.run != 0 && !r.closed; r.next++ {
		f := ring.at(r.next)
		switch {
		case f.Run > c.run:
			return nil
		case f.Run == c.run && f.PTS+f.Duration() > c.from:
			return f
		}
	}
	return nil
}

// due says whether sound has waited long enough to go out by itself. If not, the
// reader of sound is among those to be woken.
func (c *Companion) due() bool {
	r := c.sound
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	if c.seek() != nil && r.soundDue() {
		return true
	}
	if !r.waiting && !r.closed {
		r.waiting = true
		r.track.waiting = append(r.track.waiting, r)
	}
	return false
}

// Reader gives what the sound is read with.
func (c *Companion) Reader() *Reader { return c.sound }

// Close closes the reader of sound.
func (c *Companion) Close() { c.sound.Close() }

// Accompany has Next give ErrSound when sound of the companion has waited for a
// picture for too long; nil has it give that no more. Like Next it is for one
// goroutine.
func (r *Reader) Accompany(c *Companion) { r.beside = c }
