package stream

import (
	"context"
	"slices"
)

// lifeKey finds the stream in the context that its source runs in.
type lifeKey struct{}

// Life is the life of a stream that a source runs in, as the source may look at
// it. The zero value is of no stream, and of nobody.
type Life struct{ stream *stream }

// LifeOf finds the life in the context of a source's run.
func LifeOf(ctx context.Context) Life {
	s, _ := ctx.Value(lifeKey{}).(*stream)
	return Life{s}
}

// Clients gives those whom the stream is read for now, once for each reader, who
// came first first. What reads it for nobody, such as a keep-alive, is not among
// them.
func (l Life) Clients() []Client {
	if l.stream == nil {
		return nil
	}
	l.stream.mu.Lock()
	defer l.stream.mu.Unlock()
	return slices.Clone(l.stream.clients)
}

// Yield has the life end as soon as nobody reads the stream, without a linger:
// at once, if nobody does. It is for what holds something that others wait for.
func (l Life) Yield() {
	if l.stream == nil {
		return
	}
	l.stream.mu.Lock()
	defer l.stream.mu.Unlock()
	l.stream.yields = true
	l.stream.stopIfUnread()
}

// Silence says that there is no sound for now, until the source emits some.
func (l Life) Silence() {
	if l.stream == nil {
		return
	}
	l.stream.mu.Lock()
	defer l.stream.mu.Unlock()
	if l.stream.heard.Format != nil {
		l.stream.heard.Format = nil
		l.stream.hub.options.Changed()
	}
}

// SoundTrouble says why the sound of the present run is left out, or part of it.
func (l Life) SoundTrouble(err error) {
	if l.stream == nil {
		return
	}
	l.stream.mu.Lock()
	defer l.stream.mu.Unlock()
	if l.stream.run != nil {
		l.stream.heard.Trouble = err
	}
}

// Once says that who reads the stream wants one picture each.
func (l Life) Once() bool {
	if l.stream == nil {
		return false
	}
	l.stream.mu.Lock()
	defer l.stream.mu.Unlock()
	return !l.stream.watched
}

// Heard says whether somebody reads the stream's sound.
func (l Life) Heard() bool {
	if l.stream == nil {
		return false
	}
	l.stream.mu.Lock()
	defer l.stream.mu.Unlock()
	return l.stream.sound.readers > 0
}
