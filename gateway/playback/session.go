package playback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// What a viewer may ask for.
const (
	SlowestRate = 0.25
	FastestRate = 16
	// EveryRate is up to where all pictures are shown; beyond it, and backwards,
	// it is keyframes.
	EveryRate = 4
)

// ErrRate: a rate that cannot be played at.
var ErrRate = fmt.Errorf("a rate is from %v to %d, or from -%d to -%v for backwards", SlowestRate, FastestRate, FastestRate, SlowestRate)

// Status is how a session is.
type Status struct {
	At      time.Time // of the picture that was given last
	Rate    float64
	Paused  bool
	End     bool   // there is nothing more in this direction, so far
	Problem string // why there is no picture, in words; "" where there is one
}

// SessionOptions say what is played.
type SessionOptions struct {
	Library *Library
	Camera  string
	// Rendition makes what gives the pictures of the hub's only camera in another
	// form; nil where there is none.
	Rendition func(*stream.Hub, stream.Key) (stream.Source, error)
	// Changed is told when the Status is another but for the time, from any
	// goroutine, and must return at once; nil is not told.
	Changed func()
	// Audience is what the viewer is added to; nil is one that nobody asks.
	Audience *stream.Audience
	Log      *slog.Logger // nil discards
}

// Session plays what is recorded of a camera to one viewer, as that asks. It is
// a hub of its own, in which the camera's stream is of the past: whatever reads
// and encodes streams works on it. Nothing runs while nobody reads. Its methods
// may be called from any goroutine.
type Session struct {
	options SessionOptions
	hub     *stream.Hub
	wake    chan struct{} // cap 1: wanted is another

	mu     sync.Mutex // guards what follows
	wanted wanted
	status Status
}

// wanted is what the viewer asked for.
type wanted struct {
	at     time.Time // where to go to; zero where that was done
	rate   float64
	paused bool
}

// ringBytes bounds what a session keeps of the pictures it gave, a GOP.
const ringBytes = 32 << 20

// NewSession makes a session that plays from a moment on. It starts nothing.
// Close must be called in the end.
func NewSession(options SessionOptions, at time.Time) *Session {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Changed == nil {
		options.Changed = func() {}
	}
	s := &Session{options: options, wake: make(chan struct{}, 1), wanted: wanted{at: at, rate: 1}, status: Status{Rate: 1}}
	s.hub = stream.New(stream.Options{Resolve: s.resolve, RingBytes: ringBytes, Audience: options.Audience, Past: true, Log: options.Log})
	return s
}

// resolve is what the hub asks for its sources.
func (s *Session) resolve(k stream.Key) (stream.Source, error) {
	switch {
	case k.Camera != s.options.Camera:
		return nil, stream.ErrUnknown
	case k.Rendition == "":
		return s, nil
	case s.options.Rendition == nil:
		return nil, stream.ErrUnknown
	}
	return s.options.Rendition(s.hub, k)
}

// Hub is where the past is a stream, under the keys that the present has in
// another. It has no limits of its own: who reads has been counted.
func (s *Session) Hub() *stream.Hub { return s.hub }

// Close ends the session and what reads it, and waits for it.
func (s *Session) Close() { s.hub.Close() }

// Status gives how the session is.
func (s *Session) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Seek goes to a moment, and stays paused if it is.
func (s *Session) Seek(at time.Time) { s.change(func(w *wanted) { w.at = at }) }

// Rate plays faster, slower, or backwards. The error is ErrRate.
func (s *Session) Rate(rate float64) error {
	if size := max(rate, -rate); !(size >= SlowestRate && size <= FastestRate) {
		return ErrRate
	}
	s.change(func(w *wanted) { w.rate = rate })
	return nil
}

// Pause keeps the picture that there is, and Play goes on.
func (s *Session) Pause() { s.change(func(w *wanted) { w.paused = true }) }

// Play goes on after Pause.
func (s *Session) Play() { s.change(func(w *wanted) { w.paused = false }) }

func (s *Session) change(change func(*wanted)) {
	s.mu.Lock()
	change(&s.wanted)
	w := s.wanted
	s.mu.Unlock()
	s.note(func(status *Status) {
		status.Rate, status.Paused = w.rate, w.paused
		if !w.at.IsZero() {
			status.End, status.Problem = false, ""
		}
	})
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take gives what is wanted. A moment is given once, and counts as done.
func (s *Session) take() wanted {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.wanted
	s.wanted.at = time.Time{}
	return w
}

// note changes the status, and tells of it where it is another but for the time.
func (s *Session) note(change func(*Status)) {
	s.mu.Lock()
	before := s.status
	change(&s.status)
	after := s.status
	s.mu.Unlock()
	if before.At = after.At; before != after {
		s.options.Changed()
	}
}

// Run plays, as the source of the camera's stream.
func (s *Session) Run(ctx context.Context, emit func(media.Frame)) error {
	p := &player{session: s, cursor: s.options.Library.Cursor(s.options.Camera), emit: emit, life: stream.LifeOf(ctx)}
	defer p.cursor.Close()
	if last := s.Status().At; !last.IsZero() { // somebody reads again
		s.change(func(w *wanted) {
			if w.at.IsZero() {
				w.at = last
			}
		})
	}
	for ctx.Err() == nil {
		p.obey(s.take())
		err := p.play(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		p.rest(ctx, err)
	}
	return ctx.Err()
}

// again is how often it is looked whether there is more.
const again = 250 * time.Millisecond

// endAfter is how long nothing comes before that is the end, and not only what
// is not written yet of a file that grows.
const endAfter = 3 * time.Second

// rest waits a moment for what there is none of now, or until something else is
// wanted.
func (p *player) rest(ctx context.Context, err error) {
	switch {
	case !errors.Is(err, ErrEnd):
		p.session.note(func(status *Status) { status.Problem = problem(err) })
		if !errors.Is(err, ErrNothing) && !errors.Is(err, ErrMissing) && !errors.Is(err, ErrAway) && p.failed != err.Error() {
			p.session.options.Log.Warn("recording cannot be played", "camera", p.session.options.Camera, "err", err)
			p.failed = err.Error()
		}
	case p.dry.IsZero():
		p.dry = time.Now()
	case p.rate < 0 || time.Since(p.dry) >= endAfter:
		p.session.note(func(status *Status) { status.End = true })
	}
	p.wait(ctx, again)
}

// seeks says whether the viewer wants to be elsewhere.
func (s *Session) seeks() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.wanted.at.IsZero()
}

// problem puts an error into words for a viewer, who is not to know of files.
func problem(err error) string {
	for _, known := range []error{ErrNothing, ErrMissing, ErrAway} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "the recording cannot be read; the server's log says why"
}
