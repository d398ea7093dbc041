package live

import (
	"sync"
	"sync/atomic"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

// shapes keeps what is known of formats, for all viewers. The zero value is
// ready; it may be used from any goroutine.
type shapes struct {
	mu    sync.Mutex
	known map[shapeKey]*shape
}

// shapeKey tells formats apart, and streams, whose numbering is their own.
type shapeKey struct {
	stream uint64 // stream.Reader.Stream
	format *media.Format
}

// maxShapes bounds what is kept. A format that is forgotten is looked at anew.
const maxShapes = 256

// of gives the shape of a format in a stream. The error is mp4.ErrFormat.
func (s *shapes) of(stream uint64, format *media.Format) (*shape, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := shapeKey{stream, format}
	if known := s.known[k]; known != nil {
		return known, nil
	}
	made, err := newShape(format)
	if err != nil {
		return nil, err
	}
	if s.known == nil || len(s.known) >= maxShapes {
		s.known = make(map[shapeKey]*shape)
	}
	s.known[k] = made
	return made, nil
}

// shape is the two init segments of an H.264 format, and which of them to use; one
// of H.265, which says itself how its pictures are reordered, has a single one.
// Where a camera does not say that its pictures come in the order in which they
// are shown, hardware decoders hold several back; so there is an init segment
// that says so, for as long as it is known to be true: from the beginning where
// the profile or the way of counting admits no B-frames, and else from when a
// whole GOP has come without one until one comes. Its methods may be called
// from any goroutine.
type shape struct {
	format, lowFormat *media.Format
	init, lowInit     []byte // lowInit is nil where the camera's own words do

	low  atomic.Bool   // lowInit is true of the stream
	seen atomic.Uint64 // the newest frame looked at

	mu  sync.Mutex // guards what follows, and the changes above
	gop bool       // all frames since a keyframe were seen, and none was a B-frame
}

func newShape(format *media.Format) (*shape, error) {
	init, err := mp4.Init(format)
	if err != nil {
		return nil, err
	}
	s := &shape{format: format, init: init}
	low, ok := format.LowDelay()
	if !ok {
		return s, nil
	}
	s.lowFormat = low
	if s.lowInit, err = mp4.Init(low); err != nil {
		return nil, err
	}
	s.low.Store(format.InOrder())
	return s, nil
}

// choose gives the init segment to use now, and whether it is the one for low
// delay.
func (s *shape) choose() ([]byte, bool) {
	if s.low.Load() {
		return s.lowInit, true
	}
	return s.init, false
}

// with gives the same with a track of sound behind that of pictures.
func (s *shape) with(sound *media.Format) (init []byte, low bool, err error) {
	format, low := s.format, s.low.Load()
	if low {
		format = s.lowFormat
	}
	init, err = mp4.Init(format, sound)
	return init, low, err
}

// look looks for B-frames. Whoever gets a frame first looks at it for all.
func (s *shape) look(f *media.Frame) {
	if s.lowInit == nil || f.Seq <= s.seen.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.seen.Load()
	if f.Seq <= last {
		return
	}
	s.seen.Store(f.Seq)
	switch {
	case mp4.Bidirectional(f.Data):
		s.gop = false
		s.low.Store(false)
	case f.Key && s.gop && f.Seq == last+1:
		s.low.Store(true)
	case f.Key:
		s.gop = true
	case f.Seq != last+1:
		s.gop = false
	}
}
