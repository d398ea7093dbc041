package stream

import "framegate/gateway/media"

// Change tells the hub that Options.Resolve has another answer for a camera
// than before. Where the camera has another source, that takes over, and the
// readers ride through as they do when a camera restarts. Where there is no
// such camera any more, or one that was pulled takes publishers now or the
// other way about, its readers get ErrClosed and its publisher is ended; what
// is opened later is new. It does not wait: the old source ends within a
// second, and a new one of the same stream starts after that.
func (h *Hub) Change(camera string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.options.Changed()
	before := h.ran.Load()
	for key, s := range h.streams {
		if key.Camera != camera {
			continue
		}
		source, err := h.options.Resolve(key)
		if err == nil && !key.sent() {
			s.forget(before)
			continue // a rendition reads the camera's stream, whatever that has become
		}
		if err == nil && s.change(source) {
			continue
		}
		s.close()
		delete(h.streams, key)
	}
}

// forget has no picture be the newest one that is of a run up to that number: it is of
// somewhere else, also where an encoder gives it only now.
func (s *stream) forget(run uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept, s.foreign = media.Frame{}, run
}

// ChangeSub is Change of a camera's sub-stream alone: its own stream goes on.
func (h *Hub) ChangeSub(camera string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := Key{Camera: camera, Rendition: Sub}
	s := h.streams[key]
	if s == nil {
		return
	}
	defer h.options.Changed()
	if source, err := h.options.Resolve(key); err != nil || !s.change(source) {
		s.close()
		delete(h.streams, key)
	}
}

// Move tells the hub that Options.Resolve has another answer for the streams of a
// camera than before, that is the same camera still, whose frames come another way
// now. All readers ride through, those of renditions too, also where frames were
// sent in and are pulled now, or the other way about: then its publisher is ended.
// Like Change it does not wait.
func (h *Hub) Move(camera string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.options.Changed()
	for key, s := range h.streams {
		if key.Camera != camera {
			continue
		}
		if source, err := h.options.Resolve(key); err == nil {
			s.move(source)
		}
	}
}

// move gives the stream another source of the same camera, or none.
func (s *stream) move(source Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source == nil && source == nil {
		return
	}
	s.source = source
	s.run = nil // what the old source still gives while it ends is not taken
	s.endTracks()
	s.retries = retries{}
	if s.stop != nil {
		s.stop() // supervise goes on with the new one, and a publisher ends
	}
	s.start()
}

// change gives the stream another source, unless it is of another kind.
func (s *stream) change(source Source) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source == nil || source == nil {
		return s.source == source
	}
	s.source = source
	s.run = nil // what the old source still gives while it ends is not taken
	s.endTracks()
	s.kept = media.Frame{} // a picture of somewhere else
	s.retries = retries{}
	if s.supervised && s.stop != nil {
		s.stop() // supervise goes on with the new one
	}
	return true
}
