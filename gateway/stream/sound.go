package stream

import (
	"time"

	"framegate/gateway/media"
)

const (
	// soundBytes bounds what a stream keeps of sound: a minute of what is usual.
	soundBytes = 1 << 20
	// soundKept is for how long sound is kept, for those who begin with a keyframe
	// that is that old.
	soundKept = 10 * time.Second
	// soundKeys is how far frames of sound are apart that are a place to join.
	soundKeys = 500 * time.Millisecond
	// soundDue is how long sound waits for a picture that it could go along with:
	// longer than those of a camera of 15 a second are apart.
	soundDue = 70 * time.Millisecond
)

// Sound is what is known of the sound of a stream.
type Sound struct {
	Format *media.Format // of what came last, or was announced, in the present run; nil before that, and after Life.Silence
	Frames uint64        // taken from the source
	Bytes  uint64        // of those
	Newest time.Time     // arrival of the newest frame; zero before any
	// Trouble is why the sound of the present run is left out, or part of it, as
	// its source has it, whose words are not redacted; nil where it is not.
	Trouble error
}

// soundTimes is what a run knows of the times of its sound.
type soundTimes struct {
	format *media.Format
	key    time.Duration // PTS of the last place to join
}

// emitSound is emit for sound.
func (u *run) emitSound(f media.Frame) {
	now := time.Now()
	s := u.stream
	s.mu.Lock()
	if s.run != u {
		s.refused++
		s.mu.Unlock()
		return
	}
	if s.heard.Format != f.Format {
		s.heard.Format = f.Format
		s.hub.options.Changed()
	}
	if len(f.Data) == 0 {
		s.mu.Unlock()
		return
	}
	u.stampSound(&f, now)
	t := &s.sound
	t.ring.pushSound(f, t.oldestWanted())
	s.heard.Frames++
	s.heard.Bytes += uint64(len(f.Data))
	s.heard.Newest = now
	if s.key.Rendition != "" { // a camera's pictures say how it is, a rendition may be of sound alone
		if u.frames++; u.frames == 1 {
			s.hub.options.Changed()
		}
		s.count(&f, now)
	}
	u.waking = t.takeWaiting(u.waking[:0])
	u.wake()
}

// stampSound fills in what the source left open. When sound was taken follows
// from the newest picture, with which it shares its clock.
func (u *run) stampSound(f *media.Frame, now time.Time) {
	f.Arrived = now
	if f.Run == 0 {
		f.Run = u.number
	}
	switch {
	case !f.Wall.IsZero():
	case u.wall.IsZero():
		f.Wall = now
	default:
		f.Wall = u.wall.Add(f.PTS - u.pts)
	}
	h := &u.heard
	f.Key = f.Format != h.format || f.PTS >= h.key+soundKeys || f.PTS < h.key
	if f.Key {
		h.format, h.key = f.Format, f.PTS
	}
}

// pushSound takes the next frame of sound, and drops what is too old and wanted by
// nobody.
func (r *ring) pushSound(f media.Frame, wanted uint64) {
	if r.next-r.first == uint64(len(r.slots)) {
		r.grow()
	}
	f.Seq = r.next
	r.add(f)
	for r.first+1 < r.next && r.first < wanted && f.Arrived.Sub(r.at(r.first).Arrived) > soundKept {
		r.dropOldest()
	}
	r.bound()
}

// takeWaiting appends those who wait to waking, and forgets them, but for those
// who wait for more sound than there is.
func (t *track) takeWaiting(waking []*Reader) []*Reader {
	stay := t.waiting[:0]
	for _, r := range t.waiting {
		if r.companion != nil && !r.companion.waited() {
			stay = append(stay, r)
		} else {
			waking = append(waking, r)
		}
	}
	clear(t.waiting[len(stay):])
	t.waiting = stay
	return waking
}

// Sounds gives what is known of the sound of a stream.
func (h *Hub) Sounds(key Key) Sound {
	h.mu.Lock()
	s := h.streams[key]
	h.mu.Unlock()
	if s == nil {
		return Sound{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard
}
