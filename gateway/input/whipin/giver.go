package whipin

import (
	"sync"

	"framegate/gateway/media"
)

// giver hands on pictures and sound one by one.
type giver struct {
	lets func(*media.Frame) bool

	mu   sync.Mutex // guards emit, and is held while a frame is emitted
	emit func(media.Frame)
}

// picture hands on a picture, if it may go on.
func (g *giver) picture(f media.Frame) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lets(&f) {
		g.emit(f)
	}
}

// give hands on a frame.
func (g *giver) give(f media.Frame) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.emit(f)
}
