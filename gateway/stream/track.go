package stream

import "framegate/gateway/media"

// track is the frames of one kind that a stream has: its pictures, or its sound.
// They have numbers, a ring and readers of their own. The stream's lock guards it.
type track struct {
	ring    ring
	bytes   int       // that the ring may keep, if no reader asks for more
	sequels []*Reader // of its readers, those that are to get every frame
	waiting []*Reader // in Next, to be woken
	readers int
}

func newTrack(bytes int) track { return track{ring: newRing(bytes), bytes: bytes} }

// track gives that of a reader.
func (s *stream) track(sound bool) *track {
	if sound {
		return &s.sound
	}
	return &s.pictures
}

// endTracks makes sure that nobody joins at a frame that is there now. The stream
// is locked.
func (s *stream) endTracks() {
	s.pictures.ring.endRun()
	s.sound.ring.endRun()
	s.heard.Format, s.heard.Trouble = nil, nil
}

// clear drops all frames. The stream is locked.
func (s *stream) clear() {
	s.pictures.ring.clear()
	s.sound.ring.clear()
	s.portions = portions{}
}

// resize gives the ring the bytes that its readers ask for.
func (t *track) resize() {
	t.ring.maxBytes = t.bytes
	for _, r := range t.sequels {
		t.ring.maxBytes = max(t.ring.maxBytes, r.options.Buffer)
	}
}

// oldestWanted gives the oldest frame that somebody is still to get who gets
// every one.
func (t *track) oldestWanted() uint64 {
	oldest := t.ring.next
	for _, r := range t.sequels {
		if r.next > 0 {
			oldest = min(oldest, r.next)
		}
	}
	return oldest
}

func (t *track) wakeAll() {
	for _, r := range t.waiting {
		r.waiting = false
		r.signal()
	}
	clear(t.waiting)
	t.waiting = t.waiting[:0]
}

// newest gives the frame that came last, which is there.
func (t *track) newest() *media.Frame { return t.ring.at(t.ring.next - 1) }
