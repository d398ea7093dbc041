package stream

import (
	"math"
	"time"

	"framegate/gateway/media"
)

// Companion reads the sound that goes along with the pictures of another reader,
// of the same stream or of another of the same camera: of each run from its first
// picture on, and none without pictures. It belongs to whoever has that reader.
type Companion struct {
	sound  *Reader
	stream *stream       // of sound
	run    uint64        // that of the last picture; 0 before there was one
	from   time.Duration // PTS of the first picture of that run

	next uint64 // the frame of sound to give next; the stream's lock guards it
}

// NewCompanion makes one of a reader of sound (ReadOptions.Sound), which is the
// companion's from now on.
func NewCompanion(sound *Reader) *Companion {
	sound.stream.mu.Lock()
	defer sound.stream.mu.Unlock()
	c := &Companion{sound: sound, stream: sound.stream, next: sound.next}
	sound.companion = c
	return c
}

// From has the sound go along with pictures that are shown already, the last of
// them at a time in a run (Frame.Run, Frame.PTS).
func (c *Companion) From(run uint64, pts time.Duration) { c.run, c.from = run, pts }

// Next gives the next frame of sound that goes out before the picture f, which is
// about to; or, if f is nil, the next of the run of the last one. It gives false
// where there is none, and waits for nothing.
func (c *Companion) Next(f *media.Frame) (sound media.Frame, ok bool) {
	c.stream.mu.Lock()
	defer c.stream.mu.Unlock()
	next := c.seek(f)
	if next == nil {
		return sound, false
	}
	c.next = next.Seq + 1
	if c.sound.options.Sequential {
		c.sound.next = c.next // which is kept until it is wanted
	}
	return *next, true
}

// Portion is sound that goes out together: frames of one Format whose times go on.
// All share it, and it must not be changed.
type Portion struct {
	Frames []media.Frame
	Data   []byte // that of all of them, one after the other
}

// Portion gives what Next would one after the other, as far as that is one portion;
// or nil where there is none. It is made once for all who hear the same sound along with
// the same picture, so that each costs little more than where it stands.
func (c *Companion) Portion(f *media.Frame) *Portion {
	c.stream.mu.Lock()
	defer c.stream.mu.Unlock()
	first := c.seek(f)
	if first == nil {
		return nil
	}
	until := time.Duration(math.MaxInt64)
	if f != nil {
		until = f.PTS
	}
	p := c.stream.portions.of(&c.stream.sound.ring, first, until)
	c.next = first.Seq + uint64(len(p.Frames))
	return p
}

// seek moves on to what goes along with a picture, and gives it; nil is nothing yet.
// The stream is locked.
func (c *Companion) seek(f *media.Frame) *media.Frame {
	if f != nil && f.Run != c.run {
		c.run, c.from = f.Run, f.PTS
	}
	next := c.seekRun()
	if next == nil || f != nil && next.PTS > f.PTS {
		return nil
	}
	return next
}

// seekRun moves on to what goes along with the present run, and gives it; nil is
// nothing yet. The stream is locked.
func (c *Companion) seekRun() *media.Frame {
	ring := &c.stream.sound.ring
	for c.next = max(c.next, ring.first); c.next < ring.next && c.run != 0; c.next++ {
		f := ring.at(c.next)
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
	c.stream.mu.Lock()
	defer c.stream.mu.Unlock()
	if r.closed {
		return false
	}
	if c.seekRun() != nil && c.waited() {
		return true
	}
	if !r.waiting {
		r.waiting = true
		r.track.waiting = append(r.track.waiting, r)
	}
	return false
}

// waited says whether sound has waited for long enough to go out without a picture.
// The stream is locked.
func (c *Companion) waited() bool {
	ring := &c.stream.sound.ring
	if c.next == 0 || max(c.next, ring.first) >= ring.next {
		return false
	}
	oldest, newest := ring.at(max(c.next, ring.first)), c.stream.sound.newest()
	return newest.Run != oldest.Run || newest.PTS-oldest.PTS+newest.Duration() >= soundDue
}

// Rest says that nobody is in Next, where sound would be due by itself, until somebody
// is again: frames of sound do not look then whether it is.
func (c *Companion) Rest() {
	c.stream.mu.Lock()
	defer c.stream.mu.Unlock()
	c.sound.stopWaiting()
}

// Reader gives what the sound is read with.
func (c *Companion) Reader() *Reader { return c.sound }

// Close closes the reader of sound.
func (c *Companion) Close() { c.sound.Close() }

// Accompany has Next give ErrSound when sound of the companion has waited for a
// picture for too long; nil has it give that no more. Like Next it is for one
// goroutine.
func (r *Reader) Accompany(c *Companion) { r.beside = c }

// portions are those of a stream that were made last: of those who hear it a few are
// a picture behind the others. The stream's lock guards them.
type portions struct {
	kept [4]struct {
		portion *Portion
		first   uint64 // the number of its first frame
		until   time.Duration
	}
	made int
}

// of gives the portion that begins with a frame of the ring and ends with what is not
// later than a time.
func (p *portions) of(r *ring, first *media.Frame, until time.Duration) *Portion {
	for i := range p.kept {
		if k := &p.kept[i]; k.first == first.Seq && k.until == until {
			return k.portion
		}
	}
	k := &p.kept[p.made%len(p.kept)]
	p.made++
	k.portion, k.first, k.until = newPortion(r, first, until), first.Seq, until
	return k.portion
}

func newPortion(r *ring, first *media.Frame, until time.Duration) *Portion {
	last, size := first, 0
	for n := first.Seq; n < r.next; n++ {
		f := r.at(n)
		if f.Run != first.Run || f.Format != first.Format || f.PTS > until || f.PTS < last.PTS {
			break
		}
		last, size = f, size+len(f.Data)
	}
	if last == first {
		return &Portion{Frames: []media.Frame{*first}, Data: first.Data}
	}
	p := &Portion{Frames: make([]media.Frame, 0, last.Seq-first.Seq+1), Data: make([]byte, 0, size)}
	for n := first.Seq; n <= last.Seq; n++ {
		p.Frames = append(p.Frames, *r.at(n))
		p.Data = append(p.Data, r.at(n).Data...)
	}
	return p
}
