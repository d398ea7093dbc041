package whipin

import (
	"sync"
	"time"

	"framegate/gateway/media"
)

// giver hands on pictures and sound one by one.
type giver struct {
	lets func(*media.Frame) bool

	mu   sync.Mutex // guards what follows, and is held while a frame is emitted
	emit func(media.Frame)
	last time.Time // when a picture came, handed on or not, or was begun to be waited for
}

// picture hands on a picture, if it may go on.
func (g *giver) picture(f media.Frame) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = time.Now()
	if g.lets(&f) {
		g.emit(f)
	}
}

// await begins to wait for pictures.
func (g *giver) await() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = time.Now()
}

// silentFor says for how long no picture has come.
func (g *giver) silentFor() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Since(g.last)
}

// give hands on a frame.
func (g *giver) give(f media.Frame) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.emit(f)
}
