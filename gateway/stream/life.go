package stream

import (
	"context"
	"slices"
)

// lifeKey finds the stream in the context that its source runs in.
type lifeKey struct{}

// Life is the life of a stream that a source runs in, as the source may look at
// it. The zero value is of no stream, and of nobody.
type Life struct {
	stream  *stream
	carried *carriedRun // which knows whose it is at the moment; nil where that is stream's
}

// LifeOf finds the life in the context of a source's run.
func LifeOf(ctx context.Context) Life {
	switch of := ctx.Value(lifeKey{}).(type) {
	case *stream:
		return Life{stream: of}
	case *carriedRun:
		return Life{carried: of}
	}
	return Life{}
}

// now gives the stream whose life it is; nil for nobody's.
func (l Life) now() *stream {
	if l.carried != nil {
		return l.carried.life.Load()
	}
	return l.stream
}

// Clients gives those whom the stream is read for now, once for each reader, who
// came first first. What reads it for nobody, such as a keep-alive, is not among
// them.
func (l Life) Clients() []Client {
	s := l.now()
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.clients)
}

// Yield has the life end as soon as nobody reads the stream, without a linger:
// at once, if nobody does. It is for what holds something that others wait for.
func (l Life) Yield() {
	s := l.now()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.yields = true
	s.stopIfUnread()
}

// Silence says that there is no sound for now, until the source emits some.
func (l Life) Silence() {
	s := l.now()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard.Format != nil {
		s.heard.Format = nil
		s.hub.options.Changed()
	}
}

// SoundTrouble says why the sound of the present run is left out, or part of it.
func (l Life) SoundTrouble(err error) {
	s := l.now()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != nil {
		s.heard.Trouble = err
	}
}

// Once says that who reads the stream wants one picture each.
func (l Life) Once() bool {
	s := l.now()
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.watched
}

// Heard says whether somebody reads the stream's sound.
func (l Life) Heard() bool {
	s := l.now()
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sound.readers > 0
}
