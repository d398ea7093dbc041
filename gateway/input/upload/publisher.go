package upload

import (
	"slices"
	"time"
)

// Publisher is somebody who sends frames in.
type Publisher struct {
	Camera    string
	Address   string // without port
	Principal string // as Options give it; of single POSTs the first one's
	Since     time.Time
}

// Publishers gives those who are there, the oldest first.
func (h *Handler) Publishers() []Publisher {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Publisher, 0, len(h.holds))
	for camera, held := range h.holds {
		all = append(all, Publisher{Camera: camera, Address: held.address, Principal: held.principal, Since: held.since})
	}
	slices.SortFunc(all, func(a, b Publisher) int { return a.Since.Compare(b.Since) })
	return all
}
