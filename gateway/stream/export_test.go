package stream

// RingBytes gives how many bytes a stream keeps.
func RingBytes(h *Hub, key Key) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.streams[key]
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pictures.ring.bytes
}

// WaitForSound counts those whom each frame of a stream's sound looks at.
func WaitForSound(h *Hub, key Key) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.streams[key]
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sound.waiting)
}
